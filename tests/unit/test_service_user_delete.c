/*
 * Deleting a user on a real database: nothing names the user afterwards, whatever the policy, wherever
 * it was cut short, and however often it is asked for; everybody else keeps what is theirs.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "db/migrate.h"
#include "generated/c/dao_chat.h"
#include "generated/c/envelope.h"
#include "service/mark.h"
#include "service/store.h"
#include "service/user_delete.h"
#include "tests/unit/db_fixture.h"

#include "base/banned.h"

enum {
    MANY_ROOMS = 41, /* more than two steps */
    MANY_MESSAGES = 12000
};

#define GONE  "gone@x"
#define STAYS "stays@x"

static const struct log quiet = {.fd = 2, .level = LOG_LEVEL_ERROR};
static const struct room_config room_config = {.server_id = {"s1", 2},
                                               .event_topic = {"chat-event", 10}};

struct scene {
    struct work_ctx ctx;
    struct arena arena;
    struct user_delete_config config;
    struct str anonymous;
    struct user_delete_step step;
};

static int start_all(void **state)
{
    struct migrate_report report;
    struct why why = {.text = ""};
    struct db *db;
    enum err rc;

    if (db_fixture_start(state) != 0)
        return -1;
    db = db_fixture_reset("utf8mb4", "utf8mb4_bin");
    rc = migrate_up(db, &migration_files, 60, &quiet, &report, &why);
    db_free(&db);
    return rc == ERR_OK ? 0 : -1;
}

static int set_up(void **state)
{
    static const char *const tables[] = {"chat",    "room_user",  "room",  "outbox",
                                         "inquiry", "user_block", "report"};
    struct scene *s = mem_zalloc(sizeof(*s));
    char sql[64];

    s->ctx.db = db_fixture_open();
    s->ctx.log = &quiet;
    s->config.room = room_config;
    arena_init(&s->ctx.arena, SIZE_MAX);
    arena_init(&s->arena, SIZE_MAX);
    for (size_t i = 0; i < LENGTH(tables); i++) {
        snprintf(sql, sizeof(sql), "DELETE FROM %s", tables[i]);
        db_fixture_run(s->ctx.db, sql);
    }
    s->anonymous =
        db_fixture_value(s->ctx.db, &s->arena,
                         "SELECT CONCAT('deleted-', LEFT(SHA2('" GONE "', 256), 16))");
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;

    db_free(&s->ctx.db);
    arena_release(&s->ctx.arena);
    arena_release(&s->arena);
    free(s);
    return 0;
}

static void run_sql(struct scene *s, const char *sql)
{
    db_fixture_run(s->ctx.db, sql);
}

static int64_t value(struct scene *s, const char *sql)
{
    struct str text = db_fixture_value(s->ctx.db, &s->arena, sql);
    int64_t n;

    if (!str_to_i64(text, &n))
        fail_msg("%s: " STR_FMT, sql, STR_ARG(text));
    return n;
}

/* A room of two users; its UUID. */
static struct str make_room(struct scene *s, const char *user, const char *caller,
                            const char *name)
{
    const struct room_create request = {
        .user = str_of(user), .caller = str_of(caller), .name = str_of(name)};
    struct room_user_dto members[2];
    struct room_outcome outcome;

    assert_int_equal(
        room_create(&s->ctx, &room_config, &request, &s->arena, members, &outcome),
        ERR_OK);
    return members[0].room->room_uuid;
}

/* Says something; how it was taken. card: NULL, or what is believed of the room. */
static enum err say(struct scene *s, struct str room, const char *sender,
                    const char *text, enum event_form form, struct card *card)
{
    const struct store_config config = {
        .server_id = STR("s1"), .topic = STR("chat"), .form = form, .patience_ms = 1000};
    struct store_message message = {.content = str_of(text),
                                    .id = uuid_v7(clock_real_ns())};
    struct store_unit unit = {.room_uuid = room,
                              .sender = str_of(sender),
                              .card = card,
                              .messages = &message,
                              .n_messages = 1};
    struct store_unit *list = &unit;
    struct store_result result;

    store_units(&s->ctx, &config, &list, 1, &s->arena, &result);
    card_unref(&unit.fresh);
    return unit.rc;
}

