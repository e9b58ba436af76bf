/*
 * Inside of a SockJS server: sessions over HTTP, WebSockets, and what they share.
 * server.c routes, session.c has receivers and what goes out, send.c what comes in, ws.c the
 * WebSockets, answer.c headers and fixed answers. Private to src/sockjs.
 * SPDX-License-Identifier: MIT
 */
#ifndef SOCKJS_SOCKJS_INTERNAL_H
#define SOCKJS_SOCKJS_INTERNAL_H

#define HASH_FUNCTION HASH_SAX /* the default falls through, which clang warns of */
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
struct sockjs_send {
    struct request_user request_user; /* first: the request leads here */
    struct sockjs_session *session;
    struct net_request *req;
    struct sockjs_reader reader;
    size_t at; /* bytes of its body that were read */
    struct sockjs_send *next;
};

/* A session over HTTP. Its receiver is the request that waits for messages, if one does. */
struct sockjs_session {
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

    struct sockjs_send *sends; /* oldest first; the first may be under way */
    size_t n_sends;
    bool is_paused;
    bool is_passing_on; /* in sockjs_send_pass_on: no second one inside */

    bool is_told;  /* on_close was called */
    unsigned news; /* enum session_news */
    struct sockjs_session *next_news;
    struct loop_timer *timer; /* with a receiver: heart-beat; without: the end */
};

struct sockjs_server {
    struct sockjs_config config;
    struct loop *loop;
    struct sockjs_session *sessions; /* by id */
    struct sockjs_session *news;     /* whose users are to be told something */
    struct loop_timer *news_timer;
    struct buf scratch; /* one wrapped frame at a time */
};

/* --- server.c ----------------------------------------------------------------------------- */

/* sockjs_news — the session's user is told in this turn, outside of any call. */
void sockjs_news(struct sockjs_session *s, enum session_news news);
/* sockjs_scratch — the empty scratch buffer. out: until the next call */
struct buf *sockjs_scratch(struct sockjs_server *server);

/* --- session.c ---------------------------------------------------------------------------- */

struct sockjs_session *sockjs_session_find(struct sockjs_server *server, struct str id);
/* sockjs_session_receive — a request that waits for messages, of a session or for a new one. */
void sockjs_session_receive(struct sockjs_server *server, struct str id,
                            enum sockjs_transport transport, struct net_request *req);
/* sockjs_session_is_refused — req does not come from whom the session belongs to; it was answered. */
bool sockjs_session_is_refused(struct sockjs_session *s, struct net_request *req);
/* sockjs_session_close — as link_close. */
void sockjs_session_close(struct sockjs_session *s, unsigned code, struct str reason);
/* sockjs_session_tell — what news there is. */
void sockjs_session_tell(struct sockjs_session *s);
/* sockjs_session_free — its user is told before. */
void sockjs_session_free(struct sockjs_session *s);

/* --- send.c ------------------------------------------------------------------------------- */

/* sockjs_send_request — an xhr_send to the session of that id. */
void sockjs_send_request(struct sockjs_server *server, struct str id,
                         struct net_request *req);
/* sockjs_send_pass_on — gives the user what was sent, until it pauses or closes. */
void sockjs_send_pass_on(struct sockjs_session *s);
/* sockjs_send_refuse_all — the session takes no more: those held are answered. */
void sockjs_send_refuse_all(struct sockjs_session *s);

/* --- ws.c --------------------------------------------------------------------------------- */

/* sockjs_ws_accept — an upgrade to one of our paths. */
enum err sockjs_ws_accept(struct sockjs_server *server, const struct net_request *up,
                          bool is_raw, void **tag_out);

#endif
