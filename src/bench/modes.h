/*
 * The modes of the load generator, a function each: set up, measure, tell.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_MODES_H
#define BENCH_MODES_H

#include "bench/load.h"
#include "bench/options.h"
#include "bench/results.h"
#include "bench/world.h"

/* What a mode works on. */
struct run {
    const struct options *options;
    struct world world;
    struct results results;
    bool has_faults; /* something was lost, repeated, out of order or refused */
};

/* A mode: false when it could not measure, why says what. thread: the only one */
typedef bool mode_fn(struct run *run, struct why *why);

mode_fn mode_chat;    /* chat and typing: a load, with idle users beside it */
mode_fn mode_history; /* history and page: clients that read rooms by REST */
mode_fn
    mode_idle; /* what idle users cost: memory, the others' latency, closing at once */
mode_fn mode_start; /* exec to first CONNECTED and first delivery, after kill -9 too */
mode_fn mode_slow;  /* subscribers that stop reading */

/* mode_plan — the load that the options ask for, in the rooms from first_room on. */
struct load_plan mode_plan(const struct options *options, size_t first_room);

/* mode_tell_load — counts of its last load_run, under names that begin with prefix ("": none). */
void mode_tell_load(struct run *run, const struct load *l, const char *prefix);

/* mode_tell_faults — what the checks found; sets has_faults. */
void mode_tell_faults(struct run *run, const struct load *l);

#endif
