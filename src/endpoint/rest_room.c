/*
 * /room/…: opening, listing, deleting and hiding rooms; who may do it is settled by rest.c.
 * SPDX-License-Identifier: MIT
 */
#include "auth/auth.h"
#include "endpoint/events.h"
#include "endpoint/rest.h"
#include "endpoint/window.h"
#include "generated/c/chat.h"
#include "generated/c/dao_room.h"
#include "service/card.h"
#include "service/room.h"

#include "base/banned.h"

static struct room_config config_of(const struct rest_call *call)
{
    return (struct room_config){.server_id = call->hub->settings->server_id,
                                .event_topic = call->hub->settings->kafka_event_topic};
}

/* --- create ------------------------------------------------------------------------------- */

struct create_state {
    struct room_create request;
    struct room_outcome outcome;
};

/* From the query, or from a form body. */
static enum err create_param(struct rest_call *call, const char *name, struct str *out)
{
    int count = 0;
    enum err rc = rest_query(call, name, out);

    if (rc != ERR_OK || out->p)
        return rc;
    if (str_starts(net_request_header(call->req, "content-type", NULL),
                   STR("application/x-www-form-urlencoded")))
        *out = net_form_value(net_request_body(call->req), &call->arena, name, &count);
    return count >= 0 && count <= 1 ? ERR_OK : ERR_BAD_REQUEST;
}

static enum err create_run(struct rest_call *call, struct work_ctx *ctx)
{
    struct create_state *s = call->state;
    struct room_config config = config_of(call);
    struct room_user_dto members[2];
    enum err rc;

    rc = room_create(ctx, &config, &s->request, &call->arena, members, &s->outcome);
    if (rc == ERR_OK)
        room_user_list_json_encode(
            &(struct room_user_list){.items = members, .n_items = 2}, &call->out);
    return rc;
}

static void create_after(struct rest_call *call)
{
    struct create_state *s = call->state;

    if (call->rc != ERR_OK || !s->outcome.is_changed)
        return;
    LOG_INFO(call->hub->log, "room.created", LOG_STR("room", s->outcome.change.room_uuid),
             LOG_STR("user", s->request.caller), LOG_STR("other", s->request.user));
    publisher_publish(call->hub->publisher, &s->outcome.commit);
    event_room_changed(call->hub, &s->outcome.change, true);
}

enum err rest_room_create(struct rest_call *call)
{
    struct create_state *s = ARENA_NEW(&call->arena, struct create_state);
    enum err rc;

    s->request.caller = call->user;
    rc = create_param(call, "user", &s->request.user);
    if (rc == ERR_OK)
        rc = create_param(call, "name", &s->request.name);
    if (rc == ERR_OK)
        rc = create_param(call, "product", &s->request.product);
    if (rc == ERR_OK)
        rc = room_create_check(&s->request, &call->why);
    if (rc != ERR_OK || !auth_user_is_valid(s->request.user))
        return ERR_BAD_REQUEST;
    if (str_eq(s->request.user, s->request.caller))
        return ERR_ROOM_WITH_SELF;
    if (!window_take(call->hub->room_window, call->user))
        return ERR_RATE_LIMITED;
    call->state = s;
    return rest_work(call, create_run, create_after);
}

/* --- lists -------------------------------------------------------------------------------- */

static void put_rows(struct rest_call *call, const struct room_user_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct room_user_dto dto = room_user_dto_of(&rows[i], false, &call->arena);

        buf_putc(&call->out, call->cursor == 0 && i == 0 ? '[' : ',');
        room_user_dto_json_encode(&dto, &call->out);
    }
    call->is_last_page = n < REST_PAGE_ROWS;
    if (call->is_last_page)
        buf_append_c(&call->out, call->cursor == 0 && n == 0 ? "[]" : "]");
}

static enum err list_run(struct rest_call *call, struct work_ctx *ctx)
{
    struct room_user_row *rows;
    size_t n;
    enum err rc = dao_room_user_list(
        ctx->db,
        &(struct dao_room_user_list_in){
            .user = call->user, .after = call->cursor, .limit = REST_PAGE_ROWS},
        &ctx->arena, &rows, &n);

    if (rc != ERR_OK)
        return rc;
    put_rows(call, rows, n);
    if (n > 0)
        call->cursor = rows[n - 1].room_id;
    return ERR_OK;
}

static enum err all_run(struct rest_call *call, struct work_ctx *ctx)
{
    struct room_user_row *rows;
    size_t n;
    enum err rc = dao_room_user_all(
        ctx->db,
        &(struct dao_room_user_all_in){.after = call->cursor, .limit = REST_PAGE_ROWS},
        &ctx->arena, &rows, &n);

