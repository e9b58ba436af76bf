/*
 * SEND frames: a message on its way into a room, alone or in a transaction; markers; typing.
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#include "auth/auth.h"
#include "base/clock.h"
#include "endpoint/content.h"
#include "endpoint/events.h"
#include "endpoint/stomp_conn.h"
#include "endpoint/typing.h"
#include "generated/c/chat.h"
#include "generated/c/routes.h"
#include "generated/c/session.h"

#include "base/banned.h"

/* A unit under way: whom to tell, about which receipts. */
struct send_wait {
    struct stomp_conn *conn;
    struct str destination; /* in the op's arena, as all texts */
    struct str receipts[STOMP_TRANSACTION_SENDS];
    struct str commit_receipt; /* of COMMIT; no value: no transaction */
    bool is_transaction;
};

static void on_stored(struct write_op *op)
{
    struct send_wait *w = op->owner;
    struct stomp_conn *c = w->conn;

    if (op->unit.rc != ERR_OK) {
        struct str receipt = w->is_transaction ? w->commit_receipt : w->receipts[0];

        stomp_fail(c, op->unit.rc, receipt, w->destination, NULL);
    } else {
        if (w->is_transaction)
            stomp_out_receipt(c, w->commit_receipt);
        for (size_t i = 0; i < op->unit.n_messages; i++)
            stomp_out_send_receipt(c, w->receipts[i], &op->unit.messages[i]);
    }
    stomp_conn_unref(&w->conn);
    write_op_free(&op);
}

static struct write_op *op_new(struct stomp_conn *c, struct str destination,
                               struct str room_uuid)
{
    struct write_op *op = write_op_new(on_stored, NULL);
    struct send_wait *w = ARENA_NEW(&op->arena, struct send_wait);

    op->owner = w;
    w->conn = c; /* referenced on submit */
    w->destination = arena_dup(&op->arena, destination);
    op->unit.room_uuid = arena_dup(&op->arena, room_uuid);
    op->unit.sender = arena_dup(&op->arena, c->user->id);
    return op;
}

static void op_submit(struct stomp_conn *c, struct write_op *op)
{
    enum err rc;

    stomp_conn_ref(c);
    rc = writer_submit(c->hub->writer, op);
    if (rc == ERR_OK)
        return;
    op->unit.rc = rc;
    on_stored(op);
}

static struct store_message message_of(struct arena *a, struct str content,
                                       struct str key)
{
    return (struct store_message){
        .content = arena_dup(a, content),
        .key = arena_dup(a, key),
        .id = uuid_v7(clock_real_ns()),
    };
}

/* The body against the destination, the identity and the limits. */
static enum err check_message(struct stomp_conn *c, const struct stomp_frame *f,
                              struct str room_uuid, struct chat_dto *dto, struct why *why)
{
    enum err rc;

    if (!uuid_is_valid(room_uuid))
        return ERR_ROOM_NOT_FOUND;
    rc = idempotency_key_check(stomp_header(f, "idempotency-key"));
    if (rc != ERR_OK)
        return rc;
    rc = chat_dto_json_decode(&c->arena, f->body, dto, why);
    if (rc != ERR_OK)
        return ERR_BODY_INVALID;
    if (dto->room_uuid.p && !str_eq(dto->room_uuid, room_uuid))
        return ERR_ROOM_MISMATCH;
    if (dto->sender.p && !str_eq(dto->sender, c->user->id))
        return ERR_SENDER_MISMATCH;
    return content_check(dto->content, c->hub->settings->limits_content_chars);
}

/* --- transactions ------------------------------------------------------------------------- */

static struct stomp_transaction **transaction_find(struct stomp_conn *c, struct str id)
{
    struct stomp_transaction **at = &c->transactions;

    while (*at && !str_eq((*at)->id, id))
        at = &(*at)->next;
    return at;
}

