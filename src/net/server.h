/*
 * The server: its listener, the lists of what is open, and the timer they share.
 * SPDX-License-Identifier: MIT
 */
#ifndef NET_SERVER_H
#define NET_SERVER_H

#include "net/deadline.h"
#include "net/net.h"

enum {
    SERVER_SCRATCH_BYTES = 65536, /* what one read takes at most */
    SERVER_DATE_BYTES = 96
};

struct ws_engine;

/* What waits for what, and how long (docs in server.c). */
enum server_deadline {
    DEADLINE_HEAD,
    DEADLINE_BODY,
    DEADLINE_IDLE,
    DEADLINE_STALL,
    DEADLINE_LINGER,
    DEADLINE_WS_CLOSE,
    DEADLINES
};

struct net_server {
    struct net_config config; /* address is not kept */
    struct loop *loop;
    int fd; /* -1: not listening */
    int port;
    struct loop_watch *listener;
    struct loop_turn *turn;    /* runs what is ready, writes what is unsent */
    struct loop_timer *ticker; /* runs while anything is open */
    struct deadline_queue deadlines[DEADLINES];
    struct http_conn *conns;      /* all of them */
    struct http_conn *ready;      /* those to be run at the end of this turn */
    struct net_request *requests; /* unanswered */
    struct ws_engine *ws;         /* NULL: no handler for upgrades */
    size_t n_conns, n_sockets;    /* HTTP connections; WebSockets */
    int busy;                     /* depth of callbacks into the handler */
    int turns_left;               /* after net_server_free, until the memory goes */
    bool is_accept_paused;        /* out of descriptors: until the next tick */
    bool has_warned;              /* of that, since the last connection */
    int64_t date_s;               /* second that date shows */
    char date[SERVER_DATE_BYTES]; /* of the Date header */
    char *scratch;                /* SERVER_SCRATCH_BYTES, for reading */
};

void server_add_request(struct net_server *s, struct net_request *r);
void server_remove_request(struct net_server *s, struct net_request *r);
/* server_run_later — http_conn_run(c) at the end of this turn. thread: loop, as all here */
void server_run_later(struct net_server *s, struct http_conn *c);
void server_set_deadline(struct net_server *s, struct deadline *d,
                         enum server_deadline kind);
/* server_date — the Date header's value. */
const char *server_date(struct net_server *s);

#endif
