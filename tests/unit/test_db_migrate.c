/*
 * Tests of the migrations' runner: from nothing, again, cut short at each statement, failed,
 * changed, raced.
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

#include "db/migrate.h"
#include "db/sql_reader.h"
#include "db_fixture.h"

#include "base/banned.h"

struct world {
    struct db *db;
    struct arena a;
    struct migrate_report report;
    struct why why;
};

static int setup(void **state)
{
    struct world *w = mem_zalloc(sizeof(*w));

    w->db = db_fixture_reset("utf8mb4", "utf8mb4_general_ci");
    arena_init(&w->a, SIZE_MAX);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    db_free(&w->db);
    arena_release(&w->a);
    free(w);
    return 0;
}

static enum err up(struct world *w, const struct migration_set *set)
{
    w->why.text[0] = '\0';
    /* the lock of a connection that was just killed goes a moment later */
    return migrate_up(w->db, set, &(struct migrate_options){.lock_wait_s = 30},
                      &w->report, &w->why);
}

static void up_ok(struct world *w, const struct migration_set *set)
{
    enum err rc = up(w, set);

    if (rc != ERR_OK)
        fail_msg("%d %s", rc, w->why.text);
}

/* A set of one or two files made for a test. */
static struct migration_set set_of(struct migration files[2], const char *first,
                                   const char *second)
{
    files[0] = (struct migration){1, "first", str_of(first)};
    files[1] = (struct migration){2, "second", str_of(second)};
    return (struct migration_set){.files = files, .n = second ? 2 : 1};
}

static void assert_value(struct world *w, const char *sql, const char *value)
{
    struct str got = db_fixture_value(w->db, &w->a, sql);

    if (!str_eq(got, str_of(value)))
        fail_msg("%s: " STR_FMT, sql, STR_ARG(got));
}

static void test_the_programs_own_migrations_run_once(void **state)
{
    struct world *w = *state;
    struct migrate_status *rows;
    struct str schema;

    up_ok(w, &migration_files);
    assert_int_equal(w->report.applied, migration_files.n);
    assert_int_equal(w->report.version, migration_files.n);
    assert_false(w->report.is_newer);
    assert_value(w,
                 "SELECT GROUP_CONCAT(table_name ORDER BY table_name) "
                 "FROM information_schema.tables WHERE table_schema = DATABASE()",
                 "chat,inquiry,outbox,report,room,room_user,schema_migration,set_aside,"
                 "user_block");
    assert_value(w, "SELECT COUNT(*) FROM set_aside", "0");
    schema = schema_text(w->db, &w->a);

    up_ok(w, &migration_files);
    assert_int_equal(w->report.applied, 0);
    assert_true(str_eq(schema_text(w->db, &w->a), schema));
    assert_int_equal(migrate_status(w->db, &migration_files, &w->a, &rows), ERR_OK);
    for (size_t i = 0; i < migration_files.n; i++) {
        assert_int_equal(rows[i].version, i + 1);
        assert_int_equal(rows[i].state, MIGRATE_DONE);
        assert_int_equal(rows[i].applied, rows[i].statements);
    }
}

static void test_a_new_database_has_everything_pending(void **state)
{
    struct world *w = *state;
    struct migrate_status *rows;

    assert_int_equal(migrate_status(w->db, &migration_files, &w->a, &rows), ERR_OK);
    for (size_t i = 0; i < migration_files.n; i++) {
        assert_int_equal(rows[i].state, MIGRATE_PENDING);
        assert_int_equal(rows[i].applied, 0);
        assert_true(rows[i].statements > 0);
    }
    assert_value(w,
                 "SELECT COUNT(*) FROM information_schema.tables "
                 "WHERE table_schema = DATABASE()",
                 "0");
}

/* The program's migrations, the one numbered version ending after n statements in a wrong one. */
static struct migration_set cut_at(struct world *w, unsigned version, size_t n)
{
    struct migration *files = ARENA_ARRAY(&w->a, struct migration, version);
    struct sql_reader r = sql_reader_of(migration_files.files[version - 1].sql);
    struct sql_statement statement;
    struct buf tokens, sql;

