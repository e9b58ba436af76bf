/*
 * Sessions in Redis. NEEDSWORK: not there yet, so a server with redis.url refuses to start.
 * SPDX-License-Identifier: MIT
 */
#include "session/store.h"

#include "base/banned.h"

struct session_store *session_store_redis(struct loop *loop, struct str url,
                                          struct str server_id, const struct log *log,
                                          session_state_fn *on_state, void *ctx,
                                          struct why *why)
{
    (void)loop;
    (void)url;
    (void)server_id;
    (void)log;
    (void)on_state;
    (void)ctx;
    why_set(why, "redis.url: this build has no Redis yet");
    return NULL;
}
