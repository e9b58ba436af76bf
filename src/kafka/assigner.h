/*
 * A thread that decides from where each partition is read: it asks the broker for the partitions of
 * the topics and for their offsets, and assigns them. Those calls of librdkafka block, so they have
 * no place on the loop; nothing else is done here.
 * SPDX-License-Identifier: MIT
 */
#ifndef KAFKA_ASSIGNER_H
#define KAFKA_ASSIGNER_H

#include "kafka/link.h"

struct assigner;

/* What the loop tells its owner. */
struct assigner_state {
    bool is_positioned; /* as kafka_assigned_fn has it */
    uint64_t n_assignments;
};

/*
 * assigner_start — reads topics[] of rk once assigner_set_up(true) was called; wakes l on news.
 * in:     topics are copied; rk outlives the assigner. thread: loop, as all below
 */
struct assigner *assigner_start(struct kafka_link *l, rd_kafka_t *rk,
                                const char *const *topics, size_t n_topics);
/* assigner_stop — waits for a call that is under way, up to a few seconds if a broker hangs. */
void assigner_stop(struct assigner **a);

/* assigner_set_up — the broker is there (look at once) or not (ask nothing). */
void assigner_set_up(struct assigner *a, bool is_up);
/* assigner_lose — the broker no longer has what comes at offset of this partition. */
void assigner_lose(struct assigner *a, const char *topic, int32_t partition,
                   int64_t offset);
struct assigner_state assigner_state(struct assigner *a);

#endif
