/*
 * Inside of a SockJS server: sessions over HTTP, WebSockets, and what they share.
 * server.c routes, session.c has receivers and what goes out, send.c what comes in, ws.c the
 * WebSockets, answer.c headers and fixed answers. Private to src/sockjs.
 * SPDX-License-Identifier: MIT
 */
#ifndef SOCKJS_SOCKJS_INTERNAL_H
#define SOCKJS_SOCKJS_INTERNAL_H

#include <uthash.h>

#include "sockjs/framing_internal.h"
#include "sockjs/queue_internal.h"
#include "sockjs/reader_internal.h"
#include "sockjs/sockjs.h"

enum {
    SOCKJS_REASON_MAX = 123,
    SOCKJS_SENDS_MAX = 4
};

enum session_state {
    SESSION_OPEN,
    SESSION_CLOSING, /* a close was asked: what is queued goes first, then the close frame */
    SESSION_CLOSED, /* its user was told, or is in this turn; receivers get the close frame */
};

/* What happened to a session inside a call of its user, who is told of it afterwards. */
enum session_news {
    SESSION_NEWS_CLOSED = 1,
    SESSION_NEWS_DRAINED = 2,
    SESSION_NEWS_RESUMED = 4, /* held xhr_sends may go on */
};

/* An xhr_send whose messages were not all passed on yet. */
struct send {
    struct request_user request_user; /* first: the request leads here */
    struct session *session;
    struct net_request *req;
    struct sockjs_reader reader;
    size_t at; /* bytes of its body that were read */
    struct send *next;
};

/* A session over HTTP. Its receiver is the request that waits for messages, if one does. */
struct session {
    struct request_user request_user; /* first: the receiver leads here */
    UT_hash_handle hh;
    struct sockjs_server *server;
    struct str id; /* owned */
    enum sockjs_transport transport;
    enum session_state state;
    void *user;      /* of the link_handler */
    struct str peer; /* owned */

    struct net_request *receiver; /* NULL: none */
    size_t streamed;              /* bytes of messages in its response */
    struct sockjs_queue queue;
    bool wants_drain;
    unsigned close_code;
    char close_reason[SOCKJS_REASON_MAX + 1];

    struct send *sends; /* oldest first; the first may be under way */
    size_t n_sends;
    bool is_paused;
    bool is_passing_on; /* in send_pass_on: no second one inside */

    bool is_told;  /* on_close was called */
    unsigned news; /* enum session_news */
    struct session *next_news;
    struct loop_timer *timer; /* with a receiver: heart-beat; without: the end */
};

struct sockjs_server {
    struct sockjs_config config;
    struct loop *loop;
    struct session *sessions; /* by id */
    struct session *news;     /* whose users are to be told something */
    struct loop_timer *news_timer;
    struct ws_conn *upgrading; /* accepted, not yet open */
    struct buf scratch;        /* one wrapped frame at a time */
};

/* --- server.c ----------------------------------------------------------------------------- */

/* sockjs_news — the session's user is told in this turn, outside of any call. */
void sockjs_news(struct session *s, enum session_news news);
/* sockjs_scratch — the empty scratch buffer. out: until the next call */
struct buf *sockjs_scratch(struct sockjs_server *server);

/* --- session.c ---------------------------------------------------------------------------- */

struct session *session_find(struct sockjs_server *server, struct str id);
/* session_receive — a request that waits for messages, of a session or for a new one. */
void session_receive(struct sockjs_server *server, struct str id,
                     enum sockjs_transport transport, struct net_request *req);
/* session_is_refused — req does not come from whom the session belongs to; it was answered. */
bool session_is_refused(struct session *s, struct net_request *req);
/* session_close — as link_close. */
void session_close(struct session *s, unsigned code, struct str reason);
/* session_tell — what news there is. */
void session_tell(struct session *s);
/* session_free — its user is told before. */
void session_free(struct session *s);

/* --- send.c ------------------------------------------------------------------------------- */

/* send_request — an xhr_send to the session of that id. */
void send_request(struct sockjs_server *server, struct str id, struct net_request *req);
/* send_pass_on — gives the user what was sent, until it pauses or closes. */
void send_pass_on(struct session *s);
/* send_refuse_all — the session takes no more: those held are answered. */
void send_refuse_all(struct session *s);

/* --- ws.c --------------------------------------------------------------------------------- */

/* ws_accept — an upgrade to one of our paths. */
enum err ws_accept(struct sockjs_server *server, const struct net_request *up,
                   bool is_raw, void **tag_out);
/* ws_forget_upgrading — those whose client went away in between; all: at the end. */
void ws_forget_upgrading(struct sockjs_server *server, bool all);

#endif
