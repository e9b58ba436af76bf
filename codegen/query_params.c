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
    size_t start; /* token that the column's name starts with */
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
        if (depth < 0)
            return false;
        if (depth > 0)
            continue;
        if (sql_is_word(&t->at[i], "where") || sql_is_word(&t->at[i], "from") ||
            sql_is_word(&t->at[i], "values"))
            return false;
        if (sql_is_word(&t->at[i], "set") || (sql_is_word(&t->at[i], "update") && i > 0))
            return true;
    }
    return false;
}

/* What the name that ends at token i means: "column" or "alias.column". */
static bool use_of_name(const struct typing *y, size_t i, struct use *out)
{
    const struct sql_tokens *t = &y->q->tokens;
    const struct catalog_table *table;

    out->start = i;
    if (!sql_is_name(&t->at[i]))
        return false;
    if (i >= 2 && sql_is_mark(&t->at[i - 1], ".") && sql_is_name(&t->at[i - 2])) {
        out->start = i - 2;
        table = query_scope_table(&y->scope, t->at[i - 2].text);
        out->column = table ? catalog_table_column(table, t->at[i].text) : NULL;
    } else {
        out->column = query_scope_column(&y->scope, t->at[i].text, &out->is_ambiguous);
    }
    return out->column != NULL;
}

/* "column = :x", also with <=>. */
static bool use_in_equation(const struct typing *y, size_t i, struct use *out)
{
    const struct sql_tokens *t = &y->q->tokens;
    const struct sql_token *next = &t->at[i + 1];

    if (i < 2 ||
        !(sql_is_mark(&t->at[i - 1], "=") || sql_is_mark(&t->at[i - 1], "<=>")) ||
        !use_of_name(y, i - 2, out))
        return false;
    out->is_assigned =
        starts_assignment(t, out->start) &&
        (sql_is_mark(next, ",") || sql_is_word(next, "where") || next->kind == SQL_END);
    return true;
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

/* "column IN (:x*)" or "alias.column IN (:x*)"; what else may be a list of BIGINT. */
static void type_list(const struct typing *y, struct query_param *p, size_t i)
{
    struct use use = {0};

    p->type = CATALOG_I64;
    if (i < 3 || !use_of_name(y, i - 3, &use))
        return;
    if (use.column->type == CATALOG_TEXT || use.column->type == CATALOG_I64)
        take_column(p, use.column);
}

/* Takes what one use tells. */
static void type_use(const struct typing *y, struct query_param *p, size_t i,
                     bool is_typed, struct use *out)
{
    *out = use_at(y, i);
    if (p->is_list)
        type_list(y, p, i);
    else if (!is_typed && out->column && !p->column)
        take_column(p, out->column);
    else if (!is_typed && out->column)
        meet_column(y, p, out->column, y->q->tokens.at[i].line);
    p->is_assigned = p->is_assigned || out->is_assigned;
}

static void check_typed(const struct typing *y, const struct query_param *p,
                        bool is_typed, int line)
{
    struct pos pos = {y->q->pos.file, line};

    if (!is_typed && !p->is_list && !p->column)
        diag_at(y->d, pos,
                "no column tells the type of :" STR_FMT "; add -- @param " STR_FMT " …",
                STR_ARG(p->name), STR_ARG(p->name));
    else if (p->type == CATALOG_OTHER)
        diag_at(y->d, pos,
                "parameter '" STR_FMT "' has column type %s, which has no form in C",
                STR_ARG(p->name), p->column->sql_type.p);
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
        type_use(y, p, i, is_typed, &use);
        may_be_null = may_be_null || (use.is_assigned && use.column->is_nullable);
        must_be = must_be || (use.is_assigned && !use.column->is_nullable);
    }
    p->is_nullable = (note && note->is_nullable) || (may_be_null && !must_be);
    check_typed(y, p, is_typed, first_line);
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
