/*
 * One HTTP/1.x connection: requests are taken one after the other, whatever the client sends
 * ahead waits until the answer before it is written.
 * SPDX-License-Identifier: MIT
 */
#ifndef NET_HTTP_CONN_H
#define NET_HTTP_CONN_H

#include "net/deadline.h"
#include "net/outq.h"
#include "net/request.h"
#include "net/server.h"

enum {
    PEER_BYTES = 46 /* INET6_ADDRSTRLEN */
};

/* In order of life. */
enum http_state {
    HTTP_HEAD,      /* between requests, or a head is arriving */
    HTTP_BODY,      /* a body is arriving */
    HTTP_ANSWERING, /* the handler has the request, and may have begun its answer */
    HTTP_CLOSING,   /* the last answer is on its way out */
    HTTP_LINGER,    /* our side is shut; what still comes is thrown away */
    HTTP_GONE       /* to be freed as soon as nobody runs it */
};

struct http_conn {
    struct net_server *server;
    struct http_conn *prev, *next; /* of the server's connections */
    struct http_conn *next_ready;  /* of the server's list of those to be run */
    struct loop_watch *watch;
    int fd;
    int events; /* enum loop_event being watched */
    enum http_state state;
    struct deadline deadline;
    enum server_deadline deadline_kind; /* DEADLINES: none */
    struct net_request *request;        /* being read or answered */
    struct buf in;                      /* read, not yet used */
    size_t in_at;                       /* bytes of in already used */
    size_t scanned; /* bytes after in_at known to hold no end of a head */
    struct outq out;
    bool is_running; /* http_conn_run is on the stack */
    bool is_ready;   /* in the list of those to be run */
    bool is_used;    /* had a request already */
    bool has_eof;    /* the client sends no more */
    bool is_last;    /* the connection ends with the current answer */
    bool is_doomed;  /* to be ended: an answer grew over its ceiling, or was given up */
    char peer[PEER_BYTES];
};

/* http_conn_new — takes over fd, which is connected and does not block. thread: loop */
void http_conn_new(struct net_server *s, int fd, const char *peer);
/* http_conn_run — does what can be done: read requests, write answers, end. */
void http_conn_run(struct http_conn *c);
/* http_conn_run_ready — the same for one that waited for the end of the turn. */
void http_conn_run_ready(struct http_conn *c);
/* http_conn_end — at once, whatever waits; a waiting request is abandoned. */
void http_conn_end(struct http_conn *c);
/* http_conn_answered — the current request was answered and freed. */
void http_conn_answered(struct http_conn *c);
/* http_conn_abort — the current request is freed and will not be answered: ends with a reset. */
void http_conn_abort(struct http_conn *c);
/* http_conn_expired — its deadline is over. */
void http_conn_expired(struct deadline *d);
struct str http_conn_peer(const struct http_conn *c);
/* http_conn_hand_out — the request was read; it is to be answered now or later. */
void http_conn_hand_out(struct http_conn *c);
/* http_conn_release_fd — the socket goes to another owner; c can only be ended then. */
int http_conn_release_fd(struct http_conn *c);

/* request_refuse — an empty answer with that status, or on_error's if there is an err for it. */
void request_refuse(struct net_request *r, int status);

#endif