static void some(struct scene *s)
{
    assert_int_equal(
        user_delete_some(&s->ctx, &s->config, STR(GONE), &s->arena, &s->step), ERR_OK);
}

/* To the end; how many steps it took. */
static size_t delete_user(struct scene *s)
{
    size_t n = 0;

    do {
        assert_true(++n < 100);
        some(s);
    } while (!s->step.is_over);
    return n;
}

/* In no table, whatever the column; reports keep their evidence. */
static void assert_nothing_names_the_user(struct scene *s)
{
    assert_int_equal(value(s, "SELECT COUNT(*) FROM room_user WHERE user = '" GONE
                              "' OR other = '" GONE "'"),
                     0);
    assert_int_equal(value(s, "SELECT COUNT(*) FROM chat WHERE sender = '" GONE "'"), 0);
    assert_int_equal(value(s, "SELECT COUNT(*) FROM user_block WHERE user = '" GONE
                              "' OR blocked = '" GONE "'"),
                     0);
    assert_int_equal(value(s, "SELECT COUNT(*) FROM inquiry WHERE email = '" GONE "'"),
                     0);
    assert_int_equal(value(s, "SELECT COUNT(*) FROM report WHERE reporter = '" GONE "'"),
                     0);
}

/* The records of the outbox, by row. */
static size_t outbox(struct scene *s, struct event_record *out, size_t max)
{
    struct outbox_row *rows;
    size_t n_rows, n = 0;

    assert_int_equal(dao_outbox_take(s->ctx.db,
                                     &(struct dao_outbox_take_in){.age = 0, .limit = 256},
                                     &s->arena, &rows, &n_rows),
                     ERR_OK);
    for (size_t i = 0; i < n_rows; i++) {
        struct event_record *records;
        size_t n_records;

        assert_int_equal(outbox_decode(&s->arena, rows[i].payload, &records, &n_records),
                         ERR_OK);
        for (size_t k = 0; k < n_records; k++) {
            assert_true(n < max);
            out[n++] = records[k];
        }
    }
    return n;
}

static size_t outbox_of(struct scene *s, enum event_kind kind, struct event_record *out)
{
    struct event_record all[256];
    size_t n = outbox(s, all, LENGTH(all)), found = 0;

    for (size_t i = 0; i < n; i++)
        if (event_kind_of(&all[i]) == kind && ++found)
            *out = all[i];
    return found;
}

/* --- anonymize ---------------------------------------------------------------------------- */

static void test_the_other_side_keeps_its_room_and_the_texts(void **state)
{
    struct scene *s = *state;
    struct str room = make_room(s, GONE, STAYS, "bike");
    char sql[400];

    assert_int_equal(say(s, room, GONE, "from me", EVENT_JSON, NULL), ERR_OK);
    assert_int_equal(say(s, room, STAYS, "to you", EVENT_JSON, NULL), ERR_OK);
    delete_user(s);

    assert_nothing_names_the_user(s);
    snprintf(sql, sizeof(sql),
             "SELECT COUNT(*) FROM chat WHERE (seq = 1 AND sender = '" STR_FMT
             "' AND message = 'from me') OR (seq = 2 AND sender = '" STAYS
             "' AND message = 'to you')",
             STR_ARG(s->anonymous));
    assert_int_equal(value(s, sql), 2);
    snprintf(sql, sizeof(sql),
             "SELECT COUNT(*) FROM room_user WHERE (user = '" STR_FMT
             "' AND other = '" STAYS "') OR (user = '" STAYS "' AND other = '" STR_FMT
             "')",
             STR_ARG(s->anonymous), STR_ARG(s->anonymous));
    assert_int_equal(value(s, sql), 2);
    assert_int_equal(value(s, "SELECT COUNT(*) FROM room WHERE state = 'frozen' AND "
                              "pair_key IS NULL AND last_seq = 2"),
                     1);
}

