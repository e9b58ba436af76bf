/*
 * /chat/room/…: history, sending and markers by REST.
 * SPDX-License-Identifier: MIT
 */
#include "base/clock.h"
#include "endpoint/content.h"
#include "endpoint/events.h"
#include "endpoint/rest.h"
#include "endpoint/users.h"
#include "generated/c/chat.h"
#include "generated/c/dao_chat.h"
#include "generated/c/dao_room.h"
#include "generated/c/session.h"
#include "service/card.h"

#include "base/banned.h"

enum {
    PAGE_DEFAULT = 50,
    PAGE_MAX = 200
};

enum err rest_chat_test(struct rest_call *call)
{
    return rest_answer(call, REST_TEXT, STR("test response"));
}

/*
 * The room's readers, in arena a.
 * errors: ERR_ROOM_NOT_FOUND, ERR_NOT_MEMBER (the caller is none of them), ERR_DB_*
 */
static enum err load_readers(struct rest_call *call, struct work_ctx *ctx,
                             struct arena *a, struct dao_room_readers_row **rows,
                             size_t *n)
{
    enum err rc = dao_room_readers(
        ctx->db, &(struct dao_room_readers_in){.roomuuid = call->params[0]}, a, rows, n);

    if (rc == ERR_DB_RANGE || (rc == ERR_OK && *n == 0))
        return ERR_ROOM_NOT_FOUND; /* no such name, or longer than that of any room */
    if (rc != ERR_OK)
        return rc;
    if (str_eq((*rows)[0].state, STR("closed")))
        return ERR_ROOM_NOT_FOUND;
    if (*n > CARD_MEMBERS_MAX)
        *n = CARD_MEMBERS_MAX;
    for (size_t i = 0; i < *n; i++)
        if ((*rows)[i].user.p && str_eq((*rows)[i].user, call->user))
            return ERR_OK;
    return ERR_NOT_MEMBER;
}

/* --- whole history ------------------------------------------------------------------------ */

enum {
    HISTORY_ROWS_MIN = 16,
    HISTORY_ROWS_FIRST = 500,
    HISTORY_ROWS_MAX = 1000
};

struct history {
    bool is_admitted;
    uint32_t rows;     /* of the next page */
    size_t page_bytes; /* a page ends with the message that reaches it */
};

static void put_history_row(struct rest_call *call,
                            const struct dao_chat_history_row *row)
{
    const struct chat_dto dto = {
        .room_uuid = call->params[0],
        .sender = row->sender,
        .content = row->message,
        .has_timestamp = row->has_timestamp,
        .timestamp = row->timestamp,
    };

    buf_putc(&call->out, call->cursor == 0 ? '[' : ',');
    chat_dto_json_encode(&dto, &call->out);
    call->cursor = row->seq;
}

/* How many rows make a page, if they are as long as the last ones. */
static uint32_t rows_for(const struct history *h, size_t rows, size_t bytes)
{
    size_t n = rows * h->page_bytes / (bytes + 1);

    if (n < HISTORY_ROWS_MIN)
        return HISTORY_ROWS_MIN;
    return n < HISTORY_ROWS_MAX ? (uint32_t)n : HISTORY_ROWS_MAX;
}

/* One row more than a page has tells whether there is more. */
static enum err history_page(struct rest_call *call, struct work_ctx *ctx)
{
    struct history *h = call->state;
    struct dao_chat_history_row *rows;
    size_t n, put = 0;
    enum err rc;

    rc = dao_chat_history(ctx->db,
                          &(struct dao_chat_history_in){.roomuuid = call->params[0],
                                                        .after = call->cursor,
                                                        .limit = h->rows + 1},
                          &ctx->arena, &rows, &n);
    if (rc == ERR_DB_RANGE) {
        n = 0; /* longer than the name of any room */
    } else if (rc != ERR_OK) {
        return rc;
    }
    while (put < n && put < h->rows && call->out.n < h->page_bytes)
        put_history_row(call, &rows[put++]);
    call->is_last_page = put == n;
    if (call->is_last_page)
        buf_append_c(&call->out, call->cursor == 0 ? "[]" : "]");
    h->rows = rows_for(h, put, call->out.n);
    return ERR_OK;
}

/* In trust mode the whole history is open as it ever was; else the caller must be a member. */
static enum err history_run(struct rest_call *call, struct work_ctx *ctx)
{
    struct history *h = call->state;
    struct dao_room_readers_row *readers;
    size_t n;
    enum err rc;

