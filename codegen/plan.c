/* SPDX-License-Identifier: MIT */
#include "codegen/plan.h"

#include "codegen/query_scope.h"

#include "base/banned.h"

enum {
    SAMPLE = PLAN_ROWS / 2, /* the row whose values the parameters take */
    LIST_SAMPLES = 3,
    LIST_STEP = 100,
    STATEMENT_MAX = 256 * 1024
};

/* Columns of EXPLAIN's answer. */
enum {
    X_ID,
    X_SELECT_TYPE,
    X_TABLE,
    X_TYPE,
    X_POSSIBLE_KEYS,
    X_KEY,
    X_KEY_LENGTH,
    X_REF,
    X_ROWS,
    X_EXTRA,
    X_COLUMNS
};

/* What the values for one statement are chosen from. */
struct sampling {
    struct arena *a;
    const struct catalog *catalog;
    struct query_scope scope;
};

static const struct catalog_key *reference_to(const struct catalog_table *from,
                                              const struct catalog_table *to)
{
    for (size_t k = 0; k < from->n_keys; k++)
        if (from != to && from->keys[k].parent == to)
            return &from->keys[k];
    return NULL;
}

/* The row of a table whose values are taken: of two tables of the statement the one that the
 * other's row refers to, so that a join finds both. */
static size_t sample_row(const struct sampling *s, const struct catalog_table *t)
{
    for (size_t i = 0; i < s->scope.n_tables; i++) {
        const struct catalog_key *ref = reference_to(s->scope.tables[i].table, t);

        if (ref)
            return seed_parent_row(s->scope.tables[i].table, ref, SAMPLE);
    }
    return SAMPLE;
}

static void put_sample(struct buf *sql, const struct sampling *s,
                       const struct query_param *p)
{
    for (size_t i = 0; i < (p->is_list ? LIST_SAMPLES : 1); i++) {
        struct seed_value v = {/* a text that is JSON too */
                               .type = p->type,
                               .number = p->max ? p->max : 1,
                               .text = STR("1")};

        if (p->column)
            v = seed_value(
                s->a, s->catalog, p->column,
                i * LIST_STEP +
                    sample_row(s, catalog_table(s->catalog, p->column->table)));
        if (i > 0)
            buf_append_c(sql, ", ");
        seed_put_sql(sql, &v);
    }
}

/* The statement with values in it. A ? in quotes is none, so that the tokens are walked. */
static struct str statement_text(const struct sampling *s, const struct query *q)
{
    struct str text;
    struct buf sql;

    buf_init(&sql, STATEMENT_MAX);
    for (size_t i = 0; i < q->tokens.n; i++) {
        const struct sql_token *t = &q->tokens.at[i];

        if (t->is_spaced)
            buf_putc(&sql, ' ');
        if (t->kind == SQL_PARAM || t->kind == SQL_LIST)
            put_sample(&sql, s, query_param(q, t->text));
        else if (t->kind == SQL_NAME)
            buf_printf(&sql, "`" STR_FMT "`", STR_ARG(t->text));
        else
            buf_append_str(&sql, t->text);
    }
    text = arena_dup(s->a, buf_str(&sql));
    buf_release(&sql);
    return text;
}

static bool has_words(struct str text, struct str words)
{
    while (text.n >= words.n) {
        if (str_starts(text, words))
            return true;
        text = str_from(text, 1);
    }
    return false;
}

/* Reads all rows of a table: ALL, or a whole index that is filtered or not cut by a LIMIT. */
static bool is_scan(const struct engine_rows *x, size_t row)
{
    struct str type = engine_cell(x, row, X_TYPE), extra = engine_cell(x, row, X_EXTRA);
    struct str table = engine_cell(x, row, X_TABLE);
    int64_t rows = 0;

    if (has_words(extra, STR("Deleting all rows")))
        return true;
    if (!table.p || str_starts(table, STR("<")) ||
        str_eq(engine_cell(x, row, X_SELECT_TYPE), STR("INSERT")))
        return false;
    if (str_eq(type, STR("ALL")))
        return true;
    if (!str_eq(type, STR("index")))
        return false;
    return has_words(extra, STR("Using where")) ||
           (str_to_i64(engine_cell(x, row, X_ROWS), &rows) && rows >= PLAN_ROWS / 2);
}

