/*
 * The libwebsockets context of a server: made, and taken down over some turns of the loop.
 * Included by the files that call libwebsockets only.
 * SPDX-License-Identifier: MIT
 */
#ifndef NET_WS_ENGINE_H
#define NET_WS_ENGINE_H

#include <libwebsockets.h>

#include "net/ws.h"

enum {
    WS_HANDSHAKE_MAX = 2048 /* header table while a handshake is answered */
};

struct ws_engine {
    struct net_server *server;
    struct lws_context *context; /* set to NULL by libwebsockets when it is gone */
    struct net_ws *sockets;
    struct net_ws *unsent;  /* those with something new to write */
    struct net_ws *opening; /* whose handshake is being answered */
    void *loops[1];
    int event_fd; /* that libwebsockets wakes itself with; its own */
};

/* Sub-protocols, the callbacks of all of them. */
extern const struct lws_protocols ws_protocols[];

/* ws_drop_all — every socket is closed by force; on_close is called for each. */
void ws_drop_all(struct ws_engine *engine);

#endif
