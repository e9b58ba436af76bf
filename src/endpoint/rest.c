/* SPDX-License-Identifier: MIT */
#include "endpoint/rest.h"

#include <stddef.h>
#include <stdlib.h>

#include "auth/auth.h"
#include "endpoint/cors.h"
#include "endpoint/error_body.h"
#include "endpoint/rest_static.h"
#include "endpoint/users.h"

#include "base/banned.h"

enum {
    REST_ARENA_MAX = 64 << 20,
    REST_BODY_MAX = 64 << 20
};

static rest_start_fn *const starts[ROUTE_N] = {
    [ROUTE_CHAT_HISTORY] = rest_chat_history,
    [ROUTE_CHAT_PAGE] = rest_chat_page,
    [ROUTE_CHAT_POST] = rest_chat_post,
    [ROUTE_CHAT_MARK_READ] = rest_chat_mark_read,
    [ROUTE_CHAT_TEST] = rest_chat_test,
    [ROUTE_INQUIRY_UPLOAD] = rest_inquiry_upload,
    [ROUTE_ROOM_CREATE] = rest_room_create,
    [ROUTE_ROOM_ROOMS] = rest_room_rooms,
    [ROUTE_ROOM_LIST] = rest_room_list,
    [ROUTE_ROOM_INBOX] = rest_room_inbox,
    [ROUTE_ROOM_GET] = rest_room_get,
    [ROUTE_ROOM_DELETE] = rest_room_delete,
    [ROUTE_ROOM_LEAVE] = rest_room_leave,
    [ROUTE_ROOM_REPORT] = rest_room_report,
    [ROUTE_ROOM_UNREAD] = rest_room_unread,
    [ROUTE_ROOM_BLOCKS] = rest_room_blocks,
    [ROUTE_ROOM_BLOCK] = rest_room_block,
    [ROUTE_ROOM_UNBLOCK] = rest_room_unblock,
    [ROUTE_ROOM_PATCH] = rest_room_patch,
    [ROUTE_SESSION_DEBUG_ALL] = rest_session_debug_all,
    [ROUTE_SESSION_DEBUG_ONE] = rest_session_debug_one,
    [ROUTE_SESSION_DEBUG_SERVER] = rest_session_debug_server,
    [ROUTE_SESSION_HEALTH] = rest_session_health,
    [ROUTE_SESSION_METRICS] = rest_session_metrics,
    [ROUTE_SESSION_ALIVE] = rest_session_alive,
    [ROUTE_SESSION_READY] = rest_session_ready,
    [ROUTE_SESSION_LOG_LEVEL] = rest_session_log_level,
    [ROUTE_SESSION_SET_LOG_LEVEL] = rest_session_set_log_level,
    [ROUTE_SESSION_DISCONNECT] = rest_session_disconnect,
};

/* --- the end of a call -------------------------------------------------------------------- */

static void call_free(struct rest_call *call)
{
    buf_release(&call->out);
    arena_release(&call->arena);
    free(call);
}

void rest_error_body(void *ctx, const struct net_head *head, enum err e, struct buf *body)
{
    (void)ctx;
    error_body(e, head ? head->path : STR(""), NULL, body);
}

static void answer_error(struct rest_call *call)
{
    const struct err_info *info = err_info(call->rc);
    struct net_header headers[CORS_HEADERS_MAX + 3];
    size_t n = cors_headers(call->hub, call->req, &call->arena, headers);
    struct buf body;

    if (info->status == 405)
        headers[n++] = (struct net_header){
            "allow", cors_allow(call->path, call->is_admin, &call->arena)};
    if (info->status == 429 || info->status == 503)
        headers[n++] = (struct net_header){"retry-after", STR("1")};
    headers[n] = (struct net_header){NULL, STR_NULL};
    if (info->status >= 500)
        LOG_WARN(call->hub->log, "rest.error", LOG_STR("path", call->path),
                 LOG_C("code", info->code), LOG_C("why", call->why.text));
    buf_init(&body, 16384);
    error_body(call->rc, call->path, call->why.text, &body);
    net_respond(call->req, info->status, REST_JSON, buf_str(&body), headers);
    buf_release(&body);
}

