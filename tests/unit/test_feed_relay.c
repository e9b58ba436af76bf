/*
 * A round of the relay against a real database: whatever it waits for, the server's end does not.
 * SPDX-License-Identifier: MIT
 */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>
#include <uv.h>

#include "feed/relay.h"
#include "generated/c/dao_chat.h"
#include "support/loop_until.h"
#include "tests/unit/db_fixture.h"

enum {
    DEADLINE_MS = 60000
};

static const struct log quiet = {.fd = 2, .level = LOG_LEVEL_ERROR};

static void on_round(void *ctx, const struct relay_round *round)
{
    *(struct relay_round *)ctx = *round;
}

static void on_produced(void *ctx, const struct relay_round *round)
{
    (void)ctx;
    (void)round;
}

static struct work_pool *pool_of(struct loop *loop)
{
    return work_pool_new(
        loop, &(struct work_config){.threads = 1,
                                    .queue_max = 1,
                                    .name = "relay",
                                    .db = {.url = db_fixture_url(), .log = &quiet},
                                    .log = &quiet});
}

static struct relay *relay_of(struct loop *loop, struct work_pool *pool,
                              struct relay_round *round)
{
    return relay_new(&(struct relay_config){.loop = loop,
                                            .pool = pool,
                                            .server_id = STR("s"),
                                            .on_produced = on_produced,
                                            .on_round = on_round,
                                            .ctx = round});
}

/* To wait for a lock on the row instead, one must ask for the row, and a worker that comes meanwhile
 * passes over it. */
static bool wait_for_post(struct loop *loop)
{
    struct pollfd p = {.fd = uv_backend_fd(loop_native(loop)), .events = POLLIN};

    return poll(&p, 1, DEADLINE_MS) == 1;
}

static size_t rows_nobody_holds(struct db *db)
{
    struct outbox_row *rows;
    struct arena a;
    size_t n;

    arena_init(&a, SIZE_MAX);
    assert_int_equal(db_begin(db), ERR_OK);
    assert_int_equal(
        dao_outbox_take_own(
            db, &(struct dao_outbox_take_own_in){.server_id = STR("s"), .limit = 1}, &a,
            &rows, &n),
        ERR_OK);
    db_rollback(db);
    arena_release(&a);
    return n;
}

/* The loop that would hand the records over is the one that waits for the worker's end. */
static void test_a_round_that_the_loop_never_came_to_gives_up_at_the_end(void **state)
{
    struct loop *loop = loop_new();
    struct work_pool *pool = pool_of(loop);
    struct db *db = db_fixture_open();
    struct relay_round round = {.rc = ERR_OK};
    struct relay *relay = relay_of(loop, pool, &round);

    (void)state;
    assert_int_equal(
        dao_outbox_insert(
            db, &(struct dao_outbox_insert_in){.server_id = STR("s"), .payload = STR("")},
            NULL),
        ERR_OK);
    uv_run(loop_native(loop),
           UV_RUN_NOWAIT); /* its wake-up is watched only from then on */
    assert_true(relay_start(relay, NULL, true));
    assert_true(wait_for_post(loop));
    assert_int_equal(rows_nobody_holds(db), 0);
    relay_stop(relay);
    work_pool_free(&pool);
    relay_free(&relay);
    loop_free(&loop); /* runs what was posted and never came to its turn */

    assert_int_equal(round.rc, ERR_UNAVAILABLE);
    assert_int_equal(rows_nobody_holds(db), 1);
    db_free(&db);
}

static bool is_over(const void *round)
{
    return ((const struct relay_round *)round)->rc != ERR_INTERNAL;
}

static int64_t count(struct db *db, const char *sql)
{
    struct arena a;
    int64_t n = -1;

    arena_init(&a, SIZE_MAX);
    assert_true(str_to_i64(db_fixture_value(db, &a, sql), &n));
    arena_release(&a);
    return n;
}

/* A row of no records can be published without a broker. */
static void test_rows_that_nobody_can_read_stay_and_hold_up_none(void **state)
{
    struct loop *loop = loop_new();
    struct work_pool *pool = pool_of(loop);
    struct db *db = db_fixture_open();
    struct relay_round round = {.is_full = true};
    struct relay *relay = relay_of(loop, pool, &round);
    int rounds = 0;

    (void)state;
    db_fixture_run(db, "DELETE FROM outbox");
    for (int i = 0; i < 2 * RELAY_ROWS + 3; i++)
        db_fixture_run(db,
                       "INSERT INTO outbox (server_id, payload) VALUES ('s', 'junk')");
    db_fixture_run(db, "INSERT INTO outbox (server_id, payload) VALUES ('s', '')");
    for (; round.is_full && rounds < 10; rounds++) {
        round.rc = ERR_INTERNAL;
        assert_true(relay_start(relay, NULL, true));
        assert_int_equal(relay_begins(relay), rounds == 0);
        assert_true(loop_until(loop, is_over, &round, DEADLINE_MS));
        assert_int_equal(round.rc, ERR_OK);
    }

    assert_int_equal(rounds, 3);
    assert_int_equal(round.n_rows, 1);
    assert_int_equal(round.n_unreadable, 2 * RELAY_ROWS + 3);
    assert_int_equal(count(db, "SELECT COUNT(*) FROM outbox"), 2 * RELAY_ROWS + 3);
    db_fixture_run(db, "DELETE FROM outbox");
    work_pool_free(&pool);
    relay_free(&relay);
    loop_free(&loop);
    db_free(&db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_round_that_the_loop_never_came_to_gives_up_at_the_end),
        cmocka_unit_test(test_rows_that_nobody_can_read_stay_and_hold_up_none),
    };

    return cmocka_run_group_tests(tests, db_fixture_start_with_tables, db_fixture_stop);
}
