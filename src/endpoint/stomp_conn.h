/*
 * One STOMP connection, from the socket to its end: state, subscriptions, transactions.
 * What arrives goes through stomp_in.c, SENDs through stomp_send.c, subscriptions through
 * stomp_sub.c, and everything that leaves through stomp_out.c.
 * SPDX-License-Identifier: MIT
 */
#ifndef ENDPOINT_STOMP_CONN_H
#define ENDPOINT_STOMP_CONN_H

#include <uthash.h>

#include "base/uuid.h"
#include "codec/route.h"
#include "endpoint/hub.h"
#include "endpoint/users.h"
#include "stomp/frame.h"

enum stomp_state {
    STOMP_STATE_NEW, /* waits for CONNECT */
    STOMP_STATE_CONNECTED,
    STOMP_STATE_LEAVING, /* DISCONNECT was read: what is under way is answered first */
    STOMP_STATE_CLOSING, /* a close was asked; nothing is sent or read any more */
    STOMP_STATE_CLOSED,  /* the link is gone; kept for operations under way */
};

enum stomp_ack {
    STOMP_ACK_AUTO,
    STOMP_ACK_CLIENT, /* cumulative */
    STOMP_ACK_CLIENT_INDIVIDUAL,
};

enum {
    STOMP_BEAT_MS = 10000,
    STOMP_UNACKED_MAX = 1024,
    STOMP_TRANSACTIONS_MAX = 16,
    STOMP_TRANSACTION_SENDS = 16
};

struct stomp_unacked {
    struct uuid id;
    int64_t seq;
};

/* A subscription; the feed's part comes first, so one pointer leads to the other. */
struct stomp_sub {
    struct feed_sub feed;
    UT_hash_handle by_id;
    struct stomp_conn *conn;
    uint64_t number;        /* unique in the connection, never used again */
    struct str id;          /* owned; destination for STOMP 1.0 without id */
    struct str destination; /* owned */
    struct str room_uuid;   /* view into destination; "" for /user/queue/… */
    struct str head;        /* owned; how its MESSAGEs begin; no value before the first */
    struct str receipt;     /* owned; no value: none asked, or answered */
    bool has_id;            /* MESSAGEs carry `subscription` */
    bool is_live;           /* it has been live: its room's end is no error */
    int destination_id;
    enum stomp_ack ack;
    struct stomp_unacked *unacked; /* ring, oldest overwritten; NULL while empty */
    size_t n_unacked, first_unacked;
};

/* SENDs between BEGIN and COMMIT. */
struct stomp_transaction {
    struct stomp_transaction *next;
    struct str id;                                /* owned */
    struct write_op *op;                          /* its messages so far; NULL: none */
    struct str receipts[STOMP_TRANSACTION_SENDS]; /* owned; of the SENDs */
    struct store_message messages[STOMP_TRANSACTION_SENDS];
    size_t n;
    enum err refused; /* of a SEND: COMMIT is refused */
};

struct stomp_conn {
    struct hub *hub;
    struct link link;
    struct stomp_conn *prev, *next; /* all of the hub */
    struct stomp_conn *next_of_user;
    enum stomp_state state;
    uint32_t refs; /* the link and operations under way */
    struct stomp_parser *parser;
    enum stomp_version version;
    struct user *user;        /* NULL before CONNECTED */
    struct str gateway_user;  /* owned; identity of the upgrade; no value: none */
    struct str leave_receipt; /* owned; of DISCONNECT, while leaving */
    struct uuid session;
    struct stomp_sub *subs;           /* by id */
    struct stomp_sub *errors, *rooms; /* subscriptions of /user/queue/errors and /rooms */
    struct stomp_transaction *transactions;
    uint64_t next_sub;
    struct stomp_heartbeat heartbeat;
    int64_t opened_ms, heard_ms, sent_ms, refreshed_ms, connect_civil_ns;
    int64_t expires_ms;             /* of the token, on the loop's clock; 0: never */
    int64_t paused_until_ms;        /* by the rate limit, while there is a pause_timer */
    struct loop_timer *pause_timer; /* NULL: the rate is under the limit */
    uint32_t n_jobs;                /* at the readers of the database */
    bool is_paused;                 /* not read */
    struct arena arena;             /* of one frame */
};

/* stomp_handler — the endpoint as a user of links; ctx of it is the hub. */
extern const struct link_handler stomp_handler;

