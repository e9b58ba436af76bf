/*
 * Subscriptions of a connection: from SUBSCRIBE over the look-up and the replay to live, and ACK.
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#include "endpoint/events.h"
#include "endpoint/stomp_conn.h"
#include "generated/c/routes.h"

#include "base/banned.h"

enum {
    SUBSCRIBE_LAST_MAX = 200
};

static void sub_free(struct stomp_sub *sub)
{
    struct stomp_conn *c = sub->conn;

    feed_sub_end(&sub->feed);
    HASH_DELETE(by_id, c->subs, sub);
    if (c->errors == sub)
        c->errors = NULL;
    if (c->rooms == sub)
        c->rooms = NULL;
    str_free(&sub->id);
    str_free(&sub->destination);
    str_free(&sub->receipt);
    str_free(&sub->head);
    free(sub->unacked);
    free(sub);
}

void stomp_subs_drop(struct stomp_conn *c)
{
    struct stomp_sub *sub, *tmp;

    HASH_ITER(by_id, c->subs, sub, tmp)
    {
        sub_free(sub);
    }
}

void stomp_subs_resume(struct stomp_conn *c)
{
    struct stomp_sub *sub, *tmp;

    HASH_ITER(by_id, c->subs, sub, tmp)
    {
        if (sub->feed.state == FEED_SUB_REPLAY)
            feed_sub_resume(&sub->feed);
    }
}

/* --- calls of the feed -------------------------------------------------------------------- */

static void on_message(struct feed_sub *feed, struct feed_message *m)
{
    stomp_out_message((struct stomp_sub *)feed, m);
}

/* A replay fills at most half of the connection's buffer; live messages find the other half. */
static bool can_take(struct feed_sub *feed)
{
    struct stomp_sub *sub = (struct stomp_sub *)feed;
    size_t half = (size_t)sub->conn->hub->settings->limits_outbound_bytes / 2;

    if (link_waiting(sub->conn->link) < half)
        return true;
    link_wants_drain(sub->conn->link);
    return false;
}

static void on_live(struct feed_sub *feed, const struct feed_recovery *r)
{
    struct stomp_sub *sub = (struct stomp_sub *)feed;

    sub->is_live = true;
    if (sub->feed.is_event)
        stomp_out_receipt(sub->conn, sub->receipt);
    else
        stomp_out_subscribe_receipt(sub->conn, sub->receipt, r);
    str_free(&sub->receipt);
}

static void on_end(struct feed_sub *feed, enum err rc)
{
    struct stomp_sub *sub = (struct stomp_sub *)feed;

    /* The end of a room is told on /user/queue/rooms, it is nobody's error. */
    if (!sub->is_live || rc != ERR_ROOM_NOT_FOUND)
        stomp_fail(sub->conn, rc, sub->receipt, sub->destination, NULL);
    sub_free(sub);
}

static const struct feed_sub_owner sub_owner = {
    .on_message = on_message,
    .can_take = can_take,
    .on_live = on_live,
    .on_end = on_end,
};

/* --- SUBSCRIBE ---------------------------------------------------------------------------- */

/* Who waits for a look-up; the subscription may be gone by then. */
struct lookup_wait {
    struct stomp_conn *conn;
    uint64_t number;
};

static struct stomp_sub *sub_by_number(struct stomp_conn *c, uint64_t number)
{
    struct stomp_sub *sub, *tmp;

    HASH_ITER(by_id, c->subs, sub, tmp)
    {
        if (sub->number == number)
            return sub;
    }
    return NULL;
}

static void on_found(struct write_op *op)
{
    struct lookup_wait *w = op->owner;
    struct stomp_sub *sub = sub_by_number(w->conn, w->number);
    enum err rc = op->unit.rc;

    if (rc == ERR_OK && !card_member(op->card, op->unit.sender))
        rc = ERR_NOT_MEMBER;
    if (sub)
        feed_sub_found(&sub->feed, rc, op->card);
    stomp_conn_unref(&w->conn);
    write_op_free(&op);
}

static void sub_lookup(struct stomp_sub *sub)
{
    struct stomp_conn *c = sub->conn;
    struct write_op *op = write_op_new(on_found, NULL);
    struct lookup_wait *w = ARENA_NEW(&op->arena, struct lookup_wait);
    enum err rc;

    op->owner = w;
    *w = (struct lookup_wait){.conn = stomp_conn_ref(c), .number = sub->number};
    op->unit.room_uuid = arena_dup(&op->arena, sub->room_uuid);
    op->unit.sender = arena_dup(&op->arena, c->user->id);
    feed_sub_begin(c->hub->feed, &sub->feed, sub->room_uuid);
    rc = writer_submit(c->hub->writer, op);
    if (rc == ERR_OK)
        return;
    op->unit.rc = rc;
    on_found(op);
}

