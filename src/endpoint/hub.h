/*
 * What the endpoints of one server share: its settings, its queues, who is connected.
 * Made and taken apart by app/; everything in it belongs to the server's loop thread.
 * SPDX-License-Identifier: MIT
 */
#ifndef ENDPOINT_HUB_H
#define ENDPOINT_HUB_H

#include "base/log.h"
#include "feed/feed.h"
#include "feed/publisher.h"
#include "feed/writer.h"
#include "generated/c/settings.h"
#include "loop/loop.h"
#include "net/link.h"
#include "session/store.h"
#include "work/work.h"

struct stomp_conn;
struct user;
struct typing_relay;

struct hub_stats {
    uint64_t connects, connects_refused, frames_in, messages_in, messages_out,
        receipts_out;
    uint64_t errors_soft, errors_fatal, errors_dropped, slow_consumers, records_in,
        records_malformed;
    uint64_t inquiries_queued; /* in the database, when it was last looked at */
    uint64_t users_deleted;    /* by this server */
    uint64_t inquiries_sent, inquiries_failed; /* mailed, or given up, by this server */
};

struct hub {
    const struct settings *settings;
    struct log *log; /* an operator may change its level */
    struct loop *loop;
    struct feed *feed;
    struct writer *writer;
    struct publisher *publisher;
    struct work_pool *pool;          /* reads, rooms, marks */
    struct kafka_producer *producer; /* for what may be lost (typing); NULL: no Kafka */
    struct typing_relay *typing;
    struct session_store *sessions;
    struct auth *auth;
    struct window *room_window, *inquiry_window; /* limits an hour */
    struct user *users;                          /* connected here, by id */
    size_t n_idle_users;      /* of them, kept for their message rate only */
    struct stomp_conn *conns; /* all, newest first */
    size_t n_conns;
    struct loop_timer *tick;       /* once a second: heart-beats, deadlines, refreshes */
    struct buf scratch;            /* one outgoing frame at a time */
    void (*on_inquiry)(void *ctx); /* an inquiry was stored; NULL: nobody waits for it */
    void *on_inquiry_ctx;
    bool is_draining;
    bool is_database_up, is_consumer_positioned;
    struct hub_stats stats;
};

#endif
