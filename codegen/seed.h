/*
 * Rows made up from the catalog alone: they keep unique keys, references and lists of values, and
 * row i is the same in each run. Plans are checked on thousands of them, generated tests begin
 * with a few.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEGEN_SEED_H
#define CODEGEN_SEED_H

#include "base/buf.h"
#include "codegen/engine.h"

/* A made-up value. */
struct seed_value {
    enum catalog_type type;
    bool is_null;
    int64_t number;  /* integers; seconds after 2025-01-01T00:00:00 of a DATETIME */
    struct str text; /* text and bytes */
};

/* seed_value — of a column in row i; text lives in a. */
struct seed_value seed_value(struct arena *a, const struct catalog *catalog,
                             const struct catalog_column *column, size_t i);

/* seed_parent_row — the row of reference->parent that row i of table refers to. */
size_t seed_parent_row(const struct catalog_table *table,
                       const struct catalog_key *reference, size_t i);

/* seed_put_sql — the value as an SQL expression. */
void seed_put_sql(struct buf *to, const struct seed_value *v);

/* seed_put_insert — an INSERT of rows [from, to) of a table. */
void seed_put_insert(struct buf *sql, const struct catalog *catalog,
                     const struct catalog_table *table, size_t from, size_t to);

/* seed_fill — rows into every table, and fresh statistics. errors: false with why */
bool seed_fill(struct engine *e, const struct catalog *catalog, size_t rows,
               struct why *why);

#endif