    memcpy(files, migration_files.files, version * sizeof(*files));
    buf_init(&tokens, 1 << 20);
    buf_init(&sql, 1 << 20);
    for (size_t i = 0; i < n && sql_next(&r, &statement, &tokens); i++) {
        buf_append_str(&sql, statement.text);
        buf_append_c(&sql, ";\n");
    }
    buf_append_c(&sql, "SELEKT;");
    files[version - 1].sql = arena_dup(&w->a, buf_str(&sql));
    buf_release(&sql);
    buf_release(&tokens);
    return (struct migration_set){files, version, migration_files.schema};
}

static size_t statements_of(const struct migration *file)
{
    struct sql_reader r = sql_reader_of(file->sql);
    struct sql_statement statement;
    struct buf tokens;
    size_t n = 0;

    buf_init(&tokens, 1 << 20);
    while (sql_next(&r, &statement, &tokens))
        n++;
    buf_release(&tokens);
    return n;
}

/* Leaves the database as a kill leaves it between statement n and its count. */
static void cut_short_after(struct world *w, unsigned version, size_t n)
{
    struct migration_set before = cut_at(w, version, n - 1),
                         after = cut_at(w, version, n);
    struct str sum;

    assert_int_equal(up(w, &before), ERR_DB_FAILED);
    sum = db_fixture_value(w->db, &w->a,
                           "SELECT HEX(applied_sum) FROM schema_migration "
                           "ORDER BY version DESC LIMIT 1");
    assert_int_equal(up(w, &after), ERR_DB_FAILED);
    db_fixture_run(w->db, arena_printf(&w->a,
                                       "UPDATE schema_migration SET state = 'running', "
                                       "error = NULL, applied = %zu, applied_sum = X'%s' "
                                       "WHERE version = %u",
                                       n - 1, sum.p, version)
                              .p);
}

static bool is_of_rows(const struct migration *file, size_t n)
{
    struct sql_reader r = sql_reader_of(file->sql);
    struct sql_statement statement;
    struct buf tokens;

    buf_init(&tokens, 1 << 20);
    for (size_t i = 0; i < n; i++)
        assert_true(sql_next(&r, &statement, &tokens));
    buf_release(&tokens);
    return sql_starts(statement.text, "INSERT") || sql_starts(statement.text, "UPDATE");
}

static void test_a_run_cut_short_after_any_table_statement_goes_on(void **state)
{
    struct world *w = *state;
    struct str schema;
    size_t cases = 0;

    up_ok(w, &migration_files);
    schema = schema_text(w->db, &w->a);

    for (unsigned version = 1; version <= migration_files.n; version++) {
        const struct migration *file = &migration_files.files[version - 1];

        for (size_t n = 1; n <= statements_of(file); n++) {
            if (is_of_rows(file, n))
                continue; /* counted in its own transaction */
            db_free(&w->db);
            w->db = db_fixture_reset("utf8mb4", "utf8mb4_general_ci");
            cut_short_after(w, version, n);
            up_ok(w, &migration_files);
            assert_true(str_eq(schema_text(w->db, &w->a), schema));
            cases++;
        }
    }
    assert_true(cases > 15);
}

static void test_rows_are_counted_in_their_own_transaction(void **state)
{
    struct world *w = *state;
    struct migration files[2];
    /* the second INSERT cannot be counted: the record is locked away by a wrong type */
    struct migration_set set = set_of(files,
                                      "CREATE TABLE t (a INT) ENGINE=InnoDB;"
                                      "INSERT INTO t VALUES (1);"
                                      "ALTER TABLE schema_migration "
                                      "ADD CONSTRAINT c CHECK (applied < 4);"
                                      "INSERT INTO t VALUES (2)",
                                      NULL);

    assert_int_equal(up(w, &set), ERR_DB_RANGE);
    assert_value(w, "SELECT GROUP_CONCAT(a) FROM t", "1");
    assert_value(w, "SELECT CONCAT(state, applied) FROM schema_migration", "failed3");
    db_fixture_run(w->db, "ALTER TABLE schema_migration DROP CONSTRAINT c");
    up_ok(w, &set);
    assert_value(w, "SELECT GROUP_CONCAT(a ORDER BY a) FROM t", "1,2");
}

