/* SPDX-License-Identifier: MIT */
#include "codegen/compat.h"

#include <errno.h>
#include <stdio.h>

#include "codegen/compat_parts.h"

#include "base/banned.h"

enum {
    LOCK_MAX = 4 << 20
};

struct pos compat_pos_of_file(const struct compat *c, const struct model_file *file)
{
    for (size_t i = 0; i < c->after->n_files; i++)
        if (str_eq(c->after->files[i].path, file->path))
            return (struct pos){c->after->files[i].shown, 1};
    return (struct pos){file->shown, 0};
}

/* --- limits.lock: "reuse.chat.ChatDto.content 4194303" a line ------------------------------ */

static bool has_column_limit(const struct model_field *f)
{
    return f->rule->column[0] && f->rule->max_chars == 0;
}

static bool read_lock(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "rb");
    char chunk[4096];
    size_t n;

    if (!f)
        return false;
    while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
        buf_append(out, chunk, n);
    fclose(f);
    return buf_ok(out);
}

static uint32_t limit_of(struct str lock, struct str message, struct str field)
{
    struct str line, name;
    int64_t limit;

    while (str_split(&lock, '\n', &line)) {
        name = (struct str){line.p, str_find(line, ' ')};
        if (name.n == message.n + field.n && name.n > field.n &&
            memcmp(name.p, message.p + 1, message.n - 1) == 0 &&
            name.p[message.n - 1] == '.' &&
            memcmp(name.p + message.n, field.p, field.n) == 0 &&
            str_to_i64(str_from(line, name.n + 1), &limit))
            return (uint32_t)limit;
    }
    return 0;
}

static void apply_limits(struct model *m, struct str lock)
{
    for (size_t i = 0; i < m->n_files; i++)
        for (size_t j = 0; j < m->files[i].n_messages; j++) {
            struct model_message *message = &m->files[i].messages[j];

            for (size_t k = 0; k < message->n_fields; k++)
                if (has_column_limit(&message->fields[k]))
                    message->fields[k].max_chars =
                        limit_of(lock, message->full_name, message->fields[k].name);
        }
}

static void load_limits(struct model *m, const char *dir, struct diag *d)
{
    const char *path = arena_printf(&m->arena, "%s/limits.lock", dir).p;
    struct buf lock;

    buf_init(&lock, LOCK_MAX);
    if (read_lock(path, &lock))
        apply_limits(m, buf_str(&lock));
    else
        diag_at(d, (struct pos){path, 0}, "cannot be read: %s", strerror(errno));
    buf_release(&lock);
}

void compat_record(const struct model *m, const char *dir, struct diag *d)
{
    struct out o;

    out_init(&o);
    for (size_t i = 0; i < m->n_files; i++)
        for (size_t j = 0; j < m->files[i].n_messages; j++) {
            const struct model_message *message = &m->files[i].messages[j];

            for (size_t k = 0; k < message->n_fields; k++)
                if (has_column_limit(&message->fields[k]) && message->fields[k].max_chars)
                    buf_printf(&o.text, STR_FMT "." STR_FMT " %u\n",
                               STR_ARG(str_from(message->full_name, 1)),
                               STR_ARG(message->fields[k].name),
                               message->fields[k].max_chars);
        }
    out_write(&o, dir, "limits.lock", d);
    out_release(&o);
}

/* --- the gate ----------------------------------------------------------------------------- */

void compat_check(const struct model *m, const char *dir, struct diag *d)
{
    struct model released = {0};
    struct compat c = {&released, m, {0}, {0}, d};
    struct arena scratch;

    arena_init(&scratch, SIZE_MAX);
    model_load(&released, arena_printf(&scratch, "%s/image", dir).p, d);
    if (diag_ok(d))
        load_limits(&released, dir, d);
    if (diag_ok(d)) {
        contract_init(&c.was, &released);
        contract_init(&c.is, m);
        compat_messages(&c);
        compat_errors(&c);
        compat_bindings(&c);
        contract_release(&c.was);
        contract_release(&c.is);
    }
    model_release(&released);
    arena_release(&scratch);
}
