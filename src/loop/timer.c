/*
 * Timers. The uv handle outlives loop_timer_free until libuv has let go of it.
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#include "base/bug.h"
#include "loop/loop_internal.h"

#include "base/banned.h"

struct loop_timer {
    uv_timer_t uv;
    struct loop *loop;
    loop_fn *fn;
    void *arg;
};

static void on_fire(uv_timer_t *uv)
{
    struct loop_timer *t = uv->data;

    t->fn(t->arg);
}

static void on_closed(uv_handle_t *uv)
{
    free(uv->data);
}

struct loop_timer *loop_timer_new(struct loop *loop, loop_fn *fn, void *arg)
{
    struct loop_timer *t = mem_zalloc(sizeof(*t));

    t->loop = loop;
    t->fn = fn;
    t->arg = arg;
    BUG_ON(uv_timer_init(&loop->uv, &t->uv) != 0);
    t->uv.data = t;
    loop->objects++;
    return t;
}

void loop_timer_start(struct loop_timer *t, int64_t after_ms, int64_t repeat_ms)
{
    BUG_ON(after_ms < 0 || repeat_ms < 0);
    BUG_ON(uv_timer_start(&t->uv, on_fire, (uint64_t)after_ms, (uint64_t)repeat_ms) != 0);
}

void loop_timer_stop(struct loop_timer *t)
{
    uv_timer_stop(&t->uv);
}

bool loop_timer_is_active(const struct loop_timer *t)
{
    return uv_is_active((const uv_handle_t *)&t->uv) != 0;
}

void loop_timer_free(struct loop_timer **tp)
{
    struct loop_timer *t = *tp;

    if (!t)
        return;
    *tp = NULL;
    t->loop->objects--;
    uv_close((uv_handle_t *)&t->uv, on_closed);
}
