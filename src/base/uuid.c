/* SPDX-License-Identifier: MIT */
#include "base/uuid.h"

#include <errno.h>
#include <sys/random.h>

#include "base/bug.h"

#include "base/banned.h"

enum {
    POOL_BYTES = 640
};

void random_fill(void *p, size_t n)
{
    char *to = p;

    while (n > 0) {
        ssize_t got = getrandom(to, n, 0);

        if (got < 0 && errno == EINTR)
            continue;
        BUG_ON(got <= 0);
        to += got;
        n -= (size_t)got;
    }
}

static struct uuid uuid_text(unsigned char raw[16], unsigned version)
{
    static const char hex[] = "0123456789abcdef";
    struct uuid u;
    size_t at = 0;

    raw[6] = (unsigned char)((raw[6] & 0x0f) | version << 4);
    raw[8] = (raw[8] & 0x3f) | 0x80;
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            u.text[at++] = '-';
        u.text[at++] = hex[raw[i] >> 4];
        u.text[at++] = hex[raw[i] & 15];
    }
    u.text[at] = '\0';
    return u;
}

struct uuid uuid_v4(void)
{
    unsigned char raw[16];

    random_fill(raw, sizeof(raw));
    return uuid_text(raw, 4);
}

/* Random bytes for the next ids of this thread; a call of the kernel for each is a third of its cost. */
static void random_take(unsigned char *to, size_t n)
{
    static _Thread_local unsigned char pool[POOL_BYTES];
    static _Thread_local size_t left;

    BUG_ON(n > sizeof(pool));
    if (left < n) {
        random_fill(pool, sizeof(pool));
        left = sizeof(pool);
    }
    left -= n;
    memcpy(to, pool + left, n);
    memset(pool + left, 0, n);
}

struct uuid uuid_v7(int64_t real_ns)
{
    unsigned char raw[16];
    uint64_t ms = (uint64_t)real_ns / 1000000;

    random_take(raw + 6, 10);
    for (size_t i = 0; i < 6; i++)
        raw[i] = (unsigned char)(ms >> (40 - 8 * i));
    return uuid_text(raw, 7);
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool uuid_is_valid(struct str s)
{
    if (s.n != UUID_CHARS)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (is_dash ? s.p[i] != '-' : !is_hex(s.p[i]))
            return false;
    }
    return true;
}
