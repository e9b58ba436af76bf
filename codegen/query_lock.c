/* SPDX-License-Identifier: MIT */
#include "codegen/query_lock.h"

#include "base/banned.h"

static const char no_columns[] = "nothing";

static const char *type_name(enum catalog_type type)
{
    static const char *const names[] = {
        [CATALOG_I64] = "i64",           [CATALOG_U64] = "u64",
        [CATALOG_I32] = "i32",           [CATALOG_U32] = "u32",
        [CATALOG_TEXT] = "text",         [CATALOG_BYTES] = "bytes",
        [CATALOG_DATETIME] = "datetime", [CATALOG_OTHER] = "other",
    };

    return names[type];
}

static const char *kind_name(enum query_kind kind)
{
    switch (kind) {
    case QUERY_ONE:
        return "one";
    case QUERY_MANY:
        return "many";
    case QUERY_EXEC:
        break;
    }
    return "exec";
}

/* "seq i64, sender text? 1020": bytes of the buffer that takes it, 0 for a value in pieces. */
static void put_columns(struct out *o, const struct query *q)
{
    for (size_t i = 0; i < q->n_fields; i++) {
        const struct query_field *f = &q->fields[i];

        buf_printf(&o->text, "%s" STR_FMT " %s%s", i > 0 ? ", " : "", STR_ARG(f->name),
                   type_name(f->type), f->is_nullable ? "?" : "");
        if (f->type == CATALOG_TEXT || f->type == CATALOG_BYTES)
            buf_printf(&o->text, " %u", f->max_bytes);
    }
    if (q->n_fields == 0)
        buf_append_c(&o->text, no_columns);
}

static void put_note(struct out *o, const struct query_note *note)
{
    buf_printf(&o->text, "-- @param " STR_FMT "%s", STR_ARG(note->name),
               note->is_nullable ? "?" : "");
    if (note->type.p)
        buf_printf(&o->text, " " STR_FMT, STR_ARG(note->type));
    if (note->range.p)
        buf_printf(&o->text, " " STR_FMT, STR_ARG(note->range));
    buf_append_c(&o->text, "\n");
}

void query_lock_write(struct out *o, const struct query *q)
{
    buf_append_c(&o->text, "\n-- ");
    put_columns(o, q);
    buf_printf(&o->text, "\n-- @query " STR_FMT " %s%s\n", STR_ARG(q->name),
               kind_name(q->kind), q->is_batch ? " batch" : "");
    for (size_t i = 0; i < q->n_notes; i++)
        put_note(o, &q->notes[i]);
    if (q->may_scan)
        buf_append_c(&o->text, "-- @allow scan because the release did\n");
    if (q->may_filesort)
        buf_append_c(&o->text, "-- @allow filesort because the release did\n");
    buf_printf(&o->text, STR_FMT ";\n", STR_ARG(q->text));
}

/* A column as the lock tells it. */
struct column {
    struct str name, type;
    bool is_nullable;
    int64_t bytes;
};

static struct column column_of(struct str text)
{
    struct column c = {.bytes = 0};
    struct str rest = str_trim(text), part;

    (void)str_split(&rest, ' ', &c.name);
    (void)str_split(&rest, ' ', &c.type);
    if (c.type.n > 0 && c.type.p[c.type.n - 1] == '?') {
        c.is_nullable = true;
        c.type.n--;
    }
    if (str_split(&rest, ' ', &part) && !str_to_i64(part, &c.bytes))
        c.bytes = 0;
    return c;
}

static void compare_column(const struct query *q, const struct column *was,
                           const struct query_field *is, struct diag *d)
{
    if (!str_eq(was->name, is->name) || !str_eq(was->type, str_of(type_name(is->type))))
        diag_at(d, q->name_pos,
                "SQL_SAME_COLUMNS: " STR_FMT ": " STR_FMT " " STR_FMT " is " STR_FMT
                " %s now",
                STR_ARG(q->name), STR_ARG(was->name), STR_ARG(was->type),
                STR_ARG(is->name), type_name(is->type));
    else if (is->is_nullable && !was->is_nullable)
        diag_at(d, q->name_pos,
                "SQL_SAME_COLUMNS: " STR_FMT ": " STR_FMT " may be NULL now",
                STR_ARG(q->name), STR_ARG(was->name));
    else if (was->bytes > 0 && (is->max_bytes == 0 || is->max_bytes > was->bytes))
        diag_at(d, q->name_pos,
                "SQL_SAME_COLUMNS: " STR_FMT ": " STR_FMT
                " is longer than the %lld bytes that the release reads",
                STR_ARG(q->name), STR_ARG(was->name), (long long)was->bytes);
}

void query_lock_compare(const struct query *q, struct diag *d)
{
    struct str rest = q->doc, part;
    size_t n = 0;

    if (str_eq(rest, str_of(no_columns)))
        rest = STR_NULL;
    for (; rest.p && str_split(&rest, ',', &part); n++) {
        struct column was = column_of(part);

        if (n < q->n_fields)
            compare_column(q, &was, &q->fields[n], d);
    }
    if (n != q->n_fields)
        diag_at(d, q->name_pos, "SQL_SAME_COLUMNS: " STR_FMT " gave %zu columns, not %zu",
                STR_ARG(q->name), n, q->n_fields);
}
