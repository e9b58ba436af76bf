/* SPDX-License-Identifier: MIT */
#include "codegen/list.h"
#include "codegen/query_scope.h"

#include "base/banned.h"

/* One query whose parameters are being given types. */
struct typing {
    struct query *q;
    struct query_scope scope;
    struct query_insert insert;
    struct diag *d;
};

/* Where a parameter stands and what that says about it. */
struct use {
    const struct catalog_column *column; /* NULL: nothing */
    bool is_assigned;                    /* the column takes its value, as it is */
    bool is_ambiguous;
};

static const struct query_note *note_of(const struct query *q, struct str name)
{
    for (size_t i = 0; i < q->n_notes; i++)
        if (str_eq(q->notes[i].name, name))
            return &q->notes[i];
    return NULL;
}

/* Token i stands in the SET of an UPDATE, at its top level, and starts an assignment. */
static bool starts_assignment(const struct sql_tokens *t, size_t i)
{
    int depth = 0;

    if (i == 0 ||
        !(sql_is_mark(&t->at[i - 1], ",") || sql_is_word(&t->at[i - 1], "set") ||
          sql_is_word(&t->at[i - 1], "update")))
        return false;
    while (i-- > 0) {
        depth += sql_is_mark(&t->at[i], ")");
        depth -= sql_is_mark(&t->at[i], "(");
        if (depth < 0 || sql_is_word(&t->at[i], "where") ||
            sql_is_word(&t->at[i], "from") || sql_is_word(&t->at[i], "values"))
            return false;
        if (depth == 0 && (sql_is_word(&t->at[i], "set") ||
                           (sql_is_word(&t->at[i], "update") && i > 0)))
            return true;
    }
    return false;
}

/* "column = :x" or "alias.column = :x", also with <=>. */
static bool use_in_equation(const struct typing *y, size_t i, struct use *out)
{
    const struct sql_tokens *t = &y->q->tokens;
    const struct catalog_table *table;
    size_t start = i - 2;

    if (i < 2 ||
        !(sql_is_mark(&t->at[i - 1], "=") || sql_is_mark(&t->at[i - 1], "<=>")) ||
        !sql_is_name(&t->at[i - 2]))
        return false;
    if (i >= 4 && sql_is_mark(&t->at[i - 3], ".") && sql_is_name(&t->at[i - 4])) {
        start = i - 4;
        table = query_scope_table(&y->scope, t->at[start].text);
        out->column = table ? catalog_table_column(table, t->at[i - 2].text) : NULL;
    } else {
        out->column =
            query_scope_column(&y->scope, t->at[i - 2].text, &out->is_ambiguous);
    }
    out->is_assigned =
        starts_assignment(t, start) &&
        (sql_is_mark(&t->at[i + 1], ",") || sql_is_word(&t->at[i + 1], "where") ||
         t->at[i + 1].kind == SQL_END);
    return out->column != NULL;
}

static bool use_in_insert(const struct typing *y, size_t i, struct use *out)
{
    for (size_t k = 0; k < y->insert.n_targets; k++) {
        const struct query_target *target = &y->insert.targets[k];

        if (i < target->from || i >= target->to || !target->column)
            continue;
        out->column = target->column;
        out->is_assigned = target->to - target->from == 1;
        return true;
    }
    return false;
}

static struct use use_at(const struct typing *y, size_t i)
{
    struct use use = {0};

    if (!use_in_equation(y, i, &use) && !use_in_insert(y, i, &use) && !use.is_ambiguous)
        use.column =
            query_scope_column(&y->scope, y->q->tokens.at[i].text, &use.is_ambiguous);
    return use;
}

static void take_column(struct query_param *p, const struct catalog_column *c)
{
    p->type = c->type;
    p->chars = c->chars;
    p->is_ascii = c->is_ascii;
    p->min = c->min;
    p->max = c->max;
    p->column = c;
}

/* "text(36)": the number in the brackets. */
static bool take_size(struct str type, struct str word, uint32_t *size_out)
{
    int64_t n;

    if (!str_starts(type, word) || type.n < word.n + 3 || type.p[word.n] != '(' ||
        type.p[type.n - 1] != ')')
        return false;
    if (!str_to_i64((struct str){type.p + word.n + 1, type.n - word.n - 2}, &n) ||
        n < 1 || n > INT32_MAX)
        return false;
    *size_out = (uint32_t)n;
    return true;
}

static bool take_plain_type(struct query_param *p, struct str type)
{
    static const struct {
        const char *name;
        enum catalog_type type;
        int64_t max;
    } types[] = {
        {"i64", CATALOG_I64, 0},           {"u64", CATALOG_U64, 0},
        {"i32", CATALOG_I32, 0},           {"u32", CATALOG_U32, 0},
        {"datetime", CATALOG_DATETIME, 0}, {"bool", CATALOG_I32, 1},
    };

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (str_eq(type, str_of(types[i].name))) {
            p->type = types[i].type;
            p->max = types[i].max;
            return true;
        }
    p->type = CATALOG_TEXT;
    if (take_size(type, STR("text"), &p->chars))
        return true;
    p->type = CATALOG_BYTES;
    return take_size(type, STR("bytes"), &p->chars);
}

