/*
 * Deadlines in rings of equal length.
 * SPDX-License-Identifier: MIT
 */
#include "net/deadline.h"

#include <stddef.h>

#include "base/banned.h"

void deadline_queue_init(struct deadline_queue *q, int64_t after_ms, deadline_fn *fn)
{
    q->ends = (struct deadline){&q->ends, &q->ends, q, 0};
    q->after_ms = after_ms;
    q->fn = fn;
}

void deadline_clear(struct deadline *d)
{
    if (!d->queue)
        return;
    d->prev->next = d->next;
    d->next->prev = d->prev;
    d->queue = NULL;
}

void deadline_set(struct deadline *d, struct deadline_queue *q, int64_t now_ms)
{
    deadline_clear(d);
    d->queue = q;
    d->at_ms = now_ms + q->after_ms;
    d->prev = q->ends.prev;
    d->next = &q->ends;
    d->prev->next = d;
    q->ends.prev = d;
}

void deadline_queue_run(struct deadline_queue *q, int64_t now_ms)
{
    while (q->ends.next != &q->ends && q->ends.next->at_ms <= now_ms) {
        struct deadline *d = q->ends.next;

        deadline_clear(d);
        q->fn(d);
    }
}

bool deadline_queue_is_empty(const struct deadline_queue *q)
{
    return q->ends.next == &q->ends;
}
