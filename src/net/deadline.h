/*
 * Deadlines of many connections with one coarse timer: each kind of deadline has one length, so a
 * queue in the order of setting is a queue in the order of expiry.
 * SPDX-License-Identifier: MIT
 */
#ifndef NET_DEADLINE_H
#define NET_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

struct deadline;
struct deadline_queue;

typedef void deadline_fn(struct deadline *d);

/* Embedded in what has a deadline; zeroed: none is set. */
struct deadline {
    struct deadline *prev, *next;
    struct deadline_queue *queue; /* NULL: none is set */
    int64_t at_ms;
};

struct deadline_queue {
    struct deadline ends; /* a ring: next is the first to expire */
    int64_t after_ms;
    deadline_fn *fn; /* called once per expiry; the deadline is no longer set then */
};

void deadline_queue_init(struct deadline_queue *q, int64_t after_ms, deadline_fn *fn);
/* deadline_set — d expires after_ms of q from now; an earlier setting is forgotten. */
void deadline_set(struct deadline *d, struct deadline_queue *q, int64_t now_ms);
void deadline_clear(struct deadline *d);
/* deadline_queue_run — calls fn for what has expired; fn may set and clear any deadline. */
void deadline_queue_run(struct deadline_queue *q, int64_t now_ms);
bool deadline_queue_is_empty(const struct deadline_queue *q);

#endif
