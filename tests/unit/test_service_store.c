/*
 * Group commit on a real database: every unit of a batch is stored once or refused with its reason,
 * in order of arrival, without a hole in any room's numbers.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "generated/c/dao_room.h"
#include "service/store.h"
#include "tests/unit/db_fixture.h"

enum {
    ROOMS = 3,
    UNITS_MAX = 64
};

static const struct log quiet = {.fd = 2, .level = LOG_LEVEL_ERROR};

struct scene {
    struct work_ctx ctx;
    struct arena arena; /* results */
    struct uuid rooms[ROOMS];
    struct store_unit units[UNITS_MAX], *list[UNITS_MAX];
    struct store_message messages[UNITS_MAX];
    size_t n;
    struct store_result result;
};

static const struct store_config config = {.server_id = {"s1", 2},
                                           .topic = {"chat", 4},
                                           .form = EVENT_JSON,
                                           .patience_ms = 3000};

static void make_room(struct scene *s, size_t i)
{
    struct db_result result;
    struct dao_room_user_insert_in members[2];

    s->rooms[i] = uuid_v4();
    assert_int_equal(
        dao_room_insert(s->ctx.db,
                        &(struct dao_room_insert_in){.product_name = STR("bike"),
                                                     .roomuuid = uuid_str(&s->rooms[i]),
                                                     .pair = uuid_str(&s->rooms[i])},
                        &result),
        ERR_OK);
    for (int side = 0; side < 2; side++)
        members[side] = (struct dao_room_user_insert_in){
            .room_id = (int64_t)result.insert_id,
            .user = side == 0 ? STR("seller") : STR("buyer"),
            .other = side == 0 ? STR("buyer") : STR("seller"),
            .side = side,
        };
    assert_int_equal(dao_room_user_insert_batch(s->ctx.db, members, 2, NULL), ERR_OK);
}

static int set_up(void **state)
{
    struct scene *s = mem_zalloc(sizeof(*s));

    s->ctx.db = db_fixture_open();
    s->ctx.log = &quiet;
    arena_init(&s->ctx.arena, SIZE_MAX);
    arena_init(&s->arena, SIZE_MAX);
    for (size_t i = 0; i < ROOMS; i++)
        make_room(s, i);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;

    for (size_t i = 0; i < s->n; i++)
        card_unref(&s->units[i].fresh);
    db_free(&s->ctx.db);
    arena_release(&s->ctx.arena);
    arena_release(&s->arena);
    free(s);
    return 0;
}

/* A unit of one message; its index. */
static size_t add(struct scene *s, size_t room, const char *sender, const char *text,
                  const char *key)
{
    size_t i = s->n++;

    s->messages[i] = (struct store_message){
        .content = str_of(text), .key = str_of(key), .id = uuid_v7(clock_real_ns())};
    s->units[i] = (struct store_unit){.room_uuid = uuid_str(&s->rooms[room]),
                                      .sender = str_of(sender),
                                      .messages = &s->messages[i],
                                      .n_messages = 1};
    s->list[i] = &s->units[i];
    return i;
}

static void run(struct scene *s)
{
    store_units(&s->ctx, &config, s->list, s->n, &s->arena, &s->result);
    for (size_t i = 0; i < s->n; i++)
        assert_true(s->units[i].is_settled);
}

/* Forgets the batch, but not the rooms. */
static void again(struct scene *s)
{
    for (size_t i = 0; i < s->n; i++)
        card_unref(&s->units[i].fresh);
    s->n = 0;
}

static int64_t value(struct scene *s, const char *sql)
{
    struct str text = db_fixture_value(s->ctx.db, &s->ctx.arena, sql);
    int64_t n = -1;

    assert_true(str_to_i64(text, &n));
    return n;
}

static int64_t rows_of(struct scene *s, size_t room)
{
    char sql[256];

    snprintf(sql, sizeof(sql),
             "SELECT COUNT(*) FROM chat c JOIN room r ON r.id = c.room_id "
             "WHERE r.roomuuid = '%s' AND c.seq <= r.last_seq",
             s->rooms[room].text);
    return value(s, sql);
}

/* --- tests -------------------------------------------------------------------------------- */

static void test_units_of_many_rooms_are_numbered_in_order_of_arrival(void **state)
{
    struct scene *s = *state;

    for (size_t i = 0; i < 30; i++)
        add(s, i % ROOMS, i % 2 ? "buyer" : "seller", "hello", NULL);
    run(s);

    for (size_t i = 0; i < 30; i++) {
        assert_int_equal(s->units[i].rc, ERR_OK);
        assert_int_equal(s->messages[i].seq, i / ROOMS + 1);
    }
    for (size_t room = 0; room < ROOMS; room++)
        assert_int_equal(rows_of(s, room), 10);
    assert_non_null(s->result.commits);
    assert_null(s->result.commits->next);
    assert_int_equal(s->result.commits->n_records, 30);
}

