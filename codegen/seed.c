/* SPDX-License-Identifier: MIT */
#include "codegen/seed.h"

#include "base/bug.h"

#include "base/banned.h"

enum {
    ROWS_PER_INSERT = 250,
    STATEMENT_MAX = 4 << 20,
    NULL_EVERY = 8,      /* of a column that may be NULL */
    DEFAULT_EVERY = 2,   /* of a text column with a default */
    ROWS_PER_GROUP = 10, /* children of one parent */
    SPREAD = 1000,       /* different values of the rest of a unique key */
    BYTES_LONG = 4,      /* of made-up bytes, if they fit */
};

/* How a column's value follows from its row's number. */
enum spread {
    SPREAD_FREE,    /* nothing depends on it: number % SPREAD */
    SPREAD_GROUPED, /* number / ROWS_PER_GROUP */
    SPREAD_EXACT,   /* the number itself: unique alone */
};

static const struct catalog_key *reference_of(const struct catalog_table *t,
                                              size_t column, size_t *at_out)
{
    const struct catalog_key *best = NULL;

    for (size_t k = 0; k < t->n_keys; k++)
        for (size_t i = 0; t->keys[k].parent && i < t->keys[k].n_columns; i++)
            if (t->keys[k].columns[i] == column &&
                (!best || t->keys[k].n_columns > best->n_columns)) {
                best = &t->keys[k];
                *at_out = i;
            }
    return best;
}

static enum spread plain_spread(const struct catalog_table *t, size_t column)
{
    size_t at;

    for (size_t k = 0; k < t->n_keys; k++)
        if (t->keys[k].is_unique && t->keys[k].n_columns == 1 &&
            t->keys[k].columns[0] == column)
            return SPREAD_EXACT;
    return reference_of(t, column, &at) ? SPREAD_GROUPED : SPREAD_FREE;
}

/* In a key of several columns one is grouped and one free, which is unique together. If all are
 * of one sort, its first or its last column changes. */
static enum spread spread_in_key(const struct catalog_table *t,
                                 const struct catalog_key *k, size_t column,
                                 enum spread plain)
{
    bool has[3] = {false, false, false};

    for (size_t i = 0; i < k->n_columns; i++)
        has[plain_spread(t, k->columns[i])] = true;
    if (has[SPREAD_EXACT] || (has[SPREAD_FREE] && has[SPREAD_GROUPED]))
        return plain;
    if (has[SPREAD_FREE])
        return column == k->columns[0] ? SPREAD_GROUPED : plain;
    return column == k->columns[k->n_columns - 1] ? SPREAD_EXACT : plain;
}

static enum spread spread_of(const struct catalog_table *t, size_t column)
{
    enum spread spread = plain_spread(t, column);

    for (size_t k = 0; k < t->n_keys && spread != SPREAD_EXACT; k++) {
        const struct catalog_key *key = &t->keys[k];

        for (size_t i = 0; key->is_unique && i < key->n_columns; i++)
            if (key->columns[i] == column) {
                enum spread wanted =
                    spread_in_key(t, key, column, plain_spread(t, column));

                spread = wanted > spread ? wanted : spread;
            }
    }
    return spread;
}

static size_t spread_number(enum spread spread, size_t i)
{
    switch (spread) {
    case SPREAD_FREE:
        return i % SPREAD;
    case SPREAD_GROUPED:
        return i / ROWS_PER_GROUP;
    case SPREAD_EXACT:
        break;
    }
    return i;
}

static bool is_in_key(const struct catalog_table *t, size_t column)
{
    for (size_t k = 0; k < t->n_keys; k++)
        for (size_t i = 0; i < t->keys[k].n_columns; i++)
            if (t->keys[k].columns[i] == column &&
                (t->keys[k].is_unique || t->keys[k].parent))
                return true;
    return false;
}

/* "sender17", or only the number in base 36 where that does not fit; 36 characters: a UUID. */
static struct str make_text(struct arena *a, const struct catalog_column *c, size_t n)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    struct str text;
    char *narrow;

    if (c->chars == 36)
        return arena_printf(a, "00000000-0000-7000-8000-%012zx", n);
    text = arena_printf(a, STR_FMT "%zu", STR_ARG(c->name), n);
    if (text.n <= c->chars)
        return text;
    narrow = arena_alloc(a, c->chars);
    for (size_t i = c->chars; i-- > 0; n /= 36)
        narrow[i] = digits[n % 36];
    return (struct str){narrow, c->chars};
}

static struct str make_bytes(struct arena *a, const struct catalog_column *c, size_t n)
{
    size_t size = c->chars < BYTES_LONG ? c->chars : BYTES_LONG;
    char *bytes = arena_alloc(a, size);

    for (size_t i = size; i-- > 0; n /= 256)
        bytes[i] = (char)(n % 256);
    return (struct str){bytes, size};
}

