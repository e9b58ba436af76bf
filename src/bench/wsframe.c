/* SPDX-License-Identifier: MIT */
#include "bench/wsframe.h"

#include "base/banned.h"

enum {
    FIN = 0x80,
    MASKED = 0x80,
    LENGTH_16 = 126,
    LENGTH_64 = 127,
    HEAD_MAX = 14,
};

static size_t head_write(unsigned char *to, enum wsframe_kind kind, size_t n)
{
    to[0] = (unsigned char)(FIN | kind);
    if (n < LENGTH_16) {
        to[1] = (unsigned char)(MASKED | n);
        return 2;
    }
    if (n <= UINT16_MAX) {
        to[1] = MASKED | LENGTH_16;
        to[2] = (unsigned char)(n >> 8);
        to[3] = (unsigned char)n;
        return 4;
    }
    to[1] = MASKED | LENGTH_64;
    for (unsigned i = 0; i < 8; i++)
        to[2 + i] = (unsigned char)((uint64_t)n >> (56 - 8 * i));
    return 10;
}

/* Eight bytes at a time: a load generator masks as much as the server unmasks. */
static void mask_copy(char *to, struct str from, uint32_t mask)
{
    uint64_t wide = (uint64_t)mask << 32 | mask, word;
    const char *key = (const char *)&wide;
    size_t i = 0;

    for (; i + 8 <= from.n; i += 8) {
        memcpy(&word, from.p + i, 8);
        word ^= wide;
        memcpy(to + i, &word, 8);
    }
    for (; i < from.n; i++)
        to[i] = (char)(from.p[i] ^ key[i % 8]);
}

void wsframe_append(struct buf *out, enum wsframe_kind kind, struct str payload,
                    uint32_t mask)
{
    char *to = buf_reserve(out, HEAD_MAX + payload.n);
    size_t n;

    if (!to)
        return;
    n = head_write((unsigned char *)to, kind, payload.n);
    memcpy(to + n, &mask, sizeof(mask));
    n += sizeof(mask);
    mask_copy(to + n, payload, mask);
    buf_commit(out, n + payload.n);
}

int64_t wsframe_read(struct str in, struct wsframe *out)
{
    const unsigned char *p = (const unsigned char *)in.p;
    size_t head = 2, n;

    if (in.n < 2)
        return 0;
    if (!(p[0] & FIN) || (p[1] & MASKED))
        return -1;
    n = p[1];
    if (n >= LENGTH_16)
        head = n == LENGTH_16 ? 4 : 10;
    if (in.n < head)
        return 0;
    if (n >= LENGTH_16) {
        n = 0;
        for (size_t i = 2; i < head; i++)
            n = n << 8 | p[i];
    }
    if (n > INT32_MAX)
        return -1;
    if (in.n - head < n)
        return 0;
    *out = (struct wsframe){.kind = (enum wsframe_kind)(p[0] & 0x0f),
                            .payload = {in.p + head, n}};
    return (int64_t)(head + n);
}
