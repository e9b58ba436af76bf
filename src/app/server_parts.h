/*
 * Private to the server: its parts, in the order they are made; taken apart in reverse.
 * SPDX-License-Identifier: MIT
 */
#ifndef APP_SERVER_PARTS_H
#define APP_SERVER_PARTS_H

#include <pthread.h>

#include "app/deletions.h"
#include "app/discovery.h"
#include "app/lock.h"
#include "app/mailer.h"
#include "app/server.h"
#include "auth/auth.h"
#include "endpoint/endpoint.h"

struct server {
    struct server_config config;
    pthread_t thread;
    struct settings settings; /* ports as they were taken */
    struct log log;
    char id[192];
    struct loop *loop;
    struct server_lock *lock;
    struct work_pool *pool, *writers, *relay;
    struct hub hub;
    struct endpoint *endpoint;
    struct kafka_consumer *consumer;
    struct mailer *mailer;
    struct deletions *deletions; /* NULL without Kafka */
    struct discovery *discovery; /* NULL without a registry */
    struct loop_timer *drain_timer;
    int64_t drain_began_ms, drain_until_ms;
    bool is_stopping, is_store_stopping, is_store_stopped;
    bool is_failed; /* another server has its id */
    bool is_over;   /* dismantled; the thread ends */
};

/* server_build — errors: false with why; server_dismantle takes apart what there is. */
bool server_build(struct server *s, struct why *why);
void server_dismantle(struct server *s);

/* server_sweep — ends, in the background, what a former life left half done. */
void server_sweep(struct server *s);

/* server_drain — from SIGTERM to the loop's end: what was taken is receipted, then everyone is told. */
void server_drain(struct server *s);

#endif
