/* SPDX-License-Identifier: MIT */
#include "tests/support/rng.h"

#include <stdlib.h>

#include "base/banned.h"

struct rng rng_of_environment(uint64_t n)
{
    const char *seed = getenv("REUSE_TEST_SEED");

    return (struct rng){(seed ? strtoull(seed, NULL, 10) : 1) * 1000003 + n};
}

/* SplitMix64. */
uint64_t rng_next(struct rng *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

uint64_t rng_below(struct rng *r, uint64_t n)
{
    return rng_next(r) % n;
}

int64_t rng_between(struct rng *r, int64_t least, int64_t most)
{
    uint64_t width = (uint64_t)most - (uint64_t)least, from = 0;

    switch (rng_below(r, 4)) {
    case 0:
        return least;
    case 1:
        return most;
    case 2: /* near zero, where numbers are short */
        from = least <= 0 && most >= 0 ? 0 - (uint64_t)least : 0;
        width = width - from < 300 ? width - from : 300;
        break;
    default:
        break;
    }
    from += width == UINT64_MAX ? rng_next(r) : rng_below(r, width + 1);
    return (int64_t)((uint64_t)least + from);
}
