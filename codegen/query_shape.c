/* SPDX-License-Identifier: MIT */
#include "codegen/query_shape.h"

#include "base/buf.h"
#include "codegen/list.h"
#include "codegen/name.h"

#include "base/banned.h"

enum {
    STATEMENT_MAX = 128 * 1024,
    LONG_BYTES = 65535 /* from here on a value is fetched in a second step */
};

/* The statement with ? for parameters and its own line breaks, which the engine counts. */
static struct str text_to_prepare(struct arena *a, const struct query *q)
{
    struct str text;
    struct buf sql;
    int line = q->pos.line;

    buf_init(&sql, STATEMENT_MAX);
    for (size_t i = 0; i < q->tokens.n; i++) {
        const struct sql_token *t = &q->tokens.at[i];

        if (t->is_spaced && t->line == line)
            buf_putc(&sql, ' ');
        for (; line < t->line; line++)
            buf_putc(&sql, '\n');
        if (t->kind == SQL_PARAM || t->kind == SQL_LIST)
            buf_putc(&sql, '?');
        else if (t->kind == SQL_NAME)
            buf_printf(&sql, "`" STR_FMT "`", STR_ARG(t->text));
        else
            buf_append_str(&sql, t->text);
    }
    text = arena_dup(a, buf_str(&sql));
    buf_release(&sql);
    return text;
}

/* What the engine says, short and at its place: "Unknown column 'c.nope' in …" stands where the
 * name does, "… near 'x' at line 2" in the statement's second line. */
static void report(const struct query *q, struct str message, struct diag *d)
{
    struct str quoted = str_from(message, str_find(message, '\'') + 1), name, tail;
    struct pos pos = q->pos;
    int64_t line;

    tail = quoted;
    while (str_find(tail, '\'') < tail.n)
        tail = str_from(tail, str_find(tail, '\'') + 1);
    if (str_starts(tail, STR(" at line ")) && str_to_i64(str_from(tail, 9), &line)) {
        pos.line += (int)line - 1;
        quoted.n -= tail.n + 1;
        diag_at(d, pos, "syntax error near '" STR_FMT "'", STR_ARG(quoted));
        return;
    }
    name = (struct str){quoted.p, str_find(quoted, '\'')};
    while (str_find(name, '.') < name.n)
        name = str_from(name, str_find(name, '.') + 1);
    for (size_t i = q->tokens.n; i-- > 0;)
        if (sql_is_name(&q->tokens.at[i]) && str_eq(q->tokens.at[i].text, name))
            pos.line = q->tokens.at[i].line;
    diag_at(d, pos, STR_FMT, STR_ARG(message));
}

static bool is_field_name(struct str name)
{
    for (size_t i = 0; i < name.n; i++)
        if (!(name.p[i] >= 'a' && name.p[i] <= 'z') && name.p[i] != '_' &&
            !(i > 0 && name.p[i] >= '0' && name.p[i] <= '9'))
            return false;
    return name.n > 0 && !name_is_reserved(name);
}

static void check_field(const struct query *q, size_t i, const struct engine_field *f,
                        struct diag *d)
{
    if (!is_field_name(f->name))
        diag_at(d, q->pos, "column '" STR_FMT "' has no name that C can use; add AS name",
                STR_ARG(f->name));
    for (size_t k = 0; k < i; k++)
        if (str_eq(q->fields[k].name, f->name))
            diag_at(d, q->pos, "two columns are called " STR_FMT "; add AS name",
                    STR_ARG(f->name));
    if (f->type == CATALOG_OTHER)
        diag_at(d, q->pos, "column " STR_FMT " is %s; add CAST(… AS SIGNED), or AS CHAR",
                STR_ARG(f->name), f->sql_type);
}

static uint32_t buffer_bytes(const struct engine_field *f, const struct catalog_column *c)
{
    uint64_t bytes = f->bytes;

    if (f->type != CATALOG_TEXT && f->type != CATALOG_BYTES)
        return 0;
    if (c)
        bytes = (uint64_t)c->chars * (c->type == CATALOG_TEXT && !c->is_ascii ? 4 : 1);
    return bytes < LONG_BYTES ? (uint32_t)bytes : 0;
}

