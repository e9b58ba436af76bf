/*
 * What the tests of src/db share: a database (the server of with_mariadb.sh, else the engine inside
 * this program in a directory of its own), a table, and queries on it as the generator writes them.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_DB_FIXTURE_H
#define TESTS_DB_FIXTURE_H

#include "db/db.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* db_fixture_start, db_fixture_stop — for cmocka's group; the library once per process. */
int db_fixture_start(void **state);
int db_fixture_stop(void **state);
/* db_fixture_start_with_tables — and the program's tables are made, empty. */
int db_fixture_start_with_tables(void **state);

/* db_fixture_url — of the database; db_fixture_open — a connection to it. */
struct str db_fixture_url(void);
struct db *db_fixture_open(void);

/* db_fixture_run — a statement that must succeed; db_fixture_value — its first value. */
void db_fixture_run(struct db *db, const char *sql);
struct str db_fixture_value(struct db *db, struct arena *a, const char *sql);

/* db_fixture_reset — a connection to an empty database of this default character set and order. */
struct db *db_fixture_reset(const char *charset, const char *collation);

/* schema_text — all that the database's catalogue says of its tables, in one text in a. */
struct str schema_text(struct db *db, struct arena *a);

/* A row of table thing, which has each type, long text, and NULL where a has_ or text allows. */
struct thing {
    int64_t id;
    struct str name; /* VARCHAR(10), unique */
    struct str body; /* MEDIUMTEXT */
    struct str data; /* VARBINARY(20) */
    int32_t small;   /* 0..1000 by declaration */
    uint64_t big;
    bool has_big;
    int64_t at; /* civil ns, to the microsecond */
    bool has_at;
};

struct thing_ids {
    const int64_t *ids;
    size_t n_ids;
};

struct thing_names {
    const struct str *names;
    size_t n_names;
    int32_t small;
};

extern const struct db_query thing_insert;   /* in: struct thing */
extern const struct db_query thing_by_id;    /* in: int64_t */
extern const struct db_query thing_by_ids;   /* in: struct thing_ids */
extern const struct db_query thing_by_names; /* in: struct thing_names */
extern const struct db_query thing_delete;   /* in: struct thing_ids */
extern const struct db_query thing_bump; /* in: struct thing; LAST_INSERT_ID(small + 1) */
extern const struct db_query thing_lock; /* all ids, FOR UPDATE */
extern const struct db_query thing_of_small;  /* in: int32_t; DB_ONE that finds several */
extern const struct db_query thing_short;     /* declares less text than is stored */
extern const struct db_query thing_of_nobody; /* a table that is not there */

/* thing_create — an empty table thing and a table part that refers to it. */
void thing_create(struct db *db);

#endif
