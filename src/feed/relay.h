/*
 * Private to the publisher: a round of the relay. On its own worker it locks rows of the outbox,
 * has the loop produce their records, waits for the reports, deletes the rows and commits.
 * SPDX-License-Identifier: MIT
 */
#ifndef FEED_RELAY_H
#define FEED_RELAY_H

#include "kafka/kafka.h"
#include "loop/loop.h"
#include "work/work.h"

struct relay;

struct relay_round {
    enum err rc;
    size_t n_rows, n_own, n_records;
    bool is_own_asked; /* own rows of any age were asked for */
    bool is_full;      /* there may be more */
};
typedef void relay_round_fn(void *ctx, const struct relay_round *round);

struct relay *relay_new(struct loop *loop, struct work_pool *pool, struct str server_id,
                        relay_round_fn *on_round, void *ctx);
/* relay_start — false: a round is under way, or the pool takes none. thread: loop */
bool relay_start(struct relay *r, struct kafka_producer *producer, bool is_own_wanted);
/* relay_takes_report — true if cookie was a record of a round. thread: loop */
bool relay_takes_report(struct relay *r, void *cookie, bool is_stored);
/* relay_stop — the round under way gives up; its rows stay. thread: loop */
void relay_stop(struct relay *r);
void relay_free(struct relay **r);

#endif