/* A number of a header; absent is -1. */
static enum err number_of(struct str text, int64_t *out)
{
    *out = -1;
    if (!text.p)
        return ERR_OK;
    if (!str_to_i64(text, out) || *out < 0 || *out > INT64_C(9007199254740991))
        return ERR_PARAMETER_INVALID;
    return ERR_OK;
}

static enum err ack_of(struct str text, enum stomp_ack *out)
{
    *out = STOMP_ACK_AUTO;
    if (!text.p || str_eq(text, STR("auto")))
        return ERR_OK;
    if (str_eq(text, STR("client")))
        *out = STOMP_ACK_CLIENT;
    else if (str_eq(text, STR("client-individual")))
        *out = STOMP_ACK_CLIENT_INDIVIDUAL;
    else
        return ERR_MALFORMED_FRAME;
    return ERR_OK;
}

static struct stomp_sub *sub_find(struct stomp_conn *c, struct str id)
{
    struct stomp_sub *sub;

    HASH_FIND(by_id, c->subs, id.p, id.n, sub);
    return sub;
}

/* STOMP 1.0 has subscriptions without an id: the destination is their name. */
static struct str sub_name(const struct stomp_conn *c, const struct stomp_frame *f)
{
    struct str id = stomp_header(f, "id");

    if (!id.p && c->version == STOMP_V10)
        return stomp_header(f, "destination");
    return id;
}

static struct stomp_sub *sub_new(struct stomp_conn *c, const struct stomp_frame *f,
                                 const struct route_match *match)
{
    struct stomp_sub *sub = mem_zalloc(sizeof(*sub));
    struct str room = match->n_params > 0 ? match->params[0] : STR("");
    size_t room_at =
        match->n_params > 0 ? (size_t)(room.p - stomp_header(f, "destination").p) : 0;

    sub->conn = c;
    sub->number = ++c->next_sub;
    sub->id = str_dup(sub_name(c, f));
    sub->has_id = stomp_header(f, "id").p != NULL;
    sub->destination = str_dup(stomp_header(f, "destination"));
    sub->room_uuid = (struct str){sub->destination.p + room_at, room.n};
    sub->receipt = str_dup(stomp_header(f, "receipt"));
    sub->destination_id = match->route->id;
    sub->feed.owner = &sub_owner;
    sub->feed.is_event = match->route->id == DESTINATION_EVENT_ROOM_EVENTS;
    sub->feed.since = sub->feed.last = -1;
    HASH_ADD_KEYPTR(by_id, c->subs, sub->id.p, sub->id.n, sub);
    return sub;
}

/* What a SUBSCRIBE asks for, checked. */
struct subscribe {
    struct route_match match;
    enum stomp_ack ack;
    int64_t since, last;
    const char *detail; /* of an error */
};

static enum err subscribe_check(struct stomp_conn *c, const struct stomp_frame *f,
                                struct subscribe *out)
{
    struct str destination = stomp_header(f, "destination");
    struct str id = sub_name(c, f);
    int64_t limit = c->hub->settings->limits_subscriptions;

    out->detail = "SUBSCRIBE needs a destination and an id that is not in use";
    if (!destination.p || !id.p || sub_find(c, id))
        return ERR_MALFORMED_FRAME;
    out->detail = "ack is auto, client or client-individual";
    if (ack_of(stomp_header(f, "ack"), &out->ack) != ERR_OK)
        return ERR_MALFORMED_FRAME;
    out->detail = NULL;
    if (!route_find(&destination_table, STR("SUBSCRIBE"), destination, &out->match, NULL))
        return ERR_DESTINATION_UNKNOWN;
    if (limit > 0 && HASH_CNT(by_id, c->subs) >= (unsigned)limit)
        return ERR_SUBSCRIPTION_LIMIT;
    if (out->match.n_params > 0 && !uuid_is_valid(out->match.params[0]))
        return ERR_ROOM_NOT_FOUND;
    out->detail = "since and last are whole numbers";
    if (number_of(stomp_header(f, "since"), &out->since) != ERR_OK ||
        number_of(stomp_header(f, "last"), &out->last) != ERR_OK)
        return ERR_PARAMETER_INVALID;
    if (out->last > SUBSCRIBE_LAST_MAX)
        out->last = SUBSCRIBE_LAST_MAX;
    return ERR_OK;
}

