/*
 * What producer and consumer share with librdkafka's threads: a descriptor that wakes the loop, and
 * which brokers are connected. "Up" is a count of connections, told by an interceptor, so that
 * nothing polls.
 * SPDX-License-Identifier: MIT
 */
#ifndef KAFKA_LINK_H
#define KAFKA_LINK_H

#include <librdkafka/rdkafka.h>
#include <pthread.h>

#include "kafka/kafka.h"

enum {
    LINK_BROKERS_MAX = 64,
    LINK_NAME_MAX = 128
};

struct kafka_link {
    const struct log *log;
    const char *role; /* "producer" or "consumer", in log lines */
    int wake_fd;      /* eventfd */
    struct loop_watch *watch;
    kafka_state_fn *on_state;
    void *ctx;
    bool is_up;           /* as last told to the owner. thread: loop */
    bool is_down_logged;  /* once per outage, also for a broker that was never there */
    pthread_mutex_t lock; /* of what is below; written by librdkafka's threads */
    struct link_broker {
        char name[LINK_NAME_MAX];
        int port;
        bool is_up;
    } brokers[LINK_BROKERS_MAX];
    size_t n_brokers;
    char reason[256]; /* of the last error, for the log */
};

/* link_init — on_wake(arg) runs on the loop after link_wake. thread: loop */
void link_init(struct kafka_link *l, struct loop *loop, const struct log *log,
               const char *role, loop_watch_fn *on_wake, void *arg);
void link_release(struct kafka_link *l);

/* link_conf — makes the handle made from conf tell its brokers' states to l; l outlives it. */
void link_conf(struct kafka_link *l, rd_kafka_conf_t *conf);
/* link_watch_queue — q wakes the loop when it stops being empty. */
void link_watch_queue(struct kafka_link *l, rd_kafka_queue_t *q);

/* link_wake — thread: any */
void link_wake(struct kafka_link *l);
/* link_clear — called first in on_wake, before queues are read. */
void link_clear(struct kafka_link *l);
/* link_error — text of an error, told if the connection turns out to be lost. thread: any */
void link_error(struct kafka_link *l, rd_kafka_resp_err_t err, const char *text);
/* link_report — calls on_state if it changed; true if it did. thread: loop */
bool link_report(struct kafka_link *l);
/* link_forget — the handle is gone, and its brokers with it. thread: loop */
void link_forget(struct kafka_link *l);

#endif
