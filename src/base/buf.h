/*
 * A growable byte buffer that cannot be made without a ceiling.
 * An append over the ceiling changes nothing and sets a sticky error: append ten times, ask
 * buf_ok() once.
 * SPDX-License-Identifier: MIT
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>

#include "base/str.h"

struct buf {
    char *p;     /* owned; NULL while nothing was appended */
    size_t n;    /* bytes used */
    size_t cap;  /* bytes allocated */
    size_t max;  /* ceiling in bytes */
    bool failed; /* an append went over max; cleared by buf_reset */
};

/* buf_init — an empty buffer of at most max bytes; allocates nothing. thread: owner */
void buf_init(struct buf *b, size_t max);

/* buf_release — frees the bytes; the buffer is empty and usable again. thread: owner */
void buf_release(struct buf *b);

/* buf_reset — forgets the bytes and the error, keeps the memory. thread: owner */
void buf_reset(struct buf *b);

/* buf_ok — no append failed since init or reset. thread: owner */
static inline bool buf_ok(const struct buf *b)
{
    return !b->failed;
}

/* buf_str — view of the bytes, valid until the next append; never no value. thread: owner */
static inline struct str buf_str(const struct buf *b)
{
    return (struct str){b->p ? b->p : "", b->n};
}

/* buf_append_slow — buf_append where there may be no room yet. */
void buf_append_slow(struct buf *b, const void *p, size_t n);

/* buf_append — copies n bytes to the end. errors: sticky. thread: owner */
static inline void buf_append(struct buf *b, const void *p, size_t n)
{
    if (b->failed || n == 0 || n > b->cap - b->n) {
        buf_append_slow(b, p, n);
        return;
    }
    memcpy(b->p + b->n, p, n);
    b->n += n;
}

static inline void buf_append_str(struct buf *b, struct str s)
{
    buf_append(b, s.p, s.n);
}

static inline void buf_append_c(struct buf *b, const char *c)
{
    buf_append(b, c, strlen(c));
}

static inline void buf_putc(struct buf *b, char c)
{
    buf_append(b, &c, 1);
}

void buf_append_i64(struct buf *b, int64_t v);

/* buf_printf — appends formatted text. errors: sticky. thread: owner */
__attribute__((format(printf, 2, 3))) void buf_printf(struct buf *b, const char *fmt,
                                                      ...);

/*
 * buf_reserve — room for n more bytes, to be filled by the caller and taken with buf_commit.
 * out: NULL (and the sticky error) over the ceiling; valid until the next call. thread: owner
 */
char *buf_reserve(struct buf *b, size_t n);
void buf_commit(struct buf *b, size_t n);

/* buf_consume — drops the first n bytes (n ≤ b->n) and moves the rest down. thread: owner */
void buf_consume(struct buf *b, size_t n);

/* buf_truncate — keeps only the first n bytes (n ≤ b->n). thread: owner */
void buf_truncate(struct buf *b, size_t n);

#endif
