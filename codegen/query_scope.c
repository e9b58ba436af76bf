/* SPDX-License-Identifier: MIT */
#include "codegen/query_scope.h"

#include "codegen/list.h"

#include "base/banned.h"

static bool is_one_of(const struct sql_token *t, const char *const *words)
{
    for (; *words; words++)
        if (sql_is_word(t, *words))
            return true;
    return false;
}

/* Words that follow a table and are no alias of it. */
static bool may_be_alias(const struct sql_token *t)
{
    static const char *const words[] = {
        "where",  "set",    "on",     "using",  "join",    "left",
        "right",  "inner",  "outer",  "cross",  "order",   "group",
        "having", "limit",  "for",    "values", "value",   "select",
        "union",  "force",  "ignore", "use",    "natural", "straight_join",
        "lock",   "window", NULL};

    return sql_is_name(t) && !(t->kind == SQL_WORD && is_one_of(t, words));
}

/* Reads "table [AS] alias" at i; returns the index behind it. */
static size_t read_table(struct arena *a, const struct sql_tokens *t, size_t i,
                         const struct catalog *catalog, struct query_scope *s)
{
    const struct catalog_table *table = catalog_table(catalog, t->at[i].text);
    struct str alias = t->at[i].text;

    i++;
    if (sql_is_word(&t->at[i], "as"))
        i++;
    if (may_be_alias(&t->at[i]))
        alias = t->at[i++].text;
    if (table)
        *LIST_ADD(a, s->tables, s->n_tables) = (struct query_alias){alias, table};
    return i;
}

/* A table name follows: FROM, JOIN, INTO, UPDATE but not FOR UPDATE or ON … KEY UPDATE. */
static bool starts_table(const struct sql_tokens *t, size_t i)
{
    static const char *const words[] = {"from", "join", "into", NULL};

    if (is_one_of(&t->at[i], words))
        return true;
    return sql_is_word(&t->at[i], "update") && i == 0;
}

struct query_scope query_scope_of(struct arena *a, const struct sql_tokens *t,
                                  const struct catalog *catalog)
{
    struct query_scope s = {0};

    for (size_t i = 0; i < t->n; i++) {
        bool is_from = sql_is_word(&t->at[i], "from") || sql_is_word(&t->at[i], "update");

        if (!starts_table(t, i))
            continue;
        while (i + 1 < t->n && sql_is_name(&t->at[i + 1])) {
            size_t next = read_table(a, t, i + 1, catalog, &s);

            i = next - 1;
            if (!is_from || !sql_is_mark(&t->at[next], ","))
                break;
            i = next;
        }
    }
    return s;
}

const struct catalog_table *query_scope_table(const struct query_scope *s,
                                              struct str alias)
{
    for (size_t i = 0; i < s->n_tables; i++)
        if (str_eq_nocase(s->tables[i].alias, alias))
            return s->tables[i].table;
    return NULL;
}

const struct catalog_column *query_scope_column(const struct query_scope *s,
                                                struct str name, bool *is_ambiguous_out)
{
    const struct catalog_column *found = NULL;

    *is_ambiguous_out = false;
    for (size_t i = 0; i < s->n_tables; i++) {
        const struct catalog_column *c = catalog_table_column(s->tables[i].table, name);

        if (found && c && c != found)
            *is_ambiguous_out = true;
        if (!found)
            found = c;
    }
    return *is_ambiguous_out ? NULL : found;
}

/* Index behind the expression at i: at the comma or closing bracket, FROM or the end. */
static size_t expression_end(const struct sql_tokens *t, size_t i)
{
    while (i < t->n && !sql_is_mark(&t->at[i], ",") && !sql_is_mark(&t->at[i], ")") &&
           !sql_is_word(&t->at[i], "from"))
        i = sql_is_mark(&t->at[i], "(") ? sql_closing(t, i) + 1 : i + 1;
    return i < t->n ? i : t->n;
}

/* Gives each target its value, from i on. */
static void read_values(const struct sql_tokens *t, size_t i, struct query_insert *out)
{
    for (size_t k = 0; k < out->n_targets && i < t->n; k++) {
        out->targets[k].from = i;
        out->targets[k].to = expression_end(t, i);
        i = out->targets[k].to;
        if (!sql_is_mark(&t->at[i], ","))
            break;
        i++;
    }
}

/* Reads "(a, b, c)" at open. */
static size_t read_targets(struct arena *a, const struct sql_tokens *t, size_t open,
                           struct query_insert *out)
{
    size_t close = sql_closing(t, open);

    out->has_columns = true;
    for (size_t i = open + 1; i < close; i++)
        if (sql_is_name(&t->at[i]))
            *LIST_ADD(a, out->targets, out->n_targets) = (struct query_target){
                .name = t->at[i].text,
                .column =
                    out->table ? catalog_table_column(out->table, t->at[i].text) : NULL,
                .line = t->at[i].line,
            };
    return close + 1;
}

struct query_insert query_insert_of(struct arena *a, const struct sql_tokens *t,
                                    const struct catalog *catalog)
{
    struct query_insert out = {0};
    size_t i = 0;

    if (!sql_is_word(&t->at[0], "insert") && !sql_is_word(&t->at[0], "replace"))
        return out;
    while (i < t->n && !sql_is_word(&t->at[i], "into"))
        i++;
    if (i + 1 >= t->n)
        return out;
    out.table = catalog_table(catalog, t->at[i + 1].text);
    i += 2;
    if (sql_is_mark(&t->at[i], "("))
        i = read_targets(a, t, i, &out);
    if (sql_is_word(&t->at[i], "values") && sql_is_mark(&t->at[i + 1], "(")) {
        out.values = i;
        out.row_open = i + 1;
        out.row_close = sql_closing(t, i + 1);
        read_values(t, i + 2, &out);
    } else if (sql_is_word(&t->at[i], "select")) {
        read_values(t, i + 1, &out);
    }
    return out;
}
