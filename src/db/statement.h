/*
 * A prepared statement with the places its values go to and come from. Not for other folders.
 * A query with a list, or one that may be repeated in a batch, has one statement per width.
 * SPDX-License-Identifier: MIT
 */
#ifndef DB_STATEMENT_H
#define DB_STATEMENT_H

#include "db/connection.h"

/* A number or time on its way to or from the server. */
union db_value {
    int64_t i64;
    uint64_t u64;
    int32_t i32;
    uint32_t u32;
    MYSQL_TIME time; /* from the server */
    char text[32];   /* a time to the server, as in SQL */
};

struct db_cell {
    union db_value value;
    unsigned long
        length; /* of text and bytes as stored, which may be more than was fetched */
    my_bool is_null, is_cut;
};

struct statement {
    MYSQL_STMT *handle;
    MYSQL_BIND *params;     /* n_params */
    union db_value *values; /* n_params */
    size_t n_params;        /* ? of the text as it was sent */
    MYSQL_BIND *columns;    /* as many as the query has */
    struct db_cell *cells;  /* likewise */
    char *bytes;            /* where text columns are fetched to */
};

/* statement_width_index — index of the smallest width that n ≤ DB_LIST_MAX values fit into. */
size_t statement_width_index(size_t n);
/* statement_width — 1, 2, 4 … 256. */
size_t statement_width(size_t index);

/* statement_wire_type — how values of a type travel, both ways. */
enum enum_field_types statement_wire_type(enum db_type type);

/*
 * statement_get — the statement of q in this width, prepared if it is not yet.
 * in:     index 0 for a query without a list; for a batch, rows in one INSERT
 * errors: ERR_DB_SCHEMA if the result has other columns than q
 */
NODISCARD enum err statement_get(struct db *db, const struct db_query *q, size_t index,
                                 struct statement **out);
/*
 * statement_run — sends the bound params; a result is then stored on our side.
 * errors: as the server says; afterwards the statement may be gone, ask statement_get
 */
NODISCARD enum err statement_run(struct db *db, const struct db_query *q, size_t index);

/*
 * params_check — all values of in are within their limits and are UTF-8.
 * errors: ERR_DB_RANGE
 */
NODISCARD enum err params_check(struct db *db, const struct db_query *q, const void *in);
/* params_list_n — length of the longest list in in; 1 if q has none. */
size_t params_list_n(const struct db_query *q, const void *in);
/* params_bytes — bytes of text that in adds to a statement. */
size_t params_bytes(const struct db_query *q, const void *in);
/* params_bind — points st->params[first…] at the values of in; lists are padded to width. */
void params_bind(struct statement *st, const struct db_query *q, const void *in,
                 size_t first, size_t width);
/* params_count — ? of q with lists of this width. */
size_t params_count(const struct db_query *q, size_t width);

/* columns_bind — makes st->columns. */
void columns_bind(struct statement *st, const struct db_query *q);
/* columns_read — the fetched row to a row struct, text to a. */
NODISCARD enum err columns_read(struct db *db, struct statement *st,
                                const struct db_query *q, struct arena *a, void *row);

#endif
