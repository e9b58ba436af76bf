/*
 * Cross-origin requests of browsers: who may, and how they are told. Fetch Standard, "CORS protocol".
 * SPDX-License-Identifier: MIT
 */
#ifndef ENDPOINT_CORS_H
#define ENDPOINT_CORS_H

#include "base/arena.h"
#include "endpoint/hub.h"

enum {
    CORS_HEADERS_MAX = 4
};

/* cors_headers — what an answer to req carries; how many were written. thread: loop, as all */
size_t cors_headers(struct hub *hub, const struct net_request *req, struct arena *a,
                    struct net_header *out);

/* cors_allow — the methods of a path on a listener, in a; "" if there is no such path. */
struct str cors_allow(struct str path, bool is_admin, struct arena *a);

/* cors_preflight — answers OPTIONS: a preflight by the origin, any other with Allow. false: no
 * such path. */
bool cors_preflight(struct hub *hub, struct net_request *req, bool is_admin);

#endif
