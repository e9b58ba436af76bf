/*
 * This server in a Eureka registry, where gateways look for it: registered, renewed, removed. A
 * thread of its own speaks with the registry, so one that hangs holds up nobody.
 * SPDX-License-Identifier: MIT
 */
#ifndef EUREKA_EUREKA_H
#define EUREKA_EUREKA_H

#include "base/bug.h"
#include "base/log.h"

enum eureka_status {
    EUREKA_UP,
    EUREKA_DOWN, /* registered, but not to be asked */
};

/* All lives as long as the registration. */
struct eureka_config {
    struct str
        urls; /* http://[user:password@]host:port/eureka/, comma-separated: the first that
                        answers */
    struct str app, server_id;
    struct str host; /* under which clients reach this server */
    int64_t port;
    int64_t renewal_ms; /* between heart-beats; the registry forgets after three */
    const struct log *log;
};

struct eureka;

/* eureka_new — makes the thread; nothing is told before the first status. thread: loop, as all */
struct eureka *eureka_new(const struct eureka_config *config);
/* eureka_set_status — told at once if it is another one. Returns at once. */
void eureka_set_status(struct eureka *e, enum eureka_status status);
/* eureka_stop — removes the server from the registry, once. Returns at once. */
void eureka_stop(struct eureka *e);
/* eureka_free — waits for the removal: a few seconds at most, with a registry that hangs. NULL is a
 * no-op. */
void eureka_free(struct eureka **e);

#endif