static struct seed_value make_value(struct arena *a, const struct catalog_column *c,
                                    size_t n)
{
    struct seed_value v = {.type = c->type, .number = (int64_t)n + 1};

    if (c->n_values > 0) {
        v.text = c->values[n % c->n_values];
        if (c->type != CATALOG_TEXT && !str_to_i64(v.text, &v.number))
            v.number = 0;
    } else if (c->type == CATALOG_TEXT) {
        v.text = c->default_text.n > 0 && n % DEFAULT_EVERY == 0 ? c->default_text
                                                                 : make_text(a, c, n);
    } else if (c->type == CATALOG_BYTES) {
        v.text = make_bytes(a, c, n);
    } else if (c->max > 0) {
        v.number = (int64_t)n % c->max;
    }
    return v;
}

size_t seed_parent_row(const struct catalog_table *table,
                       const struct catalog_key *reference, size_t i)
{
    return spread_number(spread_of(table, reference->columns[0]), i);
}

struct seed_value seed_value(struct arena *a, const struct catalog *catalog,
                             const struct catalog_column *column, size_t i)
{
    const struct catalog_table *t = catalog_table(catalog, column->table);
    size_t index = (size_t)(column - t->columns), at = 0;
    const struct catalog_key *ref = reference_of(t, index, &at);
    size_t n = spread_number(spread_of(t, index), i);

    if (ref && ref->parent != t)
        return seed_value(a, catalog, &ref->parent->columns[ref->parent_columns[at]],
                          seed_parent_row(t, ref, i));
    if (ref && column->is_nullable)
        return (struct seed_value){.type = column->type, .is_null = true};
    if (column->is_nullable && !is_in_key(t, index) && i % NULL_EVERY == NULL_EVERY - 1)
        return (struct seed_value){.type = column->type, .is_null = true};
    return make_value(a, column, n);
}

void seed_put_sql(struct buf *to, const struct seed_value *v)
{
    if (v->is_null) {
        buf_append_c(to, "NULL");
    } else if (v->type == CATALOG_TEXT) {
        buf_printf(to, "'" STR_FMT "'", STR_ARG(v->text));
    } else if (v->type == CATALOG_BYTES) {
        buf_append_c(to, "X'");
        for (size_t i = 0; i < v->text.n; i++)
            buf_printf(to, "%02X", (unsigned)(unsigned char)v->text.p[i]);
        buf_append_c(to, "'");
    } else if (v->type == CATALOG_DATETIME) {
        buf_printf(to, "'2025-01-%02d %02d:%02d:%02d'", (int)(v->number / 86400 % 28) + 1,
                   (int)(v->number / 3600 % 24), (int)(v->number / 60 % 60),
                   (int)(v->number % 60));
    } else {
        buf_append_i64(to, v->number);
    }
}

static void put_row(struct buf *sql, const struct catalog *catalog,
                    const struct catalog_table *table, size_t i)
{
    const char *comma = "";
    struct arena scratch;

    arena_init(&scratch, SIZE_MAX);
    buf_putc(sql, '(');
    for (size_t c = 0; c < table->n_columns; c++) {
        struct seed_value v;

        if (table->columns[c].is_computed)
            continue;
        v = seed_value(&scratch, catalog, &table->columns[c], i);
        buf_append_c(sql, comma);
        seed_put_sql(sql, &v);
        comma = ", ";
    }
    buf_putc(sql, ')');
    arena_release(&scratch);
}

void seed_put_insert(struct buf *sql, const struct catalog *catalog,
                     const struct catalog_table *table, size_t from, size_t to)
{
    const char *comma = "";

    buf_printf(sql, "INSERT INTO `" STR_FMT "` (", STR_ARG(table->name));
    for (size_t c = 0; c < table->n_columns; c++) {
        if (table->columns[c].is_computed)
            continue;
        buf_printf(sql, "%s`" STR_FMT "`", comma, STR_ARG(table->columns[c].name));
        comma = ", ";
    }
    buf_append_c(sql, ") VALUES ");
    for (size_t i = from; i < to; i++) {
        if (i > from)
            buf_append_c(sql, ", ");
        put_row(sql, catalog, table, i);
    }
}

static bool fill_table(struct engine *e, const struct catalog *catalog,
                       const struct catalog_table *table, size_t rows, struct why *why)
{
    struct buf sql;
    bool is_done = true;

    buf_init(&sql, STATEMENT_MAX);
    for (size_t i = 0; i < rows && is_done; i += ROWS_PER_INSERT) {
        buf_reset(&sql);
        seed_put_insert(&sql, catalog, table, i,
                        i + ROWS_PER_INSERT < rows ? i + ROWS_PER_INSERT : rows);
        is_done = engine_run(e, buf_str(&sql), why);
    }
    buf_reset(&sql);
    buf_printf(&sql, "ANALYZE TABLE `" STR_FMT "`", STR_ARG(table->name));
    is_done = is_done && engine_run(e, buf_str(&sql), why);
    buf_release(&sql);
    return is_done;
}

bool seed_fill(struct engine *e, const struct catalog *catalog, size_t rows,
               struct why *why)
{
    static const char *const before[] = {
        "SET foreign_key_checks = 0", "SET unique_checks = 0",
        "SET check_constraint_checks = 0", "SET autocommit = 0"};

    for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
        if (!engine_run(e, str_of(before[i]), why))
            return false;
    for (size_t i = 0; i < catalog->n_tables; i++)
        if (!fill_table(e, catalog, &catalog->tables[i], rows, why))
            return false;
    return engine_run(e, STR("SET autocommit = 1"), why);
}