/* Takes the transaction out of the connection and frees it; its op is the caller's. */
static void transaction_free(struct stomp_transaction **at)
{
    struct stomp_transaction *t = *at;

    *at = t->next;
    for (size_t i = 0; i < t->n; i++)
        str_free(&t->receipts[i]);
    str_free(&t->id);
    free(t);
}

void stomp_transactions_drop(struct stomp_conn *c)
{
    while (c->transactions) {
        write_op_free(&c->transactions->op);
        transaction_free(&c->transactions);
    }
}

/* A frame's transaction header that names one not begun is malformed. */
static bool is_transaction_known(struct stomp_conn *c, const struct stomp_frame *f)
{
    struct str id = stomp_header(f, "transaction");

    if (id.p && *transaction_find(c, id))
        return true;
    stomp_fail(c, ERR_MALFORMED_FRAME, stomp_header(f, "receipt"), STR(""),
               "no such transaction");
    return false;
}

void stomp_on_begin(struct stomp_conn *c, const struct stomp_frame *f)
{
    struct str id = stomp_header(f, "transaction");
    struct stomp_transaction *t;
    size_t open = 0;

    for (t = c->transactions; t; t = t->next)
        open++;
    if (!id.p || *transaction_find(c, id) || open >= STOMP_TRANSACTIONS_MAX) {
        stomp_fail(c, ERR_MALFORMED_FRAME, stomp_header(f, "receipt"), STR(""),
                   "BEGIN needs a transaction that is not open, 16 at most");
        return;
    }
    t = mem_zalloc(sizeof(*t));
    t->id = str_dup(id);
    t->next = c->transactions;
    c->transactions = t;
    stomp_out_receipt(c, stomp_header(f, "receipt"));
}

/* Adds a checked message; too many or another room spoils the whole. */
static void transaction_add(struct stomp_conn *c, struct stomp_transaction *t,
                            const struct stomp_frame *f, struct str room_uuid,
                            struct str content)
{
    if (t->n == STOMP_TRANSACTION_SENDS ||
        (t->op && !str_eq(t->op->unit.room_uuid, room_uuid))) {
        t->refused = ERR_TRANSACTION_INVALID;
        stomp_fail(c, t->refused, stomp_header(f, "receipt"),
                   stomp_header(f, "destination"),
                   "a transaction holds at most 16 SENDs, to one room");
        return;
    }
    if (!t->op)
        t->op = op_new(c, stomp_header(f, "destination"), room_uuid);
    t->messages[t->n] =
        message_of(&t->op->arena, content, stomp_header(f, "idempotency-key"));
    t->receipts[t->n++] = str_dup(stomp_header(f, "receipt"));
}

void stomp_on_commit(struct stomp_conn *c, const struct stomp_frame *f)
{
    struct stomp_transaction **at, *t;
    struct str receipt = stomp_header(f, "receipt");
    struct write_op *op;
    struct send_wait *w;

    if (!is_transaction_known(c, f))
        return;
    at = transaction_find(c, stomp_header(f, "transaction"));
    t = *at;
    op = t->op;
    if (t->refused != ERR_OK || !op) {
        if (t->refused != ERR_OK)
            stomp_fail(c, t->refused, receipt, STR(""),
                       "a SEND of the transaction was refused");
        else
            stomp_out_receipt(c, receipt);
        write_op_free(&op);
        transaction_free(at);
        return;
    }
    w = op->owner;
    w->is_transaction = true;
    w->commit_receipt = arena_dup(&op->arena, receipt);
    for (size_t i = 0; i < t->n; i++)
        w->receipts[i] = arena_dup(&op->arena, t->receipts[i]);
    op->unit.n_messages = t->n;
    op->unit.messages = ARENA_ARRAY(&op->arena, struct store_message, t->n);
    memcpy(op->unit.messages, t->messages, t->n * sizeof(t->messages[0]));
    transaction_free(at);
    op_submit(c, op);
}

