/*
 * Bodies that come in chunks (RFC 9112, 7.1). Strict where two readings of one body could differ:
 * sizes are hexadecimal digits and nothing else, every line ends with CRLF. Extensions and trailers
 * are read and thrown away. It owns no socket and holds no policy.
 * SPDX-License-Identifier: MIT
 */
#ifndef NET_CHUNKED_H
#define NET_CHUNKED_H

#include "base/buf.h"

enum {
    CHUNKED_DIGITS_MAX = 16,  /* of a size, leading zeros included; above: 400 */
    CHUNKED_EXTRA_MAX = 16384 /* bytes of all extensions and trailers; above: 431 */
};

/* In order of life; CHUNKED_SIZE comes again after each chunk. */
enum chunked_state {
    CHUNKED_SIZE,      /* digits */
    CHUNKED_BLANK,     /* blanks that may come before the ';' of an extension */
    CHUNKED_EXTENSION, /* up to the end of the line */
    CHUNKED_SIZE_LF,   /* the CR of the size's line was read */
    CHUNKED_DATA,
    CHUNKED_DATA_CR, /* the end of the data */
    CHUNKED_DATA_LF,
    CHUNKED_TRAILER,      /* the first byte of a line behind the last chunk */
    CHUNKED_TRAILER_LINE, /* the rest of it */
    CHUNKED_TRAILER_LF,
    CHUNKED_LAST_LF, /* of the empty line that ends it all */
    CHUNKED_DONE
};

/* Zeroed before the first byte. */
struct chunked {
    enum chunked_state state;
    uint64_t left;   /* bytes of this chunk still to come */
    unsigned digits; /* of its size */
    size_t extra;    /* bytes of extensions and trailers so far */
};

/*
 * chunked_feed — the next bytes of a body; data is appended to body, whose ceiling is the body's.
 * in:     may be cut anywhere; what follows the end is left alone
 * out:    0, or the HTTP status of the refusal: 400, 413 or 431; *used_out: bytes that were the body's
 * thread: any
 */
int chunked_feed(struct chunked *c, struct str in, struct buf *body, size_t *used_out);

static inline bool chunked_is_done(const struct chunked *c)
{
    return c->state == CHUNKED_DONE;
}

#endif
