/*
 * Messages that wait for a receiver, each already a JSON string, with the time it came.
 * One buffer with a ceiling, which exists only while something waits. Private to src/sockjs.
 * SPDX-License-Identifier: MIT
 */
#ifndef SOCKJS_QUEUE_INTERNAL_H
#define SOCKJS_QUEUE_INTERNAL_H

#include "base/buf.h"

struct sockjs_queue {
    struct buf
        bytes;   /* entries, oldest at head: their length and time, then the string */
    size_t head; /* what lies before it was taken */
    size_t n;    /* entries */
};

void sockjs_queue_init(struct sockjs_queue *q, size_t max_bytes);
/* sockjs_queue_clear — forgets all, frees the memory, stays usable. */
void sockjs_queue_clear(struct sockjs_queue *q);

/* sockjs_queue_push — head and tail as one message. errors: false over the ceiling, unchanged */
bool sockjs_queue_push(struct sockjs_queue *q, struct str head, struct str tail,
                       int64_t now_ms);

/* sockjs_queue_first — the oldest, as a JSON string; no value if none. Until the next call. */
struct str sockjs_queue_first(const struct sockjs_queue *q);
/* sockjs_queue_first_ms — when it came. in: not empty */
int64_t sockjs_queue_first_ms(const struct sockjs_queue *q);
/* sockjs_queue_pop — forgets the oldest. in: not empty */
void sockjs_queue_pop(struct sockjs_queue *q);

/* sockjs_queue_bytes — what waits. */
static inline size_t sockjs_queue_bytes(const struct sockjs_queue *q)
{
    return q->bytes.n - q->head;
}

#endif
