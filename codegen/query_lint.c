/* SPDX-License-Identifier: MIT */
#include "codegen/query_scope.h"

#include "base/banned.h"

/* A word, or two in a row, that one of the two servers refuses or reads in another way. */
struct banned_words {
    const char *first, *second;
    const char *instead;
};

static const struct banned_words banned[] = {
    {"returning", NULL, "MySQL has no RETURNING; use insert_id or a second query"},
    {"nextval", NULL, "MySQL has no sequences; use AUTO_INCREMENT"},
    {"lastval", NULL, "MySQL has no sequences; use AUTO_INCREMENT"},
    {"next", "value", "MySQL has no sequences; use AUTO_INCREMENT"},
    {"previous", "value", "MySQL has no sequences; use AUTO_INCREMENT"},
    {"rows", "examined", "MySQL has no LIMIT ROWS EXAMINED"},
    {"fetch", "first", "MySQL has no FETCH FIRST; use LIMIT"},
    {"fetch", "next", "MySQL has no FETCH NEXT; use LIMIT"},
    {"system_time", NULL, "MySQL has no system versioning"},
    {"statement", "for", "MySQL has no SET STATEMENT"},
    {"update", "wait", "MySQL has no FOR UPDATE WAIT; use NOWAIT or SKIP LOCKED"},
    {"minus", NULL, "MySQL has no MINUS"},
    {"nvl", NULL, "MySQL has no NVL; use COALESCE"},
    {"nvl2", NULL, "MySQL has no NVL2; use IF"},
    {"to_char", NULL, "MySQL has no TO_CHAR; use DATE_FORMAT"},
    {"add_months", NULL, "MySQL has no ADD_MONTHS; use INTERVAL"},
    {"chr", NULL, "MySQL has no CHR; use CHAR"},
    {"median", NULL, "MySQL has no MEDIAN"},
    {"sys_guid", NULL, "MySQL has no SYS_GUID"},
    {"json_detailed", NULL, "MySQL has no JSON_DETAILED"},
    {"json_loose", NULL, "MySQL has no JSON_LOOSE"},
    {"json_compact", NULL, "MySQL has no JSON_COMPACT"},
    {"json_exists", NULL, "MySQL has no JSON_EXISTS; use JSON_CONTAINS_PATH"},
    {"json_query", NULL, "MySQL has no JSON_QUERY; use JSON_EXTRACT"},
};

/* Reserved in MySQL 8 only: as a name they must be quoted. */
static const char *const mysql_reserved[] = {
    "cube",
    "cume_dist",
    "dense_rank",
    "empty",
    "first_value",
    "function",
    "grouping",
    "groups",
    "json_table",
    "lag",
    "last_value",
    "lateral",
    "lead",
    "nth_value",
    "ntile",
    "of",
    "percent_rank",
    "rank",
    "row_number",
    "system",
    "get",
    "generated",
    "stored",
    "virtual",
    "io_after_gtids",
    "io_before_gtids",
    "optimizer_costs",
    "manual",
    "parallel",
    "qualify",
    "tablesample",
};

static bool is_banned_at(const struct sql_tokens *t, size_t i,
                         const struct banned_words *b)
{
    return sql_is_word(&t->at[i], b->first) &&
           (!b->second || sql_is_word(&t->at[i + 1], b->second));
}

/* A word that is a name here: in front of or behind a dot, or the alias behind AS. */
static bool is_used_as_name(const struct sql_tokens *t, size_t i)
{
    if (sql_is_mark(&t->at[i + 1], "("))
        return false;
    return sql_is_mark(&t->at[i + 1], ".") ||
           (i > 0 &&
            (sql_is_mark(&t->at[i - 1], ".") || sql_is_word(&t->at[i - 1], "as")));
}

static void lint_words(const struct query *q, size_t i, struct diag *d)
{
    const struct sql_tokens *t = &q->tokens;
    struct pos pos = {q->pos.file, t->at[i].line};

    for (size_t k = 0; k < sizeof(banned) / sizeof(banned[0]); k++)
        if (is_banned_at(t, i, &banned[k]))
            diag_at(d, pos, "%s", banned[k].instead);
    for (size_t k = 0; k < sizeof(mysql_reserved) / sizeof(mysql_reserved[0]); k++)
        if (sql_is_word(&t->at[i], mysql_reserved[k]) && is_used_as_name(t, i))
            diag_at(d, pos, "'%s' is reserved in MySQL 8; choose another name",
                    mysql_reserved[k]);
}

