/*
 * Who is connected where, shared by all servers: in Redis, or in memory for the embedded default.
 * Every call returns at once; answers come by callback. The store may be away: calls then fail
 * with ERR_UNAVAILABLE and the owner hears on_state(true) when it should announce all again.
 * SPDX-License-Identifier: MIT
 */
#ifndef SESSION_STORE_H
#define SESSION_STORE_H

#include "base/arena.h"
#include "base/bug.h"
#include "base/log.h"
#include "base/why.h"
#include "generated/c/err.h"
#include "loop/loop.h"

/* A session as the replaced service kept it; all strings. */
struct session_entry {
    struct str user_id, session_id, server_id;
    struct str
        json; /* SessionInfo JSON; what a store answers with has user_id and this only */
};

/* All live servers and their users, and each user's newest session. Valid during the callback. */
struct session_snapshot {
    const struct session_server {
        struct str server_id;
        const struct str *users;
        size_t n_users;
    } * servers;
    size_t n_servers;
    const struct session_entry *sessions; /* newest of each user on any server */
    size_t n_sessions;
};

typedef void session_done_fn(void *ctx, enum err rc);
typedef void session_snapshot_fn(void *ctx, enum err rc,
                                 const struct session_snapshot *snapshot);
/* entry NULL: no such session */
typedef void session_entry_fn(void *ctx, enum err rc, const struct session_entry *entry);
typedef void session_state_fn(void *ctx, bool is_up);

struct session_store;

/*
 * session_store_redis — contract: keys user:session:{userId}, session:user:{sessionId},
 * server:users:{serverId}, user:sessions:{userId}, servers, server:alive:{serverId}; 30 min expiry
 * on session keys; changed by scripts that compare the session id. Heart-beat of server:alive every
 * 30 s, expiry 90 s; a server found dead is cleaned up by whoever sees it: one in `servers` without
 * a server:alive. A server that is not in `servers` is the replaced service: nobody can tell whether
 * it lives, so its sessions are left to their own expiry (or to a server started with its id).
 * on_state: also true again after a FLUSHALL, or when this server was taken for dead. Calls but
 * start before that fail with ERR_UNAVAILABLE, as do those after stop.
 * in:  url redis://[:password@]host:port[/db]
 * thread: loop, as all here
 */
struct session_store *session_store_redis(struct loop *loop, struct str url,
                                          struct str server_id, const struct log *log,
                                          session_state_fn *on_state, void *ctx,
                                          struct why *why);

/* Sessions of several servers in one process; they share one. out: freed after its stores */
struct session_memory;
struct session_memory *session_memory_new(void);
void session_memory_free(struct session_memory **m);
/* session_store_memory — in: m outlives the store; servers run on threads of their own */
struct session_store *session_store_memory(struct loop *loop, struct session_memory *m,
                                           struct str server_id);

/* session_store_free — outstanding calls are answered first. Not within a callback of the store. */
void session_store_free(struct session_store **s);

/* session_store_start — removes the sessions of this server's former life, announces the server. */
void session_store_start(struct session_store *s, session_done_fn *done, void *ctx);
/* session_store_add — also refreshes: same session id, new json and expiry. */
void session_store_add(struct session_store *s, const struct session_entry *e,
                       session_done_fn *done, void *ctx);
/* session_store_remove — only if the stored session is this one; another tab stays online. */
void session_store_remove(struct session_store *s, struct str user_id,
                          struct str session_id, session_done_fn *done, void *ctx);
/* session_store_stop — removes the server and its sessions; done when the store has answered. */
void session_store_stop(struct session_store *s, session_done_fn *done, void *ctx);
void session_store_snapshot(struct session_store *s, session_snapshot_fn *done,
                            void *ctx);
void session_store_get(struct session_store *s, struct str user_id,
                       session_entry_fn *done, void *ctx);
bool session_store_is_up(const struct session_store *s);

#endif
