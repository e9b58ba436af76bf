/*
 * From the outbox to Kafka: records of a commit are produced at once; when all of a row are stored
 * the row is deleted, many rows at a time. What was not stored in time is left to the relay, which
 * reads the outbox in order, of this server or of one that died.
 * SPDX-License-Identifier: MIT
 */
#ifndef FEED_PUBLISHER_H
#define FEED_PUBLISHER_H

#include "kafka/kafka.h"
#include "loop/loop.h"
#include "service/outbox.h"
#include "work/work.h"

struct publisher;

struct publisher_config {
    struct loop *loop;
    struct work_pool *pool;  /* deletes rows */
    struct work_pool *relay; /* one thread, blocks while it publishes */
    struct str server_id;
    enum event_form form; /* of messages */
    const struct log *log;
};

struct publisher *publisher_new(const struct publisher_config *config);
/* publisher_set_producer — NULL: no Kafka; rows then are deleted without publishing. Set once. */
void publisher_set_producer(struct publisher *p, struct kafka_producer *producer);
/* publisher_on_report, publisher_on_state — for kafka_producer_new, with ctx the publisher. */
void publisher_on_report(void *ctx, void *cookie, bool is_stored);
void publisher_on_state(void *ctx, bool is_up);
/* publisher_publish — the records of a committed row; copied. */
void publisher_publish(struct publisher *p, const struct outbox_commit *commit);
/* publisher_relay_own — a row of ours may be in the outbox unknown: the relay looks. */
void publisher_relay_own(struct publisher *p);
/* publisher_stop_relay — no new round of the relay; the one under way gives up. */
void publisher_stop_relay(struct publisher *p);
/* publisher_stop — after the producer: rows whose reports are in are deleted. */
void publisher_stop(struct publisher *p);
void publisher_free(struct publisher **p);

struct publisher_stats {
    uint64_t produced, stored, failed, relayed;
    size_t waiting;    /* rows whose reports are not in */
    size_t unreadable; /* rows that the relay can make nothing of, as of its last sweep */
    bool is_relaying;  /* publishing is left to the relay */
    bool is_up;        /* the broker is reachable */
};
void publisher_stats(const struct publisher *p, struct publisher_stats *out);

#endif
