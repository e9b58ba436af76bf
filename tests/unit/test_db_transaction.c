/*
 * Tests of what goes wrong around a transaction: deadlocks, lock time-outs, lost connections, and
 * a server that ended it behind our back.
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "db_fixture.h"

#include "base/banned.h"

enum {
    THINGS = 20
};

struct world {
    struct db *db, *other;
    struct arena a;
    int64_t ids[THINGS];
};

static int setup(void **state)
{
    struct world *w = mem_zalloc(sizeof(*w));
    struct db_result result;

    w->db = db_fixture_open();
    w->other = db_fixture_open();
    arena_init(&w->a, SIZE_MAX);
    thing_create(w->db);
    for (size_t i = 0; i < THINGS; i++) {
        assert_int_equal(db_exec(w->db, &thing_insert, &(struct thing){0}, &result),
                         ERR_OK);
        w->ids[i] = (int64_t)result.insert_id;
    }
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    db_free(&w->db);
    db_free(&w->other);
    arena_release(&w->a);
    free(w);
    return 0;
}

static enum err bump(struct db *db, int64_t id)
{
    return db_exec(db, &thing_bump, &(struct thing){.id = id}, NULL);
}

/* How often thing i was bumped, as another connection sees it. */
static int stored(struct world *w, size_t i)
{
    struct thing got;

    assert_int_equal(db_one(w->other, &thing_by_id, &w->ids[i], &w->a, &got), ERR_OK);
    return got.small;
}

static void kill_connection(struct world *w, struct db *victim)
{
    struct str id = db_fixture_value(victim, &w->a, "SELECT CONNECTION_ID()");

    db_fixture_run(w->other, arena_printf(&w->a, "KILL %s", id.p).p);
}

static void test_a_transaction_is_stored_whole_or_not_at_all(void **state)
{
    struct world *w = *state;

    assert_int_equal(db_begin(w->db), ERR_OK);
    assert_int_equal(bump(w->db, w->ids[0]), ERR_OK);
    assert_int_equal(bump(w->db, w->ids[1]), ERR_OK);
    assert_int_equal(stored(w, 0), 0);
    assert_int_equal(db_commit(w->db), ERR_OK);
    assert_int_equal(stored(w, 0), 1);
    assert_int_equal(stored(w, 1), 1);

    assert_int_equal(db_begin(w->db), ERR_OK);
    assert_int_equal(bump(w->db, w->ids[0]), ERR_OK);
    db_rollback(w->db);
    assert_int_equal(stored(w, 0), 1);
    db_rollback(w->db); /* allowed at any time */

    assert_int_equal(bump(w->db, w->ids[0]), ERR_OK); /* commits itself */
    assert_int_equal(stored(w, 0), 2);
}

static void test_a_refused_statement_leaves_the_transaction_open(void **state)
{
    struct world *w = *state;
    const struct thing thing = {.name = STR("a")};

    assert_int_equal(db_exec(w->db, &thing_insert, &thing, NULL), ERR_OK);
    assert_int_equal(db_begin(w->db), ERR_OK);
    assert_int_equal(bump(w->db, w->ids[0]), ERR_OK);
    assert_int_equal(db_exec(w->db, &thing_insert, &thing, NULL), ERR_DB_DUPLICATE);
    assert_int_equal(bump(w->db, w->ids[1]), ERR_OK);
    assert_int_equal(db_commit(w->db), ERR_OK);
    assert_int_equal(stored(w, 0), 1);
    assert_int_equal(stored(w, 1), 1);
}

/* One side of a deadlock: takes its rows, waits for the other side, goes for what that one has. */
struct side {
    pthread_t thread;
    pthread_barrier_t *both_hold;
    const int64_t *holds;
    size_t n_holds;
    int64_t wants; /* 0: all, by reading them FOR UPDATE */
    enum err rc, repeated, committed;
    bool is_connected;
};

static void *deadlock_side(void *arg)
{
    struct side *side = arg;
    struct db *db = db_fixture_open();
    struct arena a;
    void *rows;
    size_t n;

    arena_init(&a, SIZE_MAX);
    side->rc = db_begin(db);
    for (size_t i = 0; i < side->n_holds && !side->rc; i++)
        side->rc = bump(db, side->holds[i]);
    pthread_barrier_wait(side->both_hold);
    if (!side->rc)
        side->rc = side->wants ? bump(db, side->wants)
                               : db_many(db, &thing_lock, NULL, &a, &rows, &n);
    side->is_connected = db_is_connected(db);
    side->repeated = side->rc ? bump(db, side->holds[0]) : ERR_OK;
    side->committed = db_commit(db);
    arena_release(&a);
    db_free(&db);
    return NULL;
}

