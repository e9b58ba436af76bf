/*
 * Read and delivered markers: stored, forward only, published by the outbox.
 * SPDX-License-Identifier: MIT
 */
#ifndef SERVICE_MARK_H
#define SERVICE_MARK_H

#include "service/card.h"
#include "service/outbox.h"

struct mark_config {
    struct str server_id;
    struct str event_topic;
};

/* Whose marker, in which room, up to where. */
struct mark_what {
    struct str room_uuid, user;
    int64_t seq;
    bool is_read; /* else delivered */
};

struct mark_stored {
    bool is_moved;                /* the marker went forward */
    int64_t seq;                  /* where it stands: as asked, or the room's last seq */
    int64_t unread, total_unread; /* after a read marker */
    struct outbox_commit commit;  /* if is_moved */
};

/*
 * mark_store — everything up to what->seq is read (or delivered) by the user.
 * out:    *result, records in a
 * errors: ERR_ROOM_NOT_FOUND, ERR_NOT_MEMBER, ERR_STORAGE_UNAVAILABLE, ERR_DB_*
 * again:  idempotent       thread: worker
 */
NODISCARD enum err mark_store(struct work_ctx *ctx, const struct mark_config *config,
                              const struct mark_what *what, struct arena *a,
                              struct mark_stored *result);

/* unread_total — errors: ERR_DB_*. thread: worker */
NODISCARD enum err unread_total(struct work_ctx *ctx, struct str user, int64_t *total_out,
                                int64_t *rooms_out);

#endif
