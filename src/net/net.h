/*
 * HTTP and WebSocket listener on one port: requests come whole, WebSocket data comes in pieces,
 * what goes out is buffered up to a ceiling. It knows nothing of STOMP, SockJS or routes.
 * HTTP/1.x (RFC 9112) is read here, strictly; an upgraded socket goes to libwebsockets on our loop
 * (RFC 6455).
 *
 * Refused without asking the handler, and the connection is closed: 400 (malformed, two readings
 * possible, bad escapes, a path that is not UTF-8, HTTP/1.1 without Host), 404 (a path with a "."
 * or ".." segment), 408 (too slow), 413, 414 (target above 8 KiB), 431 (head, or trailers and chunk
 * extensions, above 16 KiB; 100 fields), 501 (a Transfer-Encoding besides chunked), 505. 400, 404, 413
 * have on_error's body, the others none. After a bad opening handshake the connection stays open.
 * libwebsockets 4.1.6 takes frames without a mask, of pings that it reads at once it answers one, and
 * behind a broken frame it may wait 5 s for the answer to its close.
 * An idle keep-alive connection is closed after 75 s, one that takes nothing of its answer after 30.
 * SPDX-License-Identifier: MIT
 */
#ifndef NET_NET_H
#define NET_NET_H

#include "base/blob.h"
#include "base/buf.h"
#include "base/bug.h"
#include "base/log.h"
#include "base/why.h"
#include "generated/c/err.h"
#include "loop/loop.h"

struct net_server;
struct net_ws;      /* an open WebSocket */
struct net_request; /* an HTTP request that waits for its answer */

enum net_method {
    NET_GET,
    NET_HEAD,
    NET_POST,
    NET_PUT,
    NET_PATCH,
    NET_DELETE,
    NET_OPTIONS,
    NET_OTHER
};

/* What is known of a request or of an upgrade. Views are valid during the callback that brings
 * it; for a net_request until it is answered. */
struct net_head {
    enum net_method method;
    struct str path;  /* percent-decoded UTF-8, "/room/create", but for %2F and %25:
                       * net_path_segment decodes these */
    struct str query; /* raw, without '?'; "" if none */
    struct str peer;  /* address of the TCP peer: "127.0.0.1" */
};

/* Who takes what comes in. All callbacks on the loop thread. */
struct net_handler {
    void *ctx;
    /*
     * An upgrade to WebSocket. ERR_OK accepts; *tag_out is handed to on_open. Anything else is
     * answered with its HTTP status and the body of on_error. Sub-protocols are negotiated by
     * net (v10.stomp, v11.stomp, v12.stomp, or none).
     */
    enum err (*on_upgrade)(void *ctx, const struct net_request *up, void **tag_out);
    /* The WebSocket is open. out: its user pointer, handed to the next three */
    void *(*on_open)(void *ctx, struct net_ws *ws, void *tag);
    /* A piece of a message, text (then the whole is UTF-8) or binary; is_last: it ends the
     * message. Not called after net_ws_close. */
    void (*on_data)(void *user, struct str piece, bool is_last);
    /* Less than half of the outbound ceiling is waiting again, after net_ws_wants_drain. */
    void (*on_drain)(void *user);
    /* Gone, for whatever reason; ws is invalid after it returns. Called once per on_open. */
    void (*on_close)(void *user);
    /* An HTTP request with its whole body. Must be answered now or later, exactly once. */
    void (*on_request)(void *ctx, struct net_request *req);
    /* The client went away before the answer, or shut its side down; the request is invalid
     * after it returns. Only called when net_request_set_user gave a user pointer; without one
     * the request stays valid until it is answered, and the answer goes nowhere. */
    void (*on_abandon)(void *user);
    /* Ceiling in bytes of the body of a request to head->path, instead of body_bytes. May be NULL. */
    size_t (*body_limit)(void *ctx, const struct net_head *head);
    /* Writes the body of an error answer into body (application/json). */
    void (*on_error)(void *ctx, const struct net_head *head, enum err e,
                     struct buf *body);
};

struct net_config {
    struct str address;      /* "127.0.0.1", "0.0.0.0", "::" (IPv4 too); "": any */
    int port;                /* 0: chosen by the kernel, see net_server_port */
    size_t body_bytes;       /* ceiling of a request body; above: 413 */
    size_t ws_message_bytes; /* ceiling of what one frame announces; above: 1009 */
    size_t outbound_bytes;   /* ceiling of what waits for one connection */
    int header_timeout_ms;   /* for a head, and again for its body; 0: 10000 */
    const char *static_dir;  /* not used by net itself */
    const struct log *log;
    struct net_handler handler;
};

/*
 * net_server_new — starts listening.
 * errors: NULL with why (address in use, …)
 * thread: loop, as all functions here
 */
struct net_server *net_server_new(struct loop *loop, const struct net_config *config,
                                  struct why *why);
