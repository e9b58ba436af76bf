/*
 * Signals of the process, delivered on the loop.
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#include "base/bug.h"
#include "loop/loop_internal.h"

#include "base/banned.h"

struct loop_signal {
    uv_signal_t uv;
    struct loop *loop;
    loop_fn *fn;
    void *arg;
};

static void on_signal(uv_signal_t *uv, int signum)
{
    struct loop_signal *s = uv->data;

    (void)signum;
    s->fn(s->arg);
}

static void on_closed(uv_handle_t *uv)
{
    free(uv->data);
}

struct loop_signal *loop_signal_new(struct loop *loop, int signum, loop_fn *fn, void *arg)
{
    struct loop_signal *s = mem_zalloc(sizeof(*s));

    s->loop = loop;
    s->fn = fn;
    s->arg = arg;
    BUG_ON(uv_signal_init(&loop->uv, &s->uv) != 0);
    s->uv.data = s;
    BUG_ON(uv_signal_start(&s->uv, on_signal, signum) != 0);
    loop->objects++;
    return s;
}

void loop_signal_free(struct loop_signal **sp)
{
    struct loop_signal *s = *sp;

    if (!s)
        return;
    *sp = NULL;
    s->loop->objects--;
    uv_close((uv_handle_t *)&s->uv, on_closed);
}
