/* SPDX-License-Identifier: MIT */
#include "codegen/emit_dao.h"

#include "codegen/emit_layout.h"
#include "codegen/name.h"
#include "codegen/plan.h"

#include "base/banned.h"

const char *dao_c_type(enum catalog_type type)
{
    static const char *const names[] = {
        [CATALOG_I64] = "int64_t",      [CATALOG_U64] = "uint64_t",
        [CATALOG_I32] = "int32_t",      [CATALOG_U32] = "uint32_t",
        [CATALOG_TEXT] = "struct str",  [CATALOG_BYTES] = "struct str",
        [CATALOG_DATETIME] = "int64_t", [CATALOG_OTHER] = "void",
    };

    return names[type];
}

const char *dao_db_type(enum catalog_type type)
{
    static const char *const names[] = {
        [CATALOG_I64] = "DB_I64",           [CATALOG_U64] = "DB_U64",
        [CATALOG_I32] = "DB_I32",           [CATALOG_U32] = "DB_U32",
        [CATALOG_TEXT] = "DB_TEXT",         [CATALOG_BYTES] = "DB_BYTES",
        [CATALOG_DATETIME] = "DB_DATETIME", [CATALOG_OTHER] = "",
    };

    return names[type];
}

bool dao_is_text(enum catalog_type type)
{
    return type == CATALOG_TEXT || type == CATALOG_BYTES;
}

/* "chat.sender", or what an expression or annotation gives: "civil ns", "1..200". */
static struct str origin(struct out *o, const struct catalog_column *column,
                         enum catalog_type type, int64_t min, int64_t max)
{
    struct str text = STR("");

    if (column)
        text = arena_printf(&o->arena, STR_FMT "." STR_FMT, STR_ARG(column->table),
                            STR_ARG(column->name));
    if ((min != 0 || max != 0) && !(column && column->min == min && column->max == max))
        text = arena_printf(&o->arena, STR_FMT "%s%lld..%lld", STR_ARG(text),
                            text.n ? ", " : "", (long long)min, (long long)max);
    if (type == CATALOG_DATETIME)
        text = arena_printf(&o->arena, STR_FMT "%scivil ns", STR_ARG(text),
                            text.n ? ", " : "");
    return text;
}

static struct str with_limit(struct out *o, struct str text, uint32_t chars,
                             enum catalog_type type)
{
    if (!dao_is_text(type) || chars == 0)
        return text;
    return arena_printf(&o->arena, STR_FMT "%s%u %s", STR_ARG(text), text.n ? ", " : "",
                        chars, type == CATALOG_TEXT ? "characters" : "bytes");
}

static void add_member(struct layout_members *m, struct out *o, enum catalog_type type,
                       struct str name, struct str comment)
{
    layout_member(
        m, arena_printf(&o->arena, "%s " STR_FMT ";", dao_c_type(type), STR_ARG(name)),
        comment);
}

static void add_flag(struct layout_members *m, struct out *o, struct str name)
{
    layout_member(m, arena_printf(&o->arena, "bool has_" STR_FMT ";", STR_ARG(name)),
                  STR("false: NULL"));
}

static void add_param(struct layout_members *m, struct out *o,
                      const struct query_param *p)
{
    struct str comment = origin(o, p->column, p->type, p->min, p->max);

    if (p->is_list) {
        layout_member(m,
                      arena_printf(&o->arena, "const %s *" STR_FMT ";",
                                   dao_c_type(p->type), STR_ARG(p->name)),
                      comment);
        layout_member(m,
                      arena_printf(&o->arena, "size_t n_" STR_FMT ";", STR_ARG(p->name)),
                      STR("0: no row is met"));
        return;
    }
    comment = with_limit(o, comment, p->chars, p->type);
    if (p->is_nullable && !dao_is_text(p->type))
        add_flag(m, o, p->name);
    else if (p->is_nullable)
        comment = arena_printf(&o->arena, STR_FMT ", or no value", STR_ARG(comment));
    add_member(m, o, p->type, p->name, comment);
}

