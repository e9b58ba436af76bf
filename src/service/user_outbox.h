/*
 * Private to the deletion of a user: what waits to be published and names the user.
 * SPDX-License-Identifier: MIT
 */
#ifndef SERVICE_USER_OUTBOX_H
#define SERVICE_USER_OUTBOX_H

#include "generated/c/err.h"
#include "work/work.h"

/*
 * user_outbox_clean — messages of user get the name anonymous (no value: they are dropped); whatever
 * else names the user is dropped, but for room.deleted and user.deleted.
 * errors: ERR_DB_*, ERR_TOO_LARGE
 * again:  idempotent; rows that are being published at the moment are left as they are
 * thread: worker
 */
NODISCARD enum err user_outbox_clean(struct work_ctx *ctx, struct str user,
                                     struct str anonymous);

#endif
