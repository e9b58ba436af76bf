/* SPDX-License-Identifier: MIT */
#include "codegen/emit_dao.h"
#include "codegen/emit_layout.h"
#include "codegen/name.h"

#include "base/banned.h"

static void put_has_offset(struct out *o, const char *owner, bool has_flag)
{
    out_set_c(o, "owner", owner);
    if (has_flag)
        out_put(o, "        .has_offset = offsetof(struct $owner$, has_$member$),\n");
    else
        out_put(o, "        .has_offset = DB_NO_OFFSET,\n");
}

static void put_param(const struct query *q, const struct query_param *p, struct out *o)
{
    const char *owner = arena_printf(&o->arena, "dao_" STR_FMT "_in", STR_ARG(q->name)).p;

    out_set_c(o, "owner", owner);
    out_set(o, "member", p->name);
    out_set_quoted(o, "quoted", p->name);
    out_set_c(o, "type", dao_db_type(p->type));
    out_put(o, "    {\n"
               "        .name = $quoted$,\n"
               "        .type = $type$,\n"
               "        .offset = offsetof(struct $owner$, $member$),\n");
    if (p->is_list)
        out_put(o, "        .has_offset = offsetof(struct $owner$, n_$member$),\n"
                   "        .is_list = true,\n");
    else
        put_has_offset(o, owner, p->is_nullable && !dao_is_text(p->type));
    if (p->is_nullable)
        out_put(o, "        .is_nullable = true,\n");
    if (p->chars > 0) {
        out_set_int(o, "chars", p->chars);
        out_put(o, "        .max_chars = $chars$,\n");
    }
    if (p->min != 0 || p->max != 0) {
        out_set_int(o, "min", p->min);
        out_set_int(o, "max", p->max);
        out_put(o, "        .min = $min$,\n"
                   "        .max = $max$,\n");
    }
    out_put(o, "    },\n");
}

static void put_params(const struct query *q, struct out *o)
{
    if (q->n_marks == 0)
        return;
    out_put(o, "static const struct db_param $name$_params[] = {\n");
    for (size_t i = 0; i < q->n_marks; i++)
        put_param(q, &q->params[q->marks[i]], o);
    out_put(o, "};\n\n");
}

/* A buffer that is enough for all queries that fill the row; 0, long, wins. */
static uint32_t buffer_bytes(const struct dao_model *m, const struct query_row *row,
                             size_t field)
{
    uint32_t bytes = row->like->fields[field].max_bytes;

    for (size_t f = 0; f < m->n_files; f++)
        for (size_t i = 0; i < m->files[f].n_queries; i++) {
            const struct query *q = &m->files[f].queries[i];
            uint32_t wanted;

            if (query_rows_find(m->rows, q) != row)
                continue;
            wanted = q->fields[field].max_bytes;
            if (wanted == 0)
                return 0;
            bytes = wanted > bytes ? wanted : bytes;
        }
    return bytes;
}

static void put_columns(const struct dao_model *m, const struct query_row *row,
                        struct out *o)
{
    const char *owner = arena_dup(&o->arena, row->name).p;

    out_set_c(o, "row", owner);
    out_put(o, "static const struct db_column $row$_columns[] = {\n");
    for (size_t i = 0; i < row->like->n_fields; i++) {
        const struct query_field *f = &row->like->fields[i];
        uint32_t bytes = buffer_bytes(m, row, i);

        out_set(o, "member", f->name);
        out_set_quoted(o, "quoted", f->name);
        out_set_c(o, "type", dao_db_type(f->type));
        out_put(o, "    {\n"
                   "        .name = $quoted$,\n"
                   "        .type = $type$,\n"
                   "        .offset = offsetof(struct $row$, $member$),\n");
        put_has_offset(o, owner, f->is_nullable && !dao_is_text(f->type));
        if (bytes > 0) {
            out_set_int(o, "bytes", bytes);
            out_put(o, "        .max_bytes = $bytes$,\n");
        }
        out_put(o, "    },\n");
    }
    out_put(o, "};\n\n");
}

static void put_query_table(const struct query *q, const struct query_row *row,
                            struct out *o)
{
    static const char *const kinds[] = {"DB_ONE", "DB_MANY", "DB_EXEC"};

