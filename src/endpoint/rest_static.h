/*
 * Pages that are compiled into the program.
 * SPDX-License-Identifier: MIT
 */
#ifndef ENDPOINT_REST_STATIC_H
#define ENDPOINT_REST_STATIC_H

#include "endpoint/hub.h"

/* rest_static — answers GET and HEAD of an embedded file; false: there is none. thread: loop */
bool rest_static(struct hub *hub, struct net_request *req, bool is_admin);

/* rest_static_has — there is a page at path. */
bool rest_static_has(struct str path, bool is_admin);

#endif
