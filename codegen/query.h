/*
 * An annotated query on its way through the generator: read from a file, given parameter types,
 * prepared by the engine, explained, and at last written as a DAO.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEGEN_QUERY_H
#define CODEGEN_QUERY_H

#include "codegen/catalog.h"
#include "codegen/diag.h"
#include "codegen/sql_token.h"

enum query_kind {
    QUERY_ONE,
    QUERY_MANY,
    QUERY_EXEC
};

/* A line "@param name[?] [type [range]]" as written. */
struct query_note {
    struct str name;
    struct str type;  /* table.column, i64, u32, u64, text(n), bytes(n), datetime, bool */
    struct str range; /* "1..200", or no value */
    bool is_nullable; /* name had a ? behind it */
    struct pos pos;
};

struct query_param {
    struct str name;
    enum catalog_type type;
    bool is_nullable;
    bool is_list;     /* :name*, of int64_t or text */
    bool is_assigned; /* some column takes its value as it is */
    bool is_ascii;    /* text for a column of one-byte characters */
    uint32_t chars;   /* text, bytes; 0: no limit of its own */
    int64_t min, max; /* integers; both 0: the type's range */
    const struct catalog_column
        *column; /* where the type is from; NULL: from the annotation */
};

/* A column of the result. */
struct query_field {
    struct str name;
    enum catalog_type type;
    bool is_nullable;
    uint32_t max_bytes;                  /* text, bytes: buffer needed; 0: long */
    const struct catalog_column *column; /* where it is from; NULL: an expression */
};

struct query {
    struct pos pos;  /* of the statement's first line */
    struct str doc;  /* comment lines, joined with newlines */
    struct str text; /* the statement as written, without ';' and comments */
    struct sql_tokens tokens;

    struct str name; /* of @query */
    struct pos name_pos;
    enum query_kind kind;
    bool is_batch;
    struct str row; /* of @row, or no value */
    struct pos row_pos;
    bool may_scan, may_filesort;
    bool is_broken; /* its annotations are wrong, which was said */
    struct query_note *notes;
    size_t n_notes;

    struct query_param *params; /* in the order of their first use */
    size_t n_params;
    size_t *marks; /* per ? of sql: index of its parameter */
    size_t n_marks;
    struct query_field *fields;
    size_t n_fields;
    struct str sql;                   /* one line, with ? for parameters */
    struct str batch_head, batch_row; /* parts of sql, or no value */
    struct str plan;                  /* "chat range PRIMARY", or no value */
};

/* A file of schema/sql. */
struct query_file {
    const char *path; /* "schema/sql/chat.sql" */
    struct str stem;  /* "chat" */
    struct query *queries;
    size_t n_queries;
};

/*
 * query_file_parse — splits a file into annotated statements.
 * in:     path and text live as long as the arena
 * out:    false after a diagnostic; what was understood is in *out
 */
bool query_file_parse(struct arena *a, const char *path, struct str text,
                      struct query_file *out, struct diag *d);

/* query_write_sql — fills sql, params (names only), marks, batch_head and batch_row. */
void query_write_sql(struct arena *a, struct query *q, struct diag *d);

/* query_lint — refuses what one of the two servers does not have or no DAO can be made of. */
void query_lint(const struct query *q, const struct catalog *catalog, struct diag *d);

/* query_type_params — types of the parameters from annotations and columns. */
void query_type_params(struct arena *a, struct query *q, const struct catalog *catalog,
                       struct diag *d);

/* query_param — the parameter of that name, or NULL. */
struct query_param *query_param(const struct query *q, struct str name);

#endif
