/*
 * UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
 * SPDX-License-Identifier: MIT
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/str.h"

/* utf8_valid — s is well-formed UTF-8. thread: any */
bool utf8_valid(struct str s);

/* Text that comes in pieces. Zeroed: at the start of a text. */
struct utf8_stream {
    unsigned char missing;   /* bytes of a character that has begun */
    unsigned char low, high; /* what the next of them may be */
};

/* utf8_feed — the next piece. errors: false at the first byte that cannot be UTF-8; the stream is of no
 * use then. thread: owner */
bool utf8_feed(struct utf8_stream *u, struct str piece);

/* utf8_is_whole — no character is cut off here. thread: owner */
static inline bool utf8_is_whole(const struct utf8_stream *u)
{
    return u->missing == 0;
}

/* utf8_chars — number of code points of well-formed s. thread: any */
size_t utf8_chars(struct str s);

/* utf8_put — writes code point c (a Unicode scalar value) to out[4]; bytes written. */
size_t utf8_put(uint32_t c, char out[4]);

#endif
