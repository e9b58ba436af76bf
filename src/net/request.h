/*
 * A request that waits for its answer. It outlives its connection when the client leaves and
 * nobody asked to be told (net_request_set_user).
 * SPDX-License-Identifier: MIT
 */
#ifndef NET_REQUEST_H
#define NET_REQUEST_H

#include "net/chunked.h"
#include "net/http_head.h"

struct http_conn;

struct net_request {
    struct net_server *server;
    struct net_request *prev, *next; /* of the server's requests */
    struct http_conn *conn;          /* NULL: the client left, the answer goes nowhere */
    struct net_head head;
    struct http_head parsed;
    struct buf body;
    struct chunked chunked; /* how far the body was read, if it comes in chunks */
    void *user;             /* of on_abandon; NULL: nobody wants to know */
    loop_fn *on_more;
    void *more_user;
    bool is_streaming; /* net_respond_begin was called */
    bool wants_more;   /* on_more is due once little enough waits */
    bool
        is_chunked; /* pieces go out as chunks; else the end of the connection ends them */
    bool has_no_body; /* HEAD, or a status without one */
};

/*
 * request_new — a request with the n bytes of head, parsed.
 * out: *status_out: 0, or the HTTP status of the refusal. thread: loop, as all here
 */
struct net_request *request_new(struct net_server *server, struct http_conn *conn,
                                struct str head, int *status_out);
void request_free(struct net_request *r);

#endif
