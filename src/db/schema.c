/* SPDX-License-Identifier: MIT */
#include "db/schema.h"

#include "db/schema_line.h"

#include "base/banned.h"

static void add(struct schema *s, struct arena *a, struct str line)
{
    if (s->n == 0 || (s->n & (s->n - 1)) == 0) {
        struct str *grown = ARENA_ARRAY(a, struct str, s->n ? s->n * 2 : 1);

        BUG_ON(!grown);
        if (s->n > 0)
            memcpy(grown, s->lines, s->n * sizeof(*grown));
        s->lines = grown;
    }
    s->lines[s->n++] = line;
}

static bool has(const struct schema *s, struct str line)
{
    for (size_t i = 0; i < s->n; i++)
        if (str_eq(s->lines[i], line))
            return true;
    return false;
}

static void take(struct schema *s, struct str line)
{
    for (size_t i = 0; i < s->n; i++)
        if (str_eq(s->lines[i], line)) {
            memmove(&s->lines[i], &s->lines[i + 1], (s->n - i - 1) * sizeof(*s->lines));
            s->n--;
            return;
        }
}

struct schema schema_parse(struct str text, struct arena *a)
{
    struct schema out = {0};
    struct str line;

    while (str_split(&text, '\n', &line))
        if (line.n > 0)
            add(&out, a, line);
    return out;
}

/* --- the record --------------------------------------------------------------------------- */

/* The next line that adds ('+') or removes ('-') one, and the statement that does. */
struct record_reader {
    struct str rest;
    int64_t version, number;
};

static bool next_change(struct record_reader *r, char *sign, struct str *line)
{
    struct str part;

    while (str_split(&r->rest, '\n', line)) {
        if (str_starts(*line, STR("@"))) {
            struct str head = str_from(*line, 1);

            BUG_ON(!str_split(&head, ' ', &part) || !str_to_i64(part, &r->version) ||
                   !str_to_i64(head, &r->number));
        } else if (line->n > 1 && line->p[0] != '#') {
            *sign = line->p[0];
            *line = str_from(*line, 1);
            return true;
        }
    }
    return false;
}

static bool is_later(const struct record_reader *r, unsigned version, size_t statements)
{
    return r->version > version ||
           (r->version == version && (uint64_t)r->number > statements);
}

/* The lines after the first `statements` of migration `version`, in a. */
static struct schema recorded_at(struct str record, unsigned version, size_t statements,
                                 struct arena *a)
{
    struct record_reader r = {.rest = record};
    struct schema out = {0};
    struct str line;
    char sign;

    while (next_change(&r, &sign, &line) && !is_later(&r, version, statements)) {
        if (sign == '+')
            add(&out, a, line);
        else
            take(&out, line);
    }
    return out;
}

static bool is_any(struct str line)
{
    return str_eq(schema_definition(line), STR(SCHEMA_ANY));
}

/* Tables that the record knows of, but for those that may be there before they are made. */
static struct schema tables_at(struct str record, unsigned version, size_t statements,
                               struct arena *a)
{
    struct record_reader r = {.rest = record};
    struct schema out = {0}, to_come = {0}, early = {0};
    struct str line;
    char sign;

    while (next_change(&r, &sign, &line)) {
        struct str table = schema_table(line);

        if (is_later(&r, version, statements) && !has(&to_come, table)) {
            add(&to_come, a, table);
            if (sign == '+' && is_any(line)) {
                add(&early, a, table);
                take(&out, table);
            }
        }
        if (!has(&out, table) && !has(&early, table))
            add(&out, a, table);
    }
    return out;
}

/* Tables that one statement changes. */
static struct schema tables_of(struct str record, unsigned version, size_t number,
                               struct arena *a)
{
    struct record_reader r = {.rest = record};
    struct schema out = {0};
    struct str line;
    char sign;

    while (next_change(&r, &sign, &line))
        if (r.version == version && (uint64_t)r.number == number &&
            !has(&out, schema_table(line)))
            add(&out, a, schema_table(line));
    return out;
}