static bool take_range(struct query_param *p, struct str range)
{
    size_t dots = str_find(range, '.');
    bool is_unsigned = p->type == CATALOG_U32 || p->type == CATALOG_U64;

    if (p->type == CATALOG_TEXT || p->type == CATALOG_BYTES ||
        p->type == CATALOG_DATETIME)
        return false;
    if (!str_starts(str_from(range, dots), STR("..")) ||
        !str_to_i64((struct str){range.p, dots}, &p->min) ||
        !str_to_i64(str_from(range, dots + 2), &p->max))
        return false;
    return p->min <= p->max && !(is_unsigned && p->min < 0) &&
           !(p->min == 0 && p->max == 0);
}

static void take_note(const struct typing *y, struct query_param *p,
                      const struct query_note *note, const struct catalog *catalog)
{
    struct catalog_column found;

    if (str_is_empty(note->type))
        return;
    if (str_find(note->type, '.') < note->type.n) {
        if (catalog_column(catalog, note->type, &found))
            take_column(
                p, catalog_table_column(catalog_table(catalog, found.table), found.name));
        else
            diag_at(y->d, note->pos, "unknown column " STR_FMT, STR_ARG(note->type));
    } else if (!take_plain_type(p, note->type)) {
        diag_at(y->d, note->pos,
                "unknown type '" STR_FMT "'; table.column, i64, u64, i32, u32, text(n), "
                "bytes(n), datetime or bool",
                STR_ARG(note->type));
    }
    if (note->range.p && !take_range(p, note->range))
        diag_at(y->d, note->pos,
                "bad range '" STR_FMT "'; integers may have one, as 1..200",
                STR_ARG(note->range));
}

/* A second column that the same parameter meets: the narrower limit holds for both. */
static void meet_column(const struct typing *y, struct query_param *p,
                        const struct catalog_column *c, int line)
{
    if (c->type != p->type) {
        diag_at(y->d, (struct pos){y->q->pos.file, line},
                "parameter '" STR_FMT "' is used as %s and as %s; give it two names",
                STR_ARG(p->name), p->column->sql_type.p, c->sql_type.p);
    } else if (c->chars && c->chars < p->chars) {
        p->chars = c->chars;
        p->is_ascii = p->is_ascii || c->is_ascii;
    }
}

static void type_list(struct query_param *p, const struct use *use)
{
    p->type = CATALOG_I64;
    p->column = use->column && use->column->type == CATALOG_I64 ? use->column : NULL;
}

static void type_param(const struct typing *y, struct query_param *p,
                       const struct catalog *catalog)
{
    const struct query_note *note = note_of(y->q, p->name);
    bool is_typed = note && note->type.n > 0, may_be_null = false, must_be = false;
    int first_line = 0;

    if (note)
        take_note(y, p, note, catalog);
    for (size_t i = 0; i < y->q->tokens.n; i++) {
        const struct sql_token *t = &y->q->tokens.at[i];
        struct use use;

        if ((t->kind != SQL_PARAM && t->kind != SQL_LIST) || !str_eq(t->text, p->name))
            continue;
        first_line = first_line ? first_line : t->line;
        use = use_at(y, i);
        if (p->is_list)
            type_list(p, &use);
        else if (!is_typed && use.column && !p->column)
            take_column(p, use.column);
        else if (!is_typed && use.column)
            meet_column(y, p, use.column, t->line);
        may_be_null = may_be_null || (use.is_assigned && use.column->is_nullable);
        must_be = must_be || (use.is_assigned && !use.column->is_nullable);
    }
    p->is_nullable = (note && note->is_nullable) || (may_be_null && !must_be);
    if (!is_typed && !p->is_list && !p->column)
        diag_at(y->d, (struct pos){y->q->pos.file, first_line},
                "no column tells the type of :" STR_FMT "; add -- @param " STR_FMT " …",
                STR_ARG(p->name), STR_ARG(p->name));
    else if (p->type == CATALOG_OTHER)
        diag_at(y->d, (struct pos){y->q->pos.file, first_line},
                "parameter '" STR_FMT "' has column type %s, which has no form in C",
                STR_ARG(p->name), p->column->sql_type.p);
}

void query_type_params(struct arena *a, struct query *q, const struct catalog *catalog,
                       struct diag *d)
{
    struct typing y = {
        .q = q,
        .scope = query_scope_of(a, &q->tokens, catalog),
        .insert = query_insert_of(a, &q->tokens, catalog),
        .d = d,
    };

    for (size_t i = 0; i < q->n_params; i++)
        type_param(&y, &q->params[i], catalog);
    for (size_t i = 0; i < q->n_notes; i++)
        if (!query_param(q, q->notes[i].name))
            diag_at(d, q->notes[i].pos, "@param " STR_FMT " is not in the statement",
                    STR_ARG(q->notes[i].name));
}
