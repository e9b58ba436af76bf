/*
 * Watches of file descriptors that others own.
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#include "base/bug.h"
#include "loop/loop_internal.h"

#include "base/banned.h"

struct loop_watch {
    uv_poll_t uv;
    struct loop *loop;
    loop_watch_fn *fn;
    void *arg;
};

static void on_event(uv_poll_t *uv, int status, int events)
{
    struct loop_watch *w = uv->data;
    int seen = 0;

    if (status < 0) {
        w->fn(w->arg, LOOP_READABLE | LOOP_WRITABLE, true);
        return;
    }
    if (events & UV_READABLE)
        seen |= LOOP_READABLE;
    if (events & UV_WRITABLE)
        seen |= LOOP_WRITABLE;
    w->fn(w->arg, seen, false);
}

static void on_closed(uv_handle_t *uv)
{
    free(uv->data);
}

struct loop_watch *loop_watch_new(struct loop *loop, int fd, loop_watch_fn *fn, void *arg)
{
    struct loop_watch *w = mem_zalloc(sizeof(*w));

    w->loop = loop;
    w->fn = fn;
    w->arg = arg;
    BUG_ON(uv_poll_init(&loop->uv, &w->uv, fd) != 0);
    w->uv.data = w;
    loop->objects++;
    return w;
}

void loop_watch_set(struct loop_watch *w, int events)
{
    int wanted = 0;

    if (events & LOOP_READABLE)
        wanted |= UV_READABLE;
    if (events & LOOP_WRITABLE)
        wanted |= UV_WRITABLE;
    if (wanted)
        BUG_ON(uv_poll_start(&w->uv, wanted, on_event) != 0);
    else
        uv_poll_stop(&w->uv);
}

void loop_watch_free(struct loop_watch **wp)
{
    struct loop_watch *w = *wp;

    if (!w)
        return;
    *wp = NULL;
    w->loop->objects--;
    uv_poll_stop(&w->uv);
    uv_close((uv_handle_t *)&w->uv, on_closed);
}