/* --- comparing ---------------------------------------------------------------------------- */

static const struct str *find(const struct schema *s, struct str object)
{
    for (size_t i = 0; i < s->n; i++)
        if (str_eq(schema_object(s->lines[i]), object))
            return &s->lines[i];
    return NULL;
}

/* The table's own line, or none. */
static const struct str *find_table(const struct schema *s, struct str line)
{
    return find(s, schema_table(line));
}

static void tell(struct buf *text, struct str object, const char *what, struct str is,
                 struct str recorded)
{
    if (str_find(object, ' ') == object.n)
        buf_append_c(text, "table ");
    buf_printf(text, STR_FMT " %s", STR_ARG(object), what);
    if (is.n > 0)
        buf_printf(text, ": " STR_FMT, STR_ARG(is));
    if (recorded.n > 0)
        buf_printf(text, ", recorded is: " STR_FMT, STR_ARG(recorded));
    buf_putc(text, '\n');
}

static size_t compare_recorded(const struct schema *recorded, const struct schema *live,
                               const struct schema *tables, struct buf *text)
{
    size_t n = 0;

    for (size_t i = 0; i < recorded->n; i++) {
        struct str line = recorded->lines[i];
        const struct str *is = find(live, schema_object(line));

        if (!has(tables, schema_table(line)) ||
            (is && (is_any(line) || str_eq(*is, line))))
            continue;
        if (is)
            tell(text, schema_object(line), "is", schema_definition(*is),
                 schema_definition(line));
        else if (find_table(live, line) ||
                 str_eq(schema_table(line), schema_object(line)))
            tell(text, schema_object(line), "is missing", STR(""),
                 schema_definition(line));
        else
            continue; /* all of its table is missing */
        n++;
    }
    return n;
}

static size_t compare_live(const struct schema *recorded, const struct schema *live,
                           const struct schema *tables, struct buf *text)
{
    size_t n = 0;

    for (size_t i = 0; i < live->n; i++) {
        struct str line = live->lines[i];
        const struct str *table = find_table(recorded, line);

        if (!has(tables, schema_table(line)) || find(recorded, schema_object(line)) ||
            (table && is_any(*table)))
            continue;
        if (!table && !str_eq(schema_table(line), schema_object(line)))
            continue; /* all of its table is not recorded */
        tell(text, schema_object(line), "is not recorded", schema_definition(line),
             STR(""));
        n++;
    }
    return n;
}

static size_t compare(const struct schema *recorded, const struct schema *live,
                      const struct schema *tables, struct buf *text)
{
    return compare_recorded(recorded, live, tables, text) +
           compare_live(recorded, live, tables, text);
}

size_t schema_compare(struct str record, unsigned version, size_t statements,
                      const struct schema *live, struct buf *text)
{
    struct schema recorded, tables;
    struct arena a;
    size_t n;

    arena_init(&a, SIZE_MAX);
    recorded = recorded_at(record, version, statements, &a);
    tables = tables_at(record, version, statements, &a);
    n = compare(&recorded, live, &tables, text);
    arena_release(&a);
    return n;
}

static enum schema_step step_of(struct str record, unsigned version, size_t number,
                                const struct schema *live, struct arena *a,
                                struct buf *text)
{
    struct schema tables = tables_of(record, version, number, a),
                  before = recorded_at(record, version, number - 1, a),
                  after = recorded_at(record, version, number, a);
    size_t start = text->n;

    if (tables.n == 0)
        return SCHEMA_NO_STEP;
    if (compare(&after, live, &tables, text) == 0)
        return SCHEMA_AFTER;
    buf_truncate(text, start);
    if (compare(&before, live, &tables, text) == 0)
        return SCHEMA_BEFORE;
    return SCHEMA_NEITHER;
}

enum schema_step schema_step(struct str record, unsigned version, size_t number,
                             const struct schema *live, struct buf *text)
{
    struct arena a;
    enum schema_step step;

    arena_init(&a, SIZE_MAX);
    step = step_of(record, version, number, live, &a, text);
    arena_release(&a);
    return step;
}
