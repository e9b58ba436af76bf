/* SPDX-License-Identifier: MIT */
#include "app/discovery.h"

#include <stdlib.h>

#include "eureka/eureka.h"

#include "base/banned.h"

enum {
    LOOK_EVERY_MS = 5000
};

struct discovery {
    struct hub *hub;
    struct eureka *eureka;
    struct loop_timer *timer;
    bool is_looking;
};

struct look {
    struct work_job job;
    struct discovery *discovery;
    bool is_up;
};

static void tell(struct discovery *d, bool is_up)
{
    if (d->eureka)
        eureka_set_status(d->eureka, is_up ? EUREKA_UP : EUREKA_DOWN);
}

static void look_run(struct work_job *job, struct work_ctx *ctx)
{
    struct look *look = (struct look *)job;

    look->is_up = db_answers(ctx->db);
}

static void look_done(struct work_job *job)
{
    struct look *look = (struct look *)job;

    look->discovery->is_looking = false;
    tell(look->discovery, look->is_up);
    free(look);
}

/* As /readyz: up is who has a database. One that does not answer until the next look has none. */
static void on_timer(void *arg)
{
    struct discovery *d = arg;
    struct look *look;

    if (d->is_looking) {
        tell(d, false);
        return;
    }
    look = mem_zalloc(sizeof(*look));
    look->job = (struct work_job){.run = look_run, .done = look_done};
    look->discovery = d;
    d->is_looking = work_submit(d->hub->pool, 0, &look->job) == ERR_OK;
    if (d->is_looking)
        return;
    free(look);
    tell(d, false);
}

struct discovery *discovery_new(struct hub *hub)
{
    const struct settings *s = hub->settings;
    struct discovery *d;

    if (!s->eureka_enabled || s->eureka_url.n == 0)
        return NULL;
    d = mem_zalloc(sizeof(*d));
    d->hub = hub;
    d->eureka = eureka_new(&(struct eureka_config){
        .urls = s->eureka_url,
        .app = s->eureka_app,
        .server_id = s->server_id,
        .host = s->eureka_host.n > 0 ? s->eureka_host : s->server_host,
        .port = s->server_port,
        .renewal_ms = s->eureka_renewal_interval,
        .log = hub->log,
    });
    d->timer = loop_timer_new(hub->loop, on_timer, d);
    loop_timer_start(d->timer, 0, LOOK_EVERY_MS);
    return d;
}

void discovery_stop(struct discovery *d)
{
    if (!d)
        return;
    loop_timer_stop(d->timer);
    if (d->eureka)
        eureka_stop(d->eureka);
}

void discovery_drop(struct discovery *d)
{
    discovery_stop(d);
    if (d)
        eureka_free(&d->eureka);
}

void discovery_free(struct discovery **d)
{
    struct discovery *old = *d;

    if (!old)
        return;
    *d = NULL;
    loop_timer_free(&old->timer);
    free(old);
}
