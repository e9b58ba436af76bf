/*
 * What a run found: names and values in order, as a table for a person and as JSON for a program.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_RESULTS_H
#define BENCH_RESULTS_H

#include "base/buf.h"
#include "bench/hist.h"

enum {
    RESULTS_MAX = 128
};

struct results {
    struct result {
        char name[48];  /* with its unit: latency_p50_us */
        char value[80]; /* as printed; in JSON without quotes if it is a number */
        bool is_number;
    } items[RESULTS_MAX];
    size_t n;
};

/* results_number — decimals: digits behind the point. thread: owner, as all here */
void results_number(struct results *r, const char *name, double value, int decimals);
void results_text(struct results *r, const char *name, const char *value);

/* results_times — PREFIX_p50_us, p90, p99, p999 and max of times in ns; nothing while empty. */
void results_times(struct results *r, const char *prefix, const struct hist *h);

void results_table(const struct results *r, struct buf *out);
void results_json(const struct results *r, struct buf *out);

#endif
