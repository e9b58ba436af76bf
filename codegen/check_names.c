/* SPDX-License-Identifier: MIT */
#include "codegen/check_parts.h"

#include "base/banned.h"

/* A struct or an enum of C, wherever it comes from. */
struct named {
    struct str c_name, name;
    struct pos pos;
};

/* Two capitals in a row: protoc-c and we would split them into words differently. */
static bool has_abbreviation(struct str name)
{
    for (size_t i = 1; i < name.n; i++)
        if (name.p[i] >= 'A' && name.p[i] <= 'Z' && name.p[i - 1] >= 'A' &&
            name.p[i - 1] <= 'Z')
            return true;
    return false;
}

static size_t collect(const struct model *m, struct named *names)
{
    size_t n = 0;

    for (size_t i = 0; i < m->n_files; i++) {
        const struct model_file *file = &m->files[i];

        for (size_t j = 0; j < file->n_messages; j++)
            names[n++] = (struct named){file->messages[j].c_name, file->messages[j].name,
                                        file->messages[j].pos};
        for (size_t j = 0; j < file->n_enums; j++)
            names[n++] = (struct named){file->enums[j].c_name, file->enums[j].name,
                                        file->enums[j].pos};
    }
    return n;
}

static void check_types(const struct model *m, struct arena *scratch, struct diag *d)
{
    size_t n = 0;
    struct named *names;

    for (size_t i = 0; i < m->n_files; i++)
        n += m->files[i].n_messages + m->files[i].n_enums;
    names = ARENA_ARRAY(scratch, struct named, n);
    n = collect(m, names);
    for (size_t i = 0; i < n; i++) {
        if (has_abbreviation(names[i].name))
            diag_at(d, names[i].pos, "name " STR_FMT ": write abbreviations as words",
                    STR_ARG(names[i].name));
        for (size_t j = 0; j < i; j++)
            if (str_eq(names[i].c_name, names[j].c_name))
                diag_at(d, names[i].pos, "name " STR_FMT " is taken by %s:%d",
                        STR_ARG(names[i].name), names[j].pos.file, names[j].pos.line);
    }
}

/* Files that the generator writes itself. */
static void check_file_names(const struct model *m, struct diag *d)
{
    static const char *const taken[] = {"err", "settings", "routes", "envelope",
                                        "examples"};

    for (size_t i = 0; i < m->n_files; i++)
        for (size_t j = 0; j < sizeof(taken) / sizeof(taken[0]); j++)
            if (model_file_has_data(&m->files[i]) &&
                str_eq(m->files[i].stem, str_of(taken[j])))
                diag_at(d, (struct pos){m->files[i].shown, 1},
                        "%s.h is a generated file of its own: name the file differently",
                        taken[j]);
}

/* One enum err and one struct settings. */
static void check_singles(const struct model *m, struct diag *d)
{
    const struct pos *errors = NULL, *settings = NULL;

    for (size_t i = 0; i < m->n_files; i++) {
        for (size_t j = 0; j < m->files[i].n_enums; j++) {
            const struct model_enum *e = &m->files[i].enums[j];

            if (e->is_errors && errors)
                diag_at(d, e->pos, "the errors are in %s:%d already", errors->file,
                        errors->line);
            else if (e->is_errors)
                errors = &e->pos;
        }
        for (size_t j = 0; j < m->files[i].n_messages; j++) {
            const struct model_message *message = &m->files[i].messages[j];

            if (message->is_settings && settings)
                diag_at(d, message->pos, "the settings are in %s:%d already",
                        settings->file, settings->line);
            else if (message->is_settings)
                settings = &message->pos;
        }
    }
}

void check_names(const struct model *m, struct diag *d)
{
    struct arena scratch;

    arena_init(&scratch, SIZE_MAX);
    check_types(m, &scratch, d);
    check_file_names(m, d);
    check_singles(m, d);
    arena_release(&scratch);
}
