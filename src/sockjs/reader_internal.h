/*
 * What comes from a SockJS client: a JSON array of strings, fed in pieces and resumable at any byte.
 * Nothing is held but the state; the strings leave decoded, in pieces. Private to src/sockjs.
 * SPDX-License-Identifier: MIT
 */
#ifndef SOCKJS_READER_INTERNAL_H
#define SOCKJS_READER_INTERNAL_H

#include "base/str.h"

enum sockjs_payload {
    SOCKJS_PAYLOAD_ARRAY,     /* whole and right */
    SOCKJS_PAYLOAD_NONE,      /* blanks only */
    SOCKJS_PAYLOAD_NOT_ARRAY, /* some other JSON value, by its first byte */
    SOCKJS_PAYLOAD_BROKEN,    /* no JSON, no end, or an element that is no string */
};

enum sockjs_reader_state {
    SOCKJS_READER_START, /* before '[' */
    SOCKJS_READER_FIRST, /* behind '[' */
    SOCKJS_READER_STRING,
    SOCKJS_READER_ESCAPE, /* behind '\' */
    SOCKJS_READER_HEX,    /* behind "\u" */
    SOCKJS_READER_BEHIND, /* behind a string */
    SOCKJS_READER_NEXT,   /* behind ',' */
    SOCKJS_READER_DONE,   /* behind ']' */
    SOCKJS_READER_NOT_ARRAY,
    SOCKJS_READER_BROKEN,
};

struct sockjs_reader { /* zeroed: before a payload */
    enum sockjs_reader_state state;
    unsigned n_hex; /* digits of \uXXXX so far */
    uint32_t unit;  /* their value */
    uint32_t high;  /* a high surrogate that waits for its low one, or 0 */
};

/* A piece of a string; is_last ends it. */
typedef void sockjs_string_fn(void *ctx, struct str piece, bool is_last);

/*
 * sockjs_reader_feed — the next bytes of a payload. fn NULL: only checks.
 * out:    pieces as UTF-8 (\u0000 as NUL); a lone surrogate as its three bytes, which is no UTF-8,
 *         so that who reads the string refuses it; bytes above 0x7f are passed on unchecked
 * errors: none here, ask sockjs_reader_payload; nothing is passed on behind an error
 */
void sockjs_reader_feed(struct sockjs_reader *r, struct str in, sockjs_string_fn *fn,
                        void *ctx);

/* sockjs_reader_payload — what it was, if it ends here. */
enum sockjs_payload sockjs_reader_payload(const struct sockjs_reader *r);

/* sockjs_reader_is_broken — no further byte can make it right. */
static inline bool sockjs_reader_is_broken(const struct sockjs_reader *r)
{
    return r->state >= SOCKJS_READER_NOT_ARRAY;
}

#endif
