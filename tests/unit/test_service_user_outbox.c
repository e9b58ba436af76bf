/*
 * What waits to be published when a user is deleted, on a real database: messages go out without the
 * name or not at all, nothing of anybody else is touched.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/uuid.h"
#include "generated/c/dao_chat.h"
#include "service/mark.h"
#include "tests/unit/user_delete_scene.h"

#include "base/banned.h"

static void check_renamed(struct scene *s, const struct event_record *record)
{
    struct why why = {.text = ""};
    struct event_meta meta;
    struct chat_dto dto;

    assert_int_equal(event_chat_message_decode(record, &s->arena, &meta, &dto, &why),
                     ERR_OK);
    assert_true(str_eq(dto.sender, s->anonymous));
    assert_true(str_eq(dto.content, STR("mine")));
    assert_true(str_eq(meta.users[0], s->anonymous) ||
                str_eq(meta.users[1], s->anonymous));
    assert_true(str_eq(meta.users[0], STR(STAYS)) || str_eq(meta.users[1], STR(STAYS)));
    assert_int_equal(meta.sequence, 1);
    assert_true(str_eq(meta.server, STR("s1")));
    assert_int_equal(meta.id.n, UUID_CHARS);
    assert_true(meta.time_ns > 0);
    assert_true(str_eq(record->topic, STR("chat")));
    assert_true(str_eq(record->key, dto.room_uuid));
}

static void test_messages_that_wait_are_published_without_the_name(void **state)
{
    /* As release 0.1.0 wrote them, in either form; and as now. */
    static const enum event_form forms[] = {EVENT_JSON, EVENT_PROTOBUF, EVENT_JSON};
    struct scene *s = *state;

    for (size_t i = 0; i < LENGTH(forms); i++) {
        struct str room = make_room(s, GONE, STAYS, "bike");
        struct event_record record;

        run_sql(s, "DELETE FROM outbox");
        assert_int_equal(say(s, room, GONE, "mine", forms[i], NULL), ERR_OK);
        if (i < 2)
            outbox_as_released(s, forms[i]);
        delete_user(s);

        assert_int_equal(outbox_of(s, EVENT_CHAT_MESSAGE, &record), 1);
        assert_true(str_eq(event_header(&record, "content-type"),
                           forms[i] == EVENT_JSON ? STR("application/json")
                                                  : STR("application/protobuf")));
        check_renamed(s, &record);
    }
}

static void test_other_records_of_the_user_are_not_published(void **state)
{
    const struct mark_config mark_config = {.server_id = STR("s1"),
                                            .event_topic = STR("chat-event")};
    struct scene *s = *state;
    struct str room = make_room(s, GONE, STAYS, "bike");
    struct mark_stored stored;
    struct event_record record;

    assert_int_equal(say(s, room, STAYS, "theirs", EVENT_JSON, NULL), ERR_OK);
    assert_int_equal(
        mark_store(&s->ctx, &mark_config,
                   &(struct mark_what){
                       .room_uuid = room, .user = STR(GONE), .seq = 1, .is_read = true},
                   &s->arena, &stored),
        ERR_OK);
    assert_int_equal(outbox_of(s, EVENT_MESSAGE_READ, &record), 1);
    delete_user(s);

    assert_int_equal(outbox_of(s, EVENT_MESSAGE_READ, &record), 0);
    assert_int_equal(outbox_of(s, EVENT_ROOM_CREATED, &record), 0);
    assert_int_equal(outbox_of(s, EVENT_CHAT_MESSAGE, &record), 1);
    assert_int_equal(outbox_of(s, EVENT_ROOM_STATE, &record), 1);
    assert_int_equal(outbox_of(s, EVENT_USER_DELETED, &record), 1);
}

static void test_purged_messages_are_not_published(void **state)
{
    struct scene *s = *state;
    struct str room = make_room(s, GONE, STAYS, "bike");
    struct str other = make_room(s, "third@x", STAYS, "bike");
    struct event_record record;

    s->config.is_purge = true;
    assert_int_equal(say(s, room, GONE, "mine", EVENT_JSON, NULL), ERR_OK);
    assert_int_equal(say(s, room, STAYS, "in that room", EVENT_JSON, NULL), ERR_OK);
    assert_int_equal(say(s, other, STAYS, "in another", EVENT_JSON, NULL), ERR_OK);
    delete_user(s);

    assert_int_equal(outbox_of(s, EVENT_CHAT_MESSAGE, &record), 1);
    assert_true(str_eq(record.key, other));
    assert_int_equal(outbox_of(s, EVENT_ROOM_CREATED, &record), 1);
    assert_int_equal(outbox_of(s, EVENT_ROOM_DELETED, &record), 1);
}

static void test_rows_that_cannot_be_read_or_are_in_use_hold_up_nothing(void **state)
{
    struct scene *s = *state;
    struct str room = make_room(s, GONE, STAYS, "bike");
    struct db *relay = db_fixture_open();
    struct outbox_row *rows;
    struct event_record record;
    size_t n;

    run_sql(s, "DELETE FROM outbox");
    assert_int_equal(say(s, room, GONE, "being published", EVENT_JSON, NULL), ERR_OK);
    run_sql(s, "INSERT INTO outbox (server_id, payload) VALUES ('s1', 'gone%40x')");
    assert_int_equal(db_begin(relay), ERR_OK);
    assert_int_equal(dao_outbox_take(relay,
                                     &(struct dao_outbox_take_in){.age = 0, .limit = 1},
                                     &s->arena, &rows, &n),
                     ERR_OK);
    assert_int_equal(n, 1);

    delete_user(s);
    db_rollback(relay);
    db_free(&relay);
    assert_int_equal(value(s, "SELECT COUNT(*) FROM outbox WHERE payload = 'gone%40x'"),
                     1);
    run_sql(s, "DELETE FROM outbox WHERE payload = 'gone%40x'");
    assert_int_equal(outbox_of(s, EVENT_CHAT_MESSAGE, &record), 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, scene_set_up, scene_tear_down)
    const struct CMUnitTest tests[] = {
        T(test_messages_that_wait_are_published_without_the_name),
        T(test_other_records_of_the_user_are_not_published),
        T(test_purged_messages_are_not_published),
        T(test_rows_that_cannot_be_read_or_are_in_use_hold_up_nothing),
    };

    return cmocka_run_group_tests(tests, scene_start, db_fixture_stop);
}