void stomp_on_subscribe(struct stomp_conn *c, const struct stomp_frame *f)
{
    struct subscribe asked = {.detail = NULL};
    struct stomp_sub *sub;
    enum err rc = subscribe_check(c, f, &asked);

    stomp_pace_small(c);
    if (rc != ERR_OK) {
        stomp_fail(c, rc, stomp_header(f, "receipt"), stomp_header(f, "destination"),
                   asked.detail);
        return;
    }
    sub = sub_new(c, f, &asked.match);
    sub->ack = asked.ack;
    LOG_INFO(c->hub->log, "stomp.subscribed", LOG_STR("user", c->user->id),
             LOG_STR("session", uuid_str(&c->session)),
             LOG_STR("destination", sub->destination));
    if (sub->room_uuid.n > 0) {
        sub->feed.since = asked.since;
        sub->feed.last = asked.last;
        sub_lookup(sub);
        return;
    }
    if (sub->destination_id == DESTINATION_EVENT_ERRORS && !c->errors)
        c->errors = sub;
    if (sub->destination_id == DESTINATION_EVENT_USER_ROOMS && !c->rooms)
        c->rooms = sub;
    stomp_out_receipt(c, sub->receipt);
    str_free(&sub->receipt);
}

void stomp_on_unsubscribe(struct stomp_conn *c, const struct stomp_frame *f)
{
    struct str name = sub_name(c, f);
    struct stomp_sub *sub = name.p ? sub_find(c, name) : NULL;

    if (!sub) {
        stomp_fail(c, ERR_MALFORMED_FRAME, stomp_header(f, "receipt"), STR(""),
                   "UNSUBSCRIBE names no subscription");
        return;
    }
    stomp_out_receipt(c, sub->receipt); /* of a SUBSCRIBE that was not answered yet */
    sub_free(sub);
    stomp_out_receipt(c, stomp_header(f, "receipt"));
}

/* --- ACK, NACK ---------------------------------------------------------------------------- */

/* What an ACK names: STOMP 1.2 by `id`, which is "<number>-<uuid>"; before by `message-id`, with
 * `subscription` in 1.1. */
static struct stomp_sub *ack_sub(struct stomp_conn *c, const struct stomp_frame *f,
                                 struct str *uuid_out)
{
    struct str id = stomp_header(f, "id");
    struct stomp_sub *sub, *tmp;
    struct str number;
    int64_t n;

    if (c->version == STOMP_V12) {
        if (!id.p || id.n <= UUID_CHARS || id.p[id.n - UUID_CHARS - 1] != '-')
            return NULL;
        number = (struct str){id.p, id.n - UUID_CHARS - 1};
        *uuid_out = str_from(id, number.n + 1);
        return str_to_i64(number, &n) && n > 0 ? sub_by_number(c, (uint64_t)n) : NULL;
    }
    *uuid_out = stomp_header(f, "message-id");
    id = stomp_header(f, "subscription");
    if (id.p)
        return sub_find(c, id);
    HASH_ITER(by_id, c->subs, sub, tmp)
    {
        for (size_t i = 0; i < sub->n_unacked; i++)
            if (str_eq(
                    uuid_str(
                        &sub->unacked[(sub->first_unacked + i) % STOMP_UNACKED_MAX].id),
                    *uuid_out))
                return sub;
    }
    return NULL;
}

static void unacked_drop(struct stomp_sub *sub, size_t n)
{
    sub->first_unacked = (sub->first_unacked + n) % STOMP_UNACKED_MAX;
    sub->n_unacked -= n;
}

/* Takes the message off the subscription's list, and all before it in mode client; its seq, or 0. */
static int64_t ack_take(struct stomp_sub *sub, struct str uuid)
{
    for (size_t i = 0; i < sub->n_unacked; i++) {
        struct stomp_unacked *u =
            &sub->unacked[(sub->first_unacked + i) % STOMP_UNACKED_MAX];
        int64_t seq = u->seq;

        if (seq == 0 || !str_eq(uuid_str(&u->id), uuid))
            continue;
        u->seq = 0;
        if (sub->ack == STOMP_ACK_CLIENT)
            unacked_drop(sub, i + 1);
        while (sub->n_unacked > 0 && sub->unacked[sub->first_unacked].seq == 0)
            unacked_drop(sub, 1); /* so the next one to be named is found at once */
        return seq;
    }
    return 0;
}

static void on_marked(void *ctx, const struct mark_outcome *outcome)
{
    (void)outcome; /* logged where it was found; a later ACK marks the same again */
    stomp_job_end(ctx);
}

void stomp_on_ack(struct stomp_conn *c, const struct stomp_frame *f)
{
    struct str uuid = STR_NULL;
    struct stomp_sub *sub = ack_sub(c, f, &uuid);
    int64_t seq = sub && uuid.p ? ack_take(sub, uuid) : 0;

    stomp_pace_small(c);
    if (seq == 0) {
        stomp_fail(c, ERR_MALFORMED_FRAME, stomp_header(f, "receipt"), STR(""),
                   "no such message waits for an acknowledgement");
        return;
    }
    if (f->command == STOMP_ACK) {
        stomp_job_begin(c);
        event_mark(c->hub,
                   &(struct mark_what){
                       .room_uuid = sub->room_uuid, .user = c->user->id, .seq = seq},
                   on_marked, c);
    }
    stomp_out_receipt(c, stomp_header(f, "receipt"));
}
