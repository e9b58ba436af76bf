/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "codegen/list.h"
#include "codegen/name.h"
#include "codegen/query.h"
#include "codegen/query_scope.h"

#include "base/banned.h"

enum {
    SQL_MAX_BYTES = 64 * 1024
};

/* The ? of a parameter: which one is it, and is it new? */
static void mark_param(struct arena *a, struct query *q, const struct sql_token *t,
                       struct diag *d)
{
    struct query_param *p = query_param(q, t->text);
    struct pos pos = {q->pos.file, t->line};

    if (!p) {
        p = LIST_ADD(a, q->params, q->n_params);
        p->name = t->text;
        p->is_list = t->kind == SQL_LIST;
        if (name_is_reserved(t->text))
            diag_at(d, pos, "parameter '" STR_FMT "' has a name that C reserves",
                    STR_ARG(t->text));
    } else if (p->is_list || t->kind == SQL_LIST) {
        diag_at(d, pos, "list '" STR_FMT "' is used twice", STR_ARG(t->text));
    }
    *LIST_ADD(a, q->marks, q->n_marks) = (size_t)(p - q->params);
}

static void check_list(const struct query *q, size_t i, struct diag *d)
{
    const struct sql_token *t = &q->tokens.at[i];

    if (i < 2 || !sql_is_mark(t - 1, "(") || !sql_is_mark(t + 1, ")") ||
        !sql_is_word(t - 2, "in"))
        diag_at(d, (struct pos){q->pos.file, t->line},
                "a list stands alone in brackets: IN (:" STR_FMT "*)", STR_ARG(t->text));
}

static bool is_tight(const struct query *q, size_t i)
{
    const struct sql_token *t = &q->tokens.at[i];

    return i == 0 || !t->is_spaced || t->kind == SQL_LIST || t[-1].kind == SQL_LIST;
}

static void put_token(struct arena *a, struct query *q, size_t i, struct buf *sql,
                      struct diag *d)
{
    const struct sql_token *t = &q->tokens.at[i];

    if (!is_tight(q, i))
        buf_putc(sql, ' ');
    if (t->kind == SQL_NAME) {
        buf_printf(sql, "`" STR_FMT "`", STR_ARG(t->text));
    } else if (t->kind == SQL_PARAM || t->kind == SQL_LIST) {
        buf_putc(sql, '?');
        mark_param(a, q, t, d);
        if (t->kind == SQL_LIST)
            check_list(q, i, d);
    } else {
        buf_append_str(sql, t->text);
    }
}

/* The runtime finds a list by the text (?), so that there may be one only. */
static void check_list_text(const struct query *q, struct diag *d)
{
    size_t n = 0;
    bool has_list = false;

    for (size_t i = 0; i < q->n_params; i++)
        has_list = has_list || q->params[i].is_list;
    for (size_t i = 0; i + 3 <= q->sql.n; i++)
        n += str_starts(str_from(q->sql, i), STR("(?)"));
    if (has_list && n > 1)
        diag_at(d, q->pos, STR_FMT ": a list, and another parameter alone in brackets",
                STR_ARG(q->name));
}

static struct str cut(struct arena *a, const struct buf *b, size_t from, size_t to)
{
    return arena_dup(a, (struct str){b->p + from, to - from});
}

void query_write_sql(struct arena *a, struct query *q, struct diag *d)
{
    static const struct catalog none = {0};
    struct query_insert insert = query_insert_of(a, &q->tokens, &none);
    size_t open = 0, close = 0;
    struct buf sql;

    buf_init(&sql, SQL_MAX_BYTES);
    for (size_t i = 0; i < q->tokens.n; i++) {
        put_token(a, q, i, &sql, d);
        if (insert.values && i == insert.row_open)
            open = sql.n - 1;
        if (insert.values && i == insert.row_close)
            close = sql.n;
    }
    if (!buf_ok(&sql))
        diag_at(d, q->pos, "a statement above 64 KiB");
    q->sql = cut(a, &sql, 0, sql.n);
    if (q->is_batch && close == sql.n && open > 0) {
        q->batch_head = cut(a, &sql, 0, open);
        q->batch_row = cut(a, &sql, open, close);
    } else if (q->is_batch) {
        diag_at(d, q->name_pos,
                "batch is for INSERT … VALUES (…) that ends with its row");
    }
    buf_release(&sql);
    check_list_text(q, d);
}
