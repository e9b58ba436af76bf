/*
 * The end of a topic, read once while the caller waits: for tools, not for the loop.
 * SPDX-License-Identifier: MIT
 */
#ifndef KAFKA_TAIL_H
#define KAFKA_TAIL_H

#include "kafka/kafka.h"

/* What a partition holds, and what of it is read: from ≤ offset < end. */
struct kafka_tail_range {
    int32_t partition;
    int64_t begin, from, end;
};

struct kafka_tail {
    const struct kafka_config *config; /* group_id and log are not needed */
    const char *topic;
    int64_t last; /* so many records of each partition */
    int64_t
        since_ms; /* not 0: instead of last, what was written at that time (UTC) or later */
    void (*on_range)(void *ctx,
                     const struct kafka_tail_range *range); /* first; may be NULL */
    kafka_record_fn *on_record;
    void *ctx;
};

/*
 * kafka_tail_read — what stands in the topic when it is called, partition by partition in order.
 * errors: ERR_NOT_FOUND (no such topic), ERR_UNAVAILABLE (no answer for 20 s); why tells more
 * thread: any, which waits
 */
NODISCARD enum err kafka_tail_read(const struct kafka_tail *tail, struct why *why);

#endif