/* The star of SELECT *, t.* or DISTINCT *, not that of COUNT(*) or of a product. */
static bool is_star(const struct sql_tokens *t, size_t i)
{
    if (i == 0 || !sql_is_mark(&t->at[i], "*"))
        return false;
    return sql_is_mark(&t->at[i - 1], ".") || sql_is_word(&t->at[i - 1], "select") ||
           sql_is_word(&t->at[i - 1], "distinct") || sql_is_word(&t->at[i - 1], "all") ||
           (sql_is_mark(&t->at[i - 1], ",") && !sql_is_mark(&t->at[i + 1], "("));
}

static bool ends_item(const struct sql_token *t)
{
    return sql_is_mark(t, ",") || sql_is_mark(t, ")") || sql_is_word(t, "from") ||
           sql_is_word(t, "as") || t->kind == SQL_END;
}

/* A parameter that is a whole item of a select list has no type of its own. */
static void lint_select_list(const struct query *q, size_t select, struct diag *d)
{
    const struct sql_tokens *t = &q->tokens;
    bool is_insert = select > 0 && sql_is_word(&t->at[0], "insert");

    for (size_t i = select + 1; i < t->n && !sql_is_word(&t->at[i], "from");) {
        bool starts_item = i == select + 1 || sql_is_mark(&t->at[i - 1], ",");

        if (t->at[i].kind == SQL_PARAM && starts_item && ends_item(&t->at[i + 1]) &&
            !is_insert)
            diag_at(d, (struct pos){q->pos.file, t->at[i].line},
                    ":" STR_FMT
                    " alone in a select list has no type; leave it out or CAST it",
                    STR_ARG(t->at[i].text));
        if (sql_is_mark(&t->at[i], ")"))
            return;
        i = sql_is_mark(&t->at[i], "(") ? sql_closing(t, i) + 1 : i + 1;
    }
}

/* PREPARE does not see that an INSERT leaves out what the table must have. */
static void lint_insert(const struct query *q, const struct catalog *catalog,
                        struct diag *d)
{
    struct arena scratch;
    struct query_insert insert;

    arena_init(&scratch, SIZE_MAX);
    insert = query_insert_of(&scratch, &q->tokens, catalog);
    if (insert.table && !insert.has_columns)
        diag_at(d, q->pos, STR_FMT ": an INSERT names its columns", STR_ARG(q->name));
    for (size_t i = 0; insert.has_columns && insert.table && i < insert.table->n_columns;
         i++) {
        const struct catalog_column *c = &insert.table->columns[i];
        bool is_given = c->is_nullable || c->has_default || c->is_auto || c->is_computed;

        for (size_t k = 0; k < insert.n_targets; k++)
            is_given = is_given || insert.targets[k].column == c;
        if (!is_given)
            diag_at(d, q->pos,
                    STR_FMT " leaves out " STR_FMT "." STR_FMT
                            ", which is NOT NULL and has no default",
                    STR_ARG(q->name), STR_ARG(c->table), STR_ARG(c->name));
    }
    arena_release(&scratch);
}

void query_lint(const struct query *q, const struct catalog *catalog, struct diag *d)
{
    const struct sql_tokens *t = &q->tokens;

    for (size_t i = 0; i + 1 < q->text.n; i++)
        if (str_starts(str_from(q->text, i), STR("/*")) ||
            str_starts(str_from(q->text, i), STR("*/")))
            diag_at(d, q->pos,
                    STR_FMT ": the SQL stands in a C comment, which /* and */ break",
                    STR_ARG(q->name));
    for (size_t i = 0; i < t->n; i++) {
        struct pos pos = {q->pos.file, t->at[i].line};

        lint_words(q, i, d);
        if (is_star(t, i))
            diag_at(d, pos, "SELECT * changes with the table; name the columns");
        if (sql_is_mark(&t->at[i], "?"))
            diag_at(d, pos, "a bare ?; name the parameter, as :name");
        if (sql_is_word(&t->at[i], "select"))
            lint_select_list(q, i, d);
    }
    lint_insert(q, catalog, d);
}
