/*
 * The lock of a server id: a database lock on a connection of its own, freed the moment a killed
 * process's socket closes.
 * SPDX-License-Identifier: MIT
 */
#ifndef APP_LOCK_H
#define APP_LOCK_H

#include "base/bug.h"
#include "base/log.h"
#include "base/why.h"
#include "generated/c/err.h"
#include "loop/loop.h"

struct server_lock;

struct server_lock_config {
    struct loop *loop;
    struct str database_url, id; /* live as long as the lock, as does log */
    const struct log *log;
    /* Once: the lock went with its connection, and another server of that id took it. thread: loop */
    void (*on_lost)(void *ctx);
    void *ctx;
};

/*
 * server_lock_new — takes the lock, waiting 10 s for another server of that id; blocks.
 * errors: NULL with why: somebody else has it, or the database is away
 * thread: loop, before it runs
 */
struct server_lock *server_lock_new(const struct server_lock_config *config,
                                    struct why *why);
/* server_lock_free — gives it back. thread: loop */
void server_lock_free(struct server_lock **lock);

#endif
