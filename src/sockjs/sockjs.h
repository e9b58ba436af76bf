/*
 * SockJS (protocol 0.3.3, as Spring serves it) and raw WebSockets under one path; whoever uses them
 * sees links. Transports: websocket, xhr, xhr_streaming, eventsource, htmlfile, and xhr_send in.
 *
 * Under prefix: "" and "/websocket" are raw WebSockets, "/" greets, "/info" informs,
 * "/{server}/{session}/{transport}" is SockJS; there is no jsonp and no iframe page (404).
 * SPDX-License-Identifier: MIT
 */
#ifndef SOCKJS_SOCKJS_H
#define SOCKJS_SOCKJS_H

#include "net/link.h"

struct sockjs_server;

struct sockjs_config {
    struct str prefix; /* "/ws-stomp"; copied */
    struct link_handler handler;
    /* Whether pages of that origin may connect; not asked without an Origin. NULL: all may */
    bool (*is_origin_allowed)(void *ctx, const struct net_request *req,
                              struct str origin);
    void *origin_ctx;
    size_t outbound_bytes; /* ceiling of what waits for one session, with its framing */
    size_t stream_bytes; /* of messages, after which a streaming response ends; 128 KiB */
    size_t max_sessions; /* sessions over HTTP; above: overloaded; 0: no limit */
    int heartbeat_ms;    /* 25000 */
    int disconnect_ms;   /* a session ends so long after its last receiver; 5000 */
};

/* sockjs_server_new — thread: loop, as all functions here */
struct sockjs_server *sockjs_server_new(struct loop *loop,
                                        const struct sockjs_config *config);
/* sockjs_server_free — after net_server_free, which ends every WebSocket and request; tells on_close
 * to sessions that are left. NULL is a no-op. */
void sockjs_server_free(struct sockjs_server **s);
/* sockjs_server_sessions — sessions over HTTP, those included that only answer with a close frame. */
size_t sockjs_server_sessions(const struct sockjs_server *s);

/*
 * The callbacks of net_handler, for the paths under prefix. The owner of the handler forwards
 * on_upgrade and on_request, and uses the others as they are; ctx of on_open is not looked at.
 * A request that is held has a struct request_user as its user: on_abandon of the handler is
 * request_user_abandon (net/link.h).
 */
enum err sockjs_on_upgrade(struct sockjs_server *s, const struct net_request *up,
                           void **tag_out);
void *sockjs_on_open(void *ctx, struct net_ws *ws, void *tag);
void sockjs_on_data(void *user, struct str piece, bool is_last);
void sockjs_on_drain(void *user);
void sockjs_on_close(void *user);
/* sockjs_on_request — answers req, now or later; false: not a path of ours, req is untouched. */
bool sockjs_on_request(struct sockjs_server *s, struct net_request *req);

#endif
