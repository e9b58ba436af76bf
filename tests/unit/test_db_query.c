/*
 * Tests of queries: each type there and back, NULL, long text, limits, lists, batches, results.
 * Run once with the engine inside and once with a server.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "db_fixture.h"

#include "base/banned.h"

struct world {
    struct db *db;
    struct arena a;
};

static int setup(void **state)
{
    struct world *w = mem_zalloc(sizeof(*w));

    w->db = db_fixture_open();
    arena_init(&w->a, SIZE_MAX);
    thing_create(w->db);
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

static int64_t insert(struct world *w, const struct thing *thing)
{
    struct db_result result;
    enum err rc = db_exec(w->db, &thing_insert, thing, &result);

    if (rc != ERR_OK)
        print_error("%s\n", db_error_text(w->db));
    assert_int_equal(rc, ERR_OK);
    assert_int_equal(result.affected, 1);
    return (int64_t)result.insert_id;
}

static int64_t count(struct world *w, const char *where)
{
    struct str sql = arena_printf(&w->a, "SELECT COUNT(*) FROM thing WHERE %s", where);
    int64_t n;

    assert_true(str_to_i64(db_fixture_value(w->db, &w->a, sql.p), &n));
    return n;
}

static struct str repeated(struct world *w, const char *text, size_t n)
{
    size_t size = strlen(text);
    char *p = arena_alloc(&w->a, n * size + 1);

    for (size_t i = 0; i < n; i++)
        memcpy(p + i * size, text, size);
    return (struct str){p, n * size};
}

static void assert_thing(const struct thing *got, const struct thing *want)
{
    assert_true(str_eq(got->name, want->name));
    assert_true(str_eq(got->body, want->body));
    assert_true(str_eq(got->data, want->data));
    assert_int_equal(got->small, want->small);
    assert_int_equal(got->has_big, want->has_big);
    assert_true(got->big == want->big);
    assert_int_equal(got->has_at, want->has_at);
    assert_true(got->at == want->at);
}

static void test_each_type_comes_back_as_it_went(void **state)
{
    struct world *w = *state;
    const struct thing rows[] = {
        {.name = STR_NULL},
        {.name = STR(""), .body = STR(""), .data = STR("")},
        {.name = STR("한글😀"),
         .body = STR("it's \"?\" \\ \n\t한글😀"),
         .data = STR("a\0b\xff\xfe"),
         .small = 1000,
         .big = UINT64_MAX,
         .has_big = true,
         .at = INT64_C(1737369000123456000),
         .has_at = true},
        {.name = STR("a\0b"),
         .body = repeated(w, "한😀", 100000),
         .small = 1,
         .has_big = true,
         .at = 0,
         .has_at = true},
        {.name = STR("before"), .at = -INT64_C(1000), .has_at = true},
        {.name = STR("first"), .at = INT64_C(-9214560000000000000), .has_at = true},
        {.name = STR("last"), .at = INT64_C(9214646399999999000), .has_at = true},
        {.name = repeated(w, "😀", 10), .data = repeated(w, "\xff", 20)},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        int64_t id = insert(w, &rows[i]);
        struct thing got;

        assert_int_equal(db_one(w->db, &thing_by_id, &id, &w->a, &got), ERR_OK);
        assert_int_equal(got.id, id);
        assert_thing(&got, &rows[i]);
    }
}

static void test_civil_time_is_cut_to_the_microsecond(void **state)
{
    struct world *w = *state;
    int64_t id =
        insert(w, &(struct thing){.at = INT64_C(1737369000123456789), .has_at = true});
    struct thing got;

    assert_int_equal(db_one(w->db, &thing_by_id, &id, &w->a, &got), ERR_OK);
    assert_true(got.at == INT64_C(1737369000123456000));
    assert_int_equal(count(w, "at = '2025-01-20 10:30:00.123456'"), 1);
}

static void test_what_is_out_of_range_is_not_sent(void **state)
{
    struct world *w = *state;
    const struct {
        const char *why;
        struct thing thing;
    } rows[] = {
        {"name: too many characters", {.name = STR("12345678901")}},
        {"name: too many characters", {.name = repeated(w, "한", 11)}},
        {"name: not UTF-8", {.name = STR("\xed\xa0\x80")}},
        {"body: not UTF-8", {.body = STR("a\xff")}},
        {"data: too many bytes", {.data = repeated(w, "x", 21)}},
        {"small: out of range", {.small = -1}},
        {"small: out of range", {.small = 1001}},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        assert_int_equal(db_exec(w->db, &thing_insert, &rows[i].thing, NULL),
                         ERR_DB_RANGE);
        assert_non_null(strstr(db_error_text(w->db), rows[i].why));
        assert_int_equal(db_error_code(w->db), 0);
    }
    assert_int_equal(count(w, "TRUE"), 0);
}

static void test_text_that_may_not_be_null_is_refused(void **state)
{
    struct world *w = *state;
    const struct str names[] = {STR_NULL};
    const struct thing_names in = {.names = names, .n_names = 1};
    void *rows;
    size_t n;

    assert_int_equal(db_many(w->db, &thing_by_names, &in, &w->a, &rows, &n),
                     ERR_DB_RANGE);
}

static void test_errors_of_the_server_have_a_meaning(void **state)
{
    struct world *w = *state;
    const struct {
        const char *sql;
        enum err err;
        unsigned code;
    } rows[] = {
        {"INSERT INTO thing (name, small) VALUES ('a', 1)", ERR_OK, 0},
        {"INSERT INTO thing (name, small) VALUES ('a', 1)", ERR_DB_DUPLICATE, 1062},
        {"INSERT INTO thing (name, small) VALUES ('12345678901', 1)", ERR_DB_RANGE, 1406},
        {"INSERT INTO thing (small) VALUES (3000000000)", ERR_DB_RANGE, 1264},
        {"INSERT INTO thing (name, small) VALUES (X'FF', 1)", ERR_DB_RANGE, 1366},
        {"INSERT INTO thing (at, small) VALUES ('2025-02-30', 1)", ERR_DB_RANGE, 1292},
        {"INSERT INTO thing (at, small) VALUES ('0000-00-00', 1)", ERR_DB_RANGE, 1292},
        {"INSERT INTO thing (small) VALUES (NULL)", ERR_DB_RANGE, 1048},
        {"INSERT INTO thing (name) VALUES ('b')", ERR_DB_SCHEMA, 1364},
        {"INSERT INTO part (thing_id) VALUES (77)", ERR_DB_REFERENCE, 1452},
        {"INSERT INTO part SELECT id FROM thing", ERR_OK, 0},
        {"DELETE FROM thing", ERR_DB_REFERENCE, 1451},
        {"SELECT nope FROM thing", ERR_DB_SCHEMA, 1054},
        {"SELECT 1 FROM nope", ERR_DB_SCHEMA, 1146},
        {"SELECT small, COUNT(*) FROM thing", ERR_DB_FAILED, 1140},
        {"SELEKT 1", ERR_DB_FAILED, 1064},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        enum err rc = db_run_text(w->db, str_of(rows[i].sql), NULL, NULL);

        if (rc != rows[i].err)
            fail_msg("%s: %d %s", rows[i].sql, rc, db_error_text(w->db));
        if (rc != ERR_OK)
            assert_int_equal(db_error_code(w->db), rows[i].code);
    }
    assert_true(db_is_connected(w->db));
}

static void test_a_duplicate_is_told_and_the_statement_serves_on(void **state)
{
    struct world *w = *state;
    const struct thing thing = {.name = STR("once")};

    insert(w, &thing);
    assert_int_equal(db_exec(w->db, &thing_insert, &thing, NULL), ERR_DB_DUPLICATE);
    insert(w, &(struct thing){.name = STR("twice")});
    assert_int_equal(count(w, "TRUE"), 2);
}

static void test_one_row_none_and_two(void **state)
{
    struct world *w = *state;
    int64_t id = insert(w, &(struct thing){.small = 5}), nobody = id + 1;
    int32_t small = 5;
    struct thing got;

    assert_int_equal(db_one(w->db, &thing_by_id, &nobody, &w->a, &got), ERR_NOT_FOUND);
    assert_int_equal(db_one(w->db, &thing_of_small, &small, &w->a, &got), ERR_OK);
    insert(w, &(struct thing){.small = 5});
    assert_int_equal(db_one(w->db, &thing_of_small, &small, &w->a, &got), ERR_DB_FAILED);
    assert_int_equal(db_one(w->db, &thing_by_id, &id, &w->a, &got), ERR_OK);
}

static void test_lists_of_each_length_find_exactly_their_rows(void **state)
{
    struct world *w = *state;
    const size_t lengths[] = {0, 1, 2, 4, 5, 16, 17, 64, 65, 255, 256};
    int64_t ids[256];

    for (size_t i = 0; i < LENGTH(ids); i++)
        ids[i] = insert(w, &(struct thing){.small = (int32_t)i});
    insert(w, &(struct thing){.small = 999});

    for (size_t i = 0; i < LENGTH(lengths); i++) {
        struct thing_ids in = {.ids = ids, .n_ids = lengths[i]};
        void *rows;
        size_t n;

        assert_int_equal(db_many(w->db, &thing_by_ids, &in, &w->a, &rows, &n), ERR_OK);
        assert_int_equal(n, lengths[i]);
        for (size_t k = 0; k < n; k++)
            assert_int_equal(((struct thing *)rows)[k].id, ids[k]);
    }
}

static void test_a_list_that_is_too_long_is_refused(void **state)
{
    struct world *w = *state;
    static const int64_t ids[257];
    void *rows;
    size_t n;

    assert_int_equal(
        db_many(w->db, &thing_by_ids, &(struct thing_ids){ids, 257}, &w->a, &rows, &n),
        ERR_DB_RANGE);
}

static void test_a_list_of_texts_beside_a_number(void **state)
{
    struct world *w = *state;
    const struct str names[] = {STR("a"), STR("한글"), STR("nobody"), STR("d"), STR("e")};
    struct thing_names in = {.names = names, .n_names = LENGTH(names), .small = 2};
    struct thing *rows;
    void *found;
    size_t n;

    insert(w, &(struct thing){.name = STR("a"), .small = 2});
    insert(w, &(struct thing){.name = STR("한글"), .small = 2});
    insert(w, &(struct thing){.name = STR("d"), .small = 3});

    assert_int_equal(db_many(w->db, &thing_by_names, &in, &w->a, &found, &n), ERR_OK);
    assert_int_equal(n, 2);
    rows = found;
    assert_true(str_eq(rows[0].name, names[0]));
    assert_true(str_eq(rows[1].name, names[1]));
}

static void test_results_count_rows_and_give_ids(void **state)
{
    struct world *w = *state;
    struct thing thing = {.name = STR("a"), .small = 41};
    struct db_result result;
    int64_t ids[2];

    thing.id = ids[0] = insert(w, &thing);
    ids[1] = insert(w, &(struct thing){0});
    assert_true(ids[1] > ids[0]);

    assert_int_equal(db_exec(w->db, &thing_bump, &thing, &result), ERR_OK);
    assert_int_equal(result.affected, 1);
    assert_int_equal(result.insert_id, 42);

    thing.id = 0;
    assert_int_equal(db_exec(w->db, &thing_bump, &thing, &result), ERR_OK);
    assert_int_equal(result.affected, 0);

    assert_int_equal(db_exec(w->db, &thing_delete, &(struct thing_ids){ids, 0}, &result),
                     ERR_OK);
    assert_int_equal(result.affected, 0);
    assert_int_equal(db_exec(w->db, &thing_delete, &(struct thing_ids){ids, 2}, &result),
                     ERR_OK);
    assert_int_equal(result.affected, 2);
}

static void test_an_update_counts_rows_that_had_the_value_already(void **state)
{
    struct world *w = *state;
    static const struct db_query touch = {
        .id = 20, .name = "touch", .sql = "UPDATE thing SET small = 7", .kind = DB_EXEC};
    struct db_result result;

    insert(w, &(struct thing){.small = 7});
    assert_int_equal(db_exec(w->db, &touch, NULL, &result), ERR_OK);
    assert_int_equal(result.affected, 1);
}

static void test_text_longer_than_declared_is_an_error_not_a_cut(void **state)
{
    struct world *w = *state;
    void *rows;
    size_t n;

    insert(w, &(struct thing){.name = STR("1234")});
    assert_int_equal(db_many(w->db, &thing_short, NULL, &w->a, &rows, &n), ERR_OK);
    assert_int_equal(n, 1);
    insert(w, &(struct thing){.name = STR("12345")});
    assert_int_equal(db_many(w->db, &thing_short, NULL, &w->a, &rows, &n), ERR_DB_SCHEMA);
    assert_null(rows);
    assert_int_equal(n, 0);
    assert_int_equal(count(w, "TRUE"), 2);
}

static void test_a_missing_table_is_a_wrong_schema(void **state)
{
    struct world *w = *state;
    void *rows;
    size_t n;

    assert_int_equal(db_many(w->db, &thing_of_nobody, NULL, &w->a, &rows, &n),
                     ERR_DB_SCHEMA);
    assert_int_equal(db_error_code(w->db), 1146);
}

static void test_a_table_that_changed_since_is_prepared_anew(void **state)
{
    struct world *w = *state;
    int64_t id = insert(w, &(struct thing){.name = STR("a"), .small = 3});
    struct thing got;

    assert_int_equal(db_one(w->db, &thing_by_id, &id, &w->a, &got), ERR_OK);
    db_fixture_run(w->db, "ALTER TABLE thing ADD COLUMN more INT NULL FIRST, "
                          "MODIFY small BIGINT NOT NULL");
    assert_int_equal(db_one(w->db, &thing_by_id, &id, &w->a, &got), ERR_OK);
    assert_int_equal(got.small, 3);
    db_fixture_run(w->db, "ALTER TABLE thing DROP COLUMN big");
    assert_int_equal(db_one(w->db, &thing_by_id, &id, &w->a, &got), ERR_DB_SCHEMA);
    db_fixture_run(w->db, "ALTER TABLE thing ADD COLUMN big BIGINT UNSIGNED NULL");
    assert_int_equal(db_one(w->db, &thing_by_id, &id, &w->a, &got), ERR_OK);
    assert_int_equal(got.small, 3);
}

static void test_an_arena_that_is_full_refuses_and_the_connection_serves_on(void **state)
{
    struct world *w = *state;
    struct arena tiny;
    struct thing got;
    void *rows;
    size_t n;
    int64_t id = insert(w, &(struct thing){.body = repeated(w, "x", 5000)});
    struct thing_ids in = {.ids = &id, .n_ids = 1};

    arena_init(&tiny, 1000);
    assert_int_equal(db_one(w->db, &thing_by_id, &id, &tiny, &got), ERR_TOO_LARGE);
    assert_int_equal(db_many(w->db, &thing_by_ids, &in, &tiny, &rows, &n), ERR_TOO_LARGE);
    assert_null(rows);
    arena_release(&tiny);
    assert_int_equal(db_one(w->db, &thing_by_id, &id, &w->a, &got), ERR_OK);
    assert_int_equal(got.body.n, 5000);
}

static struct thing *make_batch(struct world *w, size_t n)
{
    struct thing *rows = ARENA_ARRAY(&w->a, struct thing, n);

    for (size_t i = 0; i < n; i++) {
        rows[i].name = arena_printf(&w->a, "n%zu", i);
        rows[i].small = (int32_t)(i % 1000);
        rows[i].has_big = i % 2 == 0;
        rows[i].big = rows[i].has_big ? i : 0;
    }
    return rows;
}

static void test_batches_of_each_size_store_every_row_once(void **state)
{
    struct world *w = *state;
    const size_t sizes[] = {0, 1, 3, 4, 5, 21, 64, 341, 1000};

    for (size_t i = 0; i < LENGTH(sizes); i++) {
        size_t n = sizes[i], bad_row = 77;

        db_fixture_run(w->db, "DELETE FROM thing");
        assert_int_equal(
            db_exec_batch(w->db, &thing_insert, make_batch(w, n), n, &bad_row), ERR_OK);
        assert_int_equal(bad_row, n);
        assert_int_equal(count(w, "name = CONCAT('n', small)"), n);
        assert_int_equal(count(w, "big = small"), (n + 1) / 2);
    }
}

static void test_a_batch_larger_than_a_packet_is_split(void **state)
{
    struct world *w = *state;
    struct thing *rows = make_batch(w, 64);
    struct str body = repeated(w, "한글", 100000);

    for (size_t i = 0; i < 64; i++)
        rows[i].body = body; /* 600 kB each, 38 MB together */
    assert_int_equal(db_exec_batch(w->db, &thing_insert, rows, 64, NULL), ERR_OK);
    assert_int_equal(count(w, "CHAR_LENGTH(body) = 200000"), 64);
}

