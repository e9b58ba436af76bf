/*
 * Brings a database to the tables of this program: files of SQL in order, forward only, one record
 * per file in table schema_migration, counted after each statement. A run that was cut short at
 * any point is continued by the next one.
 * SPDX-License-Identifier: MIT
 */
#ifndef DB_MIGRATE_H
#define DB_MIGRATE_H

#include "db/db.h"

enum {
    /* For db_config: a statement that moves a million rows answers late. */
    MIGRATE_READ_TIMEOUT_MS = 6 * 3600 * 1000
};

struct migration {
    unsigned version; /* from 1 on, without holes */
    const char *name; /* "takeover" of 0003_takeover.sql */
    struct str sql;
};

struct migration_set {
    const struct migration *files; /* in the order of version */
    size_t n;
};

/* migration_files — those of this program: migrations/ as it was when it was built. */
extern const struct migration_set migration_files;

struct migrate_report {
    unsigned applied; /* migrations that this run completed */
    unsigned version; /* the database's now */
    bool is_newer;    /* the database has migrations that this program does not know */
};

/*
 * migrate_up — applies what is missing. Others that try at the same time wait for it.
 * in:     db with MIGRATE_READ_TIMEOUT_MS and without a transaction; log may be NULL
 * errors: with why: ERR_DB_SCHEMA a file was changed after it was applied, or the records do
 *         not fit; ERR_DB_RETRY somebody else migrates for longer than lock_wait_s; ERR_DB_LOST
 *         run again; else the error of the statement, which is recorded
 * again:  continues at the statement where it stopped; nothing to do: ERR_OK
 * thread: worker, as all here
 */
NODISCARD enum err migrate_up(struct db *db, const struct migration_set *set,
                              unsigned lock_wait_s, const struct log *log,
                              struct migrate_report *out, struct why *why);

enum migrate_state {
    MIGRATE_PENDING, /* no record */
    MIGRATE_RUNNING, /* running, or cut short */
    MIGRATE_FAILED,  /* error says why */
    MIGRATE_DONE,
    MIGRATE_CHANGED /* done or begun, with another text than this program's */
};

struct migrate_status {
    unsigned version;
    const char *name;
    enum migrate_state state;
    unsigned applied, statements; /* of them, as recorded */
    struct str error;             /* no value: none */
};

/*
 * migrate_status — one row per file of set, in a. Changes nothing.
 * errors: ERR_DB_*
 */
NODISCARD enum err migrate_status(struct db *db, const struct migration_set *set,
                                  struct arena *a, struct migrate_status **rows_out);

#endif
