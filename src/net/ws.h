/*
 * WebSockets on libwebsockets, whose only home this is. Sockets come from upgrade.c with their
 * handshake checked; libwebsockets answers it, reads frames and does the control frames; what we
 * send are finished frames out of our own queue.
 * SPDX-License-Identifier: MIT
 */
#ifndef NET_WS_H
#define NET_WS_H

#include "net/server.h"

struct ws_engine;

/* A socket whose client waits for 101. */
struct ws_offer {
    int fd;
    const char *peer;
    struct str key;       /* Sec-WebSocket-Key, 24 bytes of base64 */
    const char *protocol; /* of ws_protocol_name; NULL: none */
    struct str early;     /* bytes that came after the head */
    void *tag;            /* for on_open */
};

/* ws_engine_new — out: NULL with why. thread: loop, as all functions here */
struct ws_engine *ws_engine_new(struct net_server *s, struct why *why);
/* ws_engine_close — closes every WebSocket; on_close is called for each. */
void ws_engine_close(struct ws_engine *engine);
/* ws_engine_free — frees it; the loop must have let go of its handles since ws_engine_close. */
void ws_engine_free(struct ws_engine **engine);

/* ws_protocol_name — our static copy of a sub-protocol's name; NULL if we do not speak it. */
const char *ws_protocol_name(struct str name);

/* ws_accept — takes over offer->fd. on_open is called, and on_close when it fails at once. */
void ws_accept(struct ws_engine *engine, const struct ws_offer *offer);

/* ws_write_unsent — writes what was queued in this turn, with one send a socket. */
void ws_write_unsent(struct ws_engine *engine);

/* ws_expired — a closing handshake took too long. */
void ws_expired(struct deadline *d);

#endif
