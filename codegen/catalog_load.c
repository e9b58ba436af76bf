/* SPDX-License-Identifier: MIT */
#include "codegen/catalog_load.h"

#include "codegen/list.h"
#include "codegen/sql_token.h"

#include "base/banned.h"

/* Columns of the question below. */
enum {
    C_TABLE,
    C_NAME,
    C_SQL_TYPE,
    C_DATA_TYPE,
    C_CHARS,
    C_BYTES,
    C_NULLABLE,
    C_DEFAULT,
    C_EXTRA,
    C_CHARSET,
    C_DIGITS,
};

static const char columns_sql[] =
    "SELECT c.table_name, c.column_name, c.column_type, c.data_type, "
    "c.character_maximum_length, c.character_octet_length, c.is_nullable, "
    "c.column_default, "
    "c.extra, c.character_set_name, c.datetime_precision "
    "FROM information_schema.columns c "
    "JOIN information_schema.tables t USING (table_schema, table_name) "
    "WHERE c.table_schema = DATABASE() AND t.table_type = 'BASE TABLE' "
    "ORDER BY c.table_name, c.ordinal_position";

static const char keys_sql[] =
    "SELECT table_name, index_name, column_name, non_unique FROM "
    "information_schema.statistics "
    "WHERE table_schema = DATABASE() ORDER BY table_name, index_name, seq_in_index";

static const char references_sql[] =
    "SELECT table_name, constraint_name, column_name, referenced_table_name, "
    "referenced_column_name FROM information_schema.key_column_usage "
    "WHERE table_schema = DATABASE() AND referenced_table_name IS NOT NULL "
    "ORDER BY table_name, constraint_name, ordinal_position";

static const char checks_sql[] =
    "SELECT table_name, check_clause FROM information_schema.check_constraints "
    "WHERE constraint_schema = DATABASE() ORDER BY table_name, constraint_name";

struct integer_type {
    const char *name;
    bool is_wide;
    int64_t min, max, unsigned_max; /* all 0: those of the C type */
};

static const struct integer_type integers[] = {
    {"tinyint", false, INT8_MIN, INT8_MAX, UINT8_MAX},
    {"smallint", false, INT16_MIN, INT16_MAX, UINT16_MAX},
    {"mediumint", false, -8388608, 8388607, 16777215},
    {"int", false, 0, 0, 0},
    {"bigint", true, 0, 0, 0},
};

static bool set_integer(struct catalog_column *c, struct str data_type)
{
    struct str tail = c->sql_type;
    bool is_unsigned = false;

    while (tail.n > 0 && !is_unsigned) {
        is_unsigned = str_starts(tail, STR("unsigned"));
        tail = str_from(tail, 1);
    }
    for (size_t i = 0; i < sizeof(integers) / sizeof(integers[0]); i++) {
        const struct integer_type *it = &integers[i];

        if (!str_eq(data_type, str_of(it->name)))
            continue;
        if (is_unsigned)
            c->type = it->is_wide ? CATALOG_U64 : CATALOG_U32;
        else
            c->type = it->is_wide ? CATALOG_I64 : CATALOG_I32;
        c->min = is_unsigned ? 0 : it->min;
        c->max = is_unsigned ? it->unsigned_max : it->max;
        return true;
    }
    return false;
}

/* VARCHAR counts characters; the TEXT family counts bytes, of which a character may take four. */
static void set_text(struct catalog_column *c, struct str data_type, int64_t chars,
                     struct str charset)
{
    c->type = CATALOG_TEXT;
    c->is_ascii = str_eq(charset, STR("ascii"));
    if (data_type.n >= 4 && str_eq(str_from(data_type, data_type.n - 4), STR("text")) &&
        !c->is_ascii)
        chars /= 4;
    c->chars = (uint32_t)(chars < INT32_MAX ? chars : INT32_MAX);
}

