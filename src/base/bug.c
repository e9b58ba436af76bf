/* SPDX-License-Identifier: MIT */
#include "base/bug.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

void bug_abort(const char *file, int line, const char *cond)
{
    fprintf(stderr, "BUG %s:%d: %s\n", file, line, cond);
    abort();
}

static void *checked(void *p, size_t size)
{
    if (p)
        return p;
    fprintf(stderr, "out of memory: %zu bytes\n", size);
    abort();
}

void *mem_alloc(size_t size)
{
    return checked(malloc(size ? size : 1), size);
}

void *mem_zalloc(size_t size)
{
    return checked(calloc(1, size ? size : 1), size);
}

void *mem_realloc(void *p, size_t size)
{
    return checked(realloc(p, size ? size : 1), size);
}