void rest_finish(struct rest_call *call)
{
    struct net_header headers[CORS_HEADERS_MAX + 1];
    size_t n;

    if (call->req && call->rc == ERR_OK && !buf_ok(&call->out))
        call->rc = ERR_TOO_LARGE;
    if (call->req && call->rc != ERR_OK) {
        answer_error(call);
    } else if (call->req) {
        n = cors_headers(call->hub, call->req, &call->arena, headers);
        headers[n] = (struct net_header){NULL, STR_NULL};
        net_respond(call->req, call->status, call->content_type, buf_str(&call->out),
                    headers);
    }
    call_free(call);
}

enum err rest_answer(struct rest_call *call, struct str content_type, struct str body)
{
    call->content_type = content_type;
    buf_reset(&call->out);
    buf_append_str(&call->out, body);
    rest_finish(call);
    return ERR_OK;
}

/* --- the worker's part -------------------------------------------------------------------- */

static void call_run(struct work_job *job, struct work_ctx *ctx)
{
    struct rest_call *call = (struct rest_call *)job;

    call->rc = call->run(call, ctx);
    if (call->rc == ERR_DB_LOST || call->rc == ERR_DB_RETRY)
        call->rc = ERR_STORAGE_UNAVAILABLE;
    else if (call->rc >= ERR_DB_DUPLICATE && call->rc <= ERR_DB_FAILED) {
        why_set(&call->why, "%s", db_error_text(ctx->db));
        LOG_ERROR(ctx->log, "rest.database", LOG_STR("path", call->path),
                  LOG_C("text", call->why.text));
        call->why.text[0] = '\0'; /* not for the client */
        call->rc = ERR_INTERNAL;
    }
}

static void call_done(struct work_job *job)
{
    struct rest_call *call = (struct rest_call *)job;

    if (call->is_answered_by_after && call->rc == ERR_OK) {
        call->after(call);
        return;
    }
    if (call->after && !call->is_answered_by_after)
        call->after(call);
    rest_finish(call);
}

enum err rest_work(struct rest_call *call, rest_run_fn *run, rest_after_fn *after)
{
    call->run = run;
    call->after = after;
    call->job.run = call_run;
    call->job.done = call_done;
    return work_submit(call->hub->pool, 0, &call->job);
}

enum err rest_work_then(struct rest_call *call, rest_run_fn *run, rest_after_fn *after)
{
    call->is_answered_by_after = true;
    return rest_work(call, run, after);
}

static void page_more(void *user)
{
    struct rest_call *call = user;
    enum err rc;

    call->is_waiting = false;
    rc = work_submit(call->hub->pool, 0, &call->job);

    if (rc == ERR_OK)
        return; /* the call is the worker's now */
    call->rc = rc;
    call->job.done(&call->job);
}

static void pages_begin(struct rest_call *call)
{
    struct net_header headers[CORS_HEADERS_MAX + 1];
    size_t n = cors_headers(call->hub, call->req, &call->arena, headers);

    headers[n] = (struct net_header){NULL, STR_NULL};
    call->is_streaming = true;
    net_respond_begin(call->req, call->status, call->content_type, headers, page_more,
                      call);
}

/* A page is there. Once the head is out an error can only cut the answer short. */
static void page_done(struct work_job *job)
{
    struct rest_call *call = (struct rest_call *)job;

    if (!call->is_streaming && (!call->req || call->rc != ERR_OK || call->is_last_page)) {
        rest_finish(call);
        return;
    }
    if (!call->req) {
        call_free(call);
        return;
    }
    if (!call->is_streaming)
        pages_begin(call);
    if (call->rc != ERR_OK || !net_respond_write(call->req, buf_str(&call->out))) {
        net_respond_abort(call->req);
        call_free(call);
        return;
    }
    buf_reset(&call->out);
    call->is_waiting = !call->is_last_page;
    if (call->is_waiting)
        return; /* page_more comes when the peer has taken enough */
    net_respond_end(call->req);
    call_free(call);
}

enum err rest_pages(struct rest_call *call, rest_run_fn *run)
{
    call->run = run;
    call->job.run = call_run;
    call->job.done = page_done;
    return work_submit(call->hub->pool, 0, &call->job);
}

/* --- the beginning of a call -------------------------------------------------------------- */

enum err rest_query(struct rest_call *call, const char *name, struct str *out)
{
    int count;

