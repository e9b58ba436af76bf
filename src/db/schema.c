/* SPDX-License-Identifier: MIT */
#include "db/schema.h"

#include "db/schema_line.h"

#include "base/banned.h"

enum {
    LINES_MAX = 100000
};

static void add(struct schema *s, struct arena *a, struct str line)
{
    if (s->n == 0 || (s->n & (s->n - 1)) == 0) {
        struct str *grown = ARENA_ARRAY(a, struct str, s->n ? s->n * 2 : 1);

        BUG_ON(!grown || s->n >= LINES_MAX);
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

enum err schema_read(struct db *db, struct arena *a, struct schema *out)
{
    struct str text = STR_NULL, line;
    enum err rc = db_run_text(db, STR(SCHEMA_SETUP_SQL), NULL, NULL);

    *out = (struct schema){0};
    if (rc == ERR_OK)
        rc = db_run_text(db, STR(SCHEMA_LINES_SQL), a, &text);
    if (rc != ERR_OK)
        return rc;
    while (out->n < LINES_MAX && str_split(&text, '\n', &line))
        add(out, a, line);
    return out->n < LINES_MAX ? ERR_OK : ERR_TOO_LARGE;
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

struct schema schema_recorded(struct str record, unsigned version, size_t statements,
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

/* Tables that statement `number` of a migration changes; version 0: that any one does. */
static struct schema tables_of(struct str record, unsigned version, size_t number,
                               struct arena *a)
{
    struct record_reader r = {.rest = record};
    struct schema out = {0};
    struct str line;
    char sign;

    while (next_change(&r, &sign, &line)) {
        bool is_meant =
            version == 0 || (r.version == version && (uint64_t)r.number == number);

        if (is_meant && !has(&out, schema_table(line)))
            add(&out, a, schema_table(line));
    }
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

static bool is_any(struct str line)
{
    return str_eq(schema_definition(line), STR(SCHEMA_ANY));
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

size_t schema_compare(struct str record, const struct schema *recorded,
                      const struct schema *live, struct arena *a, struct buf *text)
{
    struct schema tables = tables_of(record, 0, 0, a);

    return compare(recorded, live, &tables, text);
}

enum schema_step schema_step(struct str record, unsigned version, size_t number,
                             const struct schema *live, struct arena *a, struct buf *text)
{
    struct schema tables = tables_of(record, version, number, a),
                  before = schema_recorded(record, version, number - 1, a),
                  after = schema_recorded(record, version, number, a);
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
