/*
 * /inquiry/upload: stored first, mailed later.
 * SPDX-License-Identifier: MIT
 */
#include "auth/auth.h"
#include "base/clock.h"
#include "endpoint/rest.h"
#include "endpoint/window.h"
#include "generated/c/dao_inquiry.h"
#include "generated/c/inquiry.h"

#include "base/banned.h"

struct inquiry_state {
    struct inquiry_request request;
    struct str address;
};

/* What ends up in a mail's head must stay on its line. */
static bool is_one_line(struct str s)
{
    return str_find(s, '\r') == s.n && str_find(s, '\n') == s.n &&
           str_find(s, '\0') == s.n;
}

static struct str text_or_empty(struct str s)
{
    return s.p ? s : STR("");
}

static enum err upload_run(struct rest_call *call, struct work_ctx *ctx)
{
    const struct inquiry_state *s = call->state;
    int64_t now = clock_civil_ns(clock_real_ns());
    enum err rc = dao_inquiry_insert(
        ctx->db,
        &(struct dao_inquiry_insert_in){.name = text_or_empty(s->request.name),
                                        .email = text_or_empty(s->request.email),
                                        .phone = text_or_empty(s->request.phone),
                                        .message = s->request.message,
                                        .address = s->address,
                                        .created_at = now,
                                        .has_next_attempt_at = true,
                                        .next_attempt_at = now},
        NULL);

    if (rc == ERR_OK)
        buf_append_c(&call->out, "success");
    return rc;
}

static void upload_after(struct rest_call *call)
{
    if (call->rc == ERR_OK && call->hub->on_inquiry)
        call->hub->on_inquiry(call->hub->on_inquiry_ctx);
}

enum err rest_inquiry_upload(struct rest_call *call)
{
    struct inquiry_state *s = ARENA_NEW(&call->arena, struct inquiry_state);
    enum err rc = inquiry_request_json_decode(&call->arena, net_request_body(call->req),
                                              &s->request, &call->why);

    if (rc != ERR_OK)
        return ERR_BAD_REQUEST;
    if (!is_one_line(s->request.name) || !is_one_line(s->request.email) ||
        !is_one_line(s->request.phone)) {
        why_set(&call->why, "name, email and phone are one line each");
        return ERR_BAD_REQUEST;
    }
    s->address = auth_client_address(call->hub->auth, call->req, &call->arena);
    if (!window_take(call->hub->inquiry_window, s->address))
        return ERR_RATE_LIMITED;
    call->state = s;
    call->content_type = REST_TEXT;
    return rest_work(call, upload_run, upload_after);
}
