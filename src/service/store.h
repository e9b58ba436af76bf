/*
 * Storing messages: many units, one transaction (group commit).
 * In it each room gives the numbers, then come the rows and one outbox row; what fails is redone,
 * smaller if it must be, until every unit is settled: stored once, or refused with a reason.
 * SPDX-License-Identifier: MIT
 */
#ifndef SERVICE_STORE_H
#define SERVICE_STORE_H

#include "base/uuid.h"
#include "base/why.h"
#include "service/card.h"
#include "service/outbox.h"

enum {
    STORE_UNITS_MAX = 256,    /* of one call */
    STORE_MESSAGES_MAX = 512, /* of one call, over all units */
    STORE_UNIT_MESSAGES = 16, /* of one unit: a STOMP transaction */
};

struct store_message {
    struct str content;
    struct str key;    /* idempotency key; no value: none */
    struct uuid id;    /* given on acceptance, kept over every redo */
    int64_t seq;       /* out */
    int64_t timestamp; /* out: civil nanoseconds, whole microseconds */
    struct str
        body; /* out: JSON of the ChatDto, in the call's arena; no value if an earlier
                         transaction stored it */
    bool is_duplicate; /* out: an earlier SEND with the same key stored it */
};

/* What is stored whole or not at all: one SEND, or the SENDs of a STOMP transaction. */
struct store_unit {
    struct str room_uuid;
    struct str sender;
    struct card *card; /* of the room, borrowed; NULL: unknown, or found to be too old */
    struct card *
        fresh; /* out: a newer card that was read, one reference; the caller's to unref */
    struct store_message *messages;
    size_t n_messages;
    enum err rc;     /* out */
    bool is_settled; /* out: true for every unit when store_units returns */
};

struct store_config {
    struct str server_id;
    struct str topic; /* of messages */
    enum event_form form;
    int64_t patience_ms; /* how long a lost database is waited for; 5000 */
};

struct store_result {
    struct outbox_commit *commits; /* in the order committed; in the call's arena */
    bool is_row_unknown; /* a COMMIT's answer was lost: its outbox row needs the relay */
};

/*
 * store_units — settles all units; arrival order of units of one room is the order of their seqs.
 * in:     n ≤ STORE_UNITS_MAX; a: results live in it
 * out:    units; *result
 * errors: in each unit: those of card_admits, ERR_IDEMPOTENCY_CONFLICT, ERR_STORAGE_UNAVAILABLE
 *         (nothing stored), ERR_OUTCOME_UNKNOWN, ERR_INTERNAL
 * again:  idempotent by store_message.id and by key
 * thread: worker
 */
void store_units(struct work_ctx *ctx, const struct store_config *config,
                 struct store_unit **units, size_t n, struct arena *a,
                 struct store_result *result);

#endif
