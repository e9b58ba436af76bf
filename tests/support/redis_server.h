/*
 * A redis-server of a test's own, on a free port, with a folder of its own; nothing is saved.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_REDIS_SERVER_H
#define TESTS_REDIS_SERVER_H

#include "redis/client.h"

struct redis_server {
    int pid; /* 0: not running */
    int port;
    char dir[64];
    char url[64]; /* redis://127.0.0.1:port */
};

/* redis_server_init — a port and a folder; nothing runs yet. */
void redis_server_init(struct redis_server *s);
/* redis_server_start — password, or NULL. Does not wait until it answers. */
void redis_server_start(struct redis_server *s, const char *password);
/* redis_server_signal — SIGSTOP, SIGCONT … */
void redis_server_signal(const struct redis_server *s, int signum);
/* redis_server_kill — kill -9; what it knew is lost. */
void redis_server_kill(struct redis_server *s);
void redis_server_release(struct redis_server *s);

#endif
