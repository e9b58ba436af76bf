/*
 * The writers of rooms: SENDs and look-ups queue here while one transaction runs, and the next one
 * takes all that waits (adaptive group commit). The same room always goes to the same writer, so
 * what a client sends in order is stored in order.
 * SPDX-License-Identifier: MIT
 */
#ifndef FEED_WRITER_H
#define FEED_WRITER_H

#include "feed/feed.h"
#include "feed/publisher.h"
#include "service/store.h"

struct writer;

/* A unit of messages on its way into a room, or (n_messages 0) a look-up of the room. */
struct write_op {
    struct write_op *next;
    struct feed_room *room; /* held from submit to done; set by the writer */
    struct card *held;      /* the writer's */
    bool
        is_doomed; /* an earlier op of that sender and room failed: unit.rc is its fate */
    struct store_unit unit; /* texts live in the op's arena; out: rc and messages */
    struct card
        *card; /* out: newest card of the room, one reference of the op; NULL: none */
    struct arena arena;                /* of the op's texts; released by write_op_free */
    void (*done)(struct write_op *op); /* on the loop; owns op then */
    void *owner;
};

struct writer_config {
    struct loop *loop;
    struct work_pool *pool; /* one thread per shard */
    int shards;
    struct feed *feed;
    struct publisher *publisher;
    struct store_config store;
    size_t queue_max; /* ops waiting in all */
    /* A unit was stored here, duplicates excepted; called before its done. May be NULL. */
    void (*on_stored)(void *ctx, const struct write_op *op);
    void *ctx;
    const struct log *log;
};

struct writer *writer_new(const struct writer_config *config);
/* writer_free — nothing may be queued any more (the pool was freed). */
void writer_free(struct writer **w);

/* write_op_new — an empty op. write_op_free — with all that it holds. */
struct write_op *write_op_new(void (*done)(struct write_op *), void *owner);
void write_op_free(struct write_op **op);

/*
 * writer_submit — queues op; unit.room_uuid, sender and messages are set, texts in op->arena.
 * A stored message is published to the feed and to Kafka before done is called. When an op fails for
 * want of the database, those of the same sender that wait for the same room fail with it: nothing
 * is stored out of order.
 * errors: ERR_OVERLOADED: op is still the caller's
 * thread: loop
 */
NODISCARD enum err writer_submit(struct writer *w, struct write_op *op);
size_t writer_queued(const struct writer *w);
/* writer_busy — ops that wait or are at a worker. */
size_t writer_busy(const struct writer *w);

#endif
