/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

#include "base/banned.h"

/* The first byte of a character that is not ASCII. */
static bool begin(struct utf8_stream *u, unsigned char byte)
{
    if (byte < 0xc2 || byte > 0xf4)
        return false;
    u->missing = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    u->low = 0x80;
    u->high = 0xbf;
    if (byte == 0xe0)
        u->low = 0xa0; /* overlong */
    else if (byte == 0xed)
        u->high = 0x9f; /* surrogates */
    else if (byte == 0xf0)
        u->low = 0x90; /* overlong */
    else if (byte == 0xf4)
        u->high = 0x8f; /* above U+10FFFF */
    return true;
}

/* Eight bytes at a time: most text is ASCII. */
static size_t ascii_prefix(const unsigned char *u, size_t n)
{
    size_t at = 0;
    uint64_t word;

    for (; n - at >= sizeof(word); at += sizeof(word)) {
        memcpy(&word, u + at, sizeof(word));
        if (word & UINT64_C(0x8080808080808080))
            break;
    }
    while (at < n && u[at] < 0x80)
        at++;
    return at;
}

bool utf8_feed(struct utf8_stream *u, struct str piece)
{
    const unsigned char *bytes = (const unsigned char *)piece.p;

    for (size_t at = 0; at < piece.n; at++) {
        if (u->missing == 0)
            at += ascii_prefix(bytes + at, piece.n - at);
        if (at == piece.n)
            return true;
        if (u->missing == 0) {
            if (!begin(u, bytes[at]))
                return false;
        } else {
            if (bytes[at] < u->low || bytes[at] > u->high)
                return false;
            u->missing--;
            u->low = 0x80;
            u->high = 0xbf;
        }
    }
    return true;
}

bool utf8_valid(struct str s)
{
    struct utf8_stream u = {0};

    return utf8_feed(&u, s) && utf8_is_whole(&u);
}

size_t utf8_chars(struct str s)
{
    size_t chars = 0;

    for (size_t i = 0; i < s.n; i++)
        chars += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return chars;
}

size_t utf8_put(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}
