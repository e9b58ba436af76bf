/* SPDX-License-Identifier: MIT */
#include "codegen/emit_dao.h"
#include "codegen/name.h"

#include "base/banned.h"

/* "COLUMN_CHAT_MESSAGE_CHARS"; no value for a column that has no length. */
static struct str macro_of(struct arena *a, const struct catalog_column *c)
{
    if (!dao_is_text(c->type))
        return STR_NULL;
    return arena_printf(a, "COLUMN_" STR_FMT "_" STR_FMT "_%s",
                        STR_ARG(name_upper(a, c->table)), STR_ARG(name_upper(a, c->name)),
                        c->type == CATALOG_TEXT ? "CHARS" : "BYTES");
}

static size_t widest(struct arena *a, const struct catalog_table *t)
{
    size_t width = 0;

    for (size_t i = 0; i < t->n_columns; i++) {
        size_t n = macro_of(a, &t->columns[i]).n;

        width = n > width ? n : width;
    }
    return width;
}

static void put_table(const struct catalog_table *t, struct out *o)
{
    size_t width = widest(&o->arena, t);

    if (width == 0)
        return;
    out_put(o, "\n");
    for (size_t i = 0; i < t->n_columns; i++) {
        struct str macro = macro_of(&o->arena, &t->columns[i]);

        if (macro.p)
            buf_printf(&o->text, "#define %-*s %u\n", (int)width, macro.p,
                       t->columns[i].chars);
    }
}

void emit_columns(const struct catalog *catalog, struct out *o)
{
    out_head(o, "migrations");
    out_put(o, "#ifndef GENERATED_COLUMNS_H\n"
               "#define GENERATED_COLUMNS_H\n"
               "\n"
               "/* What the columns of the database take: characters of text, bytes of "
               "the rest. */\n");
    for (size_t i = 0; i < catalog->n_tables; i++)
        put_table(&catalog->tables[i], o);
    out_put(o, "\n"
               "#endif\n");
}