static void test_a_batch_with_a_bad_row_stores_none_and_names_it(void **state)
{
    struct world *w = *state;
    struct thing *rows = make_batch(w, 300);
    size_t bad_row;

    rows[280].name = STR("far too long a name");
    assert_int_equal(db_exec_batch(w->db, &thing_insert, rows, 300, &bad_row),
                     ERR_DB_RANGE);
    assert_int_equal(bad_row, 280);

    rows[280].name = rows[3].name;
    assert_int_equal(db_exec_batch(w->db, &thing_insert, rows, 300, &bad_row),
                     ERR_DB_DUPLICATE);
    assert_int_equal(bad_row, 300);
    assert_int_equal(count(w, "TRUE"), 0);
}

static void test_a_batch_joins_the_open_transaction(void **state)
{
    struct world *w = *state;

    assert_int_equal(db_begin(w->db), ERR_OK);
    assert_int_equal(db_exec_batch(w->db, &thing_insert, make_batch(w, 20), 20, NULL),
                     ERR_OK);
    assert_int_equal(count(w, "TRUE"), 20);
    db_rollback(w->db);
    assert_int_equal(count(w, "TRUE"), 0);
}

static void test_text_statements_give_their_first_value(void **state)
{
    struct world *w = *state;
    struct str value;

    assert_true(str_eq(db_fixture_value(w->db, &w->a, "SELECT 'a\\0b', 2"), STR("a\0b")));
    assert_true(str_eq(db_fixture_value(w->db, &w->a, "SELECT ''"), STR("")));
    assert_null(db_fixture_value(w->db, &w->a, "SELECT NULL").p);
    assert_null(db_fixture_value(w->db, &w->a, "SELECT 1 FROM thing").p);
    assert_null(db_fixture_value(w->db, &w->a, "DELETE FROM thing").p);
    assert_int_equal(db_run_text(w->db, STR("SELECT 1; SELECT 2"), &w->a, &value),
                     ERR_DB_FAILED); /* one statement only */
}

