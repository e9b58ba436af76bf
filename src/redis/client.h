/*
 * Redis on our loop: commands in, replies by callback, reconnecting by itself. The only home of
 * hiredis, with an adapter of its own (the packaged one loses a refused connection).
 * SPDX-License-Identifier: MIT
 */
#ifndef REDIS_CLIENT_H
#define REDIS_CLIENT_H

#include "base/arena.h"
#include "base/bug.h"
#include "base/log.h"
#include "base/why.h"
#include "generated/c/err.h"
#include "loop/loop.h"

struct redis_client;

/* The connection is made (and AUTH, SELECT answered), or lost. It counts as lost until the first
 * call. Neither this nor redis_done_fn may free the client, but both may call it. */
typedef void redis_state_fn(void *ctx, bool is_up);

/* A reply, valid during the callback. */
enum redis_kind {
    REDIS_NIL,
    REDIS_TEXT, /* string or status */
    REDIS_NUMBER,
    REDIS_LIST,
};
struct redis_reply {
    enum redis_kind kind;
    struct str text;
    int64_t number;
    const struct redis_reply *items;
    size_t n_items;
};

/* rc: ERR_OK; ERR_UNAVAILABLE (not connected, or lost: also after 5 s in which Redis owed replies
 * and gave none; what was sent may have been done); ERR_INTERNAL (Redis answered with an error,
 * which was logged). reply is NULL but for ERR_OK. */
typedef void redis_done_fn(void *ctx, enum err rc, const struct redis_reply *reply);

/*
 * redis_client_new — begins to connect to redis://[[user]:password@]host[:port][/db], and does so
 * again whenever the connection is lost or refused, after 0.1 s, 0.2 s, … 5 s.
 * errors: NULL with why for a URL that is none
 * thread: loop, as all functions here
 */
struct redis_client *redis_client_new(struct loop *loop, struct str url,
                                      const struct log *log, redis_state_fn *on_state,
                                      void *ctx, struct why *why);
/* redis_client_free — every outstanding call is answered with ERR_UNAVAILABLE. NULL is a no-op. */
void redis_client_free(struct redis_client **client);
bool redis_client_is_up(const struct redis_client *client);

/* redis_call — one command; done is always called, at once when there is no connection. */
void redis_call(struct redis_client *client, const struct str *words, size_t n,
                redis_done_fn *done, void *ctx);

enum {
    REDIS_SCRIPT_WORDS = 16
};

/* A Lua script with its keys and arguments, at most 13 together. */
struct redis_script {
    struct str text;
    const struct str *keys, *args;
    size_t n_keys, n_args;
};

/* redis_eval — runs a script; copied. */
void redis_eval(struct redis_client *client, const struct redis_script *script,
                redis_done_fn *done, void *ctx);

#endif