static void run_deadlock(struct side sides[2])
{
    pthread_barrier_t both_hold;

    pthread_barrier_init(&both_hold, NULL, 2);
    for (size_t i = 0; i < 2; i++) {
        sides[i].both_hold = &both_hold;
        pthread_create(&sides[i].thread, NULL, deadlock_side, &sides[i]);
    }
    for (size_t i = 0; i < 2; i++)
        pthread_join(sides[i].thread, NULL);
    pthread_barrier_destroy(&both_hold);
}

static void assert_loser(const struct side *side)
{
    assert_int_equal(side->rc, ERR_DB_RETRY);
    assert_int_equal(side->repeated, ERR_DB_RETRY);
    assert_int_equal(side->committed, ERR_DB_RETRY);
    assert_true(side->is_connected);
}

static void test_the_loser_of_a_deadlock_stores_nothing(void **state)
{
    struct world *w = *state;
    struct side sides[2] = {
        {.holds = &w->ids[0], .n_holds = 1, .wants = w->ids[1]},
        {.holds = &w->ids[1], .n_holds = 1, .wants = w->ids[0]},
    };
    size_t loser;

    run_deadlock(sides);

    loser = sides[0].rc == ERR_OK;
    assert_loser(&sides[loser]);
    assert_int_equal(sides[!loser].rc, ERR_OK);
    assert_int_equal(sides[!loser].committed, ERR_OK);
    assert_int_equal(stored(w, 0), 1);
    assert_int_equal(stored(w, 1), 1);
}

static void test_a_deadlock_is_seen_while_rows_are_fetched(void **state)
{
    struct world *w = *state;
    struct side sides[2] = {
        /* holds many rows, so the engine lets it win */
        {.holds = &w->ids[10], .n_holds = 9, .wants = w->ids[19]},
        /* reads things 0 to 9 before it has to wait */
        {.holds = &w->ids[19], .n_holds = 1, .wants = 0},
    };

    run_deadlock(sides);

    assert_int_equal(sides[0].rc, ERR_OK);
    assert_int_equal(sides[0].committed, ERR_OK);
    assert_loser(&sides[1]);
    assert_int_equal(stored(w, 19), 1);
}

static void test_a_lock_time_out_rolls_all_of_it_back(void **state)
{
    struct world *w = *state;

    assert_int_equal(db_begin(w->other), ERR_OK);
    assert_int_equal(bump(w->other, w->ids[0]), ERR_OK);
    db_fixture_run(w->db, "SET innodb_lock_wait_timeout = 1");
    assert_int_equal(db_begin(w->db), ERR_OK);
    assert_int_equal(bump(w->db, w->ids[1]), ERR_OK);
    assert_int_equal(bump(w->db, w->ids[0]), ERR_DB_RETRY);
    assert_int_equal(db_error_code(w->db), 1205);

    assert_int_equal(bump(w->other, w->ids[1]), ERR_OK); /* its lock is free */
    assert_int_equal(bump(w->db, w->ids[2]), ERR_DB_RETRY);
    db_rollback(w->db);
    assert_int_equal(bump(w->db, w->ids[2]), ERR_OK);
    assert_int_equal(db_commit(w->other), ERR_OK);
    assert_int_equal(stored(w, 1), 1);
    assert_int_equal(stored(w, 2), 1);
}

static void test_a_connection_lost_in_a_transaction_stores_nothing(void **state)
{
    struct world *w = *state;
    uint64_t generation = db_generation(w->db);

    assert_int_equal(db_begin(w->db), ERR_OK);
    assert_int_equal(bump(w->db, w->ids[0]), ERR_OK);
    kill_connection(w, w->db);

    assert_int_equal(bump(w->db, w->ids[1]), ERR_DB_LOST);
    assert_false(db_is_connected(w->db));
    assert_int_equal(bump(w->db, w->ids[1]), ERR_DB_LOST); /* not on its own, ever */
    assert_int_equal(db_run_text(w->db, STR("DELETE FROM thing"), NULL, NULL),
                     ERR_DB_LOST);
    assert_int_equal(db_exec_batch(w->db, &thing_insert, &(struct thing){0}, 1, NULL),
                     ERR_DB_LOST);
    db_rollback(w->db);
    assert_int_equal(stored(w, 0), 0);
    assert_int_equal(db_begin(w->db), ERR_OK);
    assert_int_equal(bump(w->db, w->ids[1]), ERR_OK); /* prepared anew */
    assert_int_equal(db_commit(w->db), ERR_OK);
    assert_int_equal(stored(w, 1), 1);
    assert_int_equal(db_generation(w->db), generation + 1);
}

