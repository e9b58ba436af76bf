/*
 * Users that only listen, and do not look at what they get: idle ones in rooms of their own, or
 * further tabs in the rooms of a load.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_CROWD_H
#define BENCH_CROWD_H

#include "bench/chatter.h"
#include "bench/world.h"

struct crowd {
    struct chatter *chatters; /* owned */
    size_t n;
};

struct crowd_plan {
    size_t n, first_room, in_room;
    int rcvbuf_bytes;
};

/*
 * crowd_open — n connections: connection i is a user of room first_room + i / in_room.
 * in:     rcvbuf_bytes of each socket; 0: the system's
 * errors: false, why says what; close it all the same. thread: owner, as all here
 */
NODISCARD bool crowd_open(struct crowd *crowd, struct world *world,
                          const struct crowd_plan *plan, struct why *why);

/* crowd_idle — n connections, two in each of new rooms; none if n is 0. */
NODISCARD bool crowd_idle(struct crowd *crowd, struct world *world, size_t n,
                          struct why *why);

/* crowd_close — all at once, without a word, as when a network goes. */
void crowd_close(struct crowd *crowd);

#endif
