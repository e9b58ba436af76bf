/*
 * The rooms of a run and their users' names: made by REST, a new pair of users for each room, so
 * that runs do not meet each other's.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_WORLD_H
#define BENCH_WORLD_H

#include "bench/io.h"
#include "bench/options.h"

enum {
    WORLD_NAME_BYTES = 96
};

struct world {
    const struct options *options;
    struct io io;
    char name[32]; /* of the run */
    struct world_room {
        char uuid[40];
    } * rooms; /* owned */
    size_t n_rooms;
};

/* world_init — errors: false, why says what. thread: owner, as all here */
NODISCARD bool world_init(struct world *w, const struct options *options,
                          struct why *why);
void world_release(struct world *w);

/*
 * world_grow — makes n further rooms; the first new one's index is n_rooms as it was.
 * errors: false, why says what
 */
NODISCARD bool world_grow(struct world *w, size_t n, struct why *why);

/* world_user — the name of a room's user 0 or 1; to holds WORLD_NAME_BYTES. */
struct str world_user(const struct world *w, size_t room, size_t place, char *to);

/* world_target — the server of a connection, as --spread says. */
const struct target *world_target(const struct world *w, size_t room, size_t place);

/* world_deadline_ns — when what begins now must have ended. */
int64_t world_deadline_ns(const struct world *w);

#endif
