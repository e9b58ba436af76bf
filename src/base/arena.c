/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bug.h"

#include "base/banned.h"

enum {
    ARENA_FIRST = 960, /* a small arena costs what malloc keeps at hand, nothing more */
    ARENA_CHUNK = 4096,
    ARENA_ALIGN = 16
};

struct arena_chunk {
    struct arena_chunk *next;
    size_t used, size;
    _Alignas(ARENA_ALIGN) char bytes[];
};

void arena_init(struct arena *a, size_t max)
{
    *a = (struct arena){.max = max};
}

void arena_release(struct arena *a)
{
    while (a->chunks) {
        struct arena_chunk *next = a->chunks->next;

        free(a->chunks);
        a->chunks = next;
    }
    a->used = 0;
}

void arena_reset(struct arena *a)
{
    struct arena_chunk *keep = a->chunks;

    if (!keep)
        return;
    a->chunks = keep->next;
    arena_release(a);
    if (keep->size > ARENA_CHUNK) { /* a rare large one is not kept for the small ones */
        free(keep);
        return;
    }
    keep->next = NULL;
    keep->used = 0;
    a->chunks = keep;
}

static struct arena_chunk *arena_grow(struct arena *a, size_t n)
{
    size_t usual = a->chunks ? ARENA_CHUNK : ARENA_FIRST;
    size_t size = n > usual ? n : usual;
    struct arena_chunk *chunk = mem_alloc(sizeof(*chunk) + size);

    *chunk = (struct arena_chunk){.next = a->chunks, .size = size};
    a->chunks = chunk;
    return chunk;
}

void *arena_alloc(struct arena *a, size_t n)
{
    struct arena_chunk *chunk = a->chunks;
    size_t rounded;
    void *p;

    if (n > a->max - a->used || n > SIZE_MAX / 2)
        return NULL;
    rounded = (n + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    if (!chunk || rounded > chunk->size - chunk->used)
        chunk = arena_grow(a, rounded);
    p = chunk->bytes + chunk->used;
    chunk->used += rounded;
    /* What rounding takes counts too, or many small pieces would take many times the ceiling. */
    a->used += rounded < a->max - a->used ? rounded : a->max - a->used;
    memset(p, 0, rounded);
    return p;
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(n, size, &bytes))
        return NULL;
    return arena_alloc(a, bytes);
}

struct str arena_dup(struct arena *a, struct str s)
{
    char *p;

    if (!s.p)
        return STR_NULL;
    p = arena_alloc(a, s.n + 1);
    if (!p)
        return STR_NULL;
    memcpy(p, s.p, s.n);
    return (struct str){p, s.n};
}

struct str arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list args;
    char *p;
    int n;

    va_start(args, fmt);
    n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    BUG_ON(n < 0);
    p = arena_alloc(a, (size_t)n + 1);
    if (!p)
        return STR_NULL;
    va_start(args, fmt);
    n = vsnprintf(p, (size_t)n + 1, fmt, args);
    va_end(args);
    return (struct str){p, (size_t)n};
}