    *out = net_request_query(call->req, &call->arena, name, &count);
    if (count < 0 || count > 1) {
        why_set(&call->why, "%s is repeated or malformed", name);
        return ERR_BAD_REQUEST;
    }
    return ERR_OK;
}

/* The identity that the route asks for, in this auth mode. */
static enum err settle_identity(struct rest_call *call)
{
    bool is_trust = call->hub->settings->auth_mode == SETTINGS_AUTH_MODE_TRUST;
    enum route_identity needed = call->match.route->identity;
    struct auth_identity identity = {0};
    enum err rc;

    if (needed == ROUTE_IDENTITY_NONE)
        return ERR_OK;
    rc = auth_of_request(call->hub->auth, call->req, &call->arena, &identity);
    if (rc != ERR_OK)
        return rc;
    call->user = identity.user;
    if (call->user.p || (needed == ROUTE_IDENTITY_NOT_TRUST && is_trust))
        return ERR_OK;
    why_set(&call->why, "X-Auth-User is missing");
    return is_trust ? ERR_BAD_REQUEST
                    : ERR_AUTH_REQUIRED; /* as the replaced service: 400 */
}

static void on_abandon(struct request_user *self)
{
    struct rest_call *call =
        (struct rest_call *)(void *)((char *)self - offsetof(struct rest_call, holder));

    call->req = NULL;
    if (call->is_waiting)
        call_free(call); /* page_more will not come */
}

static struct rest_call *call_new(struct hub *hub, struct net_request *req,
                                  const struct route_match *match)
{
    struct rest_call *call = mem_zalloc(sizeof(*call));

    call->hub = hub;
    call->req = req;
    arena_init(&call->arena, REST_ARENA_MAX);
    buf_init(&call->out, REST_BODY_MAX);
    call->status = 200;
    call->content_type = REST_JSON;
    call->path = arena_dup(&call->arena, net_request_head(req)->path);
    if (match) {
        call->match = *match;
        for (size_t i = 0; i < match->n_params; i++)
            call->params[i] = net_path_segment(match->params[i], &call->arena);
    }
    call->holder.on_abandon = on_abandon;
    net_request_set_user(req, &call->holder);
    return call;
}

/* No such path on this listener, or not with this method. */
static void call_fail(struct hub *hub, struct net_request *req, bool is_admin)
{
    struct rest_call *call = call_new(hub, req, NULL);

    call->is_admin = is_admin;
    call->rc = cors_allow(call->path, is_admin, &call->arena).n > 0
                   ? ERR_METHOD_NOT_ALLOWED
                   : ERR_NOT_FOUND;
    rest_finish(call);
}

static const char *method_name(enum net_method method)
{
    static const char *const names[] = {
        [NET_GET] = "GET",         [NET_HEAD] = "HEAD",   [NET_POST] = "POST",
        [NET_PUT] = "PUT",         [NET_PATCH] = "PATCH", [NET_DELETE] = "DELETE",
        [NET_OPTIONS] = "OPTIONS", [NET_OTHER] = "OTHER",
    };

    return names[method];
}

static void call_start(struct hub *hub, struct net_request *req,
                       const struct route_match *match, bool is_admin)
{
    struct rest_call *call = call_new(hub, req, match);
    enum err rc = settle_identity(call);

    call->is_admin = is_admin;
    if (rc == ERR_OK)
        rc = starts[match->route->id](call);
    if (rc == ERR_OK)
        return; /* answered, or under way */
    call->rc = rc;
    rest_finish(call);
}

/* The debug API answers on the admin listener too; in gateway and jwt mode only there. */
static bool is_debug(int route)
{
    return route == ROUTE_SESSION_DEBUG_ALL || route == ROUTE_SESSION_DEBUG_ONE ||
           route == ROUTE_SESSION_DEBUG_SERVER;
}

void rest_request(struct hub *hub, struct net_request *req, bool is_admin)
{
    const struct net_head *head = net_request_head(req);
    struct str method = str_of(method_name(head->method));
    struct route_match match;

    if (head->method == NET_OPTIONS && cors_preflight(hub, req, is_admin))
        return;
    if (route_find(&route_table, method, head->path, &match, NULL) &&
        (match.route->is_admin == is_admin || (is_admin && is_debug(match.route->id))))
        call_start(hub, req, &match, is_admin);
    else if (!rest_static(hub, req, is_admin))
        call_fail(hub, req, is_admin);
}