static void test_a_failed_statement_is_recorded_and_tried_again(void **state)
{
    struct world *w = *state;
    const char *const good = "CREATE TABLE t (a INT NOT NULL) ENGINE=InnoDB;\n"
                             "INSERT INTO t VALUES (1);\n";
    struct migration files[2];
    struct migration_set set = set_of(
        files, arena_printf(&w->a, "%s\nINSERT INTO t VALUES (NULL);", good).p, NULL);
    struct migrate_status *rows;

    assert_int_equal(up(w, &set), ERR_DB_RANGE);
    assert_non_null(strstr(w->why.text, "0001_first.sql, statement 3, line 4: 1048 "));
    assert_int_equal(migrate_status(w->db, &set, &w->a, &rows), ERR_OK);
    assert_int_equal(rows[0].state, MIGRATE_FAILED);
    assert_int_equal(rows[0].applied, 2);
    assert_int_equal(rows[0].statements, 3);
    assert_non_null(strstr(rows[0].error.p, "1048"));

    assert_int_equal(up(w, &set), ERR_DB_RANGE);
    assert_value(w, "SELECT COUNT(*) FROM t", "1");

    set = set_of(files, arena_printf(&w->a, "%sINSERT INTO t VALUES (2);", good).p, NULL);
    up_ok(w, &set);
    assert_value(w, "SELECT GROUP_CONCAT(a ORDER BY a) FROM t", "1,2");
    assert_value(w,
                 "SELECT CONCAT_WS(' ', state, applied, statements, QUOTE(error)) "
                 "FROM schema_migration",
                 "done 3 3 NULL");
}

/* A table that is in the way is an error, not "done already": nothing was cut short. */
static void test_a_foreign_table_in_the_way_is_told(void **state)
{
    struct world *w = *state;

    db_fixture_run(w->db, "CREATE TABLE inquiry (a INT) ENGINE=InnoDB");
    assert_int_equal(up(w, &migration_files), ERR_DB_FAILED);
    assert_non_null(strstr(w->why.text, "0002_tables.sql"));
    assert_non_null(strstr(w->why.text, "inquiry"));
    assert_int_equal(up(w, &migration_files), ERR_DB_SCHEMA);
    assert_non_null(strstr(w->why.text, "table inquiry is not recorded"));
    db_fixture_run(w->db, "DROP TABLE inquiry");
    up_ok(w, &migration_files);
}

static void test_a_changed_file_is_refused_a_reformatted_one_is_not(void **state)
{
    struct world *w = *state;
    struct migration files[2];
    struct migration_set set = set_of(files, "CREATE TABLE t (a INT);", NULL);
    struct migrate_status *rows;

    up_ok(w, &set);
    set = set_of(files, "-- now with a comment\r\nCREATE  TABLE t\r\n(a INT)", NULL);
    up_ok(w, &set);
    set = set_of(files, "CREATE TABLE t (a BIGINT);", NULL);
    assert_int_equal(up(w, &set), ERR_DB_SCHEMA);
    assert_non_null(strstr(w->why.text, "0001_first.sql was changed"));
    assert_int_equal(migrate_status(w->db, &set, &w->a, &rows), ERR_OK);
    assert_int_equal(rows[0].state, MIGRATE_CHANGED);
}

static void test_a_change_in_the_applied_part_is_refused(void **state)
{
    struct world *w = *state;
    struct migration files[2];
    struct migration_set set = set_of(files, "CREATE TABLE t (a INT); SELEKT", NULL);

    assert_int_equal(up(w, &set), ERR_DB_FAILED);
    set = set_of(files, "CREATE TABLE t (a BIGINT); SELECT 1", NULL);
    assert_int_equal(up(w, &set), ERR_DB_SCHEMA);
    set = set_of(files, "", NULL);
    assert_int_equal(up(w, &set), ERR_DB_SCHEMA);
    set = set_of(files, "CREATE TABLE t (a INT); SELECT 1", NULL);
    up_ok(w, &set);
}

static void test_a_newer_database_is_told_and_a_hole_is_refused(void **state)
{
    struct world *w = *state;
    struct migration files[2];
    struct migration_set set =
        set_of(files, "CREATE TABLE t (a INT)", "CREATE TABLE u (a INT)");

    up_ok(w, &set);
    set.n = 1;
    up_ok(w, &set);
    assert_true(w->report.is_newer);
    assert_int_equal(w->report.version, 2);

    db_fixture_run(w->db, "DELETE FROM schema_migration WHERE version = 1");
    assert_int_equal(up(w, &set), ERR_DB_SCHEMA);
    assert_non_null(strstr(w->why.text, "0001_first.sql is not recorded"));
}