int net_server_port(const struct net_server *s);
/* net_server_stop_listening — new connections are refused; open ones live on, HTTP until the
 * next answer. */
void net_server_stop_listening(struct net_server *s);
/*
 * net_server_free — closes every connection (on_close, on_abandon are called); requests that were
 * not answered are gone. Not from within a callback of the handler. Some turns of the loop follow
 * until its memory goes; loop_free waits for them. NULL is a no-op.
 */
void net_server_free(struct net_server **s);
/* net_server_connections — sockets open now. */
size_t net_server_connections(const struct net_server *s);

/* --- request ------------------------------------------------------------------------------ */

const struct net_head *net_request_head(const struct net_request *r);
/* net_request_header — value of a header by lower-case name ("x-auth-user"); no value if absent.
 * count_out (may be NULL): how often it stood there. */
struct str net_request_header(const struct net_request *r, const char *name,
                              int *count_out);
/* net_request_header_list — all values of a header that is a list, in order, joined by commas in arena
 * a (RFC 9110, 5.3); no value if absent. */
struct arena;
struct str net_request_header_list(const struct net_request *r, struct arena *a,
                                   const char *name);
/* net_request_body — the whole body; "" if none. */
struct str net_request_body(const struct net_request *r);
/*
 * net_request_query — decoded value of a query parameter in arena a; the first if there are more.
 * in:     name up to 64 bytes
 * out:    no value if absent; count_out (may be NULL): how often it stood there, -1 (and no value)
 *         if one of them has a bad escape, a NUL or no UTF-8
 */
struct str net_request_query(const struct net_request *r, struct arena *a,
                             const char *name, int *count_out);
/* net_form_value — the same for a body of application/x-www-form-urlencoded. */
struct str net_form_value(struct str form, struct arena *a, const char *name,
                          int *count_out);
/* net_path_segment — a segment of net_head.path, decoded whole, in a; no value above its ceiling. */
struct str net_path_segment(struct str segment, struct arena *a);
void net_request_set_user(struct net_request *r, void *user);

struct net_header {
    const char *name; /* lower case, without colon */
    struct str value;
};

/*
 * net_respond — a whole answer; the request is gone after it. HEAD sends no body. The body may be
 * larger than the outbound ceiling: it is copied once and leaves as the client reads.
 * in: content_type no value: none is sent (empty bodies); headers ended by name NULL, may be NULL
 */
void net_respond(struct net_request *r, int status, struct str content_type,
                 struct str body, const struct net_header *headers);
/* net_respond_error — status and body of e by on_error. */
void net_respond_error(struct net_request *r, enum err e);
/*
 * net_respond_begin … — an answer in pieces (chunked; HTTP/1.0 gets them plain). on_more(user) may
 * be NULL; it is called once after net_respond_begin and once after writes, in a later turn and
 * when less than half of the outbound ceiling waits. net_respond_end ends it and the request.
 * net_respond_write over the ceiling, or when the client is gone: false; the connection is closed
 * in a later turn as if the client had left (on_abandon), unless net_respond_end comes first.
 */
void net_respond_begin(struct net_request *r, int status, struct str content_type,
                       const struct net_header *headers, loop_fn *on_more, void *user);
bool net_respond_write(struct net_request *r, struct str piece);
void net_respond_end(struct net_request *r);
/* net_respond_abort — the answer cannot be finished: the connection is reset, which tells the
 * peer; the request is gone and on_abandon is not called. */
void net_respond_abort(struct net_request *r);

/* --- WebSocket ---------------------------------------------------------------------------- */

/*
 * net_ws_send — one text message made of up to two parts, copied; what is sent in one turn leaves
 * together.
 * errors: false when it would pass outbound_bytes; nothing was queued then. After net_ws_close it
 *         is true and nothing is sent
 */
bool net_ws_send(struct net_ws *ws, struct str head, struct str tail);
/* net_ws_waiting — bytes queued and not yet taken by the kernel. */
size_t net_ws_waiting(const struct net_ws *ws);
/* net_ws_behind_ms — how long the oldest of them has waited; 0 if none. */
int64_t net_ws_behind_ms(const struct net_ws *ws);
/* net_ws_wants_drain — on_drain is called once, when under half of the ceiling waits. */
void net_ws_wants_drain(struct net_ws *ws);
/* net_ws_drop_queue — forgets queued messages; up to 64 KiB of frames that are being written, or
 * one larger frame, still leave. */
void net_ws_drop_queue(struct net_ws *ws);
/* net_ws_pause, net_ws_resume — stops and starts reading from the peer. */
void net_ws_pause(struct net_ws *ws);
void net_ws_resume(struct net_ws *ws);
/* net_ws_close — close frame after what is queued, then the socket; at most 2 s later by force.
 * in: reason up to 123 bytes, may be NULL. The first call counts. */
void net_ws_close(struct net_ws *ws, unsigned code, const char *reason);
struct str net_ws_peer(const struct net_ws *ws);

#endif
