/* SPDX-License-Identifier: MIT */
#include "codegen/diag.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/bug.h"

#include "base/banned.h"

enum {
    LINE_MAX_BYTES = 2000
};

void diag_init(struct diag *d)
{
    *d = (struct diag){0};
    arena_init(&d->arena, SIZE_MAX);
}

void diag_release(struct diag *d)
{
    free(d->lines);
    arena_release(&d->arena);
    diag_init(d);
}

void diag_at(struct diag *d, struct pos pos, const char *fmt, ...)
{
    char text[LINE_MAX_BYTES];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (d->n == d->cap) {
        d->cap = d->cap * 2 + 16;
        d->lines = mem_realloc(d->lines, d->cap * sizeof(*d->lines));
    }
    d->lines[d->n++] = (struct diag_line){
        .pos = {arena_dup(&d->arena, str_of(pos.file)).p, pos.line},
        .text = arena_dup(&d->arena, str_of(text)).p,
    };
}

bool diag_ok(const struct diag *d)
{
    return d->n == 0;
}

static bool is_after(const struct diag_line *a, const struct diag_line *b)
{
    int order = str_cmp(str_of(a->pos.file), str_of(b->pos.file));

    return order > 0 || (order == 0 && a->pos.line > b->pos.line);
}

void diag_print(struct diag *d, FILE *f)
{
    for (size_t i = 1; i < d->n; i++) /* stable, unlike qsort */
        for (size_t j = i; j > 0 && is_after(&d->lines[j - 1], &d->lines[j]); j--) {
            struct diag_line moved = d->lines[j];

            d->lines[j] = d->lines[j - 1];
            d->lines[j - 1] = moved;
        }
    for (size_t i = 0; i < d->n; i++)
        fprintf(f, "%s:%d: %s\n", d->lines[i].pos.file, d->lines[i].pos.line,
                d->lines[i].text);
}
