/*
 * Bytes on their way out of one connection: appended at the end, taken from the front.
 * It holds memory only while it holds bytes.
 * SPDX-License-Identifier: MIT
 */
#ifndef NET_OUTQ_H
#define NET_OUTQ_H

#include "base/str.h"

enum {
    OUTQ_HEADROOM =
        32 /* writable bytes before the first byte, for libraries that need them */
};

struct outq {
    char *mem;    /* owned; NULL while empty */
    size_t start; /* offset of the first byte; at least OUTQ_HEADROOM */
    size_t n;     /* bytes held */
    size_t cap;   /* bytes allocated */
};

/* outq_reserve — room for n more bytes, to be filled whole. thread: loop, as all here */
char *outq_reserve(struct outq *q, size_t n);
void outq_append(struct outq *q, struct str s);
/* outq_drop — the first n bytes (n ≤ q->n) have left. */
void outq_drop(struct outq *q, size_t n);
void outq_release(struct outq *q);

static inline struct str outq_str(const struct outq *q)
{
    return (struct str){q->n ? q->mem + q->start : "", q->n};
}

#endif
