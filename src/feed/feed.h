/*
 * Exact delivery: each subscription of a room has a cursor and gets the message after it, once, in
 * order, whatever Kafka does. Messages come from local commits, from Kafka and from the database
 * alike; only rooms that somebody here subscribed to or writes to are held.
 * SPDX-License-Identifier: MIT
 */
#ifndef FEED_FEED_H
#define FEED_FEED_H

#include "base/blob.h"
#include "base/log.h"
#include "loop/loop.h"
#include "service/card.h"
#include "work/work.h"

struct feed;
struct feed_room;

enum {
    FEED_HEADS = 3 /* ways to write a message that the owners of subscriptions have */
};

/* A stored message on its way to subscribers; shared, counted (loop thread). Immutable but for what
 * the first subscriber of a kind leaves for the others. */
struct feed_message {
    uint32_t refs;
    int64_t seq;          /* 0: a record of another producer, live only */
    int64_t timestamp_ms; /* epoch milliseconds */
    struct str id, key;   /* key: no value if none */
    struct str body;      /* JSON of the ChatDto; a NUL follows it, as in a STOMP frame */
    struct blob *heads[FEED_HEADS]; /* owned; NULL: not written yet */
};

/* feed_message_new — copies all texts. out: one reference */
struct feed_message *feed_message_new(int64_t seq, int64_t timestamp_ms, struct str id,
                                      struct str key, struct str body);
void feed_message_unref(struct feed_message **m);

/* What became of a SUBSCRIBE. */
struct feed_recovery {
    bool is_recovered; /* all that was asked for was replayed */
    int64_t first_seq; /* first replayed, or last_seq + 1 */
    int64_t last_seq;  /* last seq replayed or skipped: live starts at the next */
    int64_t n_replayed;
};

struct feed_sub;
/* Calls to the owner of a subscription, on the loop. The owner ends no subscription inside them: a
 * connection that fails is closed, and its subscriptions end in the turn that reports the close. */
struct feed_sub_owner {
    /* The next message; the owner sends it now or closes its connection. */
    void (*on_message)(struct feed_sub *sub, struct feed_message *m);
    /* Whether a replayed message may be handed over now; if not, feed_sub_resume goes on later. */
    bool (*can_take)(struct feed_sub *sub);
    /* The replay is over and the subscription is live. */
    void (*on_live)(struct feed_sub *sub, const struct feed_recovery *r);
    /* Refused (not_member, room_not_found, …), or the room went away (room_not_found), or the
     * database went back in time (resync); the subscription is over when it returns. */
    void (*on_end)(struct feed_sub *sub, enum err rc);
};

enum feed_sub_state {
    FEED_SUB_IDLE,   /* not started, or over */
    FEED_SUB_LOOKUP, /* membership and last seq are being read */
    FEED_SUB_REPLAY, /* the cursor is on its way to the feed's end */
    FEED_SUB_LIVE,
};

/* Embedded in the owner's struct. */
struct feed_sub {
    const struct feed_sub_owner *owner;
    struct feed *feed;
    struct feed_room *room;
    struct feed_sub *prev, *next; /* in the room's list */
    enum feed_sub_state state;
    bool is_event;       /* subscribed to the room's events, not to its messages */
    bool is_reading;     /* a read of the database is under way for it */
    uint64_t epoch;      /* of the subscription: answers to an older one are dropped */
    int64_t since, last; /* as asked; -1: not asked */
    int64_t cursor;      /* seq of the last message handed over or skipped */
    int64_t first_seq, n_replayed;
    bool is_recovered;
};

struct feed_config {
    struct loop *loop;
    struct work_pool *reads; /* history */
    const struct log *log;
    int64_t resume_max;
};

struct feed *feed_new(const struct feed_config *config);
/* feed_free — no room may be held any more but by jobs that work_pool_free has ended. */
void feed_free(struct feed **feed);

/* --- rooms -------------------------------------------------------------------------------- */

/* feed_room_get — the room's place on this server, made if need be; one reference. */
struct feed_room *feed_room_get(struct feed *feed, struct str uuid);
/* feed_room_find — the room if it is held here, else NULL; no reference. */
struct feed_room *feed_room_find(struct feed *feed, struct str uuid);
void feed_room_put(struct feed *feed, struct feed_room **room);
struct str feed_room_uuid(const struct feed_room *room);
/* feed_room_card — newest card known, borrowed until the next feed_room_learn; NULL: none. */
struct card *feed_room_card(const struct feed_room *room);
/* feed_room_learn — keeps card (with a reference of its own) if it is not older than the known. */
void feed_room_learn(struct feed_room *room, struct card *card);
/* feed_room_forget — the card may be out of date: the next use reads it again. */
void feed_room_forget(struct feed_room *room);
/* feed_forget_cards — the same for every room (events may have been missed). */
void feed_forget_cards(struct feed *feed);

/* --- messages ----------------------------------------------------------------------------- */

/* feed_room_needs — whether feed_publish would do anything with a message of that seq; 0: none. */
bool feed_room_needs(const struct feed_room *room, int64_t seq);
/* feed_publish — a message of a room held here, from a local commit or from Kafka. Takes no
 * reference. */
void feed_publish(struct feed *feed, struct feed_room *room, struct feed_message *m);
/* feed_publish_foreign — a record without a seq: handed to live subscriptions as it is. */
void feed_publish_foreign(struct feed *feed, struct feed_room *room,
                          struct feed_message *m);
/* feed_notice — seq is stored, but its message is not at hand. */
void feed_notice(struct feed *feed, struct feed_room *room, int64_t seq);
/* feed_room_is_watched — somebody here is subscribed to the room's events. */
bool feed_room_is_watched(const struct feed_room *room);
/* feed_event — JSON of a RoomEvent, with an id of its own, for those subscriptions. */
void feed_event(struct feed *feed, struct feed_room *room, struct str id,
                struct str json);
/* feed_event_of_member — calls fn for each room held here that has user as a member and somebody
 * subscribed to its events. */
void feed_event_of_member(struct feed *feed, struct str user,
                          void (*fn)(void *ctx, struct feed_room *room), void *ctx);
/* feed_room_gone — the room was deleted: its subscriptions end with room_not_found. */
void feed_room_gone(struct feed *feed, struct feed_room *room);

/* feed_set_degraded — Kafka may lose records now: look into the database every 200 ms, not 2 s. */
void feed_set_degraded(struct feed *feed, bool is_degraded);
/* feed_look — look into the database now (after a reassignment or a reconnect). */
void feed_look(struct feed *feed);

/* --- subscriptions ------------------------------------------------------------------------ */

/*
 * feed_sub_begin — sub waits in the room for feed_sub_found; the room is held from now on, so
 * nothing published meanwhile is missed.
 * in: sub zeroed but for owner, is_event, since, last (-1: not asked)
 */
void feed_sub_begin(struct feed *feed, struct feed_sub *sub, struct str room_uuid);
/* feed_sub_found — the look-up's answer: the card (read after feed_sub_begin) or an error. */
void feed_sub_found(struct feed_sub *sub, enum err rc, struct card *card);
/* feed_sub_resume — can_take would say yes again. */
void feed_sub_resume(struct feed_sub *sub);
/* feed_sub_end — no further call; may be called in any state. */
void feed_sub_end(struct feed_sub *sub);

struct feed_stats {
    size_t rooms, subs;
    uint64_t hole_reads, dropped_records, duplicates;
};
void feed_stats(const struct feed *feed, struct feed_stats *out);

#endif
