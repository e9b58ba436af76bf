/*
 * One server: its loop, its queues and its listeners, on a thread of its own.
 * Several run in one process; they share nothing but the session memory and the broker given to them.
 * SPDX-License-Identifier: MIT
 */
#ifndef APP_SERVER_H
#define APP_SERVER_H

#include "base/log.h"
#include "base/why.h"
#include "generated/c/settings.h"
#include "loop/loop.h"
#include "session/store.h"

struct server;

struct server_config {
    struct settings settings;      /* of this server: id and ports are its own */
    struct session_memory *memory; /* used without redis.url; outlives the server */
    bool is_mock_broker;
    /* Called on the server's thread when it serves, or could not (why not NULL), and at its end. */
    void (*on_ready)(void *ctx, struct server *server, const struct why *why);
    void (*on_end)(void *ctx, struct server *server);
    void *ctx;
};

/* server_start — makes the thread. out: freed with server_free. thread: main, as all */
struct server *server_start(const struct server_config *config);
/* server_stop — drains, then ends; on_end follows. A second call ends at once. */
void server_stop(struct server *s);
/* server_ping — fn(arg) on the server's thread when its loop gets to it; once it has ended, on that of
 * server_free. */
void server_ping(struct server *s, loop_fn *fn, void *arg);
/* server_free — joins the thread. */
void server_free(struct server **s);
/* server_has_failed — in or after on_end: it ended because another server has its id. */
bool server_has_failed(const struct server *s);
/* server_port, server_id — after on_ready. */
int server_port(const struct server *s);
const char *server_id(const struct server *s);

#endif