/* The table of a row of the plan, which has its alias. */
static struct str table_name(const struct engine_rows *x, size_t row,
                             const struct query_scope *scope)
{
    struct str alias = engine_cell(x, row, X_TABLE);
    const struct catalog_table *table = alias.p ? query_scope_table(scope, alias) : NULL;

    if (!alias.p)
        return STR("its table");
    return table ? table->name : alias;
}

static void judge(const struct engine_rows *x, const struct query *q,
                  const struct query_scope *scope, struct diag *d)
{
    for (size_t i = 0; i < x->n; i++) {
        struct str table = table_name(x, i, scope);

        if (!q->may_scan && is_scan(x, i))
            diag_at(d, q->pos,
                    STR_FMT " reads all of " STR_FMT
                            "; add an index or -- @allow scan because …",
                    STR_ARG(q->name), STR_ARG(table));
        if (!q->may_filesort &&
            has_words(engine_cell(x, i, X_EXTRA), STR("Using filesort")))
            diag_at(d, q->pos,
                    STR_FMT
                    " sorts without an index; add one or -- @allow filesort because …",
                    STR_ARG(q->name));
    }
}

/* "chat range PRIMARY, room eq_ref PRIMARY". */
static struct str describe(struct arena *a, const struct engine_rows *x,
                           const struct query_scope *scope)
{
    struct str plan = STR_NULL;

    for (size_t i = 0; i < x->n; i++) {
        struct str alias = engine_cell(x, i, X_TABLE), key = engine_cell(x, i, X_KEY);

        if (!alias.p || str_starts(alias, STR("<")) ||
            str_eq(engine_cell(x, i, X_SELECT_TYPE), STR("INSERT")))
            continue;
        plan = arena_printf(
            a, STR_FMT "%s" STR_FMT " " STR_FMT "%s" STR_FMT, STR_ARG(plan),
            plan.n ? ", " : "", STR_ARG(table_name(x, i, scope)),
            STR_ARG(engine_cell(x, i, X_TYPE)), key.n ? " " : "", STR_ARG(key));
    }
    return plan;
}

/* MariaDB refuses some statements from their second execution on, which is every one but the first
 * of a cached statement (aggregates of a merged sub-select under ONLY_FULL_GROUP_BY). */
static void run_again(struct engine *e, const struct sampling *s, const struct query *q,
                      struct diag *d)
{
    struct str rest;
    struct why why;
    struct buf sql;

    buf_init(&sql, STATEMENT_MAX);
    buf_append_c(&sql, "SET @statement = X'");
    rest = statement_text(s, q);
    for (size_t i = 0; i < rest.n; i++)
        buf_printf(&sql, "%02X", (unsigned)(unsigned char)rest.p[i]);
    buf_append_c(&sql, "'");
    if (!engine_run(e, buf_str(&sql), &why) ||
        !engine_run(e, STR("PREPARE q FROM @statement"), &why) ||
        !engine_run(e, STR("EXECUTE q"), &why))
        diag_at(d, q->pos, STR_FMT " cannot be run: %s", STR_ARG(q->name), why.text);
    else if (!engine_run(e, STR("EXECUTE q"), &why))
        diag_at(d, q->pos,
                STR_FMT " fails when it is run again, write it in another way: %s",
                STR_ARG(q->name), why.text);
    buf_release(&sql);
}

void plan_check(struct engine *e, struct arena *a, const struct catalog *catalog,
                struct query *q, struct diag *d)
{
    struct sampling s = {a, catalog, query_scope_of(a, &q->tokens, catalog)};
    struct str explain =
        arena_printf(a, "EXPLAIN " STR_FMT, STR_ARG(statement_text(&s, q)));
    struct engine_rows rows;
    struct why why;

    if (!engine_ask(e, a, explain, &rows, &why)) {
        diag_at(d, q->pos, STR_FMT " cannot be explained: %s", STR_ARG(q->name),
                why.text);
        return;
    }
    if (rows.width == X_COLUMNS) {
        judge(&rows, q, &s.scope, d);
        q->plan = describe(a, &rows, &s.scope);
    }
    if (q->kind != QUERY_EXEC)
        run_again(e, &s, q, d);
}