static void
test_a_transaction_lost_before_its_commit_is_certainly_not_stored(void **state)
{
    struct world *w = *state;

    assert_int_equal(db_begin(w->db), ERR_OK);
    assert_int_equal(bump(w->db, w->ids[0]), ERR_OK);
    kill_connection(w, w->db);
    assert_int_equal(bump(w->db, w->ids[1]), ERR_DB_LOST);
    assert_int_equal(db_commit(w->db), ERR_DB_RETRY);
    assert_int_equal(stored(w, 0), 0);
}

static void test_a_commit_without_an_answer_is_lost(void **state)
{
    struct world *w = *state;

    assert_int_equal(db_begin(w->db), ERR_OK);
    assert_int_equal(bump(w->db, w->ids[0]), ERR_OK);
    kill_connection(w, w->db);
    assert_int_equal(db_commit(w->db), ERR_DB_LOST);
    assert_int_equal(db_begin(w->db), ERR_OK);
    db_rollback(w->db);
}

static void test_an_idle_connection_that_died_is_replaced(void **state)
{
    struct world *w = *state;
    struct thing got;
    void *rows;
    size_t n;

    kill_connection(w, w->db);
    assert_int_equal(db_begin(w->db), ERR_OK);
    assert_int_equal(bump(w->db, w->ids[0]), ERR_OK);
    assert_int_equal(db_commit(w->db), ERR_OK);

    kill_connection(w, w->db);
    assert_int_equal(db_one(w->db, &thing_by_id, &w->ids[0], &w->a, &got), ERR_OK);
    kill_connection(w, w->db);
    assert_int_equal(db_many(w->db, &thing_lock, NULL, &w->a, &rows, &n), ERR_OK);
    assert_int_equal(n, THINGS);

    kill_connection(w, w->db);
    assert_int_equal(bump(w->db, w->ids[0]),
                     ERR_DB_LOST); /* nobody knows if it was run */
    assert_int_equal(bump(w->db, w->ids[0]), ERR_OK);
}

/* Until some connection waits for a row. (information_schema.innodb_trx stands still if asked often.) */
static void await_lock_wait(struct world *w)
{
    int64_t end_ns = clock_mono_ns() + 30 * NS_PER_S;

    while (str_eq(db_fixture_value(w->other, &w->a,
                                   "SELECT variable_value FROM "
                                   "information_schema.global_status WHERE "
                                   "variable_name = 'Innodb_row_lock_current_waits'"),
                  STR("0"))) {
        assert_true(clock_mono_ns() < end_ns);
        arena_reset(&w->a);
    }
}

/* A thread that waits for a row that the main thread holds. */
struct waiter {
    int64_t wants;
    char connection_id[32];
    pthread_barrier_t known;
    enum err rc;
};

static void *wait_for_row(void *arg)
{
    struct waiter *waiter = arg;
    struct db *db = db_fixture_open();
    struct arena a;
    struct str id;

    arena_init(&a, SIZE_MAX);
    id = db_fixture_value(db, &a, "SELECT CONNECTION_ID()");
    snprintf(waiter->connection_id, sizeof(waiter->connection_id), "%s", id.p);
    pthread_barrier_wait(&waiter->known);
    waiter->rc = db_begin(db);
    if (!waiter->rc)
        waiter->rc = bump(db, waiter->wants);
    db_rollback(db);
    arena_release(&a);
    db_free(&db);
    return NULL;
}

static void test_a_connection_killed_while_it_waits_is_lost(void **state)
{
    struct world *w = *state;
    struct waiter waiter = {.wants = w->ids[0]};
    pthread_t thread;

    assert_int_equal(db_begin(w->db), ERR_OK);
    assert_int_equal(bump(w->db, w->ids[0]), ERR_OK);
    pthread_barrier_init(&waiter.known, NULL, 2);
    pthread_create(&thread, NULL, wait_for_row, &waiter);
    pthread_barrier_wait(&waiter.known);
    await_lock_wait(w);
    db_fixture_run(w->other, arena_printf(&w->a, "KILL %s", waiter.connection_id).p);
    pthread_join(thread, NULL);
    pthread_barrier_destroy(&waiter.known);

    assert_int_equal(waiter.rc, ERR_DB_LOST);
    assert_int_equal(db_commit(w->db), ERR_OK);
    assert_int_equal(stored(w, 0), 1);
}