static void put_in_struct(const struct query *q, struct out *o)
{
    struct layout_members members = {.n = 0};

    if (q->n_params == 0)
        return;
    for (size_t i = 0; i < q->n_params; i++)
        add_param(&members, o, &q->params[i]);
    out_put(o, "struct dao_$name$_in {\n");
    layout_members(o, &members);
    out_put(o, "};\n\n");
}

void emit_dao_row(const struct query_row *row, struct out *o)
{
    struct layout_members members = {.n = 0};

    for (size_t i = 0; i < row->like->n_fields; i++) {
        const struct query_field *f = &row->like->fields[i];
        struct str comment = origin(o, f->column, f->type, 0, 0);

        if (f->is_nullable && !dao_is_text(f->type))
            add_flag(&members, o, f->name);
        else if (f->is_nullable)
            comment = arena_printf(&o->arena, STR_FMT "%sor no value", STR_ARG(comment),
                                   comment.n ? ", " : "");
        add_member(&members, o, f->type, f->name, comment);
    }
    out_set(o, "row", row->name);
    out_put(o, "struct $row$ {\n");
    layout_members(o, &members);
    out_put(o, "};\n\n");
}

void emit_dao_prototype(const struct dao_model *m, const struct query *q, bool is_batch,
                        const char *before, struct out *o)
{
    const struct query_row *row = query_rows_find(m->rows, q);
    struct layout_list list = {.n = 0};
    bool is_one = q->kind == QUERY_ONE;

    layout_add(&list, o, "struct db *db");
    if (q->n_params > 0)
        layout_add(&list, o, "const struct dao_" STR_FMT "_in *%s", STR_ARG(q->name),
                   is_batch ? "rows" : "in");
    if (is_batch) {
        layout_add(&list, o, "size_t n");
        layout_add(&list, o, "size_t *bad_row_out");
    } else if (row) {
        layout_add(&list, o, "struct arena *a");
        layout_add(&list, o, "struct " STR_FMT " %s", STR_ARG(row->name),
                   is_one ? "*row_out" : "**rows_out");
        if (!is_one)
            layout_add(&list, o, "size_t *n_out");
    } else {
        layout_add(&list, o, "struct db_result *result_out");
    }
    layout_prototype(o, arena_printf(&o->arena, "%senum err", before),
                     arena_printf(&o->arena, "dao_" STR_FMT "%s", STR_ARG(q->name),
                                  is_batch ? "_batch" : ""),
                     &list, before[0] ? ";" : "");
}

/* What the function is for, the statement as it stands in the schema, and its plan. */
static void put_doc(const struct query *q, struct out *o)
{
    out_put(o, "/*\n");
    layout_text(o, " * ", 0,
                arena_printf(&o->arena, "dao_" STR_FMT " — " STR_FMT, STR_ARG(q->name),
                             STR_ARG(q->doc)),
                false);
    layout_text(o, " *   ", 4, q->text, true);
    if (q->plan.n > 0)
        layout_text(o, " * ", 0,
                    arena_printf(&o->arena, "Plan: " STR_FMT ", checked on %d,000 rows.",
                                 STR_ARG(q->plan), PLAN_ROWS / 1000),
                    false);
    out_put(o, " */\n");
}

static void put_query(const struct dao_model *m, const struct query_file *file,
                      const struct query *q, struct out *o)
{
    const struct query_row *row = query_rows_find(m->rows, q);

    out_set(o, "name", q->name);
    put_in_struct(q, o);
    if (row && row->like == q && row->file == file && !row->is_in_many_files)
        emit_dao_row(row, o);
    put_doc(q, o);
    out_put(o, "extern const struct db_query dao_$name$_query;\n");
    emit_dao_prototype(m, q, false, "NODISCARD ", o);
    if (q->is_batch) {
        out_put(o, "/* dao_$name$_batch — the same for n rows, all or nothing; see "
                   "db_exec_batch. */\n");
        emit_dao_prototype(m, q, true, "NODISCARD ", o);
    }
    out_put(o, "\n");
}

static bool uses_shared_rows(const struct dao_model *m, const struct query_file *file)
{
    for (size_t i = 0; i < file->n_queries; i++) {
        const struct query_row *row = query_rows_find(m->rows, &file->queries[i]);

        if (row && row->is_in_many_files)
            return true;
    }
    return false;
}

