/*
 * The outbox: what a transaction publishes is a row of that same transaction, so the topic and the
 * database cannot differ. The row goes when every record in it is stored by Kafka.
 * SPDX-License-Identifier: MIT
 */
#ifndef SERVICE_OUTBOX_H
#define SERVICE_OUTBOX_H

#include "base/buf.h"
#include "codec/event.h"
#include "generated/c/dao_rows.h"
#include "generated/c/err.h"
#include "generated/c/event.h"
#include "work/work.h"

/* What one transaction publishes. */
struct outbox_commit {
    struct outbox_commit *next;
    int64_t row_id; /* of table outbox */
    const struct event_record *records;
    size_t n_records;
};

/*
 * outbox_put — the row of the open transaction.
 * in:     records and their texts live as long as the commit is used
 * out:    *out filled
 * errors: ERR_DB_*, ERR_TOO_LARGE
 * thread: worker
 */
NODISCARD enum err outbox_put(struct work_ctx *ctx, struct str server_id,
                              const struct event_record *records, size_t n,
                              struct outbox_commit *out);

/*
 * outbox_put_messages — the same for messages that the open transaction stores: the row tells where
 * they stand, not what they are, so it is small; a relay reads them there.
 * in:     where: by room; records: all of where, in its order
 */
NODISCARD enum err outbox_put_messages(struct work_ctx *ctx, struct str server_id,
                                       const struct outbox_messages *where,
                                       const struct event_record *records, size_t n,
                                       struct outbox_commit *out);

/*
 * outbox_load — what a stored row publishes. Messages are read where the row says; those that were
 * deleted since are left out.
 * in:     form: of the messages' values
 * out:    records in a
 * errors: ERR_BODY_INVALID: no row of this release; ERR_TOO_LARGE: above the ceiling of a; ERR_DB_*
 * thread: worker
 */
NODISCARD enum err outbox_load(struct db *db, const struct outbox_row *row,
                               enum event_form form, struct arena *a,
                               struct event_record **records_out, size_t *n_out);

/*
 * outbox_encode — the payload of a row that has its records inside.
 * out:    *payload_out, to be released also on error
 * errors: ERR_TOO_LARGE. thread: any
 */
NODISCARD enum err outbox_encode(const struct event_record *records, size_t n,
                                 struct arena *a, struct buf *payload_out);

/*
 * outbox_decode — records of a stored row that has them inside, in a.
 * errors: ERR_BODY_INVALID (also a row of outbox_put_messages). thread: any
 */
NODISCARD enum err outbox_decode(struct arena *a, struct str payload,
                                 struct event_record **records_out, size_t *n_out);

#endif