static void set_type(struct catalog_column *c, const struct engine_rows *rows, size_t row)
{
    struct str data_type = engine_cell(rows, row, C_DATA_TYPE), charset;
    int64_t size = 0;

    c->type = CATALOG_OTHER;
    charset = engine_cell(rows, row, C_CHARSET);
    if (set_integer(c, data_type))
        return;
    if (str_eq(data_type, STR("datetime"))) {
        c->type = CATALOG_DATETIME;
        if (str_to_i64(engine_cell(rows, row, C_DIGITS), &size))
            c->fraction_digits = (uint32_t)size;
    } else if (str_to_i64(engine_cell(rows, row, C_CHARS), &size) && charset.p) {
        set_text(c, data_type, size, charset);
    } else if (str_to_i64(engine_cell(rows, row, C_BYTES), &size)) {
        c->type = CATALOG_BYTES;
        c->chars = (uint32_t)(size < INT32_MAX ? size : INT32_MAX);
    }
}

/* 'open' -> open; only plain literals, which is what defaults and lists of values are. */
static bool unquote(struct str s, struct str *out)
{
    if (s.n < 2 || s.p[0] != '\'' || s.p[s.n - 1] != '\'')
        return false;
    *out = (struct str){s.p + 1, s.n - 2};
    return str_find(*out, '\'') == out->n && str_find(*out, '\\') == out->n;
}

/* Reads "(1,2)" or "('a','b')" at open as the values of c. */
static void set_values(struct arena *a, struct catalog_column *c,
                       const struct sql_tokens *t, size_t open)
{
    struct str *values = NULL;
    size_t close = sql_closing(t, open);

    c->n_values = 0;
    for (size_t i = open + 1; i < close; i++) {
        struct str value;

        if (t->at[i].kind == SQL_NUMBER)
            value = t->at[i].text;
        else if (t->at[i].kind != SQL_STRING || !unquote(t->at[i].text, &value))
            continue;
        *LIST_ADD(a, values, c->n_values) = value;
    }
    c->values = values;
}

static void set_column(struct arena *a, struct catalog_column *c,
                       const struct engine_rows *rows, size_t row)
{
    struct str extra = engine_cell(rows, row, C_EXTRA);
    struct str literal = engine_cell(rows, row, C_DEFAULT);

    c->table = engine_cell(rows, row, C_TABLE);
    c->name = engine_cell(rows, row, C_NAME);
    c->sql_type = engine_cell(rows, row, C_SQL_TYPE);
    c->is_nullable = str_eq(engine_cell(rows, row, C_NULLABLE), STR("YES"));
    c->is_auto = str_eq(extra, STR("auto_increment"));
    c->is_computed =
        str_find(extra, 'G') < extra.n; /* STORED GENERATED, VIRTUAL GENERATED */
    c->has_default = literal.p != NULL;
    c->default_text = STR_NULL;
    unquote(literal, &c->default_text);
    set_type(c, rows, row);
    if (str_eq(engine_cell(rows, row, C_DATA_TYPE), STR("enum"))) {
        struct sql_tokens t = sql_tokens_of(a, c->sql_type, 1);

        set_values(a, c, &t, 1);
    }
}

static bool load_columns(struct engine *e, struct arena *a, struct catalog *out,
                         struct why *why)
{
    struct catalog_table *t = NULL;
    struct engine_rows rows;

    if (!engine_ask(e, a, STR(columns_sql), &rows, why))
        return false;
    for (size_t i = 0; i < rows.n; i++) {
        struct str table = engine_cell(&rows, i, C_TABLE);

        if (!t || !str_eq(t->name, table)) {
            t = LIST_ADD(a, out->tables, out->n_tables);
            t->name = table;
        }
        set_column(a, LIST_ADD(a, t->columns, t->n_columns), &rows, i);
    }
    return true;
}

static size_t table_index(const struct catalog *c, struct str name)
{
    size_t i = 0;

    while (i < c->n_tables && !str_eq(c->tables[i].name, name))
        i++;
    return i;
}

/* Some table that t refers to is not among the first n. */
static bool waits_for_parent(const struct catalog *c, size_t t, size_t n,
                             const struct engine_rows *refs)
{
    for (size_t i = 0; i < refs->n; i++) {
        size_t parent = table_index(c, engine_cell(refs, i, 3));

        if (str_eq(engine_cell(refs, i, 0), c->tables[t].name) && parent >= n &&
            parent != t)
            return true;
    }
    return false;
}