static void test_a_transaction_that_the_server_ended_is_noticed(void **state)
{
    struct world *w = *state;

    assert_int_equal(db_begin(w->db), ERR_OK);
    assert_int_equal(bump(w->db, w->ids[0]), ERR_OK);
    /* a table change commits implicitly */
    assert_int_equal(
        db_run_text(w->db, STR("ALTER TABLE part COMMENT = 'changed'"), NULL, NULL),
        ERR_DB_RETRY);
    assert_int_equal(bump(w->db, w->ids[1]), ERR_DB_RETRY);
    assert_int_equal(db_commit(w->db), ERR_DB_RETRY);
    assert_int_equal(stored(w, 1), 0);
}

static int transactions_begun(struct world *w)
{
    struct str n =
        db_fixture_value(w->db, &w->a,
                         "SELECT VARIABLE_VALUE FROM information_schema.SESSION_STATUS "
                         "WHERE VARIABLE_NAME = 'COM_BEGIN'");

    return (int)strtol(n.p, NULL, 10);
}

static void chain(struct world *w)
{
    db_free(&w->db);
    w->db = db_new(&(struct db_config){.url = db_fixture_url(), .is_chaining = true});
}

static void test_a_chained_commit_begins_the_next_transaction(void **state)
{
    struct world *w = *state;

    chain(w);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(db_begin(w->db), ERR_OK);
        assert_int_equal(bump(w->db, w->ids[0]), ERR_OK);
        assert_int_equal(stored(w, 0), i - 1);
        assert_int_equal(db_commit(w->db), ERR_OK);
        assert_int_equal(stored(w, 0), i);
    }
    assert_int_equal(transactions_begun(w), 1);
    assert_int_equal(bump(w->db, w->ids[0]), ERR_OK); /* commits itself all the same */
    assert_int_equal(stored(w, 0), 4);
    assert_int_equal(db_begin(w->db), ERR_OK);
    assert_int_equal(bump(w->db, w->ids[0]), ERR_OK);
    db_rollback(w->db);
    assert_int_equal(stored(w, 0), 4);
}

static void
test_a_chained_connection_that_died_idle_is_lost_at_the_first_statement(void **state)
{
    struct world *w = *state;
    struct str id;

    chain(w);
    id = db_fixture_value(w->db, &w->a, "SELECT CONNECTION_ID()");
    assert_int_equal(db_begin(w->db), ERR_OK);
    assert_int_equal(bump(w->db, w->ids[0]), ERR_OK);
    assert_int_equal(db_commit(w->db), ERR_OK);
    db_fixture_run(w->other, arena_printf(&w->a, "KILL %s", id.p).p);

    assert_int_equal(db_begin(w->db), ERR_OK);
    assert_int_equal(bump(w->db, w->ids[0]), ERR_DB_LOST);
    db_rollback(w->db);
    assert_int_equal(stored(w, 0), 1);
    assert_int_equal(db_begin(w->db), ERR_OK);
    assert_int_equal(bump(w->db, w->ids[0]), ERR_OK);
    assert_int_equal(db_commit(w->db), ERR_OK);
    assert_int_equal(stored(w, 0), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_transaction_is_stored_whole_or_not_at_all),
        TEST(test_a_refused_statement_leaves_the_transaction_open),
        TEST(test_the_loser_of_a_deadlock_stores_nothing),
        TEST(test_a_deadlock_is_seen_while_rows_are_fetched),
        TEST(test_a_lock_time_out_rolls_all_of_it_back),
        TEST(test_a_connection_lost_in_a_transaction_stores_nothing),
        TEST(test_a_transaction_lost_before_its_commit_is_certainly_not_stored),
        TEST(test_a_commit_without_an_answer_is_lost),
        TEST(test_an_idle_connection_that_died_is_replaced),
        TEST(test_a_connection_killed_while_it_waits_is_lost),
        TEST(test_a_transaction_that_the_server_ended_is_noticed),
        TEST(test_a_chained_commit_begins_the_next_transaction),
        TEST(test_a_chained_connection_that_died_idle_is_lost_at_the_first_statement),
    };

    return cmocka_run_group_tests(tests, db_fixture_start, db_fixture_stop);
}
