/*
 * What the engine says about a query: that it is right, and the columns of its result.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEGEN_QUERY_SHAPE_H
#define CODEGEN_QUERY_SHAPE_H

#include "codegen/engine.h"
#include "codegen/query.h"

/* query_shape_ask — prepares q and fills its fields. errors: diagnostics, false */
bool query_shape_ask(struct engine *e, struct arena *a, const struct catalog *catalog,
                     struct query *q, struct diag *d);

/* A row struct: its own of one query, or named by @row and shared. */
struct query_row {
    struct str name;               /* "chat_row" */
    const struct query *like;      /* a query whose fields it has */
    const struct query_file *file; /* of the first query that uses it */
    bool is_named;
    bool is_in_many_files;
};

struct query_rows {
    struct query_row *rows; /* in the order of files and queries */
    size_t n;
};

/* query_rows_of — all row structs. errors: a diagnostic where a shared @row differs */
struct query_rows query_rows_of(struct arena *a, const struct query_file *files,
                                size_t n_files, struct diag *d);

/* query_rows_find — the row of q, or NULL if q has none. */
const struct query_row *query_rows_find(const struct query_rows *rows,
                                        const struct query *q);

#endif
