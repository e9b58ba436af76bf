/*
 * The list of statements of a release, queries.lock: annotated as in schema/sql, so that they can be
 * proven again; the comment of each tells the columns that its C reads.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEGEN_QUERY_LOCK_H
#define CODEGEN_QUERY_LOCK_H

#include "codegen/out.h"
#include "codegen/query.h"

/* query_lock_write — one statement with its columns. in: proven */
void query_lock_write(struct out *o, const struct query *q);

/*
 * query_lock_compare — the columns that a released statement gives today are those it gave.
 * in:     q, read from the lock and proven on today's tables
 * errors: diagnostics with the rule SQL_SAME_COLUMNS
 */
void query_lock_compare(const struct query *q, struct diag *d);

#endif
