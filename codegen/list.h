/*
 * Arrays that grow in an arena: the capacity is the next power of two, so that only the number
 * of elements is kept.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEGEN_LIST_H
#define CODEGEN_LIST_H

#include "base/arena.h"

/* list_grow — list of n elements with room for one more, zeroed; the old one is left behind. */
static inline void *list_grow(struct arena *a, void *list, size_t n, size_t size)
{
    void *grown;

    if (n != 0 && (n & (n - 1)) != 0)
        return list;
    grown = arena_array(a, n ? n * 2 : 1, size);
    if (n)
        memcpy(grown, list, n * size);
    return grown;
}

/* LIST_ADD — the new last element of list, zeroed; n is counted up. */
#define LIST_ADD(a, list, n)                                                             \
    ((list) = list_grow((a), (list), (n), sizeof(*(list))), &(list)[(n)++])

#endif
