/*
 * Private to the publisher: a round of the relay. On its own worker it locks rows of the outbox,
 * has the loop produce their records, waits for the reports, deletes the rows and commits.
 * SPDX-License-Identifier: MIT
 */
#ifndef FEED_RELAY_H
#define FEED_RELAY_H

#include "codec/event.h"
#include "kafka/kafka.h"
#include "loop/loop.h"
#include "work/work.h"

struct relay;

enum {
    RELAY_ROWS = 64 /* of a round */
};

struct relay_round {
    enum err rc;
    size_t n_rows, n_own, n_records;
    int64_t ids[RELAY_ROWS]; /* of the rows */
    size_t n_unreadable; /* passed over in this sweep so far; they stay in the outbox */
    bool is_own_asked;   /* own rows of any age were asked for */
    bool is_full;        /* there may be more */
};
typedef void relay_round_fn(void *ctx, const struct relay_round *round);

struct relay_config {
    struct loop *loop;
    struct work_pool *pool;
    struct str server_id;
    enum event_form form;
    relay_round_fn
        *on_produced; /* the producer has all records of the round, none is reported */
    relay_round_fn *on_round; /* the round is over */
    void *ctx;
};

/* relay_new — rounds go through the outbox by id, and from its start again after one that was not
 * full, that failed, or that asked for other rows: a sweep. */
struct relay *relay_new(const struct relay_config *config);
/* relay_start — false: a round is under way, or the pool takes none. thread: loop */
bool relay_start(struct relay *r, struct kafka_producer *producer, bool is_own_wanted);
/* relay_begins — the round under way is the first of its sweep. thread: loop */
bool relay_begins(const struct relay *r);
/* relay_takes_report — true if cookie was a record of a round. thread: loop */
bool relay_takes_report(struct relay *r, void *cookie, bool is_stored);
/* relay_stop — the round under way gives up; its rows stay. thread: loop */
void relay_stop(struct relay *r);
void relay_free(struct relay **r);

#endif
