/*
 * The load of a run: members of rooms who send and check what they get. Open loop: the n-th message
 * is due at n/rate and its latency counts from then, however late it was sent. Closed loop: each
 * sender keeps a number of messages under way.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "bench/chatter.h"
#include "bench/hist.h"
#include "bench/world.h"

struct load_plan {
    size_t first_room, n_rooms;
    size_t users, senders; /* connections in a room; the first 1 or 2 of them send */
    bool is_typing;        /* "is typing" instead of messages: nothing is stored */
    bool has_receipts;
    double rate;     /* messages a second in all; 0: closed loop */
    size_t inflight; /* of each sender in the closed loop */
    size_t content_bytes;
    uint64_t limit; /* messages of each sender; 0: none */
};

/* Of one load_run. */
struct load_counts {
    uint64_t sent, receipts, deliveries, remote_deliveries;
    double seconds;
    struct hist latency; /* due → MESSAGE, at subscribers of the sender's server */
    struct hist remote;  /* the same at subscribers of another server */
    struct hist receipt; /* due → RECEIPT */
    struct hist late;    /* due → sent: whether the generator kept up */
};

/* Of the whole load; lost and unreceipted are known after load_stop. */
struct load_faults {
    uint64_t lost, duplicates, out_of_order, unreceipted;
    uint64_t gone;       /* connections that ended */
    struct why gone_why; /* of the first */
};

struct load_member;

struct load {
    struct world *world;
    struct load_plan plan;
    struct load_member *members; /* owned; room by room */
    size_t n_members, n_senders;
    bool is_sending;
    uint64_t next_due;     /* number of the next message in the open loop */
    int64_t began_ns;      /* when its message 0 was due */
    int64_t from_ns;       /* messages due before it have no latency in counts */
    int64_t progressed_ns; /* when something last came */
    uint64_t expected, received, sent, receipted; /* in all */
    struct load_counts counts;
    struct load_faults faults;
};

/* load_init — connects and subscribes all members. errors: false, why says what; release it all the
 * same. thread: owner, as all here */
NODISCARD bool load_init(struct load *l, struct world *world,
                         const struct load_plan *plan, struct why *why);
void load_release(struct load *l);

/* load_start — from now on load_run sends. load_pause — nothing new is sent. */
void load_start(struct load *l);
void load_pause(struct load *l);

/* load_run — drives it for a time, or until the plan's limit is sent and answered; counts are
 * those of this time alone. load_drive — the same, and counts go on. */
void load_run(struct load *l, double seconds);
void load_drive(struct load *l, double seconds);

/* load_stop — pauses it, waits for what is under way, and settles the faults. */
void load_stop(struct load *l);

/* load_has_faults — anything lost, repeated, out of order, unanswered, or a connection ended. */
bool load_has_faults(const struct load *l);

#endif
