/*
 * /room/inbox and /user/…: what a user sees of all rooms, blocks, and reports.
 * SPDX-License-Identifier: MIT
 */
#include "auth/auth.h"
#include "base/clock.h"
#include "endpoint/rest.h"
#include "endpoint/users.h"
#include "generated/c/chat.h"
#include "generated/c/dao_chat.h"
#include "generated/c/dao_room.h"
#include "generated/c/room.h"
#include "service/card.h"
#include "service/mark.h"

#include "base/banned.h"

enum {
    INBOX_DEFAULT = 30,
    INBOX_MAX = 100,
    EVIDENCE_MAX = 4 << 20
};

/* --- inbox -------------------------------------------------------------------------------- */

struct inbox_state {
    uint32_t limit;
    int64_t before, before_id; /* the cursor: updated_at and id of the last room seen */
    struct inbox_item *items;  /* in the call's arena, as all of the page */
    struct inbox_page page;
    size_t n_asked; /* questions to the session store, and one for those who ask them */
};

/* A question to the session store: is the item's other member connected? */
struct online_question {
    struct rest_call *call;
    struct inbox_item *item;
};

/* The cursor is "<updated_at in microseconds>.<id>". */
static bool cursor_parse(struct str text, struct inbox_state *s)
{
    struct str first, rest = text;
    int64_t us;

    if (!str_split(&rest, '.', &first) || !rest.p || !str_to_i64(first, &us) ||
        !str_to_i64(rest, &s->before_id) || us > INT64_MAX / NS_PER_US ||
        us < INT64_MIN / NS_PER_US)
        return false;
    s->before = us * NS_PER_US;
    return true;
}

