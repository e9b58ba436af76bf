/*
 * Tests of how a connection is made to a server, and of what a server that is away looks like.
 * The last test kills the server.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "db_fixture.h"

#include "base/banned.h"

static struct db *open_url(const char *url)
{
    return db_new(&(struct db_config){.url = str_of(url), .connect_timeout_ms = 2000});
}

static void test_each_way_of_not_connecting_is_told_apart(void **state)
{
    /* the address of with_mariadb.sh: mysql://chat:password@127.0.0.1:port/reuse_chat */
    const char *given = strrchr(db_fixture_url().p, '@');
    char wrong_password[256], no_database[256];
    const struct {
        const char *url;
        enum err err;
        unsigned code;
    } rows[] = {
        {"mysql://u:p@127.0.0.1:1/n", ERR_DB_LOST, 2002},
        {"mysql://u:p@nowhere.invalid/n", ERR_DB_LOST, 2005},
        {"mysql://u:p@x/n?socket=/nowhere/sock", ERR_DB_LOST, 2002},
        {wrong_password, ERR_DB_FAILED, 1045},
        {no_database, ERR_DB_FAILED, 1049},
        {"mysql://u:p@127.0.0.1", ERR_DB_FAILED, 0},
        {"embedded:/tmp", ERR_DB_FAILED, 0},
    };

    (void)state;
    snprintf(wrong_password, sizeof(wrong_password), "mysql://chat:secret%s", given);
    snprintf(no_database, sizeof(no_database), "%.*s/nothing",
             (int)(strrchr(db_fixture_url().p, '/') - db_fixture_url().p),
             db_fixture_url().p);

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct db *db = open_url(rows[i].url);

        if (db_connect(db) != rows[i].err || db_error_code(db) != rows[i].code)
            fail_msg("%s: %u %s", rows[i].url, db_error_code(db), db_error_text(db));
        assert_true(strlen(db_error_text(db)) > 0);
        assert_null(strstr(db_error_text(db), "secret"));
        assert_false(db_is_connected(db));
        assert_int_equal(db_generation(db), 0);
        assert_int_equal(db_begin(db), rows[i].err);
        db_free(&db);
        assert_null(db);
    }
    db_free(&(struct db *){NULL});
}

static void test_a_socket_is_a_way_too(void **state)
{
    char url[256];
    struct db *db;
    struct arena a;

    (void)state;
    snprintf(url, sizeof(url), "mysql://root@/reuse_chat?socket=%s",
             getenv("REUSE_TEST_SOCKET"));
    arena_init(&a, SIZE_MAX);
    db = open_url(url);

    assert_true(
        str_eq(db_fixture_value(db, &a, "SELECT CURRENT_USER()"), STR("root@localhost")));
    arena_release(&a);
    db_free(&db);
}

static void test_an_answer_that_does_not_come_is_a_loss(void **state)
{
    struct db *db =
        db_new(&(struct db_config){.url = db_fixture_url(), .read_timeout_ms = 1000});
    int64_t start_ns = clock_mono_ns();

    (void)state;
    assert_int_equal(db_run_text(db, STR("SELECT SLEEP(100)"), NULL, NULL), ERR_DB_LOST);
    assert_true(clock_mono_ns() - start_ns < 30 * NS_PER_S);
    assert_false(db_is_connected(db));
    db_fixture_run(db, "SELECT 1");
    assert_int_equal(db_generation(db), 2);
    db_free(&db);
}

