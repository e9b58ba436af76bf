/*
 * Answers of SockJS paths: their headers (CORS, cookie, cache) and the fixed ones.
 * Private to src/sockjs.
 * SPDX-License-Identifier: MIT
 */
#ifndef SOCKJS_ANSWER_INTERNAL_H
#define SOCKJS_ANSWER_INTERNAL_H

#include "net/net.h"

enum {
    SOCKJS_HEADERS_MAX = 12
};

/* Headers on their way; the views in it live as long as the request and this struct. */
struct sockjs_headers {
    struct net_header items[SOCKJS_HEADERS_MAX + 1]; /* ended by name NULL */
    size_t n;
    char cookie[192];
    char expires[40];
};

/* sockjs_answer_headers_start — none but CORS for an Origin that was allowed already. */
void sockjs_answer_headers_start(struct sockjs_headers *h, const struct net_request *req);
/* sockjs_answer_headers_session — those of a session's answers: JSESSIONID echoed, never cached. */
void sockjs_answer_headers_session(struct sockjs_headers *h,
                                   const struct net_request *req);

/* sockjs_answer_empty — a status without a body. */
void sockjs_answer_empty(struct net_request *req, int status);
/* sockjs_answer_text — text/plain with CORS headers. */
void sockjs_answer_text(struct net_request *req, int status, struct str text);
/* sockjs_answer_no_upgrade — to a plain GET where only a WebSocket is served: 400 and, as the
 * replaced service, no content type. */
void sockjs_answer_no_upgrade(struct net_request *req);
void sockjs_answer_info(struct net_request *req);
/* sockjs_answer_options — to OPTIONS; methods: "OPTIONS, GET". */
void sockjs_answer_options(struct net_request *req, const char *methods);
/* sockjs_answer_not_allowed — 405; allow: the methods there are. */
void sockjs_answer_not_allowed(struct net_request *req, const char *allow);

#endif
