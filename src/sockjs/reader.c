/* SPDX-License-Identifier: MIT */
#include "sockjs/reader_internal.h"

#include "base/utf8.h"

#include "base/banned.h"

/* Decoded bytes on their way out: a frame of usual size leaves in one piece. */
struct out {
    sockjs_string_fn *fn;
    void *ctx;
    size_t n;
    char bytes[4096];
};

static void flush(struct out *out, bool is_last)
{
    if (out->fn && (out->n > 0 || is_last))
        out->fn(out->ctx, (struct str){out->bytes, out->n}, is_last);
    out->n = 0;
}

static void put(struct out *out, const char *p, size_t n)
{
    if (n > sizeof(out->bytes) - out->n)
        flush(out, false);
    memcpy(out->bytes + out->n, p, n);
    out->n += n;
}

static void put_byte(struct out *out, char c)
{
    put(out, &c, 1);
}

/* Also a surrogate, in the form UTF-8 would have for it. */
static void put_point(struct out *out, uint32_t c)
{
    char bytes[4];

    if (c >= 0xd800 && c <= 0xdfff) {
        bytes[0] = (char)0xed;
        bytes[1] = (char)(0x80 | (c >> 6 & 0x3f));
        bytes[2] = (char)(0x80 | (c & 0x3f));
        put(out, bytes, 3);
    } else {
        put(out, bytes, utf8_put(c, bytes));
    }
}

static void put_high(struct sockjs_reader *r, struct out *out)
{
    if (r->high)
        put_point(out, r->high);
    r->high = 0;
}

static void put_unit(struct sockjs_reader *r, struct out *out)
{
    bool is_high = r->unit >= 0xd800 && r->unit <= 0xdbff;
    bool is_low = r->unit >= 0xdc00 && r->unit <= 0xdfff;

    if (is_low && r->high) {
        put_point(out, 0x10000 + ((r->high - 0xd800) << 10) + (r->unit - 0xdc00));
        r->high = 0;
        return;
    }
    put_high(r, out);
    if (is_high)
        r->high = r->unit;
    else
        put_point(out, r->unit);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static enum sockjs_reader_state in_string(struct sockjs_reader *r, char c,
                                          struct out *out)
{
    if (c == '\\')
        return SOCKJS_READER_ESCAPE;
    put_high(r, out);
    if (c == '"') {
        flush(out, true);
        return SOCKJS_READER_BEHIND;
    }
    if ((unsigned char)c < 0x20)
        return SOCKJS_READER_BROKEN;
    put_byte(out, c);
    return SOCKJS_READER_STRING;
}

static enum sockjs_reader_state in_escape(struct sockjs_reader *r, char c,
                                          struct out *out)
{
    static const char meant[] = {['b'] = '\b', ['f'] = '\f', ['n'] = '\n', ['r'] = '\r',
                                 ['t'] = '\t', ['"'] = '"',  ['/'] = '/',  ['\\'] = '\\'};
    unsigned char u = (unsigned char)c;

    if (c == 'u') {
        r->n_hex = 0;
        r->unit = 0;
        return SOCKJS_READER_HEX;
    }
    if (u >= sizeof(meant) || !meant[u])
        return SOCKJS_READER_BROKEN;
    put_high(r, out);
    put_byte(out, meant[u]);
    return SOCKJS_READER_STRING;
}

static enum sockjs_reader_state in_hex(struct sockjs_reader *r, char c, struct out *out)
{
    uint32_t digit;

    if (c >= '0' && c <= '9')
        digit = (uint32_t)(c - '0');
    else if (c >= 'a' && c <= 'f')
        digit = (uint32_t)(c - 'a') + 10;
    else if (c >= 'A' && c <= 'F')
        digit = (uint32_t)(c - 'A') + 10;
    else
        return SOCKJS_READER_BROKEN;
    r->unit = r->unit << 4 | digit;
    if (++r->n_hex < 4)
        return SOCKJS_READER_HEX;
    put_unit(r, out);
    return SOCKJS_READER_STRING;
}

static enum sockjs_reader_state at_start(char c)
{
    if (c == '[')
        return SOCKJS_READER_FIRST;
    if (c != '\0' && strchr("\"{-0123456789tfn", c))
        return SOCKJS_READER_NOT_ARRAY;
    return SOCKJS_READER_BROKEN;
}

static enum sockjs_reader_state outside(enum sockjs_reader_state state, char c)
{
    if (is_blank(c))
        return state;
    if (state == SOCKJS_READER_START)
        return at_start(c);
    if (c == '"' && (state == SOCKJS_READER_FIRST || state == SOCKJS_READER_NEXT))
        return SOCKJS_READER_STRING;
    if (c == ']' && (state == SOCKJS_READER_FIRST || state == SOCKJS_READER_BEHIND))
        return SOCKJS_READER_DONE;
    if (c == ',' && state == SOCKJS_READER_BEHIND)
        return SOCKJS_READER_NEXT;
    return SOCKJS_READER_BROKEN;
}

static void step(struct sockjs_reader *r, char c, struct out *out)
{
    switch (r->state) {
    case SOCKJS_READER_STRING:
        r->state = in_string(r, c, out);
        break;
    case SOCKJS_READER_ESCAPE:
        r->state = in_escape(r, c, out);
        break;
    case SOCKJS_READER_HEX:
        r->state = in_hex(r, c, out);
        break;
    case SOCKJS_READER_START:
    case SOCKJS_READER_FIRST:
    case SOCKJS_READER_BEHIND:
    case SOCKJS_READER_NEXT:
    case SOCKJS_READER_DONE:
        r->state = outside(r->state, c);
        break;
    case SOCKJS_READER_NOT_ARRAY:
    case SOCKJS_READER_BROKEN:
        break;
    }
}

void sockjs_reader_feed(struct sockjs_reader *r, struct str in, sockjs_string_fn *fn,
                        void *ctx)
{
    struct out out;

    out.fn = fn;
    out.ctx = ctx;
    out.n = 0;
    for (size_t i = 0; i < in.n && !sockjs_reader_is_broken(r); i++)
        step(r, in.p[i], &out);
    if (!sockjs_reader_is_broken(r))
        flush(&out, false);
}

enum sockjs_payload sockjs_reader_payload(const struct sockjs_reader *r)
{
    switch (r->state) {
    case SOCKJS_READER_DONE:
        return SOCKJS_PAYLOAD_ARRAY;
    case SOCKJS_READER_START:
        return SOCKJS_PAYLOAD_NONE;
    case SOCKJS_READER_NOT_ARRAY:
        return SOCKJS_PAYLOAD_NOT_ARRAY;
    case SOCKJS_READER_FIRST:
    case SOCKJS_READER_STRING:
    case SOCKJS_READER_ESCAPE:
    case SOCKJS_READER_HEX:
    case SOCKJS_READER_BEHIND:
    case SOCKJS_READER_NEXT:
    case SOCKJS_READER_BROKEN:
        break;
    }
    return SOCKJS_PAYLOAD_BROKEN;
}
