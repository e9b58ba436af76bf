/* SPDX-License-Identifier: MIT */
#include "db_fixture.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "db/migrate.h"

#include "base/banned.h"

static struct {
    char dir[64]; /* of the engine inside; "": a server */
    char url[512];
} fixture;

int db_fixture_start(void **state)
{
    const char *url = getenv("REUSE_TEST_DATABASE");
    struct why why;

    (void)state;
    if (url || !db_library_has_engine()) {
        assert_non_null(url); /* run it with with_mariadb.sh */
        snprintf(fixture.url, sizeof(fixture.url), "%s", url);
        return db_library_start(NULL, &why) != ERR_OK;
    }
    snprintf(fixture.dir, sizeof(fixture.dir), "/tmp/reuse-db.XXXXXX");
    assert_non_null(mkdtemp(fixture.dir));
    snprintf(fixture.url, sizeof(fixture.url), "embedded:%s", fixture.dir);
    return db_library_start(fixture.dir, &why) != ERR_OK;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

int db_fixture_stop(void **state)
{
    (void)state;
    db_library_stop();
    if (fixture.dir[0])
        nftw(fixture.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}

struct str db_fixture_url(void)
{
    return str_of(fixture.url);
}

struct db *db_fixture_open(void)
{
    return db_new(&(struct db_config){.url = db_fixture_url()});
}

static void run(struct db *db, const char *sql, struct arena *a, struct str *value_out)
{
    enum err rc = db_run_text(db, str_of(sql), a, value_out);

    if (rc != ERR_OK)
        print_error("%s: %s\n", sql, db_error_text(db));
    assert_int_equal(rc, ERR_OK);
}

struct str db_fixture_value(struct db *db, struct arena *a, const char *sql)
{
    struct str value;

    run(db, sql, a, &value);
    return value;
}

void db_fixture_run(struct db *db, const char *sql)
{
    run(db, sql, NULL, NULL);
}

struct db *db_fixture_reset(const char *charset, const char *collation)
{
    struct db *db = db_new(&(struct db_config){
        .url = db_fixture_url(), .read_timeout_ms = MIGRATE_READ_TIMEOUT_MS});
    struct arena a;

    arena_init(&a, 4096);
    db_fixture_run(db, "DROP DATABASE IF EXISTS reuse_chat");
    db_fixture_run(
        db, arena_printf(&a, "CREATE DATABASE reuse_chat CHARACTER SET %s COLLATE %s",
                         charset, collation)
                .p);
    db_fixture_run(db, "USE reuse_chat");
    arena_release(&a);
    return db;
}

int db_fixture_start_with_tables(void **state)
{
    struct migrate_report report;
    struct why why = {.text = ""};
    struct db *db;
    enum err rc;

    if (db_fixture_start(state) != 0)
        return -1;
    db = db_fixture_reset("utf8mb4", "utf8mb4_bin");
    rc = migrate_up(db, &migration_files, &(struct migrate_options){.lock_wait_s = 60},
                    &report, &why);
    db_free(&db);
    if (rc != ERR_OK)
        print_error("%s\n", why.text);
    return rc == ERR_OK ? 0 : -1;
}

struct str schema_text(struct db *db, struct arena *a)
{
    static const char *const parts[] = {
        "SELECT GROUP_CONCAT(CONCAT_WS(' ', table_name, engine, table_collation, "
        "row_format, "
        "create_options) ORDER BY table_name SEPARATOR '\n') "
        "FROM information_schema.tables WHERE table_schema = DATABASE()",
        "SELECT GROUP_CONCAT(CONCAT_WS(' ', table_name, column_name, column_type, "
        "is_nullable, "
        "QUOTE(column_default), character_set_name, collation_name, column_key, extra) "
        "ORDER BY table_name, ordinal_position SEPARATOR '\n') "
        "FROM information_schema.columns WHERE table_schema = DATABASE()",
        "SELECT GROUP_CONCAT(CONCAT_WS(' ', table_name, index_name, non_unique, "
        "seq_in_index, "
        "column_name, collation, QUOTE(sub_part), index_type) "
        "ORDER BY table_name, index_name, seq_in_index SEPARATOR '\n') "
        "FROM information_schema.statistics WHERE table_schema = DATABASE()",
        "SELECT GROUP_CONCAT(CONCAT_WS(' ', k.table_name, k.constraint_name, "
        "k.column_name, "
        "k.referenced_table_name, k.referenced_column_name, r.update_rule, "
        "r.delete_rule) "
        "ORDER BY k.table_name, k.constraint_name, k.ordinal_position SEPARATOR '\n') "
        "FROM information_schema.key_column_usage k "
        "LEFT JOIN information_schema.referential_constraints r "
        "ON r.constraint_schema = k.table_schema AND r.constraint_name = "
        "k.constraint_name "
        "WHERE k.table_schema = DATABASE()",
    };
    struct buf text;
    struct str out;

    buf_init(&text, 1 << 20);
    db_fixture_run(db, "SET SESSION group_concat_max_len = 1000000");
    for (size_t i = 0; i < LENGTH(parts); i++) {
        buf_append_str(&text, db_fixture_value(db, a, parts[i]));
        buf_append_c(&text, "\n\n");
    }
    out = arena_dup(a, buf_str(&text));
    buf_release(&text);
    return out;
}

#define AT(struct_, field)                                                               \
    .name = #field, .offset = (uint16_t)offsetof(struct struct_, field)
#define HAS(struct_, field) .has_offset = (uint16_t)offsetof(struct struct_, field)
#define NO_HAS              .has_offset = DB_NO_OFFSET
#define PARAMS(array)       .params = array, .n_params = LENGTH(array)
#define COLUMNS(array, struct_)                                                          \
    .columns = array, .n_columns = LENGTH(array), .row_size = sizeof(struct struct_)

static const struct db_param insert_params[] = {
    {AT(thing, name), .type = DB_TEXT, NO_HAS, .is_nullable = true, .max_chars = 10},
    {AT(thing, body), .type = DB_TEXT, NO_HAS, .is_nullable = true},
    {AT(thing, data), .type = DB_BYTES, NO_HAS, .is_nullable = true, .max_chars = 20},
    {AT(thing, small), .type = DB_I32, NO_HAS, .min = 0, .max = 1000},
    {AT(thing, big), .type = DB_U64, HAS(thing, has_big), .is_nullable = true},
    {AT(thing, at), .type = DB_DATETIME, HAS(thing, has_at), .is_nullable = true},
};

const struct db_query thing_insert = {
    .id = 0,
    .name = "thing_insert",
    .sql = "INSERT INTO thing (name, body, data, small, big, at) VALUES (?,?,?,?,?,?)",
    .kind = DB_EXEC,
    PARAMS(insert_params),
    .batch_head = "INSERT INTO thing (name, body, data, small, big, at) VALUES ",
    .batch_row = "(?,?,?,?,?,?)",
    .in_size = sizeof(struct thing),
};

static const struct db_column thing_columns[] = {
    {AT(thing, id), .type = DB_I64, NO_HAS},
    {AT(thing, name), .type = DB_TEXT, NO_HAS, .max_bytes = 40},
    {AT(thing, body), .type = DB_TEXT, NO_HAS},
    {AT(thing, data), .type = DB_BYTES, NO_HAS, .max_bytes = 20},
    {AT(thing, small), .type = DB_I32, NO_HAS},
    {AT(thing, big), .type = DB_U64, HAS(thing, has_big)},
    {AT(thing, at), .type = DB_DATETIME, HAS(thing, has_at)},
};

#define THING "SELECT id, name, body, data, small, big, at FROM thing "

static const struct db_param id_params[] = {
    {.name = "id", .type = DB_I64, NO_HAS, .min = 0, .max = INT64_MAX}};
static const struct db_param ids_params[] = {
    {AT(thing_ids, ids), .type = DB_I64, HAS(thing_ids, n_ids), .is_list = true}};
static const struct db_param names_params[] = {
    {AT(thing_names, names), .type = DB_TEXT, HAS(thing_names, n_names), .is_list = true,
     .max_chars = 10},
    {AT(thing_names, small), .type = DB_I32, NO_HAS}};
static const struct db_param bump_params[] = {{AT(thing, id), .type = DB_I64, NO_HAS}};
static const struct db_param small_params[] = {{.name = "small", .type = DB_I32, NO_HAS}};
static const struct db_column id_columns[] = {{AT(thing, id), .type = DB_I64, NO_HAS}};
static const struct db_column short_columns[] = {
    {AT(thing, name), .type = DB_TEXT, NO_HAS, .max_bytes = 4}};

const struct db_query thing_by_id = {.id = 1,
                                     .name = "thing_by_id",
                                     .kind = DB_ONE,
                                     .sql = THING "WHERE id = ?",
                                     PARAMS(id_params),
                                     COLUMNS(thing_columns, thing)};
const struct db_query thing_by_ids = {.id = 2,
                                      .name = "thing_by_ids",
                                      .kind = DB_MANY,
                                      .sql = THING "WHERE id IN (?) ORDER BY id",
                                      PARAMS(ids_params),
                                      COLUMNS(thing_columns, thing)};
/* The quoted ? is none; the list comes first. */
const struct db_query thing_by_names = {
    .id = DB_QUERY_MAX - 1,
    .name = "thing_by_names",
    .kind = DB_MANY,
    .sql = THING "WHERE '?' <> 'a''?' AND name IN (?) AND small = ? ORDER BY id",
    PARAMS(names_params),
    COLUMNS(thing_columns, thing)};
const struct db_query thing_delete = {.id = 3,
                                      .name = "thing_delete",
                                      .kind = DB_EXEC,
                                      .sql = "DELETE FROM thing WHERE id IN (?)",
                                      PARAMS(ids_params)};
const struct db_query thing_bump = {
    .id = 4,
    .name = "thing_bump",
    .kind = DB_EXEC,
    .sql = "UPDATE thing SET small = LAST_INSERT_ID(small + 1) WHERE id = ?",
    PARAMS(bump_params)};
const struct db_query thing_lock = {.id = 5,
                                    .name = "thing_lock",
                                    .kind = DB_MANY,
                                    .sql = "SELECT id FROM thing FOR UPDATE",
                                    COLUMNS(id_columns, thing)};
const struct db_query thing_of_small = {.id = 6,
                                        .name = "thing_of_small",
                                        .kind = DB_ONE,
                                        .sql = THING "WHERE small = ?",
                                        PARAMS(small_params),
                                        COLUMNS(thing_columns, thing)};
const struct db_query thing_short = {.id = 7,
                                     .name = "thing_short",
                                     .kind = DB_MANY,
                                     .sql = "SELECT name FROM thing ORDER BY id",
                                     COLUMNS(short_columns, thing)};
const struct db_query thing_of_nobody = {.id = 8,
                                         .name = "thing_of_nobody",
                                         .kind = DB_MANY,
                                         .sql = "SELECT id FROM nobody",
                                         COLUMNS(id_columns, thing)};

void thing_create(struct db *db)
{
    db_fixture_run(db, "DROP TABLE IF EXISTS part");
    db_fixture_run(db, "DROP TABLE IF EXISTS thing");
    db_fixture_run(db,
                   "CREATE TABLE thing (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, "
                   "name VARCHAR(10) NULL, body MEDIUMTEXT NULL, "
                   "data VARBINARY(20) NULL, small INT NOT NULL, "
                   "big BIGINT UNSIGNED NULL, at DATETIME(6) NULL, "
                   "UNIQUE KEY thing_name (name)) "
                   "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin");
    db_fixture_run(db, "CREATE TABLE part (thing_id BIGINT NOT NULL, "
                       "CONSTRAINT part_thing FOREIGN KEY (thing_id) "
                       "REFERENCES thing (id)) ENGINE=InnoDB");
}