static int64_t greater(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static struct inbox_item item_of(const struct dao_inbox_page_row *row, struct arena *a)
{
    struct inbox_item item = {
        .room_uuid = row->roomuuid,
        .product_name = row->product_name,
        .product_id = row->product_id,
        .other = row->other,
        .state = row->state,
        .last_seq = row->last_seq,
        .read_seq = greater(row->read_seq, row->own_seq),
        .other_read_seq = greater(row->has_other_read_seq ? row->other_read_seq : 0,
                                  row->other_own_seq),
        .blocked = row->is_blocked != 0,
        .has_updated_at = row->has_updated_at,
        .updated_at = row->updated_at,
    };
    struct last_message *last;

    item.unread = greater(item.last_seq - item.read_seq, 0);
    if (!row->message_id.p)
        return item;
    last = ARENA_NEW(a, struct last_message);
    *last = (struct last_message){
        .id = row->message_id,
        .seq = row->last_seq,
        .sender = row->sender,
        .content = row->message,
        .has_timestamp = row->has_timestamp,
        .timestamp = row->timestamp,
    };
    item.last_message = last;
    return item;
}

static enum err inbox_run(struct rest_call *call, struct work_ctx *ctx)
{
    struct inbox_state *s = call->state;
    struct dao_inbox_page_row *rows;
    int64_t rooms;
    size_t n;
    enum err rc;

    rc = dao_inbox_page(ctx->db,
                        &(struct dao_inbox_page_in){.user = call->user,
                                                    .before = s->before,
                                                    .before_id = s->before_id,
                                                    .limit = s->limit + 1},
                        &call->arena, &rows, &n);
    if (rc == ERR_OK)
        rc = unread_total(ctx, call->user, &s->page.total_unread, &rooms);
    if (rc != ERR_OK)
        return rc;
    if (n > s->limit) {
        n = s->limit;
        s->page.next_cursor = arena_printf(
            &call->arena, "%lld.%lld", (long long)(rows[n - 1].updated_at / NS_PER_US),
            (long long)rows[n - 1].id);
    }
    s->items = ARENA_ARRAY(&call->arena, struct inbox_item, n);
    for (size_t i = 0; i < n; i++)
        s->items[i] = item_of(&rows[i], &call->arena);
    s->page.items = s->items;
    s->page.n_items = n;
    return ERR_OK;
}

static void inbox_answered(struct rest_call *call)
{
    struct inbox_state *s = call->state;

    if (--s->n_asked > 0)
        return;
    inbox_page_json_encode(&s->page, &call->out);
    rest_finish(call);
}

static void on_session(void *ctx, enum err rc, const struct session_entry *entry)
{
    struct online_question *q = ctx;

    if (rc == ERR_OK && entry)
        q->item->other_online = true;
    inbox_answered(q->call);
}

static void inbox_ask_online(struct rest_call *call)
{
    struct inbox_state *s = call->state;

    s->n_asked = 1;
    for (size_t i = 0; i < s->page.n_items; i++) {
        struct inbox_item *item = &s->items[i];
        struct user *other = item->other.p ? user_find(call->hub, item->other) : NULL;
        struct online_question *q;

        item->other_online = other && other->n_conns > 0;
        if (item->other_online || !item->other.p)
            continue;
        q = ARENA_NEW(&call->arena, struct online_question);
        *q = (struct online_question){.call = call, .item = item};
        s->n_asked++;
        session_store_get(call->hub->sessions, item->other, on_session, q);
    }
    inbox_answered(call);
}

enum err rest_room_inbox(struct rest_call *call)
{
    struct inbox_state *s = ARENA_NEW(&call->arena, struct inbox_state);
    struct str limit, cursor;
    int64_t n = INBOX_DEFAULT;
    enum err rc = rest_query(call, "limit", &limit);

    if (rc == ERR_OK)
        rc = rest_query(call, "cursor", &cursor);
    if (rc != ERR_OK)
        return rc;
    s->before = INT64_C(9000000000000000000); /* the year 2255 */
    s->before_id = INT64_MAX;
    if ((limit.p && (!str_to_i64(limit, &n) || n < 1)) ||
        (cursor.p && !cursor_parse(cursor, s))) {
        why_set(&call->why, "limit from 1 to 100, cursor as nextCursor told it");
        return ERR_PARAMETER_INVALID;
    }
    s->limit = (uint32_t)(n < INBOX_MAX ? n : INBOX_MAX);
    call->state = s;
    return rest_work_then(call, inbox_run, inbox_ask_online);
}

static enum err unread_run(struct rest_call *call, struct work_ctx *ctx)
{
    struct unread_total total = {0};
    enum err rc = unread_total(ctx, call->user, &total.total_unread, &total.rooms);

    if (rc == ERR_OK)
        unread_total_json_encode(&total, &call->out);
    return rc;
}

enum err rest_room_unread(struct rest_call *call)
{
    return rest_work(call, unread_run, NULL);
}

/* --- blocks ------------------------------------------------------------------------------- */

static enum err blocks_run(struct rest_call *call, struct work_ctx *ctx)
{
    struct dao_block_list_row *rows;
    struct str *users;
    size_t n;
    enum err rc = dao_block_list(ctx->db, &(struct dao_block_list_in){.user = call->user},
                                 &ctx->arena, &rows, &n);

    if (rc != ERR_OK)
        return rc;
    users = ARENA_ARRAY(&ctx->arena, struct str, n);
    for (size_t i = 0; i < n; i++)
        users[i] = rows[i].blocked;
    block_list_json_encode(&(struct block_list){.users = users, .n_users = n},
                           &call->out);
    return ERR_OK;
}

enum err rest_room_blocks(struct rest_call *call)
{
    return rest_work(call, blocks_run, NULL);
}

/* Every server asks again who may write in the rooms of the two: access_version moves on. */
static enum err touch_pair(struct rest_call *call, struct work_ctx *ctx)
{
    return dao_room_touch_pair(
        ctx->db,
        &(struct dao_room_touch_pair_in){.user = call->user, .other = call->params[0]},
        NULL);
}

static enum err block_write(struct rest_call *call, struct work_ctx *ctx, bool is_on)
{
    if (is_on)
        return dao_block_insert(
            ctx->db,
            &(struct dao_block_insert_in){.user = call->user,
                                          .blocked = call->params[0],
                                          .created_at = clock_civil_ns(clock_real_ns())},
            NULL);
    return dao_block_delete(
        ctx->db,
        &(struct dao_block_delete_in){.user = call->user, .blocked = call->params[0]},
        NULL);
}

static enum err block_transact(struct rest_call *call, struct work_ctx *ctx, bool is_on)
{
    enum err rc = db_begin(ctx->db);

    if (rc != ERR_OK)
        return rc;
    rc = block_write(call, ctx, is_on);
    if (rc == ERR_OK)
        rc = touch_pair(call, ctx);
    rc = db_end(ctx->db, rc);
    return rc == ERR_DB_DUPLICATE ? ERR_OK : rc; /* it stood already */
}

static enum err block_run(struct rest_call *call, struct work_ctx *ctx)
{
    return block_transact(call, ctx, true);
}

static enum err unblock_run(struct rest_call *call, struct work_ctx *ctx)
{
    return block_transact(call, ctx, false);
}

static enum err block_start(struct rest_call *call, rest_run_fn *run)
{
    if (!auth_user_is_valid(call->params[0]) || str_eq(call->params[0], call->user))
        return ERR_PARAMETER_INVALID;
    call->status = 204;
    call->content_type = STR_NULL;
    return rest_work(call, run, NULL);
}

enum err rest_room_block(struct rest_call *call)
{
    return block_start(call, block_run);
}

enum err rest_room_unblock(struct rest_call *call)
{
    return block_start(call, unblock_run);
}

/* --- reports ------------------------------------------------------------------------------ */

/* The reported messages as they stand now: evidence that outlives them. */
static enum err put_evidence(struct rest_call *call, struct work_ctx *ctx,
                             const struct card *card, const struct report_request *r,
                             struct buf *out)
{
    buf_putc(out, '[');
    for (size_t i = 0; i < r->n_seqs; i++) {
        struct history_item item;
        struct chat_row row;
        enum err rc = dao_chat_by_seq(
            ctx->db,
            &(struct dao_chat_by_seq_in){.room_id = card->room_id, .seq = r->seqs[i]},
            &ctx->arena, &row);

        if (rc == ERR_NOT_FOUND) {
            why_set(&call->why, "there is no message %lld", (long long)r->seqs[i]);
            return ERR_PARAMETER_INVALID;
        }
        if (rc != ERR_OK)
            return rc;
        item = (struct history_item){.id = row.id,
                                     .seq = row.seq,
                                     .room_uuid = card->uuid,
                                     .sender = row.sender,
                                     .content = row.message,
                                     .has_timestamp = row.has_timestamp,
                                     .timestamp = row.timestamp};
        if (i > 0)
            buf_putc(out, ',');
        history_item_json_encode(&item, out);
    }
    buf_putc(out, ']');
    return buf_ok(out) ? ERR_OK : ERR_TOO_LARGE;
}

static struct str seqs_text(const struct report_request *r, struct arena *a)
{
    struct buf text;
    struct str kept;

    buf_init(&text, 2000);
    for (size_t i = 0; i < r->n_seqs; i++) {
        if (i > 0)
            buf_putc(&text, ',');
        buf_append_i64(&text, r->seqs[i]);
    }
    kept = arena_dup(a, buf_str(&text));
    buf_release(&text);
    return kept;
}

static enum err report_run(struct rest_call *call, struct work_ctx *ctx)
{
    const struct report_request *r = call->state;
    struct card *card = NULL;
    struct buf evidence;
    enum err rc = card_load(ctx, call->params[0], &card);

    if (rc == ERR_OK && !card_member(card, call->user))
        rc = ERR_NOT_MEMBER;
    buf_init(&evidence, EVIDENCE_MAX);
    if (rc == ERR_OK)
        rc = put_evidence(call, ctx, card, r, &evidence);
    if (rc == ERR_OK)
        rc = dao_report_insert(
            ctx->db,
            &(struct dao_report_insert_in){.has_room_id = true,
                                           .room_id = card->room_id,
                                           .roomuuid = card->uuid,
                                           .reporter = call->user,
                                           .reason = r->reason,
                                           .seqs = seqs_text(r, &ctx->arena),
                                           .comment = r->comment,
                                           .evidence = buf_str(&evidence),
                                           .created_at = clock_civil_ns(clock_real_ns())},
            NULL);
    buf_release(&evidence);
    card_unref(&card);
    return rc;
}

enum err rest_room_report(struct rest_call *call)
{
    struct report_request *r = ARENA_NEW(&call->arena, struct report_request);
    enum err rc = report_request_json_decode(&call->arena, net_request_body(call->req), r,
                                             &call->why);

    if (rc != ERR_OK)
        return rc;
    call->state = r;
    call->status = 204;
    call->content_type = STR_NULL;
    return rest_work(call, report_run, NULL);
}
