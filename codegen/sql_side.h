/*
 * What the SQL half of reuse-gen offers to main: migrations and annotated queries, proven by the
 * embedded engine, turned into DAOs.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEGEN_SQL_SIDE_H
#define CODEGEN_SQL_SIDE_H

#include "codegen/diag.h"

struct catalog;
struct sql_side;

/*
 * sql_side_load — applies migrations/ to an empty embedded database and prepares every query.
 * in:     queries may be NULL: only the catalog is wanted
 * out:    freed with sql_side_free; NULL only if the engine could not be started
 * errors: diagnostics; what could be loaded is there
 */
struct sql_side *sql_side_load(const char *migrations, const char *queries,
                               struct diag *d);

/* sql_side_catalog — the tables after all migrations; lives as long as s. */
const struct catalog *sql_side_catalog(const struct sql_side *s);

/* sql_side_emit — writes the DAOs (dao_*.{h,c}) and the tables' record (schema.txt) below out_dir. */
void sql_side_emit(const struct sql_side *s, const char *out_dir, struct diag *d);

/* sql_side_record — writes dir/queries.lock: all statements, for the gate of later releases. */
void sql_side_record(const struct sql_side *s, const char *dir, struct diag *d);

/*
 * sql_side_compat — the statements in dir/queries.lock still hold on today's tables, for servers of
 * the release run beside those of today while a fleet is renewed.
 * errors: diagnostics with the rules SQL_STILL_PREPARES and SQL_SAME_COLUMNS
 */
void sql_side_compat(struct sql_side *s, const char *dir, struct diag *d);

/* sql_side_free — stops the engine. in: *s may be NULL; it becomes NULL */
void sql_side_free(struct sql_side **s);

#endif
