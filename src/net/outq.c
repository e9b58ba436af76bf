/*
 * Outgoing bytes. Taking from the front moves an offset; the bytes move only when room is needed
 * and at least half of it lies in front.
 * SPDX-License-Identifier: MIT
 */
#include "net/outq.h"

#include <stdlib.h>

#include "base/bug.h"

#include "base/banned.h"

enum {
    FIRST_CAP = 512
};

static void make_room(struct outq *q, size_t n)
{
    size_t cap = q->cap ? q->cap : FIRST_CAP;

    if (q->mem && q->start > q->cap / 2 && OUTQ_HEADROOM + q->n + n <= q->cap) {
        memmove(q->mem + OUTQ_HEADROOM, q->mem + q->start, q->n);
        q->start = OUTQ_HEADROOM;
        return;
    }
    while (cap - OUTQ_HEADROOM < q->n + n)
        cap *= 2;
    if (q->start == OUTQ_HEADROOM) {
        q->mem = mem_realloc(q->mem, cap);
    } else {
        char *mem = mem_alloc(cap);

        if (q->n)
            memcpy(mem + OUTQ_HEADROOM, q->mem + q->start, q->n);
        free(q->mem);
        q->mem = mem;
        q->start = OUTQ_HEADROOM;
    }
    q->cap = cap;
}

char *outq_reserve(struct outq *q, size_t n)
{
    char *end;

    if (!q->mem || q->cap - q->start - q->n < n)
        make_room(q, n);
    end = q->mem + q->start + q->n;
    q->n += n;
    return end;
}

void outq_append(struct outq *q, struct str s)
{
    if (s.n)
        memcpy(outq_reserve(q, s.n), s.p, s.n);
}

void outq_drop(struct outq *q, size_t n)
{
    BUG_ON(n > q->n);
    q->start += n;
    q->n -= n;
    if (q->n == 0)
        outq_release(q);
}

void outq_release(struct outq *q)
{
    free(q->mem);
    *q = (struct outq){NULL, 0, 0, 0};
}
