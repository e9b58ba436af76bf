/*
 * Private to the store: one batch on its way through the database.
 * SPDX-License-Identifier: MIT
 */
#ifndef SERVICE_STORE_BATCH_H
#define SERVICE_STORE_BATCH_H

#include "service/store.h"

struct store_batch {
    struct work_ctx *ctx;
    const struct store_config *config;
    struct arena *arena; /* results */
    struct store_unit *
        *units; /* sorted by room id once admitted; arrival order within a room */
    size_t n;
    struct store_result *result;
    int64_t deadline_ns; /* monotonic: end of patience with a lost database */
    bool is_commit_sent; /* some COMMIT of it went out and its answer was lost */
};

/* store_card — the newest card known of a unit. */
static inline struct card *store_card(const struct store_unit *u)
{
    return u->fresh ? u->fresh : u->card;
}

/* store_settle — the end of a unit's way. */
static inline void store_settle(struct store_unit *u, enum err rc)
{
    u->rc = rc;
    u->is_settled = true;
}

/* Units of one room in a transaction, and what the room was when it was locked. */
struct store_run {
    size_t from, to; /* of the units */
    struct card *card;
    uint32_t n, from_0,
        from_1;       /* messages; place of the last one of either side, 0: none */
    int64_t last_seq; /* before this transaction */
};

struct store_numbers {
    struct store_run *runs; /* by room id */
    size_t n_runs;
};

/*
 * store_number — takes the numbers of all messages from their rooms.
 * in:     units sorted by the room ids of their cards; a transaction is open
 * out:    seq and timestamp of each message; *out in the job's arena
 * errors: ERR_NOT_FOUND (cards were stale, those of such rooms are dropped), ERR_DB_*
 */
NODISCARD enum err store_number(struct work_ctx *ctx, struct store_unit **units, size_t n,
                                int64_t civil_ns, struct store_numbers *out);

/*
 * store_transact — stores every unsettled unit in one transaction and settles them.
 * errors: ERR_NOT_FOUND (a card was stale; the cards of such rooms are dropped), ERR_DB_*; nothing
 *         is stored then, but after ERR_DB_LOST with is_commit_sent, when all may be
 */
NODISCARD enum err store_transact(struct store_batch *b);

/*
 * store_settle_known — after a duplicate key: settles units that are stored already.
 * out:    *settled_out: how many
 * errors: ERR_DB_*
 */
NODISCARD enum err store_settle_known(struct store_batch *b, size_t *settled_out);

#endif
