/* SPDX-License-Identifier: MIT */
#include "codegen/emit_dao.h"
#include "codegen/emit_layout.h"
#include "codegen/seed.h"

#include "base/banned.h"

enum {
    SEEDED_ROWS = 3,
    INSERT_MAX_BYTES = 1 << 20
};

/* The value of a parameter in the seeded rows. */
static struct seed_value seeded_value(const struct dao_model *m,
                                      const struct query_param *p, struct out *o)
{
    struct seed_value v = {
        .type = p->type, .number = p->max ? p->max : 1, .text = STR("x")};

    if (p->column)
        v = seed_value(&o->arena, m->catalog, p->column, 0);
    if (v.is_null)
        v.text = STR("");
    return v;
}

/* Only some values are right: those of the parent's row, or of a list. */
static bool is_bound(const struct dao_model *m, const struct query_param *p)
{
    const struct catalog_table *t;

    if (!p->column || !p->is_assigned)
        return false;
    if (p->column->n_values > 0)
        return true;
    t = catalog_table(m->catalog, p->column->table);
    for (size_t k = 0; k < t->n_keys; k++)
        for (size_t i = 0; t->keys[k].parent && i < t->keys[k].n_columns; i++)
            if (&t->columns[t->keys[k].columns[i]] == p->column)
                return true;
    return false;
}

/* The value as C. Made-up text has neither quotes nor backslashes. */
static struct str literal_of(struct out *o, const struct seed_value *v)
{
    struct str bytes = STR("");

    if (v->type == CATALOG_TEXT)
        return arena_printf(&o->arena, "STR(\"" STR_FMT "\")", STR_ARG(v->text));
    if (v->type != CATALOG_BYTES)
        return arena_printf(&o->arena, "%lld", (long long)v->number);
    for (size_t i = 0; i < v->text.n; i++)
        bytes = arena_printf(&o->arena, STR_FMT "\\%03o", STR_ARG(bytes),
                             (unsigned)(unsigned char)v->text.p[i]);
    return arena_printf(&o->arena, "STR(\"" STR_FMT "\")", STR_ARG(bytes));
}

static const char *helper_of(const struct query_param *p)
{
    static const char *const helpers[] = {
        [CATALOG_I64] = "dao_i64",       [CATALOG_U64] = "dao_u64",
        [CATALOG_I32] = "dao_i32",       [CATALOG_U32] = "dao_u32",
        [CATALOG_TEXT] = "dao_emoji",    [CATALOG_BYTES] = "dao_bytes",
        [CATALOG_DATETIME] = "dao_time", [CATALOG_OTHER] = "",
    };

    return p->type == CATALOG_TEXT && p->is_ascii ? "dao_ascii" : helpers[p->type];
}

static void put_call(struct out *o, const struct query_param *p, const char *helper,
                     const struct layout_list *args)
{
    layout_call(
        o, arena_printf(&o->arena, "        ." STR_FMT " = %s", STR_ARG(p->name), helper),
        args, ",");
}

static void put_list(struct out *o, const struct query_param *p, struct str seeded)
{
    struct layout_list args = {.n = 0};
    bool is_text = p->type == CATALOG_TEXT;

    layout_add(&args, o, "t");
    if (is_text)
        layout_add(&args, o, "%u", p->chars);
    layout_add(&args, o, STR_FMT, STR_ARG(seeded));
    put_call(o, p, is_text ? "dao_texts" : "dao_ids", &args);
    out_set(o, "member", p->name);
    out_put(o, "        .n_$member$ = dao_list_size(t),\n");
}

/* A value that depends on the case. */
static void put_free(struct out *o, const struct query_param *p, struct str seeded)
{
    struct layout_list args = {.n = 0};

    layout_add(&args, o, "t");
    if (dao_is_text(p->type)) {
        layout_add(&args, o, "%u", p->chars);
        layout_add(&args, o, p->is_nullable ? "true" : "false");
    } else if (p->type != CATALOG_DATETIME) {
        layout_add(&args, o, "%lld", (long long)p->min);
        layout_add(&args, o, "%lld", (long long)p->max);
    }
    layout_add(&args, o, STR_FMT, STR_ARG(seeded));
    put_call(o, p, helper_of(p), &args);
}

static void put_value(const struct dao_model *m, const struct query_param *p,
                      struct out *o)
{
    struct seed_value v = seeded_value(m, p, o);
    struct str seeded = literal_of(o, &v);

    out_set(o, "member", p->name);
    out_set(o, "seeded", seeded);
    if (p->is_list) {
        put_list(o, p, seeded);
        return;
    }
    if (p->is_nullable && !dao_is_text(p->type))
        out_put(o, "        .has_$member$ = dao_has(t),\n");
    if (!is_bound(m, p))
        put_free(o, p, seeded);
    else if (p->is_nullable && dao_is_text(p->type))
        out_put(o, "        .$member$ = dao_has(t) ? $seeded$ : STR_NULL,\n");
    else
        out_put(o, "        .$member$ = $seeded$,\n");
}

static void put_in_function(const struct dao_model *m, const struct query *q,
                            struct out *o)
{
    if (q->n_params == 0)
        return;
    out_put(o, "static struct dao_$name$_in $name$_in(struct dao_test *t)\n"
               "{\n"
               "    return (struct dao_$name$_in){\n");
    for (size_t i = 0; i < q->n_params; i++)
        put_value(m, &q->params[i], o);
    out_put(o, "    };\n"
               "}\n"
               "\n");
}