static void test_the_room_and_then_the_user_are_told(void **state)
{
    struct scene *s = *state;
    struct str room = make_room(s, GONE, STAYS, "bike");
    struct event_record record;

    some(s);
    assert_false(s->step.is_over);
    assert_int_equal(s->step.n_rooms, 1);
    assert_true(s->step.rooms[0].is_changed);
    assert_true(str_eq(s->step.rooms[0].change.room_uuid, room));
    assert_true(str_eq(s->step.rooms[0].change.state, STR("frozen")));
    assert_int_equal(s->step.rooms[0].commit.n_records, 1);
    assert_int_equal(outbox_of(s, EVENT_ROOM_STATE, &record), 1);
    assert_null(memmem(record.value.p, record.value.n, GONE, strlen(GONE)));
    assert_non_null(memmem(record.value.p, record.value.n, STAYS, strlen(STAYS)));
    assert_int_equal(outbox_of(s, EVENT_USER_DELETED, &record), 0);

    some(s);
    assert_true(s->step.is_over);
    assert_int_equal(s->step.commit.n_records, 1);
    assert_int_equal(outbox_of(s, EVENT_USER_DELETED, &record), 1);
    assert_true(str_eq(record.key, STR(GONE)));
    assert_true(str_eq(s->step.deleted.anonymous_user, s->anonymous));
}

static void test_a_card_from_before_stores_nothing(void **state)
{
    struct scene *s = *state;
    struct str room = make_room(s, GONE, STAYS, "bike");
    struct card *card = NULL;

    assert_int_equal(card_load(&s->ctx, room, &card), ERR_OK);
    delete_user(s);

    assert_int_equal(say(s, room, GONE, "late", EVENT_JSON, card), ERR_NOT_MEMBER);
    assert_int_equal(say(s, room, STAYS, "late", EVENT_JSON, card), ERR_ROOM_FROZEN);
    assert_int_equal(value(s, "SELECT COUNT(*) FROM chat"), 0);
    card_unref(&card);
}

static void test_the_pair_may_open_another_room(void **state)
{
    struct scene *s = *state;
    struct str room = make_room(s, GONE, STAYS, "bike");

    delete_user(s);
    assert_false(str_eq(make_room(s, GONE, STAYS, "bike"), room));
}

static void test_a_long_room_is_renamed_whole(void **state)
{
    struct scene *s = *state;
    char sql[400];

    make_room(s, GONE, STAYS, "bike");
    run_sql(s, "CREATE TABLE digit (n INT)");
    run_sql(s,
            "INSERT INTO digit VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9),(10),(11)");
    run_sql(s, "INSERT INTO chat (room_id, seq, id, sender, message) "
               "SELECT r.id, n.seq, UUID(), "
               "CASE WHEN n.seq % 3 = 0 THEN '" STAYS "' ELSE '" GONE
               "' END, 'x' FROM room r, "
               "(SELECT a.n * 1000 + b.n * 100 + c.n * 10 + d.n + 1 AS seq "
               "FROM digit a, digit b, digit c, digit d "
               "WHERE b.n < 10 AND c.n < 10 AND d.n < 10) n");
    run_sql(s, "DROP TABLE digit");
    run_sql(s, "UPDATE room SET last_seq = 12000");
    assert_int_equal(value(s, "SELECT COUNT(*) FROM chat"), MANY_MESSAGES);

    delete_user(s);
    assert_nothing_names_the_user(s);
    snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM chat WHERE sender = '" STR_FMT "'",
             STR_ARG(s->anonymous));
    assert_int_equal(value(s, sql), MANY_MESSAGES / 3 * 2);
    assert_int_equal(value(s, "SELECT COUNT(*) FROM chat WHERE sender = '" STAYS "'"),
                     MANY_MESSAGES / 3);
}

