/* SPDX-License-Identifier: MIT */
#include "codegen/schema_record.h"

#include <stdlib.h>

#include "codegen/list.h"
#include "codegen/sql_token.h"
#include "db/schema_line.h"

#include "base/banned.h"

enum {
    TEXT_MAX = 16 << 20
};

void schema_record_init(struct schema_record *r, struct engine *e, struct arena *a)
{
    *r = (struct schema_record){.engine = e, .arena = a};
    buf_init(&r->text, TEXT_MAX);
}

void schema_record_release(struct schema_record *r)
{
    buf_release(&r->text);
}

static int by_bytes(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static bool ask_lines(struct schema_record *r, struct schema_list *out, struct why *why)
{
    struct engine_rows rows;
    struct str rest, line;

    *out = (struct schema_list){0};
    if (!engine_run(r->engine, STR(SCHEMA_SETUP_SQL), why) ||
        !engine_ask(r->engine, r->arena, STR(SCHEMA_LINES_SQL), &rows, why))
        return false;
    rest = engine_cell(&rows, 0, 0);
    while (str_split(&rest, '\n', &line))
        *LIST_ADD(r->arena, out->at, out->n) = line;
    if (out->n > 0)
        qsort(out->at, out->n, sizeof(*out->at), by_bytes);
    return true;
}

static bool has(const struct schema_list *list, struct str line)
{
    for (size_t i = 0; i < list->n; i++)
        if (str_eq(list->at[i], line))
            return true;
    return false;
}

static bool has_table(const struct schema_list *lines, struct str table)
{
    for (size_t i = 0; i < lines->n; i++)
        if (str_eq(schema_table(lines->at[i]), table))
            return true;
    return false;
}

/* All lines of table a in one list are, but for its name, those of table b in the other. */
static bool is_same_shape(const struct schema_list *in_a, struct str a,
                          const struct schema_list *in_b, struct str b)
{
    size_t n = 0;

    for (size_t i = 0; i < in_b->n; i++)
        n += str_eq(schema_table(in_b->at[i]), b);
    for (size_t i = 0; i < in_a->n; i++) {
        bool is_there = false;

        if (!str_eq(schema_table(in_a->at[i]), a))
            continue;
        for (size_t k = 0; k < in_b->n && !is_there; k++)
            is_there = str_eq(schema_table(in_b->at[k]), b) &&
                       str_eq(str_from(in_a->at[i], a.n), str_from(in_b->at[k], b.n));
        if (!is_there)
            return false;
        n--;
    }
    return n == 0;
}

/* A foreign table that went, and whose shape the new table has: it was renamed. */
static bool was_foreign(const struct schema_record *r, const struct schema_list *now,
                        struct str table)
{
    for (size_t i = 0; i < r->foreign.n; i++) {
        struct str old = r->foreign.at[i];

        if (!has_table(now, old) && has_table(&r->lines, old) &&
            is_same_shape(&r->lines, old, now, table))
            return true;
    }
    return false;
}

static bool may_be_there_before(struct arena *a, struct str statement)
{
    struct sql_tokens t = sql_tokens_of(a, statement, 1);

    return t.n > 3 && sql_is_word(&t.at[0], "CREATE") && sql_is_word(&t.at[1], "TABLE") &&
           sql_is_word(&t.at[2], "IF");
}

/* Their shape is not known, so nothing can be compared after a change of it. */
static bool refuse_change_of_foreign(const struct schema_record *r,
                                     const struct schema_list *now, struct why *why)
{
    for (size_t i = 0; i < r->foreign.n; i++) {
        struct str table = r->foreign.at[i];

        if (!has_table(now, table) || !has_table(&r->lines, table) ||
            is_same_shape(&r->lines, table, now, table))
            continue;
        why_set(why,
                "changes table " STR_FMT
                ", which was made IF NOT EXISTS: its shape is not "
                "known, so a run that is cut short here could not go on",
                STR_ARG(table));
        return false;
    }
    return true;
}

static void note_foreign(struct schema_record *r, const struct schema_list *now,
                         struct str statement)
{
    bool is_lenient = may_be_there_before(r->arena, statement);
    struct schema_list foreign = {0};

    for (size_t i = 0; i < now->n; i++) {
        struct str table = schema_table(now->at[i]);
        bool is_foreign = has_table(&r->lines, table)
                              ? has(&r->foreign, table)
                              : is_lenient || was_foreign(r, now, table);

        if (is_foreign && !has(&foreign, table))
            *LIST_ADD(r->arena, foreign.at, foreign.n) = table;
    }
    r->foreign = foreign;
}

/* As recorded: of a foreign table only that it is there. */
static struct schema_list known(const struct schema_record *r,
                                const struct schema_list *lines)
{
    struct schema_list out = {0};

    for (size_t i = 0; i < lines->n; i++) {
        struct str table = schema_table(lines->at[i]), line = lines->at[i];

        if (has(&r->foreign, table))
            line = arena_printf(r->arena, STR_FMT ": " SCHEMA_ANY, STR_ARG(table));
        if (!has(&out, line))
            *LIST_ADD(r->arena, out.at, out.n) = line;
    }
    return out;
}

static void put_missing(struct schema_record *r, char sign,
                        const struct schema_list *lines, const struct schema_list *in)
{
    for (size_t i = 0; i < lines->n; i++)
        if (!has(in, lines->at[i]))
            buf_printf(&r->text, "%c" STR_FMT "\n", sign, STR_ARG(lines->at[i]));
}

bool schema_record_add(struct schema_record *r, struct str statement, unsigned version,
                       unsigned number, struct why *why)
{
    struct schema_list now, before, after;
    size_t head, body;

    if (!ask_lines(r, &now, why) || !refuse_change_of_foreign(r, &now, why))
        return false;
    before = known(r, &r->lines);
    note_foreign(r, &now, statement);
    after = known(r, &now);
    head = r->text.n;
    buf_printf(&r->text, "@%04u %u\n", version, number);
    body = r->text.n;
    put_missing(r, '-', &before, &after);
    put_missing(r, '+', &after, &before);
    if (r->text.n == body)
        buf_truncate(&r->text, head);
    r->lines = now;
    return true;
}

void schema_record_emit(const struct schema_record *r, const char *out_dir,
                        struct diag *d)
{
    struct out o;

    out_init(&o);
    buf_append_c(
        &o.text,
        "# Generated by reuse-gen from migrations. Do not edit; run tools/regen.\n"
        "# What each statement (@MIGRATION STATEMENT) takes from the schema of an "
        "empty database\n"
        "# and gives to it; '" SCHEMA_ANY "': a table that may be there before.\n");
    buf_append_str(&o.text, buf_str(&r->text));
    out_write(&o, out_dir, "sql/schema.txt", d);
    out_release(&o);
}
