/* SPDX-License-Identifier: MIT */
#include "db/statement.h"

#include <stdlib.h>

#include "base/buf.h"

#include "base/banned.h"

enum {
    SQL_MAX = 1 << 20
};

_Static_assert(DB_LIST_MAX == 1 << (DB_WIDTHS - 1), "the widest statement");

size_t statement_width(size_t index)
{
    return (size_t)1 << index;
}

size_t statement_width_index(size_t n)
{
    size_t index = 0;

    BUG_ON(n > DB_LIST_MAX);
    while (statement_width(index) < n)
        index++;
    return index;
}

enum enum_field_types statement_wire_type(enum db_type type)
{
    switch (type) {
    case DB_I64:
    case DB_U64:
        return MYSQL_TYPE_LONGLONG;
    case DB_I32:
    case DB_U32:
        return MYSQL_TYPE_LONG;
    case DB_TEXT:
        return MYSQL_TYPE_STRING;
    case DB_BYTES:
        return MYSQL_TYPE_BLOB;
    case DB_DATETIME:
        break;
    }
    return MYSQL_TYPE_DATETIME;
}

static void statement_free(struct statement **st)
{
    if (!*st)
        return;
    if ((*st)->handle)
        mysql_stmt_close((*st)->handle);
    free((*st)->params);
    free((*st)->values);
    free((*st)->columns);
    free((*st)->cells);
    free((*st)->bytes);
    free(*st);
    *st = NULL;
}

void statements_drop(struct db *db)
{
    for (size_t id = 0; id < DB_QUERY_MAX; id++) {
        for (size_t index = 0; index < DB_WIDTHS; index++)
            statement_free(&db->statements[id][index]);
    }
}

static void append_repeated(struct buf *b, struct str s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_putc(b, ',');
        buf_append_str(b, s);
    }
}

/* The text with each (?) of a list widened; a ? between quotes is none. */
static void append_widened(struct buf *b, const struct db_query *q, size_t width)
{
    size_t param = 0;
    char quote = '\0';

    for (const char *c = q->sql; *c; c++) {
        if (quote || *c == '\'' || *c == '"' || *c == '`')
            quote = !quote ? *c : *c == quote ? '\0' : quote;
        if (*c == '?' && !quote) {
            BUG_ON(param >= q->n_params);
            append_repeated(b, STR("?"), q->params[param].is_list ? width : 1);
            param++;
        } else {
            buf_putc(b, *c);
        }
    }
    BUG_ON(param != q->n_params);
}

static void statement_text(struct buf *b, const struct db_query *q, size_t width)
{
    if (q->batch_head && width > 1) {
        buf_append_c(b, q->batch_head);
        append_repeated(b, str_of(q->batch_row), width);
    } else {
        append_widened(b, q, width);
    }
    BUG_ON(!buf_ok(b));
}

static enum err prepare(struct db *db, const struct db_query *q, struct statement *st,
                        size_t width)
{
    struct buf sql;
    int failed;

    buf_init(&sql, SQL_MAX);
    statement_text(&sql, q, width);
    failed = mysql_stmt_prepare(st->handle, sql.p, (unsigned long)sql.n);
    buf_release(&sql);
    if (failed)
        return db_fail_statement(db, st->handle);
    BUG_ON(mysql_stmt_param_count(st->handle) != st->n_params);
    if (mysql_stmt_field_count(st->handle) != q->n_columns)
        return db_refuse(db, ERR_DB_SCHEMA, q->name, "other columns than expected");
    columns_bind(st, q);
    if (q->n_columns > 0 && mysql_stmt_bind_result(st->handle, st->columns))
        return db_fail_statement(db, st->handle);
    return ERR_OK;
}

enum err statement_get(struct db *db, const struct db_query *q, size_t index,
                       struct statement **out)
{
    size_t width = statement_width(index);
    struct statement **slot, *st;
    enum err rc;

    BUG_ON(q->id < 0 || q->id >= DB_QUERY_MAX);
    slot = &db->statements[q->id][index];
    *out = *slot;
    if (*slot)
        return ERR_OK;
    st = mem_zalloc(sizeof(*st));
    st->handle = mysql_stmt_init(db->mysql);
    BUG_ON(!st->handle); /* out of memory */
    st->n_params = q->batch_head ? q->n_params * width : params_count(q, width);
    st->params = mem_zalloc((st->n_params + 1) * sizeof(*st->params));
    st->values = mem_zalloc((st->n_params + 1) * sizeof(*st->values));
    rc = prepare(db, q, st, width);
    if (rc != ERR_OK) {
        statement_free(&st);
        return rc;
    }
    *out = *slot = st;
    return ERR_OK;
}

static int run(struct statement *st, bool has_result)
{
    if (st->n_params > 0 && mysql_stmt_bind_param(st->handle, st->params))
        return 1;
    if (mysql_stmt_execute(st->handle) != 0)
        return 1;
    /* A deadlock may surface only here, while rows come in. */
    return has_result ? mysql_stmt_store_result(st->handle) : 0;
}

enum err statement_run(struct db *db, const struct db_query *q, size_t index)
{
    struct statement **slot = &db->statements[q->id][index];
    enum err rc;

    if (run(*slot, q->n_columns > 0) == 0)
        return ERR_OK;
    rc = db_fail_statement(db, (*slot)->handle); /* a loss empties the slot */
    if (rc != ERR_DB_DUPLICATE && rc != ERR_DB_REFERENCE && rc != ERR_DB_RANGE)
        statement_free(slot); /* what is left of its result must not meet the next run */
    return rc;
}
