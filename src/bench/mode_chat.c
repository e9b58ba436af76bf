/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "bench/crowd.h"
#include "bench/meter.h"
#include "bench/modes.h"

#include "base/banned.h"

struct load_plan mode_plan(const struct options *o, size_t first_room)
{
    return (struct load_plan){
        .first_room = first_room,
        .n_rooms = (size_t)o->rooms,
        .users = (size_t)o->users,
        .senders = (size_t)o->senders,
        .is_typing = o->mode == BENCH_TYPING,
        .has_receipts = o->has_receipts,
        .rate = o->rate,
        .inflight = (size_t)o->inflight,
        .content_bytes = (size_t)o->content_bytes,
    };
}

static void tell_number(struct run *run, const char *prefix, const char *what,
                        double value)
{
    char name[64];

    snprintf(name, sizeof(name), "%s%s", prefix, what);
    results_number(&run->results, name, value, 0);
}

static void tell_times(struct run *run, const char *prefix, const char *what,
                       const struct hist *h)
{
    char name[64];

    snprintf(name, sizeof(name), "%s%s", prefix, what);
    results_times(&run->results, name, h);
}

void mode_tell_load(struct run *run, const struct load *l, const char *prefix)
{
    const struct load_counts *c = &l->counts;

    tell_number(run, prefix, "sent_per_s", (double)c->sent / c->seconds);
    tell_number(run, prefix, "deliveries_per_s", (double)c->deliveries / c->seconds);
    if (c->receipts > 0)
        tell_number(run, prefix, "receipts_per_s", (double)c->receipts / c->seconds);
    tell_times(run, prefix, "latency", &c->latency);
    tell_times(run, prefix, "cross_latency", &c->remote);
    tell_times(run, prefix, "receipt", &c->receipt);
    if (l->plan.rate > 0)
        tell_times(run, prefix, "sent_late", &c->late);
}

void mode_tell_faults(struct run *run, const struct load *l)
{
    const struct load_faults *f = &l->faults;

    results_number(&run->results, "sent", (double)l->sent, 0);
    results_number(&run->results, "delivered", (double)l->received, 0);
    results_number(&run->results, "lost", (double)f->lost, 0);
    results_number(&run->results, "duplicates", (double)f->duplicates, 0);
    results_number(&run->results, "out_of_order", (double)f->out_of_order, 0);
    results_number(&run->results, "unreceipted", (double)f->unreceipted, 0);
    results_number(&run->results, "connections_ended", (double)f->gone, 0);
    if (f->gone > 0)
        results_text(&run->results, "connections_ended_why", f->gone_why.text);
    run->has_faults |= load_has_faults(l);
}

/* Warm-up, measurement, and the wait for what is still under way. */
static void measure(struct run *run, struct load *l)
{
    const struct options *o = run->options;
    struct meter meter;

    load_start(l);
    load_run(l, o->warmup_seconds);
    meter_start(&meter, o);
    load_run(l, o->seconds);
    mode_tell_load(run, l, "");
    meter_tell(&meter, &run->results, "delivery", l->counts.deliveries);
    load_stop(l);
    mode_tell_faults(run, l);
}

bool mode_chat(struct run *run, struct why *why)
{
    const struct options *o = run->options;
    struct load_plan plan = mode_plan(o, 0);
    struct crowd crowd = {.n = 0};
    struct load load = {.world = NULL};
    bool is_ready;

    is_ready = world_grow(&run->world, plan.n_rooms, why) &&
               crowd_idle(&crowd, &run->world, (size_t)o->idle, why) &&
               load_init(&load, &run->world, &plan, why);
    if (is_ready)
        measure(run, &load);
    load_release(&load);
    crowd_close(&crowd);
    return is_ready;
}