static void test_a_full_server_is_a_loss_not_a_refusal(void **state)
{
    char url[256];
    struct db *root, *last = db_fixture_open();
    struct db *filling[64];
    size_t n = 0;

    (void)state;
    snprintf(url, sizeof(url), "mysql://root@/reuse_chat?socket=%s",
             getenv("REUSE_TEST_SOCKET"));
    root = open_url(url);
    db_fixture_run(root, "CREATE USER few@'127.0.0.1' IDENTIFIED BY 'x' "
                         "WITH MAX_USER_CONNECTIONS 2");
    db_fixture_run(root, "GRANT ALL ON *.* TO few@'127.0.0.1'");
    snprintf(url, sizeof(url), "mysql://few:x%s", strrchr(db_fixture_url().p, '@'));
    while (n < LENGTH(filling)) {
        filling[n] = open_url(url);
        if (db_connect(filling[n++]) != ERR_OK)
            break;
    }
    assert_int_equal(n, 3);
    assert_int_equal(db_connect(filling[2]), ERR_DB_LOST);
    db_free(&filling[0]);
    /* the server takes a moment to see it gone */
    for (int64_t end_ns = clock_mono_ns() + 30 * NS_PER_S; clock_mono_ns() < end_ns;) {
        if (db_connect(filling[2]) == ERR_OK)
            break;
    }
    assert_true(db_is_connected(filling[2]));
    db_free(&filling[1]);
    db_free(&filling[2]);
    db_free(&root);
    db_free(&last);
}

/* A stopped process: its kernel takes connections, and nobody ever speaks. */
static void test_a_stopped_server_costs_one_attempt(void **state)
{
    const pid_t server = (pid_t)strtol(getenv("REUSE_TEST_SERVER_PID"), NULL, 10);
    struct db *db =
        db_new(&(struct db_config){.url = db_fixture_url(), .connect_timeout_ms = 2000});
    int64_t start_ns = clock_mono_ns();
    enum err rc = ERR_DB_LOST;

    (void)state;
    assert_int_equal(kill(server, SIGSTOP), 0);

    for (int i = 0; i < 50; i++) { /* of two seconds each, if each tried */
        assert_int_equal(db_begin(db), ERR_DB_LOST);
        assert_int_equal(db_error_code(db), 2013);
        assert_non_null(strstr(db_error_text(db), "handshake"));
    }

    assert_true(clock_mono_ns() - start_ns < 60 * NS_PER_S);
    assert_int_equal(kill(server, SIGCONT), 0);
    for (int64_t end_ns = clock_mono_ns() + 30 * NS_PER_S;
         rc == ERR_DB_LOST && clock_mono_ns() < end_ns;)
        rc = db_connect(db); /* no restart needed, only the pause */
    assert_int_equal(rc, ERR_OK);
    db_free(&db);
}

static void test_a_killed_server_is_a_loss_each_time(void **state)
{
    struct db *db = db_fixture_open(), *idle = db_fixture_open();
    const char *pid = getenv("REUSE_TEST_SERVER_PID");
    const int64_t id = 1;
    struct arena a;
    struct thing got;

    (void)state;
    arena_init(&a, SIZE_MAX);
    thing_create(db);
    assert_int_equal(db_connect(idle), ERR_OK);
    assert_int_equal(db_begin(db), ERR_OK);
    assert_int_equal(db_exec(db, &thing_insert, &(struct thing){0}, NULL), ERR_OK);
    assert_int_equal(kill((pid_t)strtol(pid, NULL, 10), SIGKILL), 0);

    assert_int_equal(db_commit(db), ERR_DB_LOST);
    assert_int_equal(db_begin(db), ERR_DB_LOST);
    assert_int_equal(db_one(db, &thing_by_id, &id, &a, &got), ERR_DB_LOST);
    assert_int_equal(db_exec_batch(db, &thing_insert, &(struct thing){0}, 1, NULL),
                     ERR_DB_LOST);
    assert_int_equal(db_one(idle, &thing_by_id, &id, &a, &got), ERR_DB_LOST);
    assert_false(db_is_connected(idle));
    db_rollback(idle);
    db_free(&db);
    db_free(&idle);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_way_of_not_connecting_is_told_apart),
        cmocka_unit_test(test_a_socket_is_a_way_too),
        cmocka_unit_test(test_an_answer_that_does_not_come_is_a_loss),
        cmocka_unit_test(test_a_full_server_is_a_loss_not_a_refusal),
        cmocka_unit_test(test_a_stopped_server_costs_one_attempt),
        cmocka_unit_test(test_a_killed_server_is_a_loss_each_time),
    };

    return cmocka_run_group_tests(tests, db_fixture_start, db_fixture_stop);
}