static void take_fields(struct arena *a, const struct catalog *catalog, struct query *q,
                        const struct engine_shape *shape, struct diag *d)
{
    for (size_t i = 0; i < shape->n_fields; i++) {
        const struct engine_field *from = &shape->fields[i];
        const struct catalog_table *table = catalog_table(catalog, from->table);
        const struct catalog_column *column =
            table ? catalog_table_column(table, from->column) : NULL;

        check_field(q, i, from, d);
        *LIST_ADD(a, q->fields, q->n_fields) = (struct query_field){
            .name = from->name,
            .type = from->type,
            .is_nullable = from->is_nullable,
            .max_bytes = buffer_bytes(from, column),
            .column = column,
        };
    }
}

bool query_shape_ask(struct engine *e, struct arena *a, const struct catalog *catalog,
                     struct query *q, struct diag *d)
{
    struct engine_shape shape;
    size_t before = d->n;
    struct why why;

    if (!engine_prepare(e, a, text_to_prepare(a, q), &shape, &why)) {
        report(q, str_of(why.text), d);
        return false;
    }
    if (shape.n_params != q->n_marks)
        diag_at(d, q->pos, STR_FMT ": the engine counts %zu parameters, not %zu",
                STR_ARG(q->name), shape.n_params, q->n_marks);
    if (q->kind == QUERY_EXEC && shape.n_fields > 0)
        diag_at(d, q->name_pos, STR_FMT " gives rows; its kind is one or many",
                STR_ARG(q->name));
    if (q->kind != QUERY_EXEC && shape.n_fields == 0)
        diag_at(d, q->name_pos, STR_FMT " gives no rows; its kind is exec",
                STR_ARG(q->name));
    take_fields(a, catalog, q, &shape, d);
    if (q->row.p && shape.n_fields == 0)
        diag_at(d, q->row_pos, "@row for a statement without rows");
    if (d->n != before)
        q->n_fields = 0; /* not to be compared with others */
    return d->n == before;
}

/* Names the first difference between the fields of two queries; false: there is none. */
static bool differ(const struct query *a, const struct query *b, struct str *name_out)
{
    size_t n = a->n_fields > b->n_fields ? a->n_fields : b->n_fields;

    for (size_t i = 0; i < n; i++) {
        const struct query_field *x = &a->fields[i], *y = &b->fields[i];

        if (i >= a->n_fields || i >= b->n_fields) {
            *name_out = i < a->n_fields ? x->name : y->name;
            return true;
        }
        *name_out = y->name;
        if (!str_eq(x->name, y->name) || x->type != y->type ||
            x->is_nullable != y->is_nullable)
            return true;
    }
    return false;
}

static struct query_row *find_row(const struct query_rows *rows, struct str name)
{
    for (size_t i = 0; i < rows->n; i++)
        if (str_eq(rows->rows[i].name, name))
            return &rows->rows[i];
    return NULL;
}

static void add_row(struct arena *a, struct query_rows *rows,
                    const struct query_file *file, const struct query *q, struct diag *d)
{
    struct str name =
        q->row.p ? q->row : arena_printf(a, "dao_" STR_FMT "_row", STR_ARG(q->name));
    struct query_row *row = find_row(rows, name);
    struct str where;

    if (!row) {
        *LIST_ADD(a, rows->rows, rows->n) =
            (struct query_row){name, q, file, q->row.p != NULL, false};
        return;
    }
    row->is_in_many_files = row->is_in_many_files || row->file != file;
    if (differ(row->like, q, &where))
        diag_at(d, q->row.p ? q->row_pos : q->name_pos,
                "row " STR_FMT " of " STR_FMT " differs from that of " STR_FMT
                " at column " STR_FMT,
                STR_ARG(name), STR_ARG(q->name), STR_ARG(row->like->name),
                STR_ARG(where));
}

struct query_rows query_rows_of(struct arena *a, const struct query_file *files,
                                size_t n_files, struct diag *d)
{
    struct query_rows rows = {0};

    for (size_t f = 0; f < n_files; f++)
        for (size_t i = 0; i < files[f].n_queries; i++)
            if (files[f].queries[i].n_fields > 0)
                add_row(a, &rows, &files[f], &files[f].queries[i], d);
    return rows;
}

const struct query_row *query_rows_find(const struct query_rows *rows,
                                        const struct query *q)
{
    for (size_t i = 0; i < rows->n; i++) {
        const struct query_row *row = &rows->rows[i];

        if (row->is_named ? str_eq(row->name, q->row) : row->like == q)
            return row;
    }
    return NULL;
}
