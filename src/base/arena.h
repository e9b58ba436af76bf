/*
 * Memory of one request, frame or job: allocated piece by piece, freed at once.
 * Decoded messages and rows point into it; nothing in it is freed by hand.
 * SPDX-License-Identifier: MIT
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/str.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks; /* newest first; owned */
    size_t used;                /* bytes handed out since the last reset, rounded up */
    size_t max;                 /* ceiling of used; an allocation above it is refused */
};

/* arena_init — an empty arena of at most max bytes (SIZE_MAX: none); allocates nothing. */
void arena_init(struct arena *a, size_t max);

/* arena_reset — frees all that was allocated but keeps one chunk for the next round. */
void arena_reset(struct arena *a);

/* arena_release — frees everything. */
void arena_release(struct arena *a);

/*
 * arena_alloc — n zeroed bytes, aligned for any type.
 * out:    NULL only above the ceiling (so never with SIZE_MAX); lives until reset or release
 * thread: owner, as all functions here
 */
void *arena_alloc(struct arena *a, size_t n);

/* arena_array — n zeroed elements of size bytes each; NULL above the ceiling or on overflow. */
void *arena_array(struct arena *a, size_t n, size_t size);

/*
 * arena_dup — copy of s in the arena, with a NUL behind it that is not counted.
 * out: no value stays no value; also no value above the ceiling
 */
struct str arena_dup(struct arena *a, struct str s);

/* arena_printf — formatted text in the arena; no value above the ceiling. */
__attribute__((format(printf, 2, 3))) struct str arena_printf(struct arena *a,
                                                              const char *fmt, ...);

#define ARENA_NEW(a, type)      ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_array((a), (n), sizeof(type)))

#endif
