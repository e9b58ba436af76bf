/*
 * Brings a database to the tables of this program: files of SQL in order, forward only, one record
 * per file in table schema_migration, counted after each statement. A run that was cut short at
 * any point is continued by the next one.
 * SPDX-License-Identifier: MIT
 */
#ifndef DB_MIGRATE_H
#define DB_MIGRATE_H

#include "base/buf.h"
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
    const struct migration *files; /* in the order of version; fewer: up to that one */
    size_t n;
    struct str schema; /* what was recorded of them, see db/schema.h; no value: nothing */
};

/* migration_files — those of this program: migrations/ as it was when it was built. */
extern const struct migration_set migration_files;

struct migrate_options {
    unsigned lock_wait_s;  /* how long to wait for somebody else who migrates */
    bool is_drift_allowed; /* a schema that is not as recorded is logged, not refused */
    const struct log *log; /* may be NULL */
};

struct migrate_report {
    unsigned applied; /* migrations that this run completed */
    unsigned version; /* the database's now */
    bool is_newer;    /* the database has migrations that this program does not know */
    bool is_failed;   /* a statement failed; it is recorded */
};

/*
 * migrate_up — applies what is missing. Others that try at the same time wait for it. After a run
 * that was cut short, the live tables tell whether the last statement was applied.
 * in:     db with MIGRATE_READ_TIMEOUT_MS and without a transaction
 * errors: with why: ERR_DB_SCHEMA a file was changed after it was applied, the records do not fit,
 *         or the tables are not as recorded; ERR_DB_RETRY somebody else migrates for longer than
 *         lock_wait_s; ERR_DB_LOST run again; else the error of the statement, which is recorded
 * again:  continues at the statement where it stopped; nothing to do: ERR_OK
 * thread: worker, as all here
 */
NODISCARD enum err migrate_up(struct db *db, const struct migration_set *set,
                              const struct migrate_options *options,
                              struct migrate_report *out, struct why *why);

/*
 * migrate_baseline — records all of set as applied, without running anything, if the tables are
 * exactly those that it would make. What is recorded as done with the same text stays.
 * out:    *differences: a line of text each, none on success
 * errors: as migrate_up, and ERR_DB_SCHEMA with why: other tables, a run that was cut short, or a
 *         database that is further
 */
NODISCARD enum err migrate_baseline(struct db *db, const struct migration_set *set,
                                    const struct migrate_options *options,
                                    struct buf *differences, struct why *why);

enum migrate_state {
    MIGRATE_PENDING, /* no record */
    MIGRATE_RUNNING, /* running, or cut short */
    MIGRATE_FAILED,  /* error says why */
    MIGRATE_DONE,
    MIGRATE_BASELINE, /* done, by somebody else */
    MIGRATE_CHANGED   /* done or begun, with another text than this program's */
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

struct migrate_verdict {
    unsigned version; /* the last migration recorded as done; 0: none */
    bool is_pending;  /* not all of set is done */
    bool is_newer; /* migrations that this program does not know: nothing is compared */
    bool is_unrecorded; /* nothing is recorded, but the tables are there */
    size_t differences; /* between the live tables and what is recorded after version */
};

/*
 * migrate_verify — compares the live tables with what was recorded. Changes nothing.
 * out:    a line of text for each difference
 * errors: ERR_DB_*; with why: ERR_DB_SCHEMA a file was changed, or the records do not fit
 */
NODISCARD enum err migrate_verify(struct db *db, const struct migration_set *set,
                                  struct migrate_verdict *out, struct buf *differences,
                                  struct why *why);

/*
 * migrate_judge_drift — what follows from differences: a warning in the log, or
 * errors: ERR_DB_SCHEMA with why
 */
NODISCARD enum err migrate_judge_drift(const struct migrate_options *options,
                                       const struct migrate_verdict *verdict,
                                       const struct buf *differences, struct why *why);

/* migrate_plan — the statements that migrate_up would run now, as SQL. Changes nothing.
 * errors: as migrate_verify */
NODISCARD enum err migrate_plan(struct db *db, const struct migration_set *set,
                                struct buf *sql, struct why *why);

#endif
