/*
 * Writes the DAOs: one header and one source per file of queries, the row structs that several
 * share, statement numbers, column sizes, and tests that run every query.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEGEN_EMIT_DAO_H
#define CODEGEN_EMIT_DAO_H

#include "codegen/out.h"
#include "codegen/query_shape.h"

struct dao_model {
    const struct query_file *files;
    size_t n_files;
    const struct query_rows *rows;
    const struct catalog *catalog;
};

/* emit_dao — everything below, into dir/c. errors: diagnostics */
void emit_dao(const struct dao_model *m, const char *dir, struct diag *d);

/* emit_dao_header — c/dao_<file>.h: structs and functions, each with its SQL and plan. */
void emit_dao_header(const struct dao_model *m, const struct query_file *file,
                     struct out *o);

/* emit_dao_source — c/dao_<file>.c: the tables of src/db/db.h and thin functions. */
void emit_dao_source(const struct dao_model *m, const struct query_file *file,
                     struct out *o);

/* emit_dao_row — a row struct. */
void emit_dao_row(const struct query_row *row, struct out *o);

/* emit_dao_prototype — the first lines of a DAO function, up to its closing bracket.
 * in: before: what stands in front of enum err */
void emit_dao_prototype(const struct dao_model *m, const struct query *q, bool is_batch,
                        const char *before, struct out *o);

/* emit_columns — c/columns.h: how many characters each text column takes. */
void emit_columns(const struct catalog *catalog, struct out *o);

/* emit_dao_test — c/test_dao.c: every query with its extreme values. */
void emit_dao_test(const struct dao_model *m, struct out *o);

/* dao_c_type — "int64_t", "struct str" …; dao_db_type — "DB_I64" … */
const char *dao_c_type(enum catalog_type type);
const char *dao_db_type(enum catalog_type type);

/* dao_is_text — text or bytes, whose absence is a NULL pointer and not a flag. */
bool dao_is_text(enum catalog_type type);

#endif
