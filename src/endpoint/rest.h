/*
 * REST: a request is matched against the generated routes, its identity is settled, a worker does
 * the blocking part, the loop answers.
 * SPDX-License-Identifier: MIT
 */
#ifndef ENDPOINT_REST_H
#define ENDPOINT_REST_H

#include "codec/route.h"
#include "endpoint/hub.h"
#include "generated/c/routes.h"
#include "net/link.h"

struct rest_call;

/* The loop's part of a route: answers, or hands over to a worker. Errors are answered by rest. */
typedef enum err rest_start_fn(struct rest_call *call);
/* The worker's part: fills call->out (and status), or returns an error. */
typedef enum err rest_run_fn(struct rest_call *call, struct work_ctx *ctx);
/* On the loop after it, before the answer: tells events. May be NULL. */
typedef void rest_after_fn(struct rest_call *call);

struct rest_call {
    struct work_job job;
    struct request_user holder; /* what net knows of the call */
    struct hub *hub;
    struct net_request *req; /* NULL: the client has gone */
    struct route_match match;
    struct arena arena; /* everything of the call; strings of the request are copied */
    struct str path;
    struct str user;                     /* identity; no value: none */
    struct str params[ROUTE_PARAMS_MAX]; /* decoded */
    rest_run_fn *run;
    rest_after_fn *after;
    bool is_answered_by_after; /* after calls rest_finish, now or later */
    void *state;               /* of the route, in arena */
    enum err rc;
    struct why why;
    int status;              /* 200 unless set */
    struct str content_type; /* of the answer; application/json unless set */
    struct buf out;          /* the answer's body */
    int64_t cursor;          /* of an answer in pages */
    bool is_last_page, is_streaming;
    bool is_waiting; /* for the client to take a page; nobody else holds the call then */
    bool is_admin;   /* it came to the admin listener */
};

enum {
    REST_PAGE_ROWS = 500
};

/* rest_request — a net_handler's on_request for one listener. */
void rest_request(struct hub *hub, struct net_request *req, bool is_admin);
/* rest_error_body — a net_handler's on_error. */
void rest_error_body(void *ctx, const struct net_head *head, enum err e,
                     struct buf *body);

/* --- for the routes ----------------------------------------------------------------------- */

/* rest_work — run on a worker, then after (may be NULL), then the answer out of call->out. */
enum err rest_work(struct rest_call *call, rest_run_fn *run, rest_after_fn *after);
/* rest_work_then — run on a worker, then, if it succeeded, after, which calls rest_finish now or
 * later. */
enum err rest_work_then(struct rest_call *call, rest_run_fn *run, rest_after_fn *after);
/*
 * rest_pages — run is called again and again, each time filling out with the next part of the body
 * and moving cursor on, until is_last_page; an answer of one page has a Content-Length.
 */
enum err rest_pages(struct rest_call *call, rest_run_fn *run);
/* rest_answer — 200 and body, now. The call is over. */
enum err rest_answer(struct rest_call *call, struct str content_type, struct str body);
/* rest_finish — rc as the answer's fate: the body in out, or the error. Ends the call. */
void rest_finish(struct rest_call *call);
/* rest_query — decoded query parameter. errors: ERR_BAD_REQUEST when repeated or malformed */
NODISCARD enum err rest_query(struct rest_call *call, const char *name, struct str *out);

#define REST_JSON STR("application/json")
#define REST_TEXT STR("text/plain;charset=UTF-8")

/* Routes, one function each; wired in rest.c's table. */
rest_start_fn rest_chat_history, rest_chat_page, rest_chat_post, rest_chat_mark_read,
    rest_chat_test, rest_inquiry_upload, rest_room_create, rest_room_rooms,
    rest_room_list, rest_room_inbox, rest_room_get, rest_room_delete, rest_room_leave,
    rest_room_report, rest_room_unread, rest_room_blocks, rest_room_block,
    rest_room_unblock, rest_room_patch, rest_session_debug_all, rest_session_debug_one,
    rest_session_debug_server, rest_session_health, rest_session_metrics,
    rest_session_alive, rest_session_ready, rest_session_log_level,
    rest_session_set_log_level, rest_session_disconnect;

#endif
