/*
 * What happens when our own promises break: stop at once, in release builds too.
 * Input from outside never ends here; it gets an enum err.
 * SPDX-License-Identifier: MIT
 */
#ifndef BASE_BUG_H
#define BASE_BUG_H

#include <stddef.h>

#define NODISCARD __attribute__((warn_unused_result))

/* BUG_ON — abort with file, line and condition if a broken invariant is seen. thread: any */
#define BUG_ON(cond)                                                                     \
    do {                                                                                 \
        if (__builtin_expect(!!(cond), 0))                                               \
            bug_abort(__FILE__, __LINE__, #cond);                                        \
    } while (0)

__attribute__((noreturn)) void bug_abort(const char *file, int line, const char *cond);

/*
 * mem_alloc, mem_zalloc, mem_realloc — like malloc, calloc(1, n), realloc, but never NULL:
 * out of memory aborts with the size. Sizes from outside are checked before they get here.
 * out: freed with free(). thread: any
 */
__attribute__((malloc, returns_nonnull)) void *mem_alloc(size_t size);
__attribute__((malloc, returns_nonnull)) void *mem_zalloc(size_t size);
__attribute__((returns_nonnull)) void *mem_realloc(void *p, size_t size);

#endif
