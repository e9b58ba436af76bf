/*
 * So many of something a period, for each user or address. Keys stand in the order of their first
 * count, so that those whose period is over are always in front.
 * SPDX-License-Identifier: MIT
 */
#ifndef ENDPOINT_WINDOW_H
#define ENDPOINT_WINDOW_H

#include "base/str.h"
#include "loop/loop.h"

enum {
    WINDOW_HOUR_MS = 3600000,
    WINDOW_KEYS_MAX = 100000
};

struct window;

/* window_new — in: limit of each key in a period; 0: none. thread: loop, as all */
struct window *window_new(struct loop *loop, int64_t limit, int64_t period_ms);
void window_free(struct window **w);
/* window_take — counts one for key, whose period begins with the first; false if it is over the limit.
 * At most WINDOW_KEYS_MAX keys are held: beyond that the oldest is forgotten. */
bool window_take(struct window *w, struct str key);
/* window_count — keys that are held. */
size_t window_count(const struct window *w);

#endif