static void test_the_session_is_set_up_as_promised(void **state)
{
    struct world *w = *state;
    const struct {
        const char *sql, *value;
    } rows[] = {
        {"SELECT @@character_set_client", "utf8mb4"},
        {"SELECT @@character_set_connection", "utf8mb4"},
        {"SELECT @@character_set_results", "utf8mb4"},
        {"SELECT @@time_zone", "+00:00"},
        {"SELECT @@tx_isolation", "READ-COMMITTED"},
        {"SELECT @@autocommit", "1"},
        {"SELECT @@innodb_lock_wait_timeout", "5"},
        {"SELECT @@lock_wait_timeout", "5"},
        {"SELECT FIND_IN_SET('STRICT_ALL_TABLES', @@sql_mode) > 0", "1"},
        {"SELECT DATABASE()", "reuse_chat"},
        {"SELECT LENGTH('😀')", "4"},
    };

    for (size_t i = 0; i < LENGTH(rows); i++)
        assert_true(
            str_eq(db_fixture_value(w->db, &w->a, rows[i].sql), str_of(rows[i].value)));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_each_type_comes_back_as_it_went),
        TEST(test_civil_time_is_cut_to_the_microsecond),
        TEST(test_what_is_out_of_range_is_not_sent),
        TEST(test_text_that_may_not_be_null_is_refused),
        TEST(test_errors_of_the_server_have_a_meaning),
        TEST(test_a_duplicate_is_told_and_the_statement_serves_on),
        TEST(test_one_row_none_and_two),
        TEST(test_lists_of_each_length_find_exactly_their_rows),
        TEST(test_a_list_that_is_too_long_is_refused),
        TEST(test_a_list_of_texts_beside_a_number),
        TEST(test_results_count_rows_and_give_ids),
        TEST(test_an_update_counts_rows_that_had_the_value_already),
        TEST(test_text_longer_than_declared_is_an_error_not_a_cut),
        TEST(test_a_missing_table_is_a_wrong_schema),
        TEST(test_a_table_that_changed_since_is_prepared_anew),
        TEST(test_an_arena_that_is_full_refuses_and_the_connection_serves_on),
        TEST(test_batches_of_each_size_store_every_row_once),
        TEST(test_a_batch_larger_than_a_packet_is_split),
        TEST(test_a_batch_with_a_bad_row_stores_none_and_names_it),
        TEST(test_a_batch_joins_the_open_transaction),
        TEST(test_text_statements_give_their_first_value),
        TEST(test_the_session_is_set_up_as_promised),
    };

    return cmocka_run_group_tests(tests, db_fixture_start, db_fixture_stop);
}
