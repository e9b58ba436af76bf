/*
 * Private to the Redis store, for its tests: a beat that does not wait for the clock.
 * SPDX-License-Identifier: MIT
 */
#ifndef SESSION_REDIS_INTERNAL_H
#define SESSION_REDIS_INTERNAL_H

#include "session/store.h"

/* session_redis_beat — what each 30 s does: refreshes server:alive, looks after dead servers. */
void session_redis_beat(struct session_store *s);

#endif
