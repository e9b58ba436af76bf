/*
 * The server in the fleet's registry: told whether it can do its work, gone from it when it drains.
 * SPDX-License-Identifier: MIT
 */
#ifndef APP_DISCOVERY_H
#define APP_DISCOVERY_H

#include "endpoint/hub.h"

struct discovery;

/* discovery_new — NULL without eureka.url. in: hub lives as long. thread: loop, as all here */
struct discovery *discovery_new(struct hub *hub);
/* discovery_stop — the server is removed from the registry. Returns at once; NULL is a no-op, as in all. */
void discovery_stop(struct discovery *d);
/* discovery_drop — before the hub's pool ends: waits for the removal, a few seconds at most. */
void discovery_drop(struct discovery *d);
/* discovery_free — after the hub's pool. */
void discovery_free(struct discovery **d);

#endif
