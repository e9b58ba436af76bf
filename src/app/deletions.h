/*
 * Deletes the users that topic user-delete names: one server of the fleet each, a few rooms at a time,
 * the offset committed when nothing is left.
 * SPDX-License-Identifier: MIT
 */
#ifndef APP_DELETIONS_H
#define APP_DELETIONS_H

#include "base/why.h"
#include "endpoint/hub.h"

struct deletions;

/*
 * deletions_new — in: hub lives as long; its pool, publisher and feed are used; the settings have
 *         brokers
 * errors: NULL with why
 * thread: loop, as all here
 */
struct deletions *deletions_new(struct hub *hub, bool is_mock_broker, struct why *why);
/* deletions_drop — before the hub's pool ends: leaves the group; what is under way is taken up by
 * another server. NULL is a no-op. */
void deletions_drop(struct deletions *d);
/* deletions_free — after the hub's pool. */
void deletions_free(struct deletions **d);

#endif
