/*
 * Records the shape of the database after each statement of the migrations, as the lines that come
 * and go: what `reuse-chat migrate` compares a live database with (db/schema.h reads it).
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEGEN_SCHEMA_RECORD_H
#define CODEGEN_SCHEMA_RECORD_H

#include "codegen/engine.h"
#include "codegen/out.h"

struct schema_list {
    struct str *at;
    size_t n;
};

struct schema_record {
    struct engine *engine;
    struct arena *arena;
    struct schema_list
        lines; /* of now, as the engine tells them, in the order of their bytes */
    struct schema_list foreign; /* tables that may have been there before, in any shape */
    struct buf text;            /* the record */
};

/* schema_record_init — of an empty database. in: a outlives r */
void schema_record_init(struct schema_record *r, struct engine *e, struct arena *a);
void schema_record_release(struct schema_record *r);

/*
 * schema_record_add — what the statement that the engine just ran has changed.
 * in:     version, number: of migration and statement, from 1
 * errors: false with why
 */
bool schema_record_add(struct schema_record *r, struct str statement, unsigned version,
                       unsigned number, struct why *why);

/* schema_record_emit — writes sql/schema.txt below out_dir. */
void schema_record_emit(const struct schema_record *r, const char *out_dir,
                        struct diag *d);

#endif