    if (h->is_admitted)
        return history_page(call, ctx);
    rc = load_readers(call, ctx, &ctx->arena, &readers, &n);
    if (rc != ERR_OK && rc != ERR_ROOM_NOT_FOUND)
        return rc;
    h->is_admitted = true;
    return history_page(call, ctx); /* of no room: [] */
}

enum err rest_chat_history(struct rest_call *call)
{
    struct history *h = ARENA_NEW(&call->arena, struct history);

    h->is_admitted =
        !call->user.p || call->hub->settings->auth_mode == SETTINGS_AUTH_MODE_TRUST;
    h->rows = HISTORY_ROWS_FIRST;
    h->page_bytes = (size_t)call->hub->settings->limits_outbound_bytes / 4;
    call->state = h;
    return rest_pages(call, history_run);
}

/* --- a page ------------------------------------------------------------------------------- */

static enum err query_number(struct rest_call *call, const char *name, bool *has_out,
                             int64_t *out)
{
    struct str text;
    enum err rc = rest_query(call, name, &text);

    if (rc != ERR_OK)
        return rc;
    *has_out = text.p != NULL;
    if (text.p && !str_to_i64(text, out)) {
        why_set(&call->why, "%s is no whole number", name);
        return ERR_PARAMETER_INVALID;
    }
    return ERR_OK;
}

static enum err page_query(struct rest_call *call, struct history_query *q)
{
    int64_t limit = PAGE_DEFAULT;
    bool has_limit;
    enum err rc;

    q->room_uuid = call->params[0];
    rc = query_number(call, "before", &q->has_before, &q->before);
    if (rc == ERR_OK)
        rc = query_number(call, "after", &q->has_after, &q->after);
    if (rc == ERR_OK)
        rc = query_number(call, "limit", &has_limit, &limit);
    if (rc != ERR_OK)
        return rc;
    if ((q->has_before && q->has_after) || limit < 1 ||
        (q->has_before && q->before < 1) || (q->has_after && q->after < 0)) {
        why_set(&call->why,
                "either before or after, not negative, and limit from 1 to 200");
        return ERR_PARAMETER_INVALID;
    }
    q->has_limit = true;
    q->limit = (uint32_t)(limit < PAGE_MAX ? limit : PAGE_MAX);
    return ERR_OK;
}

/* One row more than asked for tells whether there is more. */
static enum err page_rows(struct rest_call *call, struct work_ctx *ctx, int64_t room_id,
                          struct chat_row **rows, size_t *n)
{
    const struct history_query *q = call->state;

    if (q->has_after)
        return dao_chat_after(ctx->db,
                              &(struct dao_chat_after_in){.room_id = room_id,
                                                          .after = q->after,
                                                          .limit = q->limit + 1},
                              &ctx->arena, rows, n);
    return dao_chat_before(
        ctx->db,
        &(struct dao_chat_before_in){.room_id = room_id,
                                     .before = q->has_before ? q->before : INT64_MAX,
                                     .limit = q->limit + 1},
        &ctx->arena, rows, n);
}

static void put_page(struct rest_call *call, const struct dao_room_readers_row *readers,
                     size_t n_readers, const struct chat_row *rows, size_t n)
{
    const struct history_query *q = call->state;
    size_t shown = n > q->limit ? q->limit : n;
    struct history_item *items = ARENA_ARRAY(&call->arena, struct history_item, shown);
    struct read_position read[CARD_MEMBERS_MAX];
    struct history_page page = {
        .items = items, .n_items = shown, .has_more = n > q->limit};

    for (size_t i = 0; i < shown; i++) {
        const struct chat_row *row = q->has_after ? &rows[i] : &rows[shown - 1 - i];

        items[i] = (struct history_item){
            .id = row->id,
            .seq = row->seq,
            .room_uuid = call->params[0],
            .sender = row->sender,
            .content = row->message,
            .has_timestamp = row->has_timestamp,
            .timestamp = row->timestamp,
        };
    }
    if (shown > 0) {
        page.has_first_seq = page.has_last_seq = true;
        page.first_seq = items[0].seq;
        page.last_seq = items[shown - 1].seq;
    }
    for (size_t i = 0; i < n_readers; i++)
        read[i] = (struct read_position){readers[i].user,
                                         readers[i].read_seq > readers[i].own_seq
                                             ? readers[i].read_seq
                                             : readers[i].own_seq};
    page.read = read;
    page.n_read = n_readers;
    history_page_json_encode(&page, &call->out);
}