static void test_the_outbox_row_holds_what_was_stored(void **state)
{
    struct scene *s = *state;
    struct event_record *records;
    struct str payload;
    size_t n;

    add(s, 0, "buyer", "안녕 \xf0\x9f\x98\x80", "k1");
    run(s);
    payload = db_fixture_value(s->ctx.db, &s->ctx.arena,
                               "SELECT payload FROM outbox ORDER BY id DESC LIMIT 1");

    assert_int_equal(outbox_decode(&s->arena, payload, &records, &n), ERR_OK);
    assert_int_equal(n, 1);
    assert_true(str_eq(records[0].key, uuid_str(&s->rooms[0])));
    assert_true(str_eq(records[0].value, s->messages[0].body));
    assert_true(str_eq(event_header(&records[0], "ce_id"), uuid_str(&s->messages[0].id)));
    assert_true(
        str_eq(event_header(&records[0], "ce_sequence"), STR("0000000000000000001")));
    assert_true(str_eq(event_header(&records[0], "ce_users"), STR("seller,buyer")));
}

static void test_each_side_has_its_own_last_seq(void **state)
{
    struct scene *s = *state;
    char sql[200];

    add(s, 0, "seller", "1", NULL);
    add(s, 0, "buyer", "2", NULL);
    add(s, 0, "seller", "3", NULL);
    run(s);

    snprintf(sql, sizeof(sql),
             "SELECT last_seq_0 * 10 + last_seq_1 FROM room WHERE roomuuid = '%s'",
             s->rooms[0].text);
    assert_int_equal(value(s, sql), 32);
}

static void test_a_key_that_was_used_gives_the_first_result(void **state)
{
    struct scene *s = *state;
    struct uuid first;

    add(s, 0, "buyer", "one", "k1");
    run(s);
    first = s->messages[0].id;
    again(s);
    add(s, 0, "buyer", "before", NULL);
    add(s, 0, "buyer", "one", "k1");
    add(s, 0, "seller", "one", "k1"); /* another sender's key is another key */
    add(s, 1, "buyer", "one", "k1");  /* so is another room's */
    run(s);

    for (size_t i = 0; i < 4; i++)
        assert_int_equal(s->units[i].rc, ERR_OK);
    assert_int_equal(s->messages[0].seq, 2);
    assert_true(s->messages[1].is_duplicate);
    assert_int_equal(s->messages[1].seq, 1);
    assert_string_equal(s->messages[1].id.text, first.text);
    assert_int_equal(s->messages[2].seq, 3);
    assert_int_equal(s->messages[3].seq, 1);
    assert_int_equal(rows_of(s, 0), 3);
}

static void test_a_key_repeated_inside_the_batch_gives_the_first_result(void **state)
{
    struct scene *s = *state;

    for (size_t i = 0; i < 5; i++)
        add(s, 0, "buyer", "same", "k");
    run(s);

    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(s->units[i].rc, ERR_OK);
        assert_int_equal(s->messages[i].seq, 1);
        assert_int_equal(s->messages[i].is_duplicate, i > 0);
    }
    assert_int_equal(rows_of(s, 0), 1);
}

static void test_a_key_with_other_content_is_a_conflict_and_harms_nobody(void **state)
{
    struct scene *s = *state;

    add(s, 0, "buyer", "one", "k1");
    run(s);
    again(s);
    add(s, 0, "buyer", "two", "k1");
    add(s, 0, "seller", "fine", NULL);
    run(s);

    assert_int_equal(s->units[0].rc, ERR_IDEMPOTENCY_CONFLICT);
    assert_int_equal(s->units[1].rc, ERR_OK);
    assert_int_equal(s->messages[1].seq, 2);
}

static void test_the_same_uuid_again_is_the_first_result_and_no_duplicate(void **state)
{
    struct scene *s = *state;
    struct uuid id;

    add(s, 0, "buyer", "one", NULL);
    run(s);
    id = s->messages[0].id;
    again(s);
    add(s, 0, "buyer", "one", NULL);
    s->messages[0].id = id; /* as after a COMMIT whose answer was lost */
    run(s);

    assert_int_equal(s->units[0].rc, ERR_OK);
    assert_int_equal(s->messages[0].seq, 1);
    assert_false(s->messages[0].is_duplicate);
    assert_null(s->messages[0].body.p);
    assert_int_equal(rows_of(s, 0), 1);
}

