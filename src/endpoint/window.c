/* SPDX-License-Identifier: MIT */
#include "endpoint/window.h"

#include <stdlib.h>
#include <uthash.h>

#include "base/bug.h"

#include "base/banned.h"

struct window_entry {
    UT_hash_handle by_key; /* keeps the order in which entries were added */
    int64_t taken;
    int64_t began_ms;
    char key[];
};

struct window {
    struct loop *loop;
    int64_t limit, period_ms;
    struct window_entry *entries;
};

struct window *window_new(struct loop *loop, int64_t limit, int64_t period_ms)
{
    struct window *w = mem_zalloc(sizeof(*w));

    w->loop = loop;
    w->limit = limit;
    w->period_ms = period_ms;
    return w;
}

static void forget_oldest(struct window *w)
{
    struct window_entry *oldest = w->entries;

    HASH_DELETE(by_key, w->entries, oldest);
    free(oldest);
}

void window_free(struct window **w)
{
    if (!*w)
        return;
    while ((*w)->entries)
        forget_oldest(*w);
    free(*w);
    *w = NULL;
}

static struct window_entry *entry_add(struct window *w, struct str key)
{
    struct window_entry *e = mem_zalloc(sizeof(*e) + key.n);

    if (window_count(w) >= WINDOW_KEYS_MAX)
        forget_oldest(w);
    if (key.n > 0)
        memcpy(e->key, key.p, key.n);
    e->began_ms = loop_now_ms(w->loop);
    HASH_ADD_KEYPTR(by_key, w->entries, e->key, key.n, e);
    return e;
}

bool window_take(struct window *w, struct str key)
{
    struct window_entry *e;

    if (w->limit == 0)
        return true;
    while (w->entries && loop_now_ms(w->loop) - w->entries->began_ms >= w->period_ms)
        forget_oldest(w);
    HASH_FIND(by_key, w->entries, key.p, key.n, e);
    if (!e)
        e = entry_add(w, key);
    if (e->taken >= w->limit)
        return false;
    e->taken++;
    return true;
}

size_t window_count(const struct window *w)
{
    return HASH_CNT(by_key, w->entries);
}
