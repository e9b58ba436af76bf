/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "bench/crowd.h"
#include "bench/modes.h"
#include "bench/procs.h"

#include "base/banned.h"

enum {
    SLOW_RCVBUF_BYTES = 4096
};

static const double sample_seconds = 0.05;

static double rss_mb(const struct run *run)
{
    const struct options *o = run->options;

    return o->n_watched > 0 ? (double)procs_rss_bytes(o->watched[0].pid) / 1e6 : 0;
}

static void set_reading(struct crowd *crowd, bool is_reading)
{
    for (size_t i = 0; i < crowd->n; i++) {
        struct chatter *c = &crowd->chatters[i];

        if (c->state == CHATTER_GONE)
            continue;
        if (is_reading)
            io_resume(&c->conn);
        else
            io_pause(&c->conn);
    }
}

static bool all_gone(const struct crowd *crowd)
{
    for (size_t i = 0; i < crowd->n; i++) {
        if (crowd->chatters[i].state != CHATTER_GONE)
            return false;
    }
    return true;
}

/* The server's words to those who did not read: they wait in the socket until it is read. */
static void tell_ends(struct run *run, const struct crowd *crowd)
{
    size_t told = 0, reset = 0, open = 0;
    const struct chatter *other = NULL;
    struct why why = {.text = ""};

    for (size_t i = 0; i < crowd->n; i++) {
        const struct chatter *c = &crowd->chatters[i];

        if (c->state != CHATTER_GONE)
            open++;
        else if (str_eq(str_of(c->code), STR("slow_consumer")) && c->close_code == 1013)
            told++;
        else if (c->error != 0)
            reset++;
        else
            other = c;
    }
    results_number(&run->results, "slow_told", (double)told, 0);
    results_number(&run->results, "slow_reset", (double)reset, 0);
    results_number(&run->results, "slow_still_open", (double)open, 0);
    if (other)
        chatter_end_why(other, &why);
    if (other)
        results_text(&run->results, "slow_otherwise", why.text);
    run->has_faults |= open > 0 || other;
}

static void phases(struct run *run, struct load *l, struct crowd *crowd)
{
    double before_mb, peak_mb = 0;
    int64_t deadline_ns;

    load_start(l);
    load_run(l, run->options->warmup_seconds);
    before_mb = rss_mb(run);
    set_reading(crowd, false);
    load_run(l, 0);
    while (l->counts.seconds < run->options->seconds) {
        load_drive(l, sample_seconds);
        peak_mb = rss_mb(run) > peak_mb ? rss_mb(run) : peak_mb;
    }
    mode_tell_load(run, l, "");
    results_number(&run->results, "rss_before_mb", before_mb, 2);
    results_number(&run->results, "rss_peak_mb", peak_mb, 2);
    results_number(&run->results, "rss_growth_per_slow_kb",
                   (peak_mb - before_mb) * 1e3 / (double)crowd->n, 0);
    set_reading(crowd, true);
    deadline_ns = world_deadline_ns(&run->world);
    while (!all_gone(crowd) && clock_mono_ns() < deadline_ns)
        load_drive(l, sample_seconds);
    tell_ends(run, crowd);
    results_number(&run->results, "rss_after_mb", rss_mb(run), 2);
    load_stop(l);
    mode_tell_faults(run, l);
}

bool mode_slow(struct run *run, struct why *why)
{
    const struct options *o = run->options;
    struct load_plan plan = mode_plan(o, 0);
    struct crowd_plan crowd_plan = {.n = (size_t)o->slow,
                                    .in_room = ((size_t)o->slow + plan.n_rooms - 1) /
                                               plan.n_rooms,
                                    .rcvbuf_bytes = SLOW_RCVBUF_BYTES};
    struct crowd crowd = {.n = 0};
    struct load load = {.world = NULL};
    bool is_ready = world_grow(&run->world, plan.n_rooms, why) &&
                    crowd_open(&crowd, &run->world, &crowd_plan, why) &&
                    load_init(&load, &run->world, &plan, why);

    if (is_ready)
        phases(run, &load, &crowd);
    crowd_close(&crowd);
    load_release(&load);
    return is_ready;
}