static const char *may_of(const struct query *q)
{
    if (q->kind == QUERY_ONE)
        return "DAO_MAY_MISS";
    if (sql_is_word(&q->tokens.at[0], "delete"))
        return "DAO_MAY_BE_HELD";
    if (sql_is_word(&q->tokens.at[0], "insert") ||
        sql_is_word(&q->tokens.at[0], "replace"))
        return "DAO_MAY_NOT_SEED";
    return "DAO_MAY_NOTHING";
}

static void put_run(const struct query *q, struct out *o)
{
    struct layout_list args = {.n = 0};

    layout_add(&args, o, "t->db");
    if (q->n_params > 0)
        layout_add(&args, o, "&in");
    if (q->kind == QUERY_EXEC) {
        layout_add(&args, o, "NULL");
    } else {
        layout_add(&args, o, "&t->arena");
        layout_add(&args, o, q->kind == QUERY_ONE ? "&row" : "&rows");
    }
    if (q->kind == QUERY_MANY)
        layout_add(&args, o, "&n");
    layout_call(
        o, arena_printf(&o->arena, "        dao_end(t, dao_" STR_FMT, STR_ARG(q->name)),
        &args, ");");
}

static void put_test(const struct dao_model *m, const struct query *q, struct out *o)
{
    const struct query_row *row = query_rows_find(m->rows, q);

    out_set_c(o, "may", may_of(q));
    out_put(o, "static void test_$name$(void **state)\n"
               "{\n"
               "    struct dao_test *t = *state;\n"
               "\n"
               "    while (dao_next(t, $may$)) {\n");
    if (q->n_params > 0)
        out_put(o, "        struct dao_$name$_in in = $name$_in(t);\n");
    if (row) {
        out_set(o, "row", row->name);
        out_put(o, q->kind == QUERY_ONE ? "        struct $row$ row;\n"
                                        : "        struct $row$ *rows;\n"
                                          "        size_t n;\n");
    }
    if (q->n_params > 0 || row)
        out_put(o, "\n");
    put_run(q, o);
    out_put(o, "    }\n"
               "}\n"
               "\n");
}

static void put_batch_test(struct out *o)
{
    out_put(o, "static void test_$name$_batch(void **state)\n"
               "{\n"
               "    struct dao_test *t = *state;\n"
               "    struct dao_$name$_in rows[2];\n"
               "    size_t bad_row = 0;\n"
               "\n"
               "    dao_begin(t, DAO_LOWEST);\n"
               "    rows[0] = $name$_in(t);\n"
               "    t->at = DAO_HIGHEST;\n"
               "    rows[1] = $name$_in(t);\n"
               "    dao_end(t, dao_$name$_batch(t->db, rows, 2, &bad_row));\n"
               "    assert_int_equal(bad_row, 2);\n"
               "}\n"
               "\n");
}

/* "    "INSERT …" "…",\n", cut at blanks. */
static void put_seeds(const struct dao_model *m, struct out *o)
{
    struct buf sql;

    buf_init(&sql, INSERT_MAX_BYTES);
    out_put(o, "/* Parents before children. */\n"
               "static const char *const seeds[] = {\n");
    for (size_t i = 0; i < m->catalog->n_tables; i++) {
        buf_reset(&sql);
        seed_put_insert(&sql, m->catalog, &m->catalog->tables[i], 0, SEEDED_ROWS);
        layout_literal(o, NULL, buf_str(&sql));
    }
    out_put(o, "    NULL,\n"
               "};\n"
               "\n");
    buf_release(&sql);
}

static void put_main(const struct dao_model *m, struct out *o)
{
    out_put(o, "static int start(void **state)\n"
               "{\n"
               "    return dao_test_start(state, seeds);\n"
               "}\n"
               "\n"
               "static const struct CMUnitTest tests[] = {\n");
    for (size_t f = 0; f < m->n_files; f++)
        for (size_t i = 0; i < m->files[f].n_queries; i++) {
            out_set(o, "name", m->files[f].queries[i].name);
            out_put(o, "    {.name = \"$name$\", .test_func = test_$name$},\n");
            if (m->files[f].queries[i].is_batch)
                out_put(
                    o,
                    "    {.name = \"$name$_batch\", .test_func = test_$name$_batch},\n");
        }
    out_put(o, "};\n"
               "\n"
               "int main(void)\n"
               "{\n"
               "    return cmocka_run_group_tests(tests, start, dao_test_stop);\n"
               "}\n");
}

static void put_file_tests(const struct dao_model *m, const struct query_file *file,
                           struct out *o)
{
    for (size_t i = 0; i < file->n_queries; i++) {
        out_set(o, "name", file->queries[i].name);
        put_in_function(m, &file->queries[i], o);
        put_test(m, &file->queries[i], o);
        if (file->queries[i].is_batch)
            put_batch_test(o);
    }
}

void emit_dao_test(const struct dao_model *m, struct out *o)
{
    out_head(o, "schema/sql");
    out_put(o, "#include <setjmp.h>\n"
               "#include <stdarg.h>\n"
               "#include <stddef.h>\n"
               "#include <stdint.h>\n"
               "/* after the four above */\n"
               "#include <cmocka.h>\n"
               "\n");
    for (size_t f = 0; f < m->n_files; f++) {
        out_set(o, "stem", m->files[f].stem);
        out_put(o, "#include \"generated/c/dao_$stem$.h\"\n");
    }
    out_put(o, "#include \"tests/unit/dao_cases.h\"\n"
               "\n");
    put_seeds(m, o);
    for (size_t f = 0; f < m->n_files; f++)
        put_file_tests(m, &m->files[f], o);
    put_main(m, o);
}
