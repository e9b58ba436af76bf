/*
 * Private to the client: the address of a name, looked up on a thread of its own, since
 * getaddrinfo blocks, for many seconds when the name servers are away.
 * SPDX-License-Identifier: MIT
 */
#ifndef REDIS_RESOLVE_H
#define REDIS_RESOLVE_H

#include "loop/loop.h"

struct redis_resolve;

/* address: numeric, IPv4 if there is one; NULL: see why */
typedef void redis_resolved_fn(void *ctx, const char *address, const char *why);

/*
 * redis_resolve_new — begins to look host up.
 * out:    frees itself after fn was called, on the loop, or some time after redis_resolve_cancel
 * thread: loop
 */
struct redis_resolve *redis_resolve_new(struct loop *loop, const char *host,
                                        redis_resolved_fn *fn, void *ctx);
/* redis_resolve_cancel — fn is not called any more; never waits. NULL is a no-op. */
void redis_resolve_cancel(struct redis_resolve **r);

#endif
