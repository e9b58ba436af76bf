/* SPDX-License-Identifier: MIT */
#include "bench/stamp.h"

#include "base/banned.h"

enum {
    PLACE_DIGITS = 2,
    NUMBER_DIGITS = 10,
    TIME_DIGITS = STAMP_BYTES - PLACE_DIGITS - NUMBER_DIGITS,
};

static char *hex_write(char *to, uint64_t value, unsigned digits)
{
    for (unsigned i = digits; i-- > 0; value >>= 4)
        to[i] = "0123456789abcdef"[value & 15];
    return to + digits;
}

static bool hex_read(const char *from, unsigned digits, uint64_t *out)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < digits; i++) {
        unsigned char c = (unsigned char)from[i];

        if (c >= '0' && c <= '9')
            value = value << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            value = value << 4 | (uint64_t)(c - 'a' + 10);
        else
            return false;
    }
    *out = value;
    return true;
}

void stamp_write(const struct stamp *s, char *to)
{
    to = hex_write(to, s->place, PLACE_DIGITS);
    to = hex_write(to, s->number, NUMBER_DIGITS);
    hex_write(to, (uint64_t)s->due_ns, TIME_DIGITS);
}

bool stamp_read(struct str from, struct stamp *out)
{
    uint64_t place, due;

    if (from.n < STAMP_BYTES || !hex_read(from.p, PLACE_DIGITS, &place) ||
        !hex_read(from.p + PLACE_DIGITS, NUMBER_DIGITS, &out->number) ||
        !hex_read(from.p + PLACE_DIGITS + NUMBER_DIGITS, TIME_DIGITS, &due))
        return false;
    out->place = (uint32_t)place;
    out->due_ns = (int64_t)due;
    return true;
}
