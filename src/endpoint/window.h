/*
 * So many of something an hour, for each user or address; forgotten at the end of the hour.
 * SPDX-License-Identifier: MIT
 */
#ifndef ENDPOINT_WINDOW_H
#define ENDPOINT_WINDOW_H

#include "base/str.h"
#include "loop/loop.h"

struct window;

/* window_new — in: limit 0: none. thread: loop, as all */
struct window *window_new(struct loop *loop, int64_t limit);
void window_free(struct window **w);
/* window_take — counts one for key; false if it is over the limit. At most 100,000 keys are held:
 * beyond that a new key is refused until the hour ends. */
bool window_take(struct window *w, struct str key);

#endif
