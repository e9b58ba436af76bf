/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "base/clock.h"
#include "bench/crowd.h"
#include "bench/getter.h"
#include "bench/modes.h"
#include "bench/procs.h"

#include "base/banned.h"

static const double poll_seconds = 0.02, closing_seconds = 2;

/* The first watched process is the server; without one there is nothing to tell of memory. */
static int64_t server_rss(const struct run *run)
{
    return run->options->n_watched > 0 ? procs_rss_bytes(run->options->watched[0].pid)
                                       : 0;
}

/* --- who is still there, as the debug API tells -------------------------------------------- */

struct presence {
    struct getter getter;
    const char *path;
    char mark[80];   /* stands once in the answer for each user of this run */
    size_t at_first; /* users without the idle ones */
    int64_t gone_ns; /* when no more than these were left; 0: not yet */
};

static size_t presence_count(const struct presence *p)
{
    struct str rest = buf_str(&p->getter.body), mark = str_of(p->mark);
    size_t n = 0;
    const char *at;

    while (rest.n > 0 && (at = memmem(rest.p, rest.n, mark.p, mark.n))) {
        n++;
        rest = str_from(rest, (size_t)(at - rest.p) + mark.n);
    }
    return n;
}

static void presence_init(struct presence *p, struct run *run, const char *path,
                          const char *mark_end)
{
    *p = (struct presence){.path = path};
    snprintf(p->mark, sizeof(p->mark), "-%s@bench.example\"%s", run->world.name,
             mark_end);
    getter_init(&p->getter, &run->world.io, &run->options->urls[0], NULL, p);
    p->getter.keeps_body = true;
}

static bool presence_read(struct presence *p, struct run *run, struct why *why)
{
    getter_ask(&p->getter, "GET", p->path, STR_NULL);
    if (!getter_wait(&p->getter, world_deadline_ns(&run->world))) {
        why_set(why, "GET %s was answered %d", p->path, p->getter.status);
        return false;
    }
    p->at_first = presence_count(p);
    return true;
}

/* Looks at the answer that came, and asks again. */
static void presence_poll(struct presence *p)
{
    if (p->getter.is_busy || p->gone_ns > 0)
        return;
    if (p->getter.status == 200 && presence_count(p) <= p->at_first)
        p->gone_ns = clock_mono_ns();
    else
        getter_ask(&p->getter, "GET", p->path, STR_NULL);
}

/* --- phases -------------------------------------------------------------------------------- */

static void run_phase(struct run *run, struct load *l, const char *prefix)
{
    load_run(l, run->options->warmup_seconds);
    load_run(l, run->options->seconds);
    mode_tell_load(run, l, prefix);
}

static bool open_phase(struct run *run, struct load *l, struct crowd *crowd,
                       struct why *why)
{
    size_t n = (size_t)run->options->idle;
    int64_t rss = server_rss(run), began_ns = clock_mono_ns();

    load_pause(l);
    if (!crowd_idle(crowd, &run->world, n, why))
        return false;
    results_number(&run->results, "open_ms",
                   (double)(clock_mono_ns() - began_ns) / NS_PER_MS, 0);
    load_start(l);
    load_run(l, 1);
    results_number(&run->results, "rss_before_mb", (double)rss / 1e6, 2);
    results_number(&run->results, "rss_with_idle_mb", (double)server_rss(run) / 1e6, 2);
    results_number(&run->results, "bytes_per_idle",
                   (double)(server_rss(run) - rss) / (double)n, 0);
    return true;
}

/* Closes all idle ones; how long the server and the session store name them on. */
static void close_phase(struct run *run, struct load *l, struct crowd *crowd,
                        struct presence *local, struct presence *stored)
{
    int64_t began_ns = clock_mono_ns(), deadline_ns = world_deadline_ns(&run->world);

    local->getter.status = stored->getter.status = 0; /* what they hold is old */
    load_run(l, 0);
    crowd_close(crowd);
    while ((stored->gone_ns == 0 || l->counts.seconds < closing_seconds) &&
           clock_mono_ns() < deadline_ns) {
        presence_poll(local);
        if (local->gone_ns > 0)
            presence_poll(stored);
        load_drive(l, poll_seconds);
    }
    mode_tell_load(run, l, "closing_");
    if (local->gone_ns > 0)
        results_number(&run->results, "closed_ms",
                       (double)(local->gone_ns - began_ns) / NS_PER_MS, 0);
    if (stored->gone_ns > 0)
        results_number(&run->results, "sessions_gone_ms",
                       (double)(stored->gone_ns - began_ns) / NS_PER_MS, 0);
    run->has_faults |= stored->gone_ns == 0;
}

static bool phases(struct run *run, struct load *l, struct crowd *crowd, struct why *why)
{
    struct presence local, stored;
    bool is_open;

    presence_init(&local, run, "/chat/debug/server-status", "");
    presence_init(&stored, run, "/chat/debug/sessions", ",\"sessionId\"");
    load_start(l);
    run_phase(run, l, "empty_");
    is_open = presence_read(&local, run, why) && presence_read(&stored, run, why) &&
              open_phase(run, l, crowd, why);
    if (is_open) {
        run_phase(run, l, "idle_");
        close_phase(run, l, crowd, &local, &stored);
        load_stop(l);
        mode_tell_faults(run, l);
    }
    getter_release(&local.getter);
    getter_release(&stored.getter);
    return is_open;
}

bool mode_idle(struct run *run, struct why *why)
{
    struct load_plan plan = mode_plan(run->options, 0);
    struct crowd crowd = {.n = 0};
    struct load load = {.world = NULL};
    bool is_measured = world_grow(&run->world, plan.n_rooms, why) &&
                       load_init(&load, &run->world, &plan, why) &&
                       phases(run, &load, &crowd, why);

    crowd_close(&crowd);
    load_release(&load);
    return is_measured;
}
