/* SPDX-License-Identifier: MIT */
#include "codegen/check.h"

#include "codegen/name.h"

#include "base/banned.h"

static void check_reference(const struct model_field *f, struct diag *d)
{
    if (f->kind == RECORD_MESSAGE && !f->message)
        diag_at(d, f->pos, "field " STR_FMT ": no message " STR_FMT " in the schema",
                STR_ARG(f->name), STR_ARG(f->type_name));
    if (f->kind == RECORD_ENUM && !f->enumeration)
        diag_at(d, f->pos, "field " STR_FMT ": no enum " STR_FMT " in the schema",
                STR_ARG(f->name), STR_ARG(f->type_name));
}

void check_model(const struct model *m, struct diag *d)
{
    for (size_t i = 0; i < m->n_files; i++)
        for (size_t j = 0; j < m->files[i].n_messages; j++)
            for (size_t k = 0; k < m->files[i].messages[j].n_fields; k++)
                check_reference(&m->files[i].messages[j].fields[k], d);
}