void stomp_on_abort(struct stomp_conn *c, const struct stomp_frame *f)
{
    struct stomp_transaction **at;

    if (!is_transaction_known(c, f))
        return;
    at = transaction_find(c, stomp_header(f, "transaction"));
    /* Processed, not stored: receipts without a seq. */
    for (size_t i = 0; i < (*at)->n; i++)
        stomp_out_receipt(c, (*at)->receipts[i]);
    write_op_free(&(*at)->op);
    transaction_free(at);
    stomp_out_receipt(c, stomp_header(f, "receipt"));
}

/* --- SEND --------------------------------------------------------------------------------- */

static void on_message(struct stomp_conn *c, const struct stomp_frame *f,
                       struct str room_uuid)
{
    struct str transaction = stomp_header(f, "transaction");
    struct stomp_transaction *t = NULL;
    struct why why = {.text = ""};
    struct chat_dto dto;
    struct write_op *op;
    enum err rc;

    if (transaction.p) {
        if (!is_transaction_known(c, f))
            return;
        t = *transaction_find(c, transaction);
    }
    rc = check_message(c, f, room_uuid, &dto, &why);
    if (rc == ERR_OK)
        rc = stomp_pace_message(c);
    if (rc != ERR_OK) {
        if (t)
            t->refused = rc;
        stomp_fail(c, rc, stomp_header(f, "receipt"), stomp_header(f, "destination"),
                   why.text);
        return;
    }
    c->hub->stats.messages_in++;
    LOG_DEBUG(c->hub->log, "stomp.send", LOG_STR("user", c->user->id),
              LOG_STR("session", uuid_str(&c->session)), LOG_STR("room", room_uuid));
    if (t) {
        transaction_add(c, t, f, room_uuid, dto.content);
        return;
    }
    op = op_new(c, stomp_header(f, "destination"), room_uuid);
    ((struct send_wait *)op->owner)->receipts[0] =
        arena_dup(&op->arena, stomp_header(f, "receipt"));
    op->unit.messages = ARENA_NEW(&op->arena, struct store_message);
    op->unit.messages[0] =
        message_of(&op->arena, dto.content, stomp_header(f, "idempotency-key"));
    op->unit.n_messages = 1;
    op_submit(c, op);
}

/* A marker, or typing, under way. */
struct mark_wait {
    struct stomp_conn *conn;
    struct str receipt, destination; /* owned */
};

static void on_marked(void *ctx, const struct mark_outcome *outcome)
{
    struct mark_wait *w = ctx;

    if (outcome->rc == ERR_OK)
        stomp_out_receipt(w->conn, w->receipt);
    else
        stomp_fail(w->conn, outcome->rc, w->receipt, w->destination, NULL);
    stomp_job_end(w->conn);
    str_free(&w->receipt);
    str_free(&w->destination);
    free(w);
}

static struct mark_wait *mark_wait_new(struct stomp_conn *c, const struct stomp_frame *f)
{
    struct mark_wait *w = mem_zalloc(sizeof(*w));

    w->conn = c;
    stomp_job_begin(c);
    w->receipt = str_dup(stomp_header(f, "receipt"));
    w->destination = str_dup(stomp_header(f, "destination"));
    return w;
}

static void on_mark(struct stomp_conn *c, const struct stomp_frame *f,
                    struct str room_uuid, bool is_read)
{
    struct mark_request request;
    struct why why = {.text = ""};

    if (mark_request_json_decode(&c->arena, f->body, &request, &why) != ERR_OK) {
        stomp_fail(c, ERR_BODY_INVALID, stomp_header(f, "receipt"),
                   stomp_header(f, "destination"), why.text);
        return;
    }
    event_mark(c->hub,
               &(struct mark_what){.room_uuid = room_uuid,
                                   .user = c->user->id,
                                   .seq = request.seq,
                                   .is_read = is_read},
               on_marked, mark_wait_new(c, f));
}