static void test_strangers_and_unknown_rooms_are_refused_alone(void **state)
{
    struct scene *s = *state;

    add(s, 0, "mallory", "hi", NULL);
    add(s, 0, "buyer", "hi", NULL);
    add(s, 1, "buyer", "hi", NULL);
    s->units[2].room_uuid = STR("00000000-0000-4000-8000-000000000000");
    run(s);

    assert_int_equal(s->units[0].rc, ERR_NOT_MEMBER);
    assert_int_equal(s->units[1].rc, ERR_OK);
    assert_int_equal(s->units[2].rc, ERR_ROOM_NOT_FOUND);
}

static void test_an_old_card_is_read_again_before_anything_is_stored(void **state)
{
    struct scene *s = *state;
    struct card *old = NULL;
    char sql[200];

    assert_int_equal(card_load(&s->ctx, uuid_str(&s->rooms[0]), &old), ERR_OK);
    snprintf(sql, sizeof(sql),
             "UPDATE room SET state = 'frozen', access_version = access_version + 1 "
             "WHERE roomuuid = '%s'",
             s->rooms[0].text);
    db_fixture_run(s->ctx.db, sql);
    add(s, 0, "buyer", "late", NULL);
    add(s, 1, "buyer", "fine", NULL);
    s->units[0].card = old;
    run(s);

    assert_int_equal(s->units[0].rc, ERR_ROOM_FROZEN);
    assert_int_equal(s->units[1].rc, ERR_OK);
    assert_int_equal(rows_of(s, 0), 0);
    card_unref(&old);
}

static void test_only_the_bad_one_of_a_batch_is_refused(void **state)
{
    struct scene *s = *state;
    static char key[100];

    memset(key, 'k', sizeof(key) - 1);
    add(s, 0, "buyer", "good", NULL);
    add(s, 0, "buyer", "bad", key); /* longer than its column: the statement is refused */
    add(s, 0, "buyer", "good too", NULL);
    run(s);

    assert_int_equal(s->units[0].rc, ERR_OK);
    assert_int_equal(s->units[1].rc, ERR_INTERNAL);
    assert_int_equal(s->units[2].rc, ERR_OK);
    assert_int_equal(s->messages[0].seq, 1);
    assert_int_equal(s->messages[2].seq, 2);
    assert_int_equal(rows_of(s, 0), 2);
}

static void test_a_transaction_is_stored_whole_or_not_at_all(void **state)
{
    struct scene *s = *state;
    struct store_message three[3];

    add(s, 0, "buyer", "used", "k2");
    run(s);
    again(s);
    add(s, 0, "buyer", "x", NULL);
    for (size_t i = 0; i < 3; i++)
        three[i] =
            (struct store_message){.content = STR("t"), .id = uuid_v7(clock_real_ns())};
    three[1].key = STR("k2"); /* with other content */
    s->units[0].messages = three;
    s->units[0].n_messages = 3;
    run(s);
    assert_int_equal(s->units[0].rc, ERR_IDEMPOTENCY_CONFLICT);
    assert_int_equal(rows_of(s, 0), 1);

    three[1].key = STR("k3");
    run(s);
    assert_int_equal(s->units[0].rc, ERR_OK);
    assert_int_equal(three[0].seq, 2);
    assert_int_equal(three[2].seq, 4);
}

static void test_a_connection_that_is_killed_costs_nothing(void **state)
{
    struct scene *s = *state;
    struct db *killer;
    char sql[100];
    int64_t id;

    if (str_starts(db_fixture_url(), STR("embedded:")))
        return; /* it has no connection that could be lost */
    id = value(s, "SELECT CONNECTION_ID()");
    killer = db_fixture_open();
    snprintf(sql, sizeof(sql), "KILL %lld", (long long)id);
    db_fixture_run(killer, sql);
    db_free(&killer);
    for (size_t i = 0; i < 10; i++)
        add(s, i % ROOMS, "buyer", "hello", NULL);
    run(s);

    for (size_t i = 0; i < 10; i++)
        assert_int_equal(s->units[i].rc, ERR_OK);
    assert_int_equal(rows_of(s, 0), 4);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_units_of_many_rooms_are_numbered_in_order_of_arrival),
        T(test_the_outbox_row_holds_what_was_stored),
        T(test_each_side_has_its_own_last_seq),
        T(test_a_key_that_was_used_gives_the_first_result),
        T(test_a_key_repeated_inside_the_batch_gives_the_first_result),
        T(test_a_key_with_other_content_is_a_conflict_and_harms_nobody),
        T(test_the_same_uuid_again_is_the_first_result_and_no_duplicate),
        T(test_strangers_and_unknown_rooms_are_refused_alone),
        T(test_an_old_card_is_read_again_before_anything_is_stored),
        T(test_only_the_bad_one_of_a_batch_is_refused),
        T(test_a_transaction_is_stored_whole_or_not_at_all),
        T(test_a_connection_that_is_killed_costs_nothing),
    };

    return cmocka_run_group_tests(tests, db_fixture_start_with_tables, db_fixture_stop);
}
