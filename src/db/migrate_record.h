/*
 * The rows of table schema_migration, and a migration with its statements counted and summed.
 * Not for other folders.
 * SPDX-License-Identifier: MIT
 */
#ifndef DB_MIGRATE_RECORD_H
#define DB_MIGRATE_RECORD_H

#include "db/migrate.h"
#include "db/sql_reader.h"

/* A file taken apart. The tokens up to a statement are what a sum is made of. */
struct migration_text {
    const struct migration *file;
    struct sql_statement *statements;
    size_t *tokens_end; /* bytes of tokens up to and with statement i */
    size_t n;
    struct buf tokens;
};

void migration_text_init(struct migration_text *t, const struct migration *file);
void migration_text_release(struct migration_text *t);

struct record {
    enum migrate_state state; /* MIGRATE_PENDING: there is none */
    unsigned applied, statements;
    bool is_same;        /* the whole text as recorded */
    bool is_same_so_far; /* the statements applied as recorded */
    struct str error;    /* in a */
};

/* migration_last — the version that the set leads to; 0: it is empty. */
static inline unsigned migration_last(const struct migration_set *set)
{
    return set->n > 0 ? set->files[set->n - 1].version : 0;
}

static inline bool record_is_done(const struct record *record)
{
    return record->state == MIGRATE_DONE || record->state == MIGRATE_BASELINE;
}

/* Where the records say that the database stands. */
struct position {
    unsigned version; /* of the last migration begun; 0: none */
    size_t applied;   /* statements of it, as far as recorded */
    unsigned done;    /* the last migration that is done; 0: none */
    bool is_cut_short;
    unsigned highest; /* the last one recorded, perhaps of a newer program */
};

/*
 * record_position — reads all records of set; no table: nothing is recorded.
 * errors: with why: ERR_DB_*, ERR_DB_SCHEMA as record_fits
 */
NODISCARD enum err record_position(struct db *db, const struct migration_set *set,
                                   struct position *out, struct why *why);

/* record_fits — errors: ERR_DB_SCHEMA with why: the file is not the one recorded, or it is not
 * recorded though a later one (highest) is. */
NODISCARD enum err record_fits(const struct migration_text *t,
                               const struct record *record, unsigned highest,
                               struct why *why);

/*
 * record_resume — the number of statements that were applied: after a run that was cut short the
 * live tables tell whether one more was than is recorded.
 * errors: with why: ERR_DB_*, ERR_DB_SCHEMA they are neither as before it nor as after it
 */
NODISCARD enum err record_resume(struct db *db, const struct migration_set *set,
                                 const struct migration_text *t,
                                 const struct record *record, size_t *applied_out,
                                 struct why *why);

/* migration_changes_rows — such a statement and its count are one transaction. */
bool migration_changes_rows(struct str statement);

/* record_create_table — if it is not there. */
NODISCARD enum err record_create_table(struct db *db);
/* record_read — what is recorded of a migration; without a table of records there is nothing. */
NODISCARD enum err record_read(struct db *db, const struct migration_text *t,
                               struct arena *a, struct record *out);
/* record_read_fitting — the same, and it must fit the file. errors: with why: of both */
NODISCARD enum err record_read_fitting(struct db *db, const struct migration_text *t,
                                       unsigned highest, struct arena *a,
                                       struct record *out, struct why *why);
/* record_begin — a new record, or an old one that goes on with the text of now. */
NODISCARD enum err record_begin(struct db *db, const struct migration_text *t,
                                bool is_new);
/* record_progress — the first n statements are applied. */
NODISCARD enum err record_progress(struct db *db, const struct migration_text *t,
                                   size_t n);
NODISCARD enum err record_done(struct db *db, const struct migration_text *t);
NODISCARD enum err record_failed(struct db *db, const struct migration_text *t,
                                 const char *error);
/* record_baseline — as applied by somebody else, whatever was recorded before. */
NODISCARD enum err record_baseline(struct db *db, const struct migration_text *t);
/* record_highest — the highest version recorded; 0: none, or no table. */
NODISCARD enum err record_highest(struct db *db, unsigned *out);

#endif