static void test_the_one_who_migrates_is_named_to_the_other(void **state)
{
    struct world *w = *state;
    struct db *other = db_fixture_open();
    struct str id = db_fixture_value(other, &w->a, "SELECT CONNECTION_ID()");

    db_fixture_run(other, "SELECT GET_LOCK('reuse-chat:migrate:reuse_chat', 0)");
    assert_int_equal(migrate_up(w->db, &migration_files, &(struct migrate_options){0},
                                &w->report, &w->why),
                     ERR_DB_RETRY);
    assert_non_null(strstr(w->why.text, arena_printf(&w->a, "connection %s ", id.p).p));
    db_free(&other); /* and its lock */
    up_ok(w, &migration_files);
    assert_value(w, "SELECT IS_USED_LOCK('reuse-chat:migrate:reuse_chat') IS NULL", "1");
}

struct racer {
    pthread_t thread;
    enum err rc;
    struct migrate_report report;
    struct why why;
};

static void *race(void *arg)
{
    struct racer *racer = arg;
    struct db *db = db_fixture_open();

    racer->rc =
        migrate_up(db, &migration_files, &(struct migrate_options){.lock_wait_s = 60},
                   &racer->report, &racer->why);
    db_free(&db);
    return NULL;
}

static void test_servers_that_start_together_migrate_once(void **state)
{
    struct racer racers[4];
    size_t applied = 0;

    (void)state;
    for (size_t i = 0; i < LENGTH(racers); i++)
        pthread_create(&racers[i].thread, NULL, race, &racers[i]);
    for (size_t i = 0; i < LENGTH(racers); i++) {
        pthread_join(racers[i].thread, NULL);
        if (racers[i].rc != ERR_OK)
            fail_msg("%s", racers[i].why.text);
        applied += racers[i].report.applied;
    }
    assert_int_equal(applied, migration_files.n);
}

struct victim {
    pthread_t thread;
    struct migration_set set;
    enum err rc;
};

static void *run_victim(void *arg)
{
    struct victim *victim = arg;
    struct db *db = db_fixture_open();
    struct migrate_report report;

    victim->rc =
        migrate_up(db, &victim->set, &(struct migrate_options){0}, &report, NULL);
    db_free(&db);
    return NULL;
}

static void test_a_run_whose_connection_is_killed_goes_on_later(void **state)
{
    struct world *w = *state;
    const char *const start =
        "CREATE TABLE t (a INT) ENGINE=InnoDB; INSERT INTO t VALUES (1);";
    struct migration cut[2], whole[2];
    struct victim victim = {
        .set =
            set_of(cut, arena_printf(&w->a, "%sINSERT INTO t SELECT SLEEP(100)", start).p,
                   NULL)};
    struct migration_set mended =
        set_of(whole, arena_printf(&w->a, "%sINSERT INTO t VALUES (2)", start).p, NULL);
    struct str id;

    pthread_create(&victim.thread, NULL, run_victim, &victim);
    do {
        id = db_fixture_value(w->db, &w->a,
                              "SELECT id FROM information_schema.processlist "
                              "WHERE info LIKE 'INSERT INTO t SELECT SLEEP%'");
    } while (!id.p);
    db_fixture_run(w->db, arena_printf(&w->a, "KILL %s", id.p).p);
    pthread_join(victim.thread, NULL);

    assert_int_equal(victim.rc, ERR_DB_LOST);
    assert_value(w, "SELECT CONCAT(state, applied) FROM schema_migration", "running2");
    up_ok(w, &mended);
    assert_value(w, "SELECT GROUP_CONCAT(a ORDER BY a) FROM t", "1,2");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_programs_own_migrations_run_once),
        TEST(test_a_new_database_has_everything_pending),
        TEST(test_a_run_cut_short_after_any_table_statement_goes_on),
        TEST(test_rows_are_counted_in_their_own_transaction),
        TEST(test_a_failed_statement_is_recorded_and_tried_again),
        TEST(test_a_foreign_table_in_the_way_is_told),
        TEST(test_a_changed_file_is_refused_a_reformatted_one_is_not),
        TEST(test_a_change_in_the_applied_part_is_refused),
        TEST(test_a_newer_database_is_told_and_a_hole_is_refused),
        TEST(test_the_one_who_migrates_is_named_to_the_other),
        TEST(test_servers_that_start_together_migrate_once),
        TEST(test_a_run_whose_connection_is_killed_goes_on_later),
    };

    return cmocka_run_group_tests(tests, db_fixture_start, db_fixture_stop);
}
