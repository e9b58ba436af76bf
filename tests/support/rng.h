/*
 * Made-up numbers for tests, the same for the same seed. $REUSE_TEST_SEED gives the seed; without it the
 * tests are the same every time.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_SUPPORT_RNG_H
#define TESTS_SUPPORT_RNG_H

#include <stdint.h>

struct rng {
    uint64_t state;
};

/* rng_of_environment — the run's own seed, and its nth stream. */
struct rng rng_of_environment(uint64_t n);

/* rng_next — 64 random bits. */
uint64_t rng_next(struct rng *r);

/* rng_below — 0 … n-1; n > 0. */
uint64_t rng_below(struct rng *r, uint64_t n);

/* rng_between — least … most, often one of both ends; least ≤ most. */
int64_t rng_between(struct rng *r, int64_t least, int64_t most);

#endif
