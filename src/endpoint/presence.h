/*
 * Sessions of this server's connections in the shared store, best effort: chat goes on without it.
 * SPDX-License-Identifier: MIT
 */
#ifndef ENDPOINT_PRESENCE_H
#define ENDPOINT_PRESENCE_H

#include "endpoint/stomp_conn.h"
#include "generated/c/session.h"

/* presence_begin, _refresh, _end — a connected connection's session; the first one of a user here and
 * the last one anywhere are told to the user's rooms. in: c->user counts c. thread: loop, as all */
void presence_begin(struct stomp_conn *c);
void presence_refresh(struct stomp_conn *c);
void presence_end(struct stomp_conn *c);
/* presence_announce_all — the store is back: every session again. */
void presence_announce_all(struct hub *hub);
/* presence_info — the connection's SessionInfo; texts in a. */
struct session_info presence_info(const struct stomp_conn *c, struct arena *a);

#endif
