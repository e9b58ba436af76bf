/*
 * A histogram of times in buckets that grow with the value: any quantile within 1.6 %, at a fixed
 * price for each value and no memory for the values themselves.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_HIST_H
#define BENCH_HIST_H

#include <stdint.h>

enum {
    HIST_SUB_BITS = 6,  /* 64 buckets for each power of two */
    HIST_TOP_BITS = 41, /* values up to 2^41 ns, 36 minutes; above counts as that */
    HIST_BUCKETS = (HIST_TOP_BITS - HIST_SUB_BITS + 1) << HIST_SUB_BITS,
};

struct hist {
    uint64_t n;  /* values */
    int64_t max; /* largest value, exact; 0 while empty */
    uint64_t buckets[HIST_BUCKETS];
};

/* hist_reset — forgets all values. thread: owner, as all functions here */
void hist_reset(struct hist *h);

/* hist_add — counts a value; a negative one counts as 0. */
void hist_add(struct hist *h, int64_t value);

/*
 * hist_quantile — the smallest value that at least q (0 to 1) of all values do not exceed, rounded
 * up to the end of its bucket but never above max.
 * out: 0 while empty
 */
int64_t hist_quantile(const struct hist *h, double q);

#endif