/* stomp_conn_ref, _unref — kept alive for an operation under way. thread: loop, as all here */
struct stomp_conn *stomp_conn_ref(struct stomp_conn *c);
void stomp_conn_unref(struct stomp_conn **c);
/* stomp_leave — DISCONNECT: its receipt and the close, once nothing of the connection is under way. */
void stomp_leave(struct stomp_conn *c, struct str receipt);
/* stomp_set_state — the only way to change it; BUG_ON a transition that is not allowed. */
void stomp_set_state(struct stomp_conn *c, enum stomp_state to);
/* stomp_tick — once a second: heart-beats, time-outs, slow consumers, refreshes. */
void stomp_tick(struct hub *hub);
/* stomp_close_all — ERROR shutting_down and 1012 to the next n connections; how many are left. */
size_t stomp_close_some(struct hub *hub, size_t n, enum err rc);
/* stomp_close_user — ERROR rc and close for every connection of a user. */
void stomp_close_user(struct hub *hub, struct str user, enum err rc);

/* --- stomp_out.c: what leaves --------------------------------------------------------------- */

void stomp_out_connected(struct stomp_conn *c, int64_t expires_in_ms);
/* stomp_out_message — a chat message, or an event of the room for a subscription of those. */
void stomp_out_message(struct stomp_sub *sub, struct feed_message *m);
/* stomp_out_json — a MESSAGE with a JSON body that comes from no room. */
void stomp_out_json(struct stomp_sub *sub, struct str json);
void stomp_out_receipt(struct stomp_conn *c, struct str receipt);
void stomp_out_send_receipt(struct stomp_conn *c, struct str receipt,
                            const struct store_message *m);
void stomp_out_subscribe_receipt(struct stomp_conn *c, struct str receipt,
                                 const struct feed_recovery *r);
void stomp_out_heartbeat(struct stomp_conn *c);

/*
 * stomp_fail — an error reaches the client as its kind says: soft on /user/queue/errors, or ERROR
 * and close.
 * in: receipt: of the frame that failed, no value: none; path: destination of the frame, or "";
 *     detail: text for a person, may be NULL
 */
void stomp_fail(struct stomp_conn *c, enum err rc, struct str receipt, struct str path,
                const char *detail);

/* --- stomp_pace.c --------------------------------------------------------------------------- */

/*
 * stomp_pace_message — counts a SEND of a message.
 * errors: ERR_RATE_LIMITED, only where soft errors are heard; else the connection is not read until
 *         the user is under the limit
 */
NODISCARD enum err stomp_pace_message(struct stomp_conn *c);
/* stomp_pace_small — counts a marker, typing, SUBSCRIBE or ACK; it is taken in any case. */
void stomp_pace_small(struct stomp_conn *c);
/* stomp_job_begin, _end — something of c is at the readers; c is kept alive, and not read while
 * there is too much of it. */
void stomp_job_begin(struct stomp_conn *c);
void stomp_job_end(struct stomp_conn *c);
/* stomp_pace_end — c is closed. */
void stomp_pace_end(struct stomp_conn *c);

/* --- stomp_send.c --------------------------------------------------------------------------- */

void stomp_on_send(struct stomp_conn *c, const struct stomp_frame *f);
void stomp_on_begin(struct stomp_conn *c, const struct stomp_frame *f);
void stomp_on_commit(struct stomp_conn *c, const struct stomp_frame *f);
void stomp_on_abort(struct stomp_conn *c, const struct stomp_frame *f);
void stomp_transactions_drop(struct stomp_conn *c);

/* --- stomp_sub.c ---------------------------------------------------------------------------- */

void stomp_on_subscribe(struct stomp_conn *c, const struct stomp_frame *f);
void stomp_on_unsubscribe(struct stomp_conn *c, const struct stomp_frame *f);
void stomp_on_ack(struct stomp_conn *c, const struct stomp_frame *f);
void stomp_subs_drop(struct stomp_conn *c);
void stomp_subs_resume(struct stomp_conn *c);

/* SockJS has heart-beats of its own, STOMP 1.0 none. */
static inline bool stomp_can_beat(const struct stomp_conn *c)
{
    return c->link.vtable->is_heartbeat_allowed && c->version != STOMP_V10;
}

/* stomp_uuid_param — the {roomUUID} of a matched destination. */
static inline struct str stomp_room_of(const struct route_match *m)
{
    return m->n_params > 0 ? m->params[0] : STR("");
}

#endif
