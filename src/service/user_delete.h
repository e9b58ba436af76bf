/*
 * The deletion of a user: room by room, a transaction each, so that it may stop anywhere and be taken
 * up by anyone. What is done is found done; the event user.deleted comes last.
 * SPDX-License-Identifier: MIT
 */
#ifndef SERVICE_USER_DELETE_H
#define SERVICE_USER_DELETE_H

#include "service/room.h"

struct user_delete_config {
    struct room_config room;
    bool
        is_purge; /* rooms go whole; else messages stay, under a name that stands for nobody */
};

/* What a step did; texts live in its arena. */
struct user_delete_step {
    struct room_outcome *rooms; /* committed: to be published and told */
    size_t n_rooms;
    bool is_over;                /* nothing is left */
    struct outbox_commit commit; /* if is_over: the event */
    struct user_deleted deleted; /* if is_over */
};

/*
 * user_delete_some — the next few rooms of user; when there are none: blocks, inquiries, what waits in
 * the outbox, and the event.
 * out:    *step, also on error: what was done before it
 * errors: ERR_DB_*, ERR_TOO_LARGE
 * again:  goes on where it stopped; a user without anything only gets the event
 * thread: worker
 */
NODISCARD enum err user_delete_some(struct work_ctx *ctx,
                                    const struct user_delete_config *config,
                                    struct str user, struct arena *a,
                                    struct user_delete_step *step);

#endif
