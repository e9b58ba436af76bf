/*
 * What the migrations make of an empty database: tables, columns, keys, references.
 * Read once from the engine's information_schema; nobody else parses DDL.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEGEN_CATALOG_H
#define CODEGEN_CATALOG_H

#include "base/str.h"

/* How a value looks in C; the first seven as enum db_type of src/db/db.h. */
enum catalog_type {
    CATALOG_I64,      /* BIGINT */
    CATALOG_U64,      /* BIGINT UNSIGNED */
    CATALOG_I32,      /* TINYINT, SMALLINT, MEDIUMINT, INT */
    CATALOG_U32,      /* the same, UNSIGNED */
    CATALOG_TEXT,     /* CHAR, VARCHAR, TEXT, ENUM, and JSON */
    CATALOG_BYTES,    /* BINARY, VARBINARY, BLOB */
    CATALOG_DATETIME, /* DATETIME */
    CATALOG_OTHER,    /* no C form: DECIMAL, DOUBLE, TIMESTAMP … */
};

struct catalog_column {
    struct str table;
    struct str name;
    struct str sql_type; /* as the engine writes it: "varchar(190)" */
    enum catalog_type type;
    uint32_t chars;   /* text: code points it holds; bytes: bytes; else 0 */
    int64_t min, max; /* integers; both 0: the range of the C type */
    bool is_nullable;
    bool has_default;         /* an INSERT may leave it out */
    bool is_auto;             /* AUTO_INCREMENT */
    bool is_computed;         /* GENERATED ALWAYS AS */
    bool is_ascii;            /* text that holds one-byte characters only */
    uint32_t fraction_digits; /* DATETIME(n) */
    struct str default_text;  /* literal default of a text column; else no value */
    const struct str *values; /* ENUM or CHECK (… IN (…)): the only values; NULL: any */
    size_t n_values;
};

/* A primary or unique key, or a reference to the columns of another table. */
struct catalog_key {
    struct str name;
    size_t *columns; /* indexes in the table, in key order */
    size_t n_columns;
    const struct catalog_table *parent; /* references: the other table; else NULL */
    size_t *parent_columns;             /* references: indexes there, one per column */
    bool is_unique;
};

struct catalog_table {
    struct str name;
    struct catalog_column *columns; /* in declaration order */
    size_t n_columns;
    struct catalog_key *keys; /* every index, unique or not; then the references */
    size_t n_keys;
};

struct catalog {
    struct catalog_table *tables; /* parents before children, else by name */
    size_t n_tables;
};

/*
 * catalog_column — looks up "table.column".
 * out: false when there is no such table or column; *out undefined then. Strings live as long as
 *      the catalog.
 */
bool catalog_column(const struct catalog *catalog, struct str table_dot_column,
                    struct catalog_column *out);

/* catalog_table — the table of that name, or NULL. */
const struct catalog_table *catalog_table(const struct catalog *catalog, struct str name);

/* catalog_table_column — the column of that name in the table, or NULL. ASCII case is ignored, as
 * the engine does. */
const struct catalog_column *catalog_table_column(const struct catalog_table *table,
                                                  struct str name);

#endif
