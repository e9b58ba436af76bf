/*
 * A database's shape compared with what the generator recorded of it after each statement of the
 * migrations (generated/sql/schema.txt): which statement it stands at, and where it has drifted.
 * Tables that no migration ever made are none of ours and not looked at.
 * SPDX-License-Identifier: MIT
 */
#ifndef DB_SCHEMA_H
#define DB_SCHEMA_H

#include "base/buf.h"
#include "db/db.h"

/* Lines as db/schema_line.h has them. */
struct schema {
    struct str *lines;
    size_t n;
};

/* schema_parse — lines that point into text; the array is in a. */
struct schema schema_parse(struct str text, struct arena *a);

/*
 * schema_read — the live one, in a, of 16 MiB of text at most.
 * errors: ERR_DB_*
 * thread: worker
 */
NODISCARD enum err schema_read(struct db *db, struct arena *a, struct schema *out);

/*
 * schema_compare — counts the objects that are missing, not recorded, or otherwise than recorded
 * after the first `statements` of migration `version`. A table that a later statement makes only if
 * it is not there may be there already.
 * out: a line of text for each, with a name that a person knows it by
 */
size_t schema_compare(struct str record, unsigned version, size_t statements,
                      const struct schema *live, struct buf *text);

enum schema_step {
    SCHEMA_NO_STEP, /* the statement changes no table, or nothing is recorded of it */
    SCHEMA_BEFORE,  /* the tables that it changes are as before it */
    SCHEMA_AFTER,
    SCHEMA_NEITHER /* text says how they differ from those before it */
};

/* schema_step — whether statement `number` (from 1) of a migration has been applied. */
enum schema_step schema_step(struct str record, unsigned version, size_t number,
                             const struct schema *live, struct buf *text);

#endif