/* Parents first; a circle is broken at its first table by name. */
static void sort_tables(struct catalog *c, const struct engine_rows *refs)
{
    for (size_t n = 0; n < c->n_tables; n++) {
        struct catalog_table next;
        size_t t = n;

        while (t < c->n_tables && waits_for_parent(c, t, n, refs))
            t++;
        t = t < c->n_tables ? t : n;
        next = c->tables[t];
        memmove(&c->tables[n + 1], &c->tables[n], (t - n) * sizeof(next));
        c->tables[n] = next;
    }
}

static size_t column_index(const struct catalog_table *t, struct str name)
{
    const struct catalog_column *c = catalog_table_column(t, name);

    return c ? (size_t)(c - t->columns) : 0;
}

/* The key of that name in the table, made when it is not the last one. */
static struct catalog_key *key_of(struct arena *a, struct catalog_table *t,
                                  struct str name, bool is_reference)
{
    struct catalog_key *k = t->n_keys ? &t->keys[t->n_keys - 1] : NULL;

    if (k && str_eq(k->name, name) && (k->parent != NULL) == is_reference)
        return k;
    k = LIST_ADD(a, t->keys, t->n_keys);
    k->name = name;
    return k;
}

static bool load_keys(struct engine *e, struct arena *a, struct catalog *out,
                      struct why *why)
{
    struct engine_rows rows;

    if (!engine_ask(e, a, STR(keys_sql), &rows, why))
        return false;
    for (size_t i = 0; i < rows.n; i++) {
        struct catalog_table *t =
            &out->tables[table_index(out, engine_cell(&rows, i, 0))];
        struct catalog_key *k = key_of(a, t, engine_cell(&rows, i, 1), false);

        k->is_unique = str_eq(engine_cell(&rows, i, 3), STR("0"));
        *LIST_ADD(a, k->columns, k->n_columns) =
            column_index(t, engine_cell(&rows, i, 2));
    }
    return true;
}

static void add_references(struct arena *a, struct catalog *out,
                           const struct engine_rows *refs)
{
    for (size_t i = 0; i < refs->n; i++) {
        struct catalog_table *t = &out->tables[table_index(out, engine_cell(refs, i, 0))];
        struct catalog_key *k = key_of(a, t, engine_cell(refs, i, 1), true);
        size_t n = k->n_columns;

        k->parent = &out->tables[table_index(out, engine_cell(refs, i, 3))];
        *LIST_ADD(a, k->parent_columns, n) =
            column_index(k->parent, engine_cell(refs, i, 4));
        *LIST_ADD(a, k->columns, k->n_columns) = column_index(t, engine_cell(refs, i, 2));
    }
}

/* CHECK (column IN (…)): the only kind that tells values. */
static bool load_checks(struct engine *e, struct arena *a, struct catalog *out,
                        struct why *why)
{
    struct engine_rows rows;

    if (!engine_ask(e, a, STR(checks_sql), &rows, why))
        return false;
    for (size_t i = 0; i < rows.n; i++) {
        size_t table = table_index(out, engine_cell(&rows, i, 0));
        struct sql_tokens t = sql_tokens_of(a, engine_cell(&rows, i, 1), 1);

        if (table < out->n_tables && t.n > 3 && sql_is_word(&t.at[1], "in")) {
            struct catalog_table *it = &out->tables[table];

            set_values(a, &it->columns[column_index(it, t.at[0].text)], &t, 2);
        }
    }
    return true;
}

bool catalog_load(struct engine *e, struct arena *a, struct catalog *out, struct why *why)
{
    struct engine_rows refs;

    *out = (struct catalog){0};
    if (!load_columns(e, a, out, why) ||
        !engine_ask(e, a, STR(references_sql), &refs, why))
        return false;
    sort_tables(out, &refs);
    if (!load_keys(e, a, out, why))
        return false;
    add_references(a, out, &refs);
    return load_checks(e, a, out, why);
}
