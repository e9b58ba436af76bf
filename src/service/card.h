/*
 * A room as it decides on messages: who is in it, whether it is open, and the version of that.
 * Made by a worker from the database, kept by the loop, never changed; the version is compared
 * again in the transaction that stores, so an old card refuses nothing wrongly and stores nothing
 * wrongly.
 * SPDX-License-Identifier: MIT
 */
#ifndef SERVICE_CARD_H
#define SERVICE_CARD_H

#include "base/arena.h"
#include "base/bug.h"
#include "generated/c/err.h"
#include "work/work.h"

enum {
    CARD_MEMBERS_MAX = 2
};

struct card_member {
    struct str user, other; /* owned by the card; other: no value if unknown */
    int side;               /* 0 or 1 */
    int64_t read_seq; /* greatest of the stored marker and the member's own last seq */
    int64_t delivered_seq;
};

struct card {
    uint32_t refs; /* loop only; a worker may read a card that the loop holds */
    int64_t room_id;
    int64_t access_version; /* of all below but last_seq and the markers */
    int64_t last_seq;       /* when it was read */
    struct str uuid, product_name;
    bool is_frozen, is_closed, is_blocked;
    struct card_member members[CARD_MEMBERS_MAX];
    size_t n_members;
};

/*
 * card_load — reads a room with its members.
 * out:    *out with one reference; the loop frees it with card_unref
 * errors: ERR_ROOM_NOT_FOUND (also when closed), ERR_DB_*
 * thread: worker
 */
NODISCARD enum err card_load(struct work_ctx *ctx, struct str uuid, struct card **out);

/* card_ref, card_unref — one reference more or less; freed at zero, NULL is a no-op. thread: the
 * loop, or the worker that made it and has not handed it over. */
struct card *card_ref(struct card *card);
void card_unref(struct card **card);

/* card_member — the member named user, NULL for a stranger. thread: any */
const struct card_member *card_member(const struct card *card, struct str user);

/*
 * card_admits — may user send a message now?
 * errors: ERR_NOT_MEMBER, ERR_NOT_DELIVERABLE, ERR_ROOM_FROZEN, ERR_ROOM_NOT_FOUND
 * thread: any
 */
NODISCARD enum err card_admits(const struct card *card, struct str user);

#endif
