/*
 * Rooms: opened once per pair and product, listed, deleted whole.
 * SPDX-License-Identifier: MIT
 */
#ifndef SERVICE_ROOM_H
#define SERVICE_ROOM_H

#include "generated/c/event.h"
#include "generated/c/room.h"
#include "service/outbox.h"

struct room_config {
    struct str server_id;
    struct str event_topic;
};

/* What a change of a room publishes and tells. */
struct room_outcome {
    bool is_changed;             /* else nothing was written */
    struct outbox_commit commit; /* if is_changed */
    struct room_changed change;  /* for those connected here; texts in the call's arena */
};

/*
 * room_create — opens the room of a caller, another user and a product.
 * in:     request checked: both users and the name non-empty, users different
 * out:    *out: memberships of request.user and request.caller, strings in a; *outcome
 * errors: ERR_DB_*, ERR_STORAGE_UNAVAILABLE
 * again:  idempotent: the same pair and product, the same room; shows it to the caller again
 * thread: worker
 */
NODISCARD enum err room_create(struct work_ctx *ctx, const struct room_config *config,
                               const struct room_create *request, struct arena *a,
                               struct room_user_dto out[2], struct room_outcome *outcome);

/* room_find_pair — the room of request, if there is one already. errors: ERR_NOT_FOUND, ERR_DB_* */
NODISCARD enum err room_find_pair(struct work_ctx *ctx, const struct room_create *request,
                                  struct arena *a, struct room_user_dto out[2]);

/*
 * room_delete — closes the room in one commit, then removes messages in pieces, members and room.
 * out:    *outcome
 * errors: ERR_ROOM_NOT_FOUND, ERR_NOT_MEMBER (user given and no member), ERR_DB_*
 * again:  goes on where it stopped
 * thread: worker
 */
NODISCARD enum err room_delete(struct work_ctx *ctx, const struct room_config *config,
                               struct str room_uuid, struct str user, struct arena *a,
                               struct room_outcome *outcome);

/* room_sweep — ends deletions that were cut short; how many. errors: ERR_DB_*. thread: worker */
NODISCARD enum err room_sweep(struct work_ctx *ctx, size_t *swept_out);

/* room_set_state — freezes or opens a room. errors: ERR_ROOM_NOT_FOUND, ERR_DB_*. thread: worker */
NODISCARD enum err room_set_state(struct work_ctx *ctx, const struct room_config *config,
                                  struct str room_uuid, struct str state, struct arena *a,
                                  struct room_outcome *outcome);

/* One of the event_room_…_encode of generated/c/envelope.h. */
typedef enum err room_change_encode_fn(const struct event_meta *meta,
                                       const struct room_changed *value,
                                       enum event_form form, struct arena *a,
                                       struct event_record *out);
/*
 * room_change_put — the open transaction publishes outcome->change.
 * out:    outcome->commit and is_changed
 * errors: ERR_DB_*, ERR_TOO_LARGE. thread: worker
 */
NODISCARD enum err room_change_put(struct work_ctx *ctx, const struct room_config *config,
                                   room_change_encode_fn *encode, struct arena *a,
                                   struct room_outcome *outcome);

/* room_user_dto_of — a row as the DTO; is_fresh: chatList and roomUserList null instead of []. */
struct room_user_row;
struct room_user_dto room_user_dto_of(const struct room_user_row *row, bool is_fresh,
                                      struct arena *a);

#endif
