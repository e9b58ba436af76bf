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

/* record_create_table — if it is not there. */
NODISCARD enum err record_create_table(struct db *db);
/* record_read — what is recorded of a migration; the table must be there. */
NODISCARD enum err record_read(struct db *db, const struct migration_text *t,
                               struct arena *a, struct record *out);
/* record_begin — a new record, or an old one that goes on with the text of now. */
NODISCARD enum err record_begin(struct db *db, const struct migration_text *t,
                                bool is_new);
/* record_progress — the first n statements are applied. */
NODISCARD enum err record_progress(struct db *db, const struct migration_text *t,
                                   size_t n);
NODISCARD enum err record_done(struct db *db, const struct migration_text *t);
NODISCARD enum err record_failed(struct db *db, const struct migration_text *t,
                                 const char *error);
/* record_highest — the highest version recorded; 0: none. */
NODISCARD enum err record_highest(struct db *db, unsigned *out);

#endif
