/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/bug.h"
#include "loop/loop_internal.h"

#include "base/banned.h"

struct loop_turn {
    uv_prepare_t uv;
    struct loop *loop;
    loop_fn *fn;
    void *arg;
};

static void on_prepare(uv_prepare_t *uv)
{
    struct loop_turn *t = uv->data;

    t->fn(t->arg);
}

static void on_closed(uv_handle_t *uv)
{
    free(uv->data);
}

struct loop_turn *loop_turn_new(struct loop *loop, loop_fn *fn, void *arg)
{
    struct loop_turn *t = mem_zalloc(sizeof(*t));

    t->loop = loop;
    t->fn = fn;
    t->arg = arg;
    BUG_ON(uv_prepare_init(&loop->uv, &t->uv) != 0);
    BUG_ON(uv_prepare_start(&t->uv, on_prepare) != 0);
    uv_unref((uv_handle_t *)&t->uv);
    t->uv.data = t;
    loop->objects++;
    return t;
}

void loop_turn_free(struct loop_turn **tp)
{
    struct loop_turn *t = *tp;

    if (!t)
        return;
    *tp = NULL;
    t->loop->objects--;
    uv_close((uv_handle_t *)&t->uv, on_closed);
}
