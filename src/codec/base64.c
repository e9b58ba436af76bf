/* SPDX-License-Identifier: MIT */
#include "codec/base64.h"

#include "base/banned.h"

void base64_put(struct buf *out, struct str bytes)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t at = 0; at < bytes.n; at += 3) {
        size_t n = bytes.n - at < 3 ? bytes.n - at : 3;
        uint32_t bits = 0;
        char four[4];

        for (size_t i = 0; i < 3; i++)
            bits = bits << 8 | (i < n ? (unsigned char)bytes.p[at + i] : 0);
        for (size_t i = 0; i < 4; i++)
            four[i] = i <= n ? letters[bits >> (18 - 6 * i) & 63] : '=';
        buf_append(out, four, sizeof(four));
    }
}

static size_t padding(struct str text)
{
    size_t n = 0;

    while (n < 2 && n < text.n && text.p[text.n - 1 - n] == '=')
        n++;
    return n;
}

bool base64_size(struct str text, size_t *out)
{
    *out = text.n / 4 * 3 - padding(text);
    return text.n % 4 == 0;
}

static int sextet(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

bool base64_take(struct str text, char *to)
{
    size_t letters = text.n - padding(text);
    uint32_t bits = 0;
    int held = 0;

    for (size_t i = 0; i < letters; i++) {
        int six = sextet(text.p[i]);

        if (six < 0)
            return false;
        bits = bits << 6 | (uint32_t)six;
        held += 6;
        if (held >= 8) {
            held -= 8;
            *to++ = (char)(bits >> held);
            bits &= (1U << held) - 1;
        }
    }
    return bits == 0; /* one text per value */
}
