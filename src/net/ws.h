/*
 * WebSockets (RFC 6455). Sockets come from upgrade.c with their handshake checked; here they are
 * answered, read, written and closed.
 * SPDX-License-Identifier: MIT
 */
#ifndef NET_WS_H
#define NET_WS_H

#include "net/server.h"

/* A socket whose client waits for 101. */
struct ws_offer {
    int fd;
    const char *peer;
    struct str key;       /* Sec-WebSocket-Key, 24 bytes of base64 */
    const char *protocol; /* of ws_protocol_name; NULL: none */
    struct str early;     /* bytes that came after the head */
    void *tag;            /* for on_open */
};

/* ws_protocol_name — our static copy of a sub-protocol's name; NULL if we do not speak it. thread: loop,
 * as all functions here */
const char *ws_protocol_name(struct str name);

/* ws_accept — takes over offer->fd. on_open is called, and on_close when it fails at once. */
void ws_accept(struct net_server *s, const struct ws_offer *offer);

/* ws_end_all — every socket is closed by force; on_close is called for each. */
void ws_end_all(struct net_server *s);

/* ws_run_ready — what waited for the end of the turn. */
void ws_run_ready(struct net_server *s);

/* ws_expired — a closing handshake took too long. */
void ws_expired(struct deadline *d);

#endif
