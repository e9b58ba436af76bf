/* SPDX-License-Identifier: MIT */
#include "codegen/catalog.h"
#include "codegen/model.h"

#include "base/banned.h"

static bool is_text(const struct model_field *f)
{
    return f->kind == RECORD_STRING || f->kind == RECORD_BYTES;
}

static void apply_column(struct model_field *f, const struct catalog *catalog,
                         struct diag *d)
{
    struct catalog_column column;

    if (!catalog_column(catalog, str_of(f->rule->column), &column)) {
        diag_at(d, f->pos, "no column %s in the migrations", f->rule->column);
        return;
    }
    if (!is_text(f))
        return;
    if (column.type != CATALOG_TEXT && column.type != CATALOG_BYTES) {
        diag_at(d, f->pos, "column %s is " STR_FMT ", the field is text", f->rule->column,
                STR_ARG(column.sql_type));
        return;
    }
    if (f->max_chars > column.chars)
        diag_at(d, f->pos, "max_chars %u is wider than column %s, which holds %u",
                f->max_chars, f->rule->column, column.chars);
    if (f->max_chars == 0)
        f->max_chars = column.chars;
}

void model_apply_catalog(struct model *m, const struct catalog *catalog, struct diag *d)
{
    for (size_t i = 0; catalog && i < m->n_files; i++)
        for (size_t j = 0; j < m->files[i].n_messages; j++)
            for (size_t k = 0; k < m->files[i].messages[j].n_fields; k++) {
                struct model_field *f = &m->files[i].messages[j].fields[k];

                if (f->rule->column[0])
                    apply_column(f, catalog, d);
            }
}