static void test_only_the_users_own_things_change(void **state)
{
    struct scene *s = *state;
    struct str room = make_room(s, "third@x", STAYS, "bike");

    make_room(s, GONE, STAYS, "bike");
    assert_int_equal(say(s, room, STAYS, "unconcerned", EVENT_JSON, NULL), ERR_OK);
    delete_user(s);

    assert_int_equal(value(s, "SELECT COUNT(*) FROM room WHERE state = 'open' AND "
                              "pair_key IS NOT NULL AND access_version = 0"),
                     1);
    assert_int_equal(value(s, "SELECT COUNT(*) FROM chat WHERE sender = '" STAYS "'"), 1);
    assert_int_equal(say(s, room, STAYS, "still", EVENT_JSON, NULL), ERR_OK);
}

/* --- both policies ------------------------------------------------------------------------ */

static void make_many(struct scene *s)
{
    char name[16];

    for (int i = 0; i < MANY_ROOMS; i++) {
        struct str room;

        snprintf(name, sizeof(name), "n%d", i);
        room = make_room(s, i % 2 ? GONE : STAYS, i % 2 ? STAYS : GONE, name);
        assert_int_equal(say(s, room, GONE, "x", EVENT_JSON, NULL), ERR_OK);
    }
}

static void test_what_was_cut_short_is_taken_up_and_a_repeat_is_harmless(void **state)
{
    struct scene *s = *state;
    struct event_record record;
    int64_t rooms;

    for (int i = 0; i < 2; i++) {
        s->config.is_purge = i == 1;
        make_many(s);
        some(s);
        assert_false(s->step.is_over);
        assert_true(value(s, "SELECT COUNT(*) FROM room_user WHERE user = '" GONE "'") >
                    0);
        db_free(&s->ctx.db); /* another server goes on */
        s->ctx.db = db_fixture_open();
        assert_int_equal(delete_user(s), 3);
        assert_nothing_names_the_user(s);
        rooms = value(s, "SELECT COUNT(*) FROM room");
        assert_int_equal(rooms, MANY_ROOMS); /* those of the first time */

        assert_int_equal(delete_user(s), 1);
        assert_int_equal(value(s, "SELECT COUNT(*) FROM room"), rooms);
        assert_int_equal(outbox_of(s, EVENT_USER_DELETED, &record), 2);
        run_sql(s, "DELETE FROM outbox");
    }
}

static void test_blocks_go_and_those_of_others_stay(void **state)
{
    struct scene *s = *state;

    run_sql(s, "INSERT INTO user_block (user, blocked, created_at) VALUES "
               "('" GONE "', 'a', NOW()), ('b', '" GONE "', NOW()), ('c', 'd', NOW())");
    delete_user(s);
    assert_nothing_names_the_user(s);
    assert_int_equal(value(s, "SELECT COUNT(*) FROM user_block"), 1);
}

static void add_inquiries(struct scene *s)
{
    run_sql(
        s,
        "INSERT INTO inquiry (name, email, phone, message, address, created_at) VALUES "
        "('G', '" GONE "', '010', 'mine', '1.2.3.4', NOW()), "
        "('S', '" STAYS "', '011', 'theirs', '1.2.3.5', NOW())");
}

static void test_inquiries_lose_their_author_or_go(void **state)
{
    struct scene *s = *state;

    add_inquiries(s);
    delete_user(s);
    assert_nothing_names_the_user(s);
    assert_int_equal(value(s, "SELECT COUNT(*) FROM inquiry WHERE message = 'mine' AND "
                              "name LIKE 'deleted-%' AND phone = '' AND address = ''"),
                     1);
    run_sql(s, "DELETE FROM inquiry");

    s->config.is_purge = true;
    add_inquiries(s);
    delete_user(s);
    assert_int_equal(value(s, "SELECT COUNT(*) FROM inquiry"), 1);
    assert_int_equal(value(s, "SELECT COUNT(*) FROM inquiry WHERE email = '" STAYS
                              "' AND name = 'S' AND phone = '011'"),
                     1);
}

