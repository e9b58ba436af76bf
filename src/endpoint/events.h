/*
 * What happens besides messages: markers, rooms that come and go; and the records that
 * other servers publish.
 * SPDX-License-Identifier: MIT
 */
#ifndef ENDPOINT_EVENTS_H
#define ENDPOINT_EVENTS_H

#include "endpoint/hub.h"
#include "service/mark.h"

struct mark_outcome {
    enum err rc;
    int64_t unread, total_unread;
};
typedef void mark_done_fn(void *ctx, const struct mark_outcome *outcome);

/*
 * event_mark — stores a marker and tells the room. in: what is copied
 * errors: by done: ERR_ROOM_NOT_FOUND, ERR_NOT_MEMBER, ERR_STORAGE_UNAVAILABLE, ERR_OVERLOADED
 * thread: loop, as all here
 */
void event_mark(struct hub *hub, const struct mark_what *what, mark_done_fn *done,
                void *ctx);

/* event_presence — a user came, or is gone from every server: tells the rooms of the user that are
 * held here and, with is_ours, the other servers; may be lost. */
void event_presence(struct hub *hub, struct str user, bool is_online, bool is_ours);

/* event_stored — a writer's on_stored: summaries for /user/queue/rooms of those connected here. */
void event_stored(void *hub, const struct write_op *op);

/* event_room_changed — a room was created (state "open"), frozen, opened or deleted ("deleted")
 * by this server: tells those connected here. */
struct room_changed;
void event_room_changed(struct hub *hub, const struct room_changed *change, bool is_new);

/* event_user_deleted — the user's connections here are closed, and their sessions end with them. */
void event_user_deleted(struct hub *hub, struct str user);

/* event_record_in — a kafka_record_fn; ctx is the hub. Malformed records are counted and skipped. */
void event_record_in(void *hub, const struct event_record *record);

#endif
