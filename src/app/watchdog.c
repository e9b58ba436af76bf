/* SPDX-License-Identifier: MIT */
#include "app/watchdog.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

#include "app/server.h"
#include "base/bug.h"

#include "base/banned.h"

struct watchdog {
    struct server *const *servers;
    size_t n_servers;
    struct loop_timer *timer;
    atomic_size_t n_waiting; /* servers that were asked and did not answer yet */
};

static void on_answer(void *arg)
{
    struct watchdog *w = arg;

    atomic_fetch_sub(&w->n_waiting, 1);
}

static void on_tick(void *arg)
{
    struct watchdog *w = arg;

    if (atomic_load(&w->n_waiting) > 0)
        return;
    sd_notify(0, "WATCHDOG=1");
    atomic_store(&w->n_waiting, w->n_servers);
    for (size_t i = 0; i < w->n_servers; i++)
        server_ping(w->servers[i], on_answer, w);
}

struct watchdog *watchdog_new(struct loop *loop, struct server *const *servers, size_t n)
{
    uint64_t limit_us = 0;
    struct watchdog *w;
    int64_t period_ms;

    if (sd_watchdog_enabled(0, &limit_us) <= 0)
        return NULL;
    w = mem_zalloc(sizeof(*w));
    w->servers = servers;
    w->n_servers = n;
    w->timer = loop_timer_new(loop, on_tick, w);
    period_ms = (int64_t)(limit_us / 2000);
    loop_timer_start(w->timer, 0, period_ms > 0 ? period_ms : 1);
    return w;
}

void watchdog_stop(struct watchdog *w)
{
    if (w)
        loop_timer_free(&w->timer);
}

void watchdog_free(struct watchdog **w)
{
    watchdog_stop(*w);
    free(*w);
    *w = NULL;
}