    if (rc != ERR_OK)
        return rc;
    put_rows(call, rows, n);
    if (n > 0)
        call->cursor = rows[n - 1].id;
    return ERR_OK;
}

enum err rest_room_list(struct rest_call *call)
{
    return rest_pages(call, list_run);
}

enum err rest_room_rooms(struct rest_call *call)
{
    bool is_trust = call->hub->settings->auth_mode == SETTINGS_AUTH_MODE_TRUST;

    return rest_pages(call, is_trust ? all_run : list_run);
}

static enum err get_run(struct rest_call *call, struct work_ctx *ctx)
{
    struct room_user_row row;
    struct room_user_dto dto;
    enum err rc = dao_room_user_get(
        ctx->db,
        &(struct dao_room_user_get_in){.roomuuid = call->params[0], .user = call->user},
        &ctx->arena, &row);

    /* As the replaced service: 200 and nothing, for names of any length. */
    if (rc == ERR_NOT_FOUND || rc == ERR_DB_RANGE) {
        call->content_type = STR_NULL;
        return ERR_OK;
    }
    if (rc != ERR_OK)
        return rc;
    dto = room_user_dto_of(&row, false, &call->arena);
    room_user_dto_json_encode(&dto, &call->out);
    return ERR_OK;
}

enum err rest_room_get(struct rest_call *call)
{
    return rest_work(call, get_run, NULL);
}

/* --- changes ------------------------------------------------------------------------------ */

static void change_after(struct rest_call *call)
{
    struct room_outcome *outcome = call->state;

    if (!outcome->is_changed)
        return; /* even if what came after the commit failed: it is told */
    LOG_INFO(call->hub->log, "room.changed", LOG_STR("room", outcome->change.room_uuid),
             LOG_STR("state", outcome->change.state));
    publisher_publish(call->hub->publisher, &outcome->commit);
    event_room_changed(call->hub, &outcome->change, false);
}

static enum err delete_run(struct rest_call *call, struct work_ctx *ctx)
{
    bool is_trust = call->hub->settings->auth_mode == SETTINGS_AUTH_MODE_TRUST;
    struct room_config config = config_of(call);
    enum err rc =
        room_delete(ctx, &config, call->params[0], is_trust ? STR_NULL : call->user,
                    &call->arena, call->state);

    if (rc != ERR_OK && rc != ERR_ROOM_NOT_FOUND)
        return rc;
    buf_append_c(&call->out,
                 "success"); /* also for no such room, as the replaced service */
    return ERR_OK;
}

enum err rest_room_delete(struct rest_call *call)
{
    call->state = ARENA_NEW(&call->arena, struct room_outcome);
    call->content_type = REST_TEXT;
    return rest_work(call, delete_run, change_after);
}

static enum err patch_run(struct rest_call *call, struct work_ctx *ctx)
{
    struct room_config config = config_of(call);
    struct room_outcome *outcome = call->state;
    struct str state = outcome->change.state;

    return room_set_state(ctx, &config, call->params[0], state, &call->arena, outcome);
}

enum err rest_room_patch(struct rest_call *call)
{
    struct room_outcome *outcome = ARENA_NEW(&call->arena, struct room_outcome);
    struct room_patch request;
    enum err rc = room_patch_json_decode(&call->arena, net_request_body(call->req),
                                         &request, &call->why);

    if (rc != ERR_OK)
        return rc;
    if (!str_eq(request.state, STR("open")) && !str_eq(request.state, STR("frozen")))
        return ERR_PARAMETER_INVALID;
    outcome->change.state = request.state;
    call->state = outcome;
    call->status = 204;
    call->content_type = STR_NULL;
    return rest_work(call, patch_run, change_after);
}

static enum err leave_run(struct rest_call *call, struct work_ctx *ctx)
{
    struct card *card = NULL;
    enum err rc = card_load(ctx, call->params[0], &card);

    if (rc == ERR_OK && !card_member(card, call->user))
        rc = ERR_NOT_MEMBER;
    if (rc == ERR_OK)
        rc = dao_room_user_hide(
            ctx->db,
            &(struct dao_room_user_hide_in){.room_id = card->room_id, .user = call->user},
            NULL);
    card_unref(&card);
    return rc;
}

enum err rest_room_leave(struct rest_call *call)
{
    call->status = 204;
    call->content_type = STR_NULL;
    return rest_work(call, leave_run, NULL);
}
