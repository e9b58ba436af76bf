/*
 * For short inputs: padded in one piece.
 * SPDX-License-Identifier: MIT
 */
#include "net/sha1.h"

#include "base/bug.h"

#include "base/banned.h"

enum {
    BLOCK = 64,
    ROUNDS = 80
};

static uint32_t rotated(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

static uint32_t mixed(size_t round, uint32_t b, uint32_t c, uint32_t d)
{
    if (round < 20)
        return ((b & c) | (~b & d)) + 0x5a827999;
    if (round < 40)
        return (b ^ c ^ d) + 0x6ed9eba1;
    if (round < 60)
        return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
    return (b ^ c ^ d) + 0xca62c1d6;
}

static void take_block(uint32_t state[5], const unsigned char *block)
{
    uint32_t w[ROUNDS], s[5];

    for (size_t i = 0; i < 16; i++, block += 4)
        w[i] = (uint32_t)block[0] << 24 | (uint32_t)block[1] << 16 |
               (uint32_t)block[2] << 8 | block[3];
    for (size_t i = 16; i < ROUNDS; i++)
        w[i] = rotated(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    memcpy(s, state, sizeof(s));
    for (size_t i = 0; i < ROUNDS; i++) {
        uint32_t next = rotated(s[0], 5) + mixed(i, s[1], s[2], s[3]) + s[4] + w[i];

        s[4] = s[3];
        s[3] = s[2];
        s[2] = rotated(s[1], 30);
        s[1] = s[0];
        s[0] = next;
    }
    for (size_t i = 0; i < 5; i++)
        state[i] += s[i];
}

void sha1(struct str in, char out[SHA1_BYTES])
{
    uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    unsigned char padded[2 * BLOCK] = {0};
    size_t n = in.n + 9 <= BLOCK ? BLOCK : 2 * BLOCK;

    BUG_ON(in.n > SHA1_INPUT_MAX);
    if (in.n)
        memcpy(padded, in.p, in.n);
    padded[in.n] = 0x80;
    padded[n - 2] = (unsigned char)(in.n * 8 >> 8);
    padded[n - 1] = (unsigned char)(in.n * 8);
    for (size_t i = 0; i < n; i += BLOCK)
        take_block(state, padded + i);
    for (size_t i = 0; i < SHA1_BYTES; i++)
        out[i] = (char)(state[i / 4] >> (24 - i % 4 * 8));
}
