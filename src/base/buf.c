/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/bug.h"

#include "base/banned.h"

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void buf_release(struct buf *b)
{
    free(b->p);
    buf_init(b, b->max);
}

void buf_reset(struct buf *b)
{
    b->n = 0;
    b->failed = false;
}

char *buf_reserve(struct buf *b, size_t n)
{
    size_t want;

    if (b->failed || n > b->max - b->n) {
        b->failed = true;
        return NULL;
    }
    if (n <= b->cap - b->n && b->p)
        return b->p + b->n;
    want = b->cap * 2 > b->n + n ? b->cap * 2 : b->n + n;
    if (want < 64)
        want = 64;
    if (want > b->max)
        want = b->max;
    b->p = mem_realloc(b->p, want > 0 ? want : 1); /* never NULL from here on */
    b->cap = want;
    return b->p + b->n;
}

void buf_commit(struct buf *b, size_t n)
{
    BUG_ON(n > b->cap - b->n);
    b->n += n;
}

void buf_append_slow(struct buf *b, const void *p, size_t n)
{
    char *to = buf_reserve(b, n);

    if (!to || n == 0)
        return;
    memcpy(to, p, n);
    b->n += n;
}

void buf_append_i64(struct buf *b, int64_t v)
{
    char digits[20];
    size_t at = sizeof(digits);
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

    do {
        digits[--at] = (char)('0' + u % 10);
        u /= 10;
    } while (u > 0);
    if (v < 0)
        digits[--at] = '-';
    buf_append(b, digits + at, sizeof(digits) - at);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    char small[256], *text = small;
    va_list args;
    int n;

    va_start(args, fmt);
    n = vsnprintf(small, sizeof(small), fmt, args);
    va_end(args);
    BUG_ON(n < 0);
    if ((size_t)n >= sizeof(small)) {
        if (!buf_reserve(b, (size_t)n))
            return;
        text = mem_alloc((size_t)n + 1); /* its NUL may be one byte above the ceiling */
        va_start(args, fmt);
        n = vsnprintf(text, (size_t)n + 1, fmt, args);
        va_end(args);
    }
    buf_append(b, text, (size_t)n);
    if (text != small)
        free(text);
}

void buf_consume(struct buf *b, size_t n)
{
    BUG_ON(n > b->n);
    if (n > 0 && n < b->n)
        memmove(b->p, b->p + n, b->n - n);
    b->n -= n;
}

void buf_truncate(struct buf *b, size_t n)
{
    BUG_ON(n > b->n);
    b->n = n;
}
