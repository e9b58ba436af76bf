/*
 * What a stretch of time cost: processor time of the watched processes and of the generator.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_METER_H
#define BENCH_METER_H

#include "bench/options.h"
#include "bench/results.h"

struct meter {
    const struct options *options;
    int64_t began_ns, busy_ns, own_cpu_ns, cpu_ns[OPTIONS_WATCHED_MAX];
};

/* meter_start — from now on. thread: owner, as all here */
void meter_start(struct meter *m, const struct options *options);

/*
 * meter_tell — since meter_start: NAME_cpu_us_per_UNIT, NAME_cpu_percent and NAME_rss_mb of each
 * watched process, and of the generator; others_cpu_percent: what was neither, so how quiet the
 * machine was. 100 % is one processor.
 */
void meter_tell(const struct meter *m, struct results *r, const char *unit,
                uint64_t units);

#endif
