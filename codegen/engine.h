/*
 * The MariaDB engine inside the generator, on an empty data directory that goes with it.
 * Types, nullability and plans are asked from it, so that SQL, migrations and C cannot drift.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEGEN_ENGINE_H
#define CODEGEN_ENGINE_H

#include "base/arena.h"
#include "base/why.h"
#include "codegen/catalog.h"

struct engine;

/* Rows as text; a NULL is no value. */
struct engine_rows {
    struct str *cells; /* n × width, row by row */
    size_t n;
    size_t width;
};

/* A column of a prepared statement's result. */
struct engine_field {
    struct str name;
    struct str table, column; /* where it is from; "" for an expression */
    enum catalog_type type;
    const char *sql_type; /* of CATALOG_OTHER: "DECIMAL" */
    bool is_nullable;
    uint64_t bytes; /* at most, in UTF-8 */
};

struct engine_shape {
    struct engine_field *fields;
    size_t n_fields;
    size_t n_params;
};

/*
 * engine_start — starts the engine in a new temporary directory, with an empty database chosen.
 * out:    freed with engine_stop; NULL with why. Once per process: it cannot be started again.
 * thread: main
 */
struct engine *engine_start(struct why *why);

/* engine_stop — stops the engine and removes its directory. in: *e may be NULL; it becomes NULL */
void engine_stop(struct engine **e);

/* engine_run — one statement whose result is of no interest. errors: false with why */
bool engine_run(struct engine *e, struct str sql, struct why *why);

/* engine_ask — one statement and its rows, which live in a. errors: false with why */
bool engine_ask(struct engine *e, struct arena *a, struct str sql,
                struct engine_rows *out, struct why *why);

/* engine_prepare — what a statement would give, without running it. errors: false with why */
bool engine_prepare(struct engine *e, struct arena *a, struct str sql,
                    struct engine_shape *out, struct why *why);

/* engine_cell — the cell of a row, counted from 0. */
static inline struct str engine_cell(const struct engine_rows *rows, size_t row,
                                     size_t column)
{
    return rows->cells[row * rows->width + column];
}

#endif
