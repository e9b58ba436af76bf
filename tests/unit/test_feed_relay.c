/*
 * A round of the relay against a real database: whatever it waits for, the server's end does not.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/clock.h"
#include "feed/relay.h"
#include "generated/c/dao_chat.h"
#include "tests/unit/db_fixture.h"

enum {
    DEADLINE_MS = 20000
};

static const struct log quiet = {.fd = 2, .level = LOG_LEVEL_ERROR};

static void on_round(void *ctx, const struct relay_round *round)
{
    *(enum err *)ctx = round->rc;
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
    struct work_pool *pool = work_pool_new(
        loop, &(struct work_config){.threads = 1,
                                    .queue_max = 1,
                                    .name = "relay",
                                    .db = {.url = db_fixture_url(), .log = &quiet},
                                    .log = &quiet});
    struct db *db = db_fixture_open();
    enum err rc = ERR_OK;
    struct relay *relay = relay_new(loop, pool, STR("s"), on_round, &rc);
    int64_t end_ns = clock_mono_ns() + DEADLINE_MS * NS_PER_MS;

    (void)state;
    assert_int_equal(
        dao_outbox_insert(
            db, &(struct dao_outbox_insert_in){.server_id = STR("s"), .payload = STR("")},
            NULL),
        ERR_OK);
    assert_true(relay_start(relay, NULL, true));
    while (rows_nobody_holds(db) > 0)
        assert_true(clock_mono_ns() < end_ns);
    relay_stop(relay);
    work_pool_free(&pool);
    relay_free(&relay);
    loop_free(&loop); /* runs what was posted and never came to its turn */

    assert_int_equal(rc, ERR_UNAVAILABLE);
    assert_int_equal(rows_nobody_holds(db), 1);
    db_free(&db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_round_that_the_loop_never_came_to_gives_up_at_the_end),
    };

    return cmocka_run_group_tests(tests, db_fixture_start_with_tables, db_fixture_stop);
}