/* Members only, in every auth mode. */
static enum err page_run(struct rest_call *call, struct work_ctx *ctx)
{
    struct dao_room_readers_row *readers;
    struct chat_row *rows;
    size_t n_readers, n;
    enum err rc = load_readers(call, ctx, &ctx->arena, &readers, &n_readers);

    if (rc == ERR_OK)
        rc = page_rows(call, ctx, readers[0].id, &rows, &n);
    if (rc == ERR_OK)
        put_page(call, readers, n_readers, rows, n);
    return rc;
}

enum err rest_chat_page(struct rest_call *call)
{
    struct history_query *q = ARENA_NEW(&call->arena, struct history_query);
    enum err rc = page_query(call, q);

    call->state = q;
    return rc == ERR_OK ? rest_work(call, page_run, NULL) : rc;
}

/* --- sending ------------------------------------------------------------------------------ */

static void on_posted(struct write_op *op)
{
    struct rest_call *call = op->owner;
    const struct store_message *m = &op->unit.messages[0];

    call->rc = op->unit.rc;
    if (call->rc == ERR_OK) {
        const struct send_result result = {
            .id = uuid_str(&m->id),
            .seq = m->seq,
            .has_timestamp = true,
            .timestamp = m->timestamp,
        };

        call->status = m->is_duplicate ? 200 : 201;
        send_result_json_encode(&result, &call->out);
    }
    rest_finish(call);
    write_op_free(&op);
}

static enum err post_decode(struct rest_call *call, struct send_request *request)
{
    enum err rc = send_request_json_decode(&call->arena, net_request_body(call->req),
                                           request, &call->why);
    int count = 0;

    if (rc != ERR_OK)
        return rc;
    request->key = net_request_header(call->req, "idempotency-key", &count);
    if (count > 1)
        return ERR_PARAMETER_INVALID;
    rc = idempotency_key_check(request->key);
    if (rc == ERR_OK && request->room_uuid.p &&
        !str_eq(request->room_uuid, call->params[0]))
        rc = ERR_ROOM_MISMATCH;
    if (rc == ERR_OK)
        rc = content_check(request->content, call->hub->settings->limits_content_chars);
    return rc;
}

static enum err post_rate(struct rest_call *call)
{
    struct user *user = user_get(call->hub, call->user);
    int64_t wait_ms = user_take_token(call->hub, user, USER_MESSAGES, false);

    user_put(call->hub, &user);
    return wait_ms == 0 ? ERR_OK : ERR_RATE_LIMITED;
}

enum err rest_chat_post(struct rest_call *call)
{
    struct send_request request;
    struct write_op *op;
    enum err rc =
        call->hub->is_draining ? ERR_SHUTTING_DOWN : post_decode(call, &request);

    if (rc == ERR_OK && !uuid_is_valid(call->params[0]))
        rc = ERR_ROOM_NOT_FOUND;
    if (rc == ERR_OK)
        rc = post_rate(call);
    if (rc != ERR_OK)
        return rc;
    LOG_DEBUG(call->hub->log, "rest.send", LOG_STR("user", call->user),
              LOG_STR("room", call->params[0]));
    op = write_op_new(on_posted, call);
    op->unit.room_uuid = arena_dup(&op->arena, call->params[0]);
    op->unit.sender = arena_dup(&op->arena, call->user);
    op->unit.messages = ARENA_NEW(&op->arena, struct store_message);
    op->unit.messages[0] = (struct store_message){
        .content = arena_dup(&op->arena, request.content),
        .key = arena_dup(&op->arena, request.key),
        .id = uuid_v7(clock_real_ns()),
    };
    op->unit.n_messages = 1;
    rc = writer_submit(call->hub->writer, op);
    if (rc != ERR_OK)
        write_op_free(&op);
    return rc;
}

/* --- markers ------------------------------------------------------------------------------ */

static void on_marked(void *ctx, const struct mark_outcome *outcome)
{
    struct rest_call *call = ctx;
    const struct mark_result result = {.unread = outcome->unread,
                                       .total_unread = outcome->total_unread};

    call->rc = outcome->rc;
    if (call->rc == ERR_OK)
        mark_result_json_encode(&result, &call->out);
    rest_finish(call);
}

enum err rest_chat_mark_read(struct rest_call *call)
{
    struct mark_request request;
    enum err rc = mark_request_json_decode(&call->arena, net_request_body(call->req),
                                           &request, &call->why);

    if (rc != ERR_OK)
        return rc;
    event_mark(call->hub,
               &(struct mark_what){.room_uuid = call->params[0],
                                   .user = call->user,
                                   .seq = request.seq,
                                   .is_read = true},
               on_marked, call);
    return ERR_OK;
}
