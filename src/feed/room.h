/*
 * Private to the feed: a room on this server, its tail of messages and its subscriptions.
 * SPDX-License-Identifier: MIT
 */
#ifndef FEED_ROOM_H
#define FEED_ROOM_H

#include <uthash.h>

#include "feed/feed.h"

enum {
    FEED_TAIL = 64,       /* messages kept for cursors a little behind; a power of two */
    FEED_STASH_MAX = 256, /* messages that wait for an earlier one */
    FEED_PAGE = 100,      /* rows of one read */
    FEED_HOLE_MS = 10,    /* how long a missing message is waited for */
    FEED_HOLE_FAILURES = 8, /* reads that fail double that time, as often as this */
    FEED_POLL_MS = 2000,
    FEED_POLL_DEGRADED_MS = 200,
    FEED_POLL_ROOMS = 256,
};

/* A message that came before its predecessor. */
struct feed_stashed {
    struct feed_message *message;
    uint64_t read_serial; /* reads of the room issued before it came */
};

struct feed_room {
    UT_hash_handle by_uuid;
    struct str uuid; /* owned */
    uint32_t refs;
    struct card *card; /* NULL: unknown */
    struct feed_sub *subs;
    int64_t room_id;    /* 0: not known yet */
    int64_t end;        /* highest seq handed to subscriptions; -1: not known yet */
    int64_t tail_first; /* seq of the oldest message of the tail; end + 1: empty */
    struct feed_message *tail[FEED_TAIL]; /* slot seq % FEED_TAIL */
    struct feed_stashed *stash;           /* sorted by seq; NULL while empty */
    size_t n_stash;
    int64_t noticed;        /* highest seq known to be stored */
    int64_t hole_since_ms;  /* 0: none */
    unsigned hole_failures; /* of its reads, one after the other */
    uint64_t read_serial;   /* reads issued */
    bool is_reading;
};

struct feed {
    struct feed_config config;
    struct feed_room *rooms;
    struct loop_timer *hole_timer, *poll_timer;
    int64_t hole_timer_ms; /* when it fires, if it is active */
    bool is_degraded;
    unsigned polls_under_way;
    bool is_look_wanted; /* another look, when those under way are over */
    uint64_t last_epoch; /* of the subscriptions begun so far */
    struct feed_stats stats;
};

/* feed_room_absorb — moves what follows the end from the stash to the tail, and every cursor on. */
void feed_room_absorb(struct feed *feed, struct feed_room *room);
/* feed_room_append — m becomes the end (m->seq > end); a gap before it empties the tail. */
void feed_room_append(struct feed_room *room, struct feed_message *m);
/* feed_room_check_hole — starts or ends the wait for a missing message. */
void feed_room_check_hole(struct feed *feed, struct feed_room *room);
/* feed_room_read — reads what follows the end from the database. */
void feed_room_read(struct feed *feed, struct feed_room *room);
/* feed_sub_read — the same for one cursor that is behind the tail. */
void feed_sub_read(struct feed_sub *sub);
/* feed_sub_take — hands one message over; false if sub cannot take more now. */
bool feed_sub_take(struct feed_sub *sub, struct feed_message *m);
/* feed_sub_advance — hands over what sub's cursor can reach. */
void feed_sub_advance(struct feed_sub *sub);
/* feed_sub_fail — ends sub and tells its owner. */
void feed_sub_fail(struct feed_sub *sub, enum err rc);
/* feed_room_end_all — every subscription ends with rc. */
void feed_room_end_all(struct feed_room *room, enum err rc);
/* feed_room_reset — forgets the tail, the stash and the end. */
void feed_room_reset(struct feed_room *room);
void feed_room_advance_all(struct feed_room *room);
/* feed_poll — looks up the last seq of every room held here. */
void feed_poll(struct feed *feed);

#endif