static void test_the_evidence_of_reports_stays(void **state)
{
    struct scene *s = *state;
    char sql[400];

    for (int i = 0; i < 2; i++) {
        struct str room = make_room(s, GONE, STAYS, "bike");

        s->config.is_purge = i == 1;
        snprintf(
            sql, sizeof(sql),
            "INSERT INTO report (roomuuid, reporter, reason, seqs, evidence, created_at) "
            "VALUES ('" STR_FMT "', '" GONE "', 'r', '1', '" GONE ": text', NOW()), "
            "('" STR_FMT "', '" STAYS "', 'r', '1', 'text', NOW())",
            STR_ARG(room), STR_ARG(room));
        run_sql(s, sql);
        delete_user(s);
        assert_nothing_names_the_user(s);
        assert_int_equal(
            value(s, "SELECT COUNT(*) FROM report WHERE (reporter LIKE 'deleted-%' AND "
                     "evidence = '" GONE ": text') OR reporter = '" STAYS "'"),
            2);
        run_sql(s, "DELETE FROM report");
    }
}

static void test_a_room_that_was_being_deleted_goes_whole(void **state)
{
    struct scene *s = *state;

    for (int i = 0; i < 2; i++) {
        struct str room = make_room(s, GONE, STAYS, "bike");

        s->config.is_purge = i == 1;
        assert_int_equal(say(s, room, GONE, "x", EVENT_JSON, NULL), ERR_OK);
        run_sql(s, "UPDATE room SET state = 'closed', pair_key = NULL");
        delete_user(s);
        assert_nothing_names_the_user(s);
        assert_int_equal(value(s, "SELECT COUNT(*) FROM room"), 0);
    }
}

static void test_purge_leaves_nothing_of_the_rooms(void **state)
{
    struct scene *s = *state;
    struct str room = make_room(s, GONE, STAYS, "bike");
    struct event_record record;

    s->config.is_purge = true;
    make_room(s, "third@x", STAYS, "bike");
    assert_int_equal(say(s, room, GONE, "a", EVENT_JSON, NULL), ERR_OK);
    assert_int_equal(say(s, room, STAYS, "b", EVENT_JSON, NULL), ERR_OK);
    some(s);
    assert_int_equal(s->step.n_rooms, 1);
    assert_true(str_eq(s->step.rooms[0].change.state, STR("deleted")));
    some(s);

    assert_true(s->step.is_over);
    assert_null(s->step.deleted.anonymous_user.p);
    assert_nothing_names_the_user(s);
    assert_int_equal(value(s, "SELECT COUNT(*) FROM room"), 1);
    assert_int_equal(value(s, "SELECT COUNT(*) FROM chat"), 0);
    assert_int_equal(outbox_of(s, EVENT_ROOM_DELETED, &record), 1);
}

/* --- the outbox --------------------------------------------------------------------------- */

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
    static const enum event_form forms[] = {EVENT_JSON, EVENT_PROTOBUF};
    struct scene *s = *state;

    for (size_t i = 0; i < LENGTH(forms); i++) {
        struct str room = make_room(s, GONE, STAYS, "bike");
        struct event_record record;

        run_sql(s, "DELETE FROM outbox");
        assert_int_equal(say(s, room, GONE, "mine", forms[i], NULL), ERR_OK);
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
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_the_other_side_keeps_its_room_and_the_texts),
        T(test_the_room_and_then_the_user_are_told),
        T(test_a_card_from_before_stores_nothing),
        T(test_the_pair_may_open_another_room),
        T(test_a_long_room_is_renamed_whole),
        T(test_only_the_users_own_things_change),
        T(test_what_was_cut_short_is_taken_up_and_a_repeat_is_harmless),
        T(test_blocks_go_and_those_of_others_stay),
        T(test_inquiries_lose_their_author_or_go),
        T(test_the_evidence_of_reports_stays),
        T(test_a_room_that_was_being_deleted_goes_whole),
        T(test_purge_leaves_nothing_of_the_rooms),
        T(test_messages_that_wait_are_published_without_the_name),
        T(test_other_records_of_the_user_are_not_published),
        T(test_purged_messages_are_not_published),
        T(test_rows_that_cannot_be_read_or_are_in_use_hold_up_nothing),
    };

    return cmocka_run_group_tests(tests, start_all, db_fixture_stop);
}
