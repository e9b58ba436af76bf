/* SPDX-License-Identifier: MIT */
#include "bench/hist.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

enum {
    SUB = 1 << HIST_SUB_BITS
};

static unsigned bucket_of(uint64_t value)
{
    unsigned top, shift;

    if (value < SUB)
        return (unsigned)value;
    top = 63U - (unsigned)__builtin_clzll(value);
    if (top >= HIST_TOP_BITS)
        return HIST_BUCKETS - 1;
    shift = top - HIST_SUB_BITS;
    return (shift << HIST_SUB_BITS) + (unsigned)(value >> shift);
}

/* The largest value of a bucket. */
static int64_t bucket_end(unsigned bucket)
{
    unsigned shift;

    if (bucket < 2 * SUB)
        return (int64_t)bucket;
    shift = bucket / SUB - 1;
    return (int64_t)(((uint64_t)(bucket % SUB + SUB + 1) << shift) - 1);
}

void hist_reset(struct hist *h)
{
    memset(h, 0, sizeof(*h));
}

void hist_add(struct hist *h, int64_t value)
{
    if (value < 0)
        value = 0;
    h->n++;
    h->buckets[bucket_of((uint64_t)value)]++;
    if (value > h->max)
        h->max = value;
}

int64_t hist_quantile(const struct hist *h, double q)
{
    uint64_t need = (uint64_t)ceil(q * (double)h->n), seen = 0;

    for (unsigned i = 0; i < HIST_BUCKETS && need > 0; i++) {
        seen += h->buckets[i];
        if (seen >= need)
            return bucket_end(i) < h->max ? bucket_end(i) : h->max;
    }
    return h->max;
}
