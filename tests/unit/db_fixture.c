/* SPDX-License-Identifier: MIT */
#include "db_fixture.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

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

struct str db_fixture_value(struct db *db, struct arena *a, const char *sql)
{
    struct str value;
    enum err rc = db_run_text(db, str_of(sql), a, &value);

    if (rc != ERR_OK)
        print_error("%s: %s\n", sql, db_error_text(db));
    assert_int_equal(rc, ERR_OK);
    return value;
}

void db_fixture_run(struct db *db, const char *sql)
{
    db_fixture_value(db, NULL, sql);
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
