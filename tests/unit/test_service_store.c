/*
 * Group commit on a real database: every unit of a batch is stored once or refused with its reason,
 * in order of arrival, without a hole in any room's numbers.
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tests/unit/db_fixture.h"
#include "tests/unit/store_scene.h"

enum {
    ROUNDS = 20
};

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

/* What happens while the answer to the next COMMIT is lost; NULL: none is. */
static const char *lost_with_sql;

enum err __real_db_commit(struct db *db);
enum err __wrap_db_commit(struct db *db);

enum err __wrap_db_commit(struct db *db)
{
    enum err rc = __real_db_commit(db);
    struct db *other;

    if (!lost_with_sql)
        return rc;
    other = db_fixture_open();
    db_fixture_run(other, lost_with_sql);
    db_free(&other);
    lost_with_sql = NULL;
    return ERR_DB_LOST;
}

static void test_a_lost_commit_that_held_is_told_though_the_room_is_frozen(void **state)
{
    struct scene *s = *state;
    char sql[200];

    snprintf(sql, sizeof(sql),
             "UPDATE room SET state = 'frozen', access_version = access_version + 1 "
             "WHERE roomuuid = '%s'",
             s->rooms[0].text);
    lost_with_sql = sql;
    add(s, 0, "buyer", "stored", NULL);
    add(s, 1, "buyer", "stored too", NULL);
    run(s);

    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(s->units[i].rc, ERR_OK);
        assert_int_equal(s->messages[i].seq, 1);
        assert_false(s->messages[i].is_duplicate);
    }
    assert_true(s->result.is_row_unknown);
    assert_int_equal(rows_of(s, 0), 1);
}

static void test_a_refused_transaction_keeps_its_uuids(void **state)
{
    struct scene *s = *state;
    struct store_message two[2];
    struct uuid id;

    add(s, 0, "buyer", "known", "k1");
    run(s);
    again(s);
    add(s, 0, "buyer", "x", NULL);
    for (size_t i = 0; i < 2; i++)
        two[i] = (struct store_message){.id = uuid_v7(clock_real_ns())};
    two[0].content = STR("known");
    two[0].key = STR("k1");
    two[1].content = STR("new");
    id = two[0].id;
    s->units[0].messages = two;
    s->units[0].n_messages = 2;
    run(s);

    assert_int_equal(s->units[0].rc, ERR_IDEMPOTENCY_CONFLICT);
    assert_string_equal(two[0].id.text, id.text);
}

/* Another writer, or server, that fills the same rooms in its own order. */
static void *write_beside(void *arg)
{
    struct scene beside = {.ctx = {.db = db_fixture_open(),
                                   .log = ((struct scene *)arg)->ctx.log}},
                 *s = arg;

    arena_init(&beside.ctx.arena, SIZE_MAX);
    arena_init(&beside.arena, SIZE_MAX);
    memcpy(beside.rooms, s->rooms, sizeof(beside.rooms));
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < ROOMS; i++)
            add(&beside, round % 2 ? i : ROOMS - 1 - i, "seller", "b", NULL);
        run(&beside);
        again(&beside);
    }
    db_free(&beside.ctx.db);
    arena_release(&beside.ctx.arena);
    arena_release(&beside.arena);
    return NULL;
}

static void test_two_writers_of_the_same_rooms_leave_no_hole(void **state)
{
    struct scene *s = *state;
    pthread_t threads[2];

    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_beside, s), 0);
    for (size_t i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);

    for (size_t room = 0; room < ROOMS; room++)
        assert_int_equal(rows_of(s, room), 2 * ROUNDS);
    assert_int_equal(
        value(s,
              "SELECT COUNT(*) FROM room r WHERE r.last_seq = 40 AND r.last_seq_0 < 40"),
        0);
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
#define T(f) cmocka_unit_test_setup_teardown(f, store_set_up, store_tear_down)
    const struct CMUnitTest tests[] = {
        T(test_units_of_many_rooms_are_numbered_in_order_of_arrival),
        T(test_each_side_has_its_own_last_seq),
        T(test_a_key_that_was_used_gives_the_first_result),
        T(test_a_key_repeated_inside_the_batch_gives_the_first_result),
        T(test_a_key_with_other_content_is_a_conflict_and_harms_nobody),
        T(test_the_same_uuid_again_is_the_first_result_and_no_duplicate),
        T(test_strangers_and_unknown_rooms_are_refused_alone),
        T(test_an_old_card_is_read_again_before_anything_is_stored),
        T(test_only_the_bad_one_of_a_batch_is_refused),
        T(test_a_transaction_is_stored_whole_or_not_at_all),
        T(test_a_lost_commit_that_held_is_told_though_the_room_is_frozen),
        T(test_a_refused_transaction_keeps_its_uuids),
        T(test_two_writers_of_the_same_rooms_leave_no_hole),
        T(test_a_connection_that_is_killed_costs_nothing),
    };

    return cmocka_run_group_tests(tests, db_fixture_start_with_tables, db_fixture_stop);
}
