/*
 * Kafka on our loop: an idempotent producer that reports each record, and a reader that is
 * assigned every partition of its topics at the end. The only home of librdkafka.
 * SPDX-License-Identifier: MIT
 */
#ifndef KAFKA_KAFKA_H
#define KAFKA_KAFKA_H

#include "base/bug.h"
#include "base/log.h"
#include "base/why.h"
#include "codec/event.h"
#include "generated/c/err.h"
#include "loop/loop.h"

struct kafka_config {
    struct str brokers;   /* "127.0.0.1:9092,…" */
    struct str client_id; /* server.id */
    struct str group_id;  /* "team5-chat-server-1": offsets are committed under it */
    bool
        is_mock_broker; /* fetch waits short, as the mock does not wake a waiting fetch */
    int message_timeout_ms; /* default 5000 */
    const struct log *log;
};

/* --- producer ----------------------------------------------------------------------------- */
struct kafka_producer;

/* One call for each accepted record. is_stored false: given up (time-out, fatal error). */
typedef void kafka_report_fn(void *ctx, void *cookie, bool is_stored);
/* The broker is reachable, or not; called on each change. It counts as away until the first call. */
typedef void kafka_state_fn(void *ctx, bool is_up);

struct kafka_producer *kafka_producer_new(struct loop *loop,
                                          const struct kafka_config *config,
                                          kafka_report_fn *on_report,
                                          kafka_state_fn *on_state, void *ctx,
                                          struct why *why);
/*
 * kafka_produce — copies the record and sends it soon (acks=all, idempotent, key by murmur2_random).
 * errors: ERR_OVERLOADED (queue full), ERR_TOO_LARGE, ERR_UNAVAILABLE; no report comes then
 * thread: loop, as all here
 */
NODISCARD enum err kafka_produce(struct kafka_producer *p,
                                 const struct event_record *record, void *cookie);
/* kafka_producer_free — flushes up to flush_ms; what is left is reported as not stored. Like
 * kafka_consumer_free, not from within a callback. */
void kafka_producer_free(struct kafka_producer **p, int flush_ms);

/* --- consumer ----------------------------------------------------------------------------- */
struct kafka_consumer;

/* A record; valid during the call. */
typedef void kafka_record_fn(void *ctx, const struct event_record *record);
/* Every partition of every topic has a fetch position (is_positioned) or one has none yet: what
 * was written meanwhile may have been missed and must be read elsewhere. Called on each change and
 * after each new assignment; false until the first call. A position is a definite offset: every
 * record written after a call with true comes to on_record, whatever the broker does but lose it.
 * A topic that does not exist has no partitions; made later, it is read from its beginning. */
typedef void kafka_assigned_fn(void *ctx, bool is_positioned);

/* What is read, and who hears of it. */
struct kafka_reading {
    const char *const *topics; /* copied */
    size_t n_topics;
    kafka_record_fn *on_record;
    kafka_assigned_fn *on_assigned;
    kafka_state_fn *on_state;
    void *ctx; /* of all three */
};

/*
 * kafka_consumer_new — reads all partitions of the topics from their ends, notices new partitions,
 * commits offsets under group_id without joining it.
 */
struct kafka_consumer *kafka_consumer_new(struct loop *loop,
                                          const struct kafka_config *config,
                                          const struct kafka_reading *reading,
                                          struct why *why);
void kafka_consumer_free(struct kafka_consumer **c);

/* --- broker inside the process (embedded default) ------------------------------------------ */
struct kafka_mock;

/*
 * kafka_mock_new — librdkafka's mock cluster, one broker on loopback, topics with one partition.
 * in:  port: tried first; 0 or taken: chosen by the kernel
 * out: brokers text by kafka_mock_brokers; memory only, gone at the end of the process
 * thread: main
 */
struct kafka_mock *kafka_mock_new(int port, const char *const *topics, size_t n_topics,
                                  struct why *why);
struct str kafka_mock_brokers(const struct kafka_mock *m);
/* kafka_mock_set_up — false: closes its connections and listens no more; records stay. For tests. */
void kafka_mock_set_up(struct kafka_mock *m, bool is_up);
void kafka_mock_free(struct kafka_mock **m);

#endif
