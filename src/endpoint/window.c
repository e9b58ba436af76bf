/* SPDX-License-Identifier: MIT */
#include "endpoint/window.h"

#include <stdlib.h>
#include <uthash.h>

#include "base/bug.h"

#include "base/banned.h"

enum {
    WINDOW_MS = 3600000,
    WINDOW_KEYS_MAX = 100000
};

struct window_entry {
    UT_hash_handle by_key;
    int64_t taken;
    char key[];
};

struct window {
    struct loop *loop;
    int64_t limit;
    int64_t began_ms;
    struct window_entry *entries;
};

struct window *window_new(struct loop *loop, int64_t limit)
{
    struct window *w = mem_zalloc(sizeof(*w));

    w->loop = loop;
    w->limit = limit;
    w->began_ms = loop_now_ms(loop);
    return w;
}

static void window_clear(struct window *w)
{
    struct window_entry *e, *tmp;

    HASH_ITER(by_key, w->entries, e, tmp)
    {
        HASH_DELETE(by_key, w->entries, e);
        free(e);
    }
}

void window_free(struct window **w)
{
    if (!*w)
        return;
    window_clear(*w);
    free(*w);
    *w = NULL;
}

bool window_take(struct window *w, struct str key)
{
    struct window_entry *e;

    if (w->limit == 0)
        return true;
    if (loop_now_ms(w->loop) - w->began_ms >= WINDOW_MS) {
        window_clear(w);
        w->began_ms = loop_now_ms(w->loop);
    }
    HASH_FIND(by_key, w->entries, key.p, key.n, e);
    if (!e) {
        if (HASH_CNT(by_key, w->entries) >= WINDOW_KEYS_MAX)
            return false;
        e = mem_zalloc(sizeof(*e) + key.n);
        if (key.n > 0)
            memcpy(e->key, key.p, key.n);
        HASH_ADD_KEYPTR(by_key, w->entries, e->key, key.n, e);
    }
    if (e->taken >= w->limit)
        return false;
    e->taken++;
    return true;
}
