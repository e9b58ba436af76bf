/*
 * The lines between chunks are read byte by byte, data by the piece.
 * SPDX-License-Identifier: MIT
 */
#include "net/chunked.h"

#include "base/bug.h"

#include "base/banned.h"

static int add_digit(struct chunked *c, unsigned digit, const struct buf *body)
{
    if (++c->digits > CHUNKED_DIGITS_MAX)
        return 400;
    c->left = c->left * 16 + digit;
    return c->left > body->max - body->n ? 413 : 0;
}

/* A byte of an extension or a trailer. */
static int skip_byte(struct chunked *c, unsigned char byte)
{
    if ((byte < ' ' && byte != '\t') || byte == 0x7f)
        return 400;
    return ++c->extra > CHUNKED_EXTRA_MAX ? 431 : 0;
}

/* The byte must be the one that is due. */
static int expect(struct chunked *c, unsigned char byte, char due,
                  enum chunked_state next)
{
    c->state = next;
    return byte == (unsigned char)due ? 0 : 400;
}

/* A byte of the line with the size, before its CR. */
static int size_byte(struct chunked *c, unsigned char byte, const struct buf *body)
{
    int digit = hex_digit((char)byte);

    if (c->state == CHUNKED_SIZE && digit >= 0)
        return add_digit(c, (unsigned)digit, body);
    if (c->digits == 0)
        return 400;
    if (byte == '\r' && c->state != CHUNKED_BLANK) {
        c->state = CHUNKED_SIZE_LF;
        return 0;
    }
    if (c->state != CHUNKED_EXTENSION) {
        if (byte != ';' && byte != ' ' && byte != '\t')
            return 400;
        c->state = byte == ';' ? CHUNKED_EXTENSION : CHUNKED_BLANK;
    }
    return skip_byte(c, byte);
}

/* A byte of a trailer, or of the empty line behind the last one, before its CR. */
static int trailer_byte(struct chunked *c, unsigned char byte)
{
    if (byte == '\r') {
        c->state = c->state == CHUNKED_TRAILER ? CHUNKED_LAST_LF : CHUNKED_TRAILER_LF;
        return 0;
    }
    c->state = CHUNKED_TRAILER_LINE;
    return skip_byte(c, byte);
}

static int take_byte(struct chunked *c, unsigned char byte, const struct buf *body)
{
    switch (c->state) {
    case CHUNKED_SIZE:
    case CHUNKED_BLANK:
    case CHUNKED_EXTENSION:
        return size_byte(c, byte, body);
    case CHUNKED_SIZE_LF:
        c->digits = 0;
        return expect(c, byte, '\n', c->left > 0 ? CHUNKED_DATA : CHUNKED_TRAILER);
    case CHUNKED_DATA_CR:
        return expect(c, byte, '\r', CHUNKED_DATA_LF);
    case CHUNKED_DATA_LF:
        return expect(c, byte, '\n', CHUNKED_SIZE);
    case CHUNKED_TRAILER:
    case CHUNKED_TRAILER_LINE:
        return trailer_byte(c, byte);
    case CHUNKED_TRAILER_LF:
        return expect(c, byte, '\n', CHUNKED_TRAILER);
    case CHUNKED_LAST_LF:
        return expect(c, byte, '\n', CHUNKED_DONE);
    case CHUNKED_DATA:
    case CHUNKED_DONE:
        break;
    }
    BUG_ON(true); /* chunked_feed does not ask */
    return 0;
}

int chunked_feed(struct chunked *c, struct str in, struct buf *body, size_t *used_out)
{
    size_t at = 0;
    int status = 0;

    while (at < in.n && status == 0 && c->state != CHUNKED_DONE) {
        if (c->state == CHUNKED_DATA) {
            size_t n = c->left < in.n - at ? (size_t)c->left : in.n - at;

            buf_append(body, in.p + at, n);
            at += n;
            c->left -= n;
            if (c->left == 0)
                c->state = CHUNKED_DATA_CR;
        } else {
            status = take_byte(c, (unsigned char)in.p[at++], body);
        }
    }
    *used_out = at;
    return status;
}