void emit_dao_header(const struct dao_model *m, const struct query_file *file,
                     struct out *o)
{
    out_head(o, file->path);
    out_set(o, "guard", name_upper(&o->arena, file->stem));
    out_put(o, "#ifndef GENERATED_DAO_$guard$_H\n"
               "#define GENERATED_DAO_$guard$_H\n"
               "\n"
               "#include \"db/db.h\"\n");
    if (uses_shared_rows(m, file))
        out_put(o, "#include \"generated/c/dao_rows.h\"\n");
    out_put(
        o,
        "\n"
        "/*\n"
        " * out:    strings of a row live in a; result_out and bad_row_out may be NULL\n"
        " * errors: as db_one, db_many, db_exec and db_exec_batch of db/db.h\n"
        " * thread: worker; every function waits for the database\n"
        " */\n"
        "\n");
    for (size_t i = 0; i < file->n_queries; i++)
        put_query(m, file, &file->queries[i], o);
    out_put(o, "#endif\n");
}

static void emit_rows(const struct dao_model *m, struct out *o)
{
    out_head(o, "schema/sql");
    out_put(o, "#ifndef GENERATED_DAO_ROWS_H\n"
               "#define GENERATED_DAO_ROWS_H\n"
               "\n"
               "#include \"base/str.h\"\n"
               "\n");
    for (size_t i = 0; i < m->rows->n; i++)
        if (m->rows->rows[i].is_in_many_files)
            emit_dao_row(&m->rows->rows[i], o);
    out_put(o, "#endif\n");
}

static void emit_ids(const struct dao_model *m, struct out *o)
{
    out_head(o, "schema/sql");
    out_put(o, "#ifndef GENERATED_DAO_IDS_H\n"
               "#define GENERATED_DAO_IDS_H\n"
               "\n"
               "/* Slots of the statement cache, one per query of the program. */\n"
               "enum dao_id {\n");
    for (size_t f = 0; f < m->n_files; f++)
        for (size_t i = 0; i < m->files[f].n_queries; i++) {
            out_set(o, "id", name_upper(&o->arena, m->files[f].queries[i].name));
            out_put(o, "    DAO_$id$,\n");
        }
    out_put(o, "    DAO_COUNT,\n"
               "};\n"
               "\n"
               "#endif\n");
}

static void emit_cmake(const struct dao_model *m, struct out *o)
{
    out_put(o, "# Generated by reuse-gen from schema/sql. Do not edit; run tools/regen.\n"
               "reuse_module(generated_dao SOURCES\n");
    for (size_t f = 0; f < m->n_files; f++) {
        out_set(o, "stem", m->files[f].stem);
        out_put(o, "    c/dao_$stem$.c\n");
    }
    out_put(o, "    LIBS db generated_err base)\n");
}

static bool has_shared_rows(const struct dao_model *m)
{
    for (size_t i = 0; i < m->rows->n; i++)
        if (m->rows->rows[i].is_in_many_files)
            return true;
    return false;
}

static const char *file_name(struct out *o, const struct query_file *file,
                             const char *end)
{
    return arena_printf(&o->arena, "c/dao_" STR_FMT "%s", STR_ARG(file->stem), end).p;
}

void emit_dao(const struct dao_model *m, const char *dir, struct diag *d)
{
    struct out o;

    out_init(&o);
    for (size_t f = 0; f < m->n_files; f++) {
        emit_dao_header(m, &m->files[f], &o);
        out_write(&o, dir, file_name(&o, &m->files[f], ".h"), d);
        emit_dao_source(m, &m->files[f], &o);
        out_write(&o, dir, file_name(&o, &m->files[f], ".c"), d);
    }
    if (has_shared_rows(m)) {
        emit_rows(m, &o);
        out_write(&o, dir, "c/dao_rows.h", d);
    }
    emit_ids(m, &o);
    out_write(&o, dir, "c/dao_ids.h", d);
    emit_columns(m->catalog, &o);
    out_write(&o, dir, "c/columns.h", d);
    if (m->n_files > 0) {
        emit_dao_test(m, &o);
        out_write(&o, dir, "c/test_dao.c", d);
    }
    emit_cmake(m, &o);
    out_write(&o, dir, "dao.cmake", d);
    out_release(&o);
}
