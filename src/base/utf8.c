/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

#include "base/banned.h"

/* Length of the sequence of two to four bytes that starts at u, or 0 if it is malformed or longer than n. */
static size_t sequence(const unsigned char *u, size_t n)
{
    unsigned char low = 0x80, high = 0xbf;
    size_t length;

    if (u[0] >= 0xc2 && u[0] <= 0xdf)
        length = 2;
    else if (u[0] >= 0xe0 && u[0] <= 0xef)
        length = 3;
    else if (u[0] >= 0xf0 && u[0] <= 0xf4)
        length = 4;
    else
        return 0;
    if (length > n)
        return 0;
    if (u[0] == 0xe0)
        low = 0xa0; /* overlong */
    else if (u[0] == 0xed)
        high = 0x9f; /* surrogates */
    else if (u[0] == 0xf0)
        low = 0x90; /* overlong */
    else if (u[0] == 0xf4)
        high = 0x8f; /* above U+10FFFF */
    if (u[1] < low || u[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((u[i] & 0xc0) != 0x80)
            return 0;
    return length;
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

bool utf8_valid(struct str s)
{
    const unsigned char *u = (const unsigned char *)s.p;

    for (size_t at = 0; at < s.n;) {
        size_t length;

        at += ascii_prefix(u + at, s.n - at);
        if (at == s.n)
            return true;
        length = sequence(u + at, s.n - at);
        if (length == 0)
            return false;
        at += length;
    }
    return true;
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
