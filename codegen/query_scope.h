/*
 * Which tables a statement speaks of, under which names, and what a column name in it means.
 * Good enough for parameters: the engine has the last word on everything else.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEGEN_QUERY_SCOPE_H
#define CODEGEN_QUERY_SCOPE_H

#include "codegen/query.h"

struct query_scope {
    struct query_alias {
        struct str alias; /* the table's name if it has none */
        const struct catalog_table *table;
    } * tables;
    size_t n_tables;
};

/* query_scope_of — every table named in t, sub-selects included, in order. */
struct query_scope query_scope_of(struct arena *a, const struct sql_tokens *t,
                                  const struct catalog *catalog);

/* query_scope_table — the table behind an alias, or NULL. */
const struct catalog_table *query_scope_table(const struct query_scope *s,
                                              struct str alias);

/*
 * query_scope_column — the column that name means without an alias.
 * out: NULL if no table has it, or several do (then *is_ambiguous_out)
 */
const struct catalog_column *query_scope_column(const struct query_scope *s,
                                                struct str name, bool *is_ambiguous_out);

/* Where an INSERT puts what. */
struct query_insert {
    const struct catalog_table *table; /* NULL: no INSERT, or into an unknown table */
    struct query_target {
        struct str name;
        const struct catalog_column *column; /* NULL: the table has none of that name */
        int line;
        size_t from, to; /* tokens of its value: [from, to) */
    } * targets;
    size_t n_targets;
    bool has_columns; /* INSERT INTO t (a, b) */
    size_t values;    /* index of VALUES, or 0 */
    size_t row_open;  /* VALUES: index of the first ( */
    size_t row_close;
};

/* query_insert_of — reads an INSERT's columns and their values. */
struct query_insert query_insert_of(struct arena *a, const struct sql_tokens *t,
                                    const struct catalog *catalog);

#endif
