/*
 * Answers of SockJS paths: their headers (CORS, cookie, cache) and the fixed ones.
 * Private to src/sockjs.
 * SPDX-License-Identifier: MIT
 */
#ifndef SOCKJS_ANSWER_INTERNAL_H
#define SOCKJS_ANSWER_INTERNAL_H

#include "net/net.h"

enum {
    ANSWER_HEADERS_MAX = 12
};

/* Headers on their way; the views in it live as long as the request and this struct. */
struct answer_headers {
    struct net_header items[ANSWER_HEADERS_MAX + 1]; /* ended by name NULL */
    size_t n;
    char cookie[192];
    char expires[40];
};

/* answer_headers_start — none but CORS for an Origin that was allowed already. */
void answer_headers_start(struct answer_headers *h, const struct net_request *req);
/* answer_headers_session — those of a session's answers: JSESSIONID echoed, never cached. */
void answer_headers_session(struct answer_headers *h, const struct net_request *req);

/* answer_empty — a status without a body. */
void answer_empty(struct net_request *req, int status);
/* answer_text — text/plain with CORS headers. */
void answer_text(struct net_request *req, int status, struct str text);
void answer_info(struct net_request *req);
/* answer_options — to OPTIONS; methods: "OPTIONS, GET". */
void answer_options(struct net_request *req, const char *methods);
/* answer_not_allowed — 405; allow: the methods there are. */
void answer_not_allowed(struct net_request *req, const char *allow);

#endif