static void on_typing_told(void *ctx, enum err rc)
{
    const struct mark_outcome outcome = {.rc = rc};

    on_marked(ctx, &outcome);
}

static void on_typing(struct stomp_conn *c, const struct stomp_frame *f,
                      struct str room_uuid)
{
    struct feed_room *room = feed_room_find(c->hub->feed, room_uuid);
    struct typing_request request;
    struct why why = {.text = ""};
    enum err rc = ERR_BODY_INVALID;

    if (typing_request_json_decode(&c->arena, f->body, &request, &why) == ERR_OK) {
        if (!room || !feed_room_card(room)) {
            typing_look_up(c->hub, room_uuid, c->user->id, request.typing, on_typing_told,
                           mark_wait_new(c, f));
            return;
        }
        rc = typing_tell(c->hub, room, c->user->id, request.typing);
    }
    if (rc == ERR_OK)
        stomp_out_receipt(c, stomp_header(f, "receipt"));
    else
        stomp_fail(c, rc, stomp_header(f, "receipt"), stomp_header(f, "destination"),
                   why.text);
}

static void on_refresh(struct stomp_conn *c, const struct stomp_frame *f)
{
    struct auth_identity identity;
    struct token_refresh request;
    struct why why = {.text = ""};
    enum err rc;

    rc = token_refresh_json_decode(&c->arena, f->body, &request, &why);
    if (rc == ERR_OK && c->hub->settings->auth_mode != SETTINGS_AUTH_MODE_JWT)
        rc = ERR_DESTINATION_UNKNOWN;
    if (rc == ERR_OK)
        rc = auth_of_token(c->hub->auth, request.token, &c->arena, &identity);
    if (rc == ERR_OK && !str_eq(identity.user, c->user->id))
        rc = ERR_TOKEN_INVALID;
    if (rc != ERR_OK) {
        stomp_fail(c, rc, stomp_header(f, "receipt"), stomp_header(f, "destination"),
                   why.text);
        return;
    }
    c->expires_ms =
        loop_now_ms(c->hub->loop) + (identity.expires_ns - clock_real_ns()) / NS_PER_MS;
    stomp_out_receipt(c, stomp_header(f, "receipt"));
}

void stomp_on_send(struct stomp_conn *c, const struct stomp_frame *f)
{
    struct str destination = stomp_header(f, "destination");
    struct route_match match;

    if (!destination.p) {
        stomp_fail(c, ERR_MALFORMED_FRAME, stomp_header(f, "receipt"), STR(""),
                   "SEND needs a destination");
        return;
    }
    if (!route_find(&destination_table, STR("SEND"), destination, &match, NULL)) {
        stomp_fail(c, ERR_DESTINATION_UNKNOWN, stomp_header(f, "receipt"), destination,
                   NULL);
        return;
    }
    switch ((enum destination_id)match.route->id) {
    case DESTINATION_CHAT_MESSAGE:
        on_message(c, f, stomp_room_of(&match));
        return;
    case DESTINATION_CHAT_MARK_READ:
    case DESTINATION_CHAT_MARK_DELIVERED:
        stomp_pace_small(c);
        on_mark(c, f, stomp_room_of(&match),
                match.route->id == DESTINATION_CHAT_MARK_READ);
        return;
    case DESTINATION_CHAT_TYPING:
        stomp_pace_small(c);
        on_typing(c, f, stomp_room_of(&match));
        return;
    case DESTINATION_SESSION_REFRESH:
        on_refresh(c, f);
        return;
    case DESTINATION_EVENT_ROOM_EVENTS:
    case DESTINATION_EVENT_ERRORS:
    case DESTINATION_EVENT_USER_ROOMS:
    case DESTINATION_N:
        break; /* for SUBSCRIBE only: the table does not give them for SEND */
    }
    stomp_fail(c, ERR_DESTINATION_UNKNOWN, stomp_header(f, "receipt"), destination, NULL);
}
