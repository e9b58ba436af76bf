/*
 * A connection as an endpoint sees it, whatever carries it: a raw WebSocket or a SockJS session.
 * One small vtable, so that the endpoint is written once.
 * SPDX-License-Identifier: MIT
 */
#ifndef NET_LINK_H
#define NET_LINK_H

#include "net/net.h"

/* The functions mean what net_ws_* of the same name mean. thread: loop, as all here */
struct link_vtable {
    const char *name; /* for logs and metrics: "websocket", "sockjs" */
    /* Bare EOLs reach the peer and ours come in; if not, STOMP heart-beats are 0,0. */
    bool is_heartbeat_allowed;
    bool (*send)(void *self, struct str head, struct str tail);
    void (*close)(void *self, unsigned code, const char *reason);
    size_t (*waiting)(const void *self);
    int64_t (*behind_ms)(const void *self);
    void (*wants_drain)(void *self);
    void (*drop_queue)(void *self);
    void (*pause)(void *self);
    void (*resume)(void *self);
    struct str (*peer)(const void *self);
};

/* A reference, copied by value; valid until on_close of its link_handler returns. */
struct link {
    const struct link_vtable *vtable;
    void *self;
};

/* Who uses connections. The endpoint has one of these, SockJS and raw WebSocket call it. */
struct link_handler {
    void *ctx;
    /*
     * Somebody asks for a connection: an upgrade, or the first request of a SockJS session. ERR_OK
     * accepts and *tag_out is handed to on_open, which follows in any case (if the client has gone
     * meanwhile, with on_close behind it); anything else becomes its HTTP status.
     */
    enum err (*on_accept)(void *ctx, const struct net_request *req, void **tag_out);
    /*
     * A further request of an open SockJS session (not called for WebSocket): still the same
     * caller? May be NULL. Anything but ERR_OK refuses that request only.
     */
    enum err (*on_again)(void *user, const struct net_request *req);
    /* Open. out: the user pointer, handed to the rest. May already send and close. */
    void *(*on_open)(void *ctx, struct link link, void *tag);
    /* A piece of a message; is_last: it ends the message. May still come after a close was asked. */
    void (*on_data)(void *user, struct str piece, bool is_last);
    /* Less than half of the outbound ceiling is waiting again, after link_wants_drain. */
    void (*on_drain)(void *user);
    /* Gone, for whatever reason. Once per on_open, never inside a call to a link_* function. */
    void (*on_close)(void *user);
};

/*
 * What net_request_set_user gets where several modules hold requests of one server: on_abandon of
 * the net_handler is request_user_abandon, and each module gets its own back.
 */
struct request_user {
    void (*on_abandon)(struct request_user *self);
};

static inline void request_user_abandon(void *user)
{
    struct request_user *self = user;

    self->on_abandon(self);
}

/* link_of_ws — a raw WebSocket as a link. */
struct link link_of_ws(struct net_ws *ws);

/* link_send — one message of up to two parts, copied. errors: false over the ceiling, unchanged */
static inline bool link_send(struct link l, struct str head, struct str tail)
{
    return l.vtable->send(l.self, head, tail);
}

/* link_close — after what is queued; on_close follows later. reason ≤ 123 bytes, copied. */
static inline void link_close(struct link l, unsigned code, const char *reason)
{
    l.vtable->close(l.self, code, reason);
}

/* link_waiting — bytes queued and not yet handed to the kernel. */
static inline size_t link_waiting(struct link l)
{
    return l.vtable->waiting(l.self);
}

/* link_behind_ms — since when the oldest of them waits; 0 if none. */
static inline int64_t link_behind_ms(struct link l)
{
    return l.vtable->behind_ms(l.self);
}

/* link_wants_drain — on_drain is called once, when under half of the ceiling waits. */
static inline void link_wants_drain(struct link l)
{
    l.vtable->wants_drain(l.self);
}

/* link_drop_queue — forgets whole queued messages; a half-written one is kept. */
static inline void link_drop_queue(struct link l)
{
    l.vtable->drop_queue(l.self);
}

/* link_pause, link_resume — stops and starts reading from the peer. */
static inline void link_pause(struct link l)
{
    l.vtable->pause(l.self);
}

static inline void link_resume(struct link l)
{
    l.vtable->resume(l.self);
}

/* link_peer — address of the TCP peer (of a SockJS session: of its first request). */
static inline struct str link_peer(struct link l)
{
    return l.vtable->peer(l.self);
}

#endif