    out_set_quoted(o, "quoted", q->name);
    out_set(o, "id", name_upper(&o->arena, q->name));
    out_put(o, "const struct db_query dao_$name$_query = {\n"
               "    .id = DAO_$id$,\n"
               "    .name = $quoted$,\n");
    layout_literal(o, "sql", q->sql);
    out_set_c(o, "kind", kinds[q->kind]);
    out_put(o, "    .kind = $kind$,\n");
    if (q->n_marks > 0) {
        out_set_int(o, "n", (int64_t)q->n_marks);
        out_put(o, "    .params = $name$_params,\n"
                   "    .n_params = $n$,\n");
    }
    if (row) {
        out_set(o, "row", row->name);
        out_set_int(o, "n", (int64_t)q->n_fields);
        out_put(o, "    .columns = $row$_columns,\n"
                   "    .n_columns = $n$,\n"
                   "    .row_size = sizeof(struct $row$),\n");
    }
    if (q->is_batch) {
        layout_literal(o, "batch_head", q->batch_head);
        layout_literal(o, "batch_row", q->batch_row);
    }
    if (q->n_params > 0)
        out_put(o, "    .in_size = sizeof(struct dao_$name$_in),\n");
    out_put(o, "};\n\n");
}

static void put_call(struct out *o, const char *head, const struct query *q,
                     bool is_batch, const char *const *rest)
{
    struct layout_list list = {.n = 0};

    layout_add(&list, o, "db");
    layout_add(&list, o, "&dao_" STR_FMT "_query", STR_ARG(q->name));
    layout_add(&list, o, "%s", q->n_params == 0 ? "NULL" : is_batch ? "rows" : "in");
    for (; *rest; rest++)
        layout_add(&list, o, "%s", *rest);
    layout_call(o, str_of(head), &list, ";");
}

static void put_function(const struct dao_model *m, const struct query *q, struct out *o)
{
    static const char *const one[] = {"a", "row_out", NULL};
    static const char *const many[] = {"a", "&rows", "n_out", NULL};
    static const char *const exec[] = {"result_out", NULL};

    emit_dao_prototype(m, q, false, "", o);
    out_put(o, "{\n");
    if (q->kind == QUERY_ONE) {
        put_call(o, "    return db_one", q, false, one);
    } else if (q->kind == QUERY_EXEC) {
        put_call(o, "    return db_exec", q, false, exec);
    } else {
        out_put(o, "    void *rows = NULL;\n");
        put_call(o, "    enum err rc = db_many", q, false, many);
        out_put(o, "\n"
                   "    *rows_out = rows;\n"
                   "    return rc;\n");
    }
    out_put(o, "}\n");
}

static void put_batch_function(const struct dao_model *m, const struct query *q,
                               struct out *o)
{
    static const char *const batch[] = {"n", "bad_row_out", NULL};

    out_put(o, "\n");
    emit_dao_prototype(m, q, true, "", o);
    out_put(o, "{\n");
    put_call(o, "    return db_exec_batch", q, true, batch);
    out_put(o, "}\n");
}

/* No query of the file before this one has the same row. */
static bool is_first_use(const struct dao_model *m, const struct query_file *file,
                         const struct query *q)
{
    const struct query_row *row = query_rows_find(m->rows, q);

    for (const struct query *other = file->queries; other < q; other++)
        if (query_rows_find(m->rows, other) == row)
            return false;
    return true;
}

void emit_dao_source(const struct dao_model *m, const struct query_file *file,
                     struct out *o)
{
    out_head(o, file->path);
    out_set(o, "stem", file->stem);
    out_put(o, "#include \"generated/c/dao_$stem$.h\"\n"
               "\n"
               "#include <stddef.h>\n"
               "\n"
               "#include \"generated/c/dao_ids.h\"\n");
    for (size_t i = 0; i < file->n_queries; i++) {
        const struct query *q = &file->queries[i];
        const struct query_row *row = query_rows_find(m->rows, q);

        out_put(o, "\n");
        out_set(o, "name", q->name);
        put_params(q, o);
        if (row && is_first_use(m, file, q))
            put_columns(m, row, o);
        put_query_table(q, row, o);
        put_function(m, q, o);
        if (q->is_batch)
            put_batch_function(m, q, o);
    }
}
