/*
 * One connection of a load: its ready SEND, and what it knows of the messages it got.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_MEMBER_H
#define BENCH_MEMBER_H

#include "bench/load.h"
#include "bench/stamp.h"

enum {
    MEMBER_DUES = 1024, /* sendings of "is typing" whose time is remembered */
};

struct load_member {
    struct chatter chatter; /* first: its callbacks get it */
    struct load *load;
    uint32_t room, place;
    bool is_remote[2]; /* that sender of the room is at another server */

    struct buf frame;            /* the SEND; its stamps are patched in */
    size_t stamp_at, receipt_at; /* receipt_at 0: no receipt */
    uint64_t sent, receipted;
    int64_t receipt_seq; /* of the latest RECEIPT */
    int64_t *dues;       /* of the latest MEMBER_DUES typings; NULL for messages */

    int64_t top_seq;  /* largest seq that came */
    uint64_t seen;    /* bit i: top_seq − i came */
    uint64_t next[2]; /* number of the next message expected of each sender */
    uint64_t received;
};

/* member_init — not connected yet. thread: owner, as all here */
void member_init(struct load_member *m, struct load *load, size_t room, size_t place);
void member_release(struct load_member *m);

/* member_send — its next message, due at due_ns. */
void member_send(struct load_member *m, int64_t due_ns);

/* load_answered — a message of m is through: in the closed loop the next one goes out. */
void load_answered(struct load *l, struct load_member *m);

#endif
