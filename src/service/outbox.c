/* SPDX-License-Identifier: MIT */
#include "service/outbox.h"

#include "base/clock.h"
#include "generated/c/dao_chat.h"
#include "generated/c/dao_room.h"
#include "generated/c/envelope.h"
#include "generated/c/event_pb.h"

#include "base/banned.h"

enum {
    OUTBOX_PAYLOAD_MAX = 15 << 20
}; /* below MEDIUMBLOB and max_allowed_packet */

static struct outbox_record outbox_record_of(const struct event_record *r,
                                             struct arena *a)
{
    struct outbox_header *headers = ARENA_ARRAY(a, struct outbox_header, r->n_headers);

    for (size_t i = 0; i < r->n_headers; i++)
        headers[i] = (struct outbox_header){r->headers[i].name, r->headers[i].value};
    return (struct outbox_record){
        .topic = r->topic,
        .key = r->key,
        .value = r->value,
        .headers = headers,
        .n_headers = r->n_headers,
    };
}

enum err outbox_encode(const struct event_record *records, size_t n, struct arena *a,
                       struct buf *payload_out)
{
    struct outbox_record *list = ARENA_ARRAY(a, struct outbox_record, n);

    for (size_t i = 0; i < n; i++)
        list[i] = outbox_record_of(&records[i], a);
    buf_init(payload_out, OUTBOX_PAYLOAD_MAX);
    outbox_batch_pb_encode(&(struct outbox_batch){.records = list, .n_records = n},
                           payload_out);
    return buf_ok(payload_out) ? ERR_OK : ERR_TOO_LARGE;
}

static enum err insert(struct work_ctx *ctx, struct str server_id, struct str payload,
                       struct outbox_commit *out)
{
    struct db_result result;
    enum err rc = dao_outbox_insert(
        ctx->db,
        &(struct dao_outbox_insert_in){.server_id = server_id, .payload = payload},
        &result);

    out->row_id = (int64_t)result.insert_id;
    return rc;
}

enum err outbox_put(struct work_ctx *ctx, struct str server_id,
                    const struct event_record *records, size_t n,
                    struct outbox_commit *out)
{
    struct buf payload;
    enum err rc = outbox_encode(records, n, &ctx->arena, &payload);

    *out = (struct outbox_commit){.records = records, .n_records = n};
    if (rc == ERR_OK)
        rc = insert(ctx, server_id, buf_str(&payload), out);
    buf_release(&payload);
    return rc;
}

enum err outbox_put_messages(struct work_ctx *ctx, struct str server_id,
                             const struct outbox_messages *where,
                             const struct event_record *records, size_t n,
                             struct outbox_commit *out)
{
    struct buf payload;
    enum err rc = ERR_TOO_LARGE;

    *out = (struct outbox_commit){.records = records, .n_records = n};
    buf_init(&payload, OUTBOX_PAYLOAD_MAX);
    outbox_messages_pb_encode(where, &payload);
    if (buf_ok(&payload))
        rc = insert(ctx, server_id, buf_str(&payload), out);
    buf_release(&payload);
    return rc;
}

static enum err outbox_record_decode(const struct outbox_record *from,
                                     struct event_record *to)
{
    if (from->n_headers > EVENT_HEADERS_MAX)
        return ERR_BODY_INVALID;
    *to = (struct event_record){.topic = from->topic,
                                .key = from->key,
                                .value = from->value,
                                .n_headers = from->n_headers};
    for (size_t i = 0; i < from->n_headers; i++)
        to->headers[i] =
            (struct event_header){from->headers[i].name, from->headers[i].value};
    return ERR_OK;
}

enum err outbox_decode(struct arena *a, struct str payload,
                       struct event_record **records_out, size_t *n_out)
{
    struct event_record *records;
    struct outbox_batch batch;
    enum err rc;

    rc = outbox_batch_pb_decode(a, payload, &batch, NULL);
    if (rc != ERR_OK)
        return rc;
    records = ARENA_ARRAY(a, struct event_record, batch.n_records);
    if (!records && batch.n_records > 0)
        return ERR_TOO_LARGE;
    for (size_t i = 0; i < batch.n_records && rc == ERR_OK; i++)
        rc = outbox_record_decode(&batch.records[i], &records[i]);
    *records_out = records;
    *n_out = batch.n_records;
    return rc;
}

/* --- messages, where they stand ------------------------------------------------------------ */

struct loading {
    struct db *db;
    struct arena *arena;
    const struct outbox_row *row;
    struct outbox_messages where;
    enum event_form form;
    struct event_record *records;
    size_t n, max;
};

static enum err load_one(struct loading *l, const struct room_user_row *members,
                         size_t n_members, const struct chat_row *row)
{
    const struct chat_dto dto = {
        .room_uuid = members[0].roomuuid,
        .sender = row->sender,
        .content = row->message,
        .has_timestamp = row->has_timestamp,
        .timestamp = row->timestamp,
    };
    struct event_meta meta = {
        .topic = l->where.topic,
        .id = row->id,
        .time_ns = l->where.time_us * NS_PER_US,
        .sequence = row->seq,
        .server = l->row->server_id,
        .idempotency_key = row->idempotency_key,
    };

    BUG_ON(l->n == l->max);
    for (size_t i = 0; i < n_members && i < 2; i++)
        meta.users[i] = members[i].user;
    return event_chat_message_encode(&meta, &dto, l->form, l->arena, &l->records[l->n++]);
}

/* A room without members is gone, its messages are as well, or will be soon. */
static enum err load_range(struct loading *l, const struct outbox_range *range)
{
    struct room_user_row *members;
    struct chat_row *rows;
    size_t n_members, n;
    enum err rc = dao_room_user_of_room(
        l->db, &(struct dao_room_user_of_room_in){.id = range->room_id}, l->arena,
        &members, &n_members);

    if (rc != ERR_OK || n_members == 0)
        return rc;
    rc = dao_chat_after(l->db,
                        &(struct dao_chat_after_in){.room_id = range->room_id,
                                                    .after = range->first_seq - 1,
                                                    .limit = (uint32_t)range->messages},
                        l->arena, &rows, &n);
    for (size_t i = 0; rc == ERR_OK && i < n; i++)
        if (rows[i].seq < range->first_seq + range->messages)
            rc = load_one(l, members, n_members, &rows[i]);
    return rc;
}

static enum err load_messages(struct loading *l)
{
    enum err rc = ERR_OK;

    for (size_t i = 0; i < l->where.n_ranges; i++)
        l->max += (size_t)l->where.ranges[i].messages;
    l->records = ARENA_ARRAY(l->arena, struct event_record, l->max);
    if (!l->records)
        return ERR_TOO_LARGE;
    for (size_t i = 0; i < l->where.n_ranges && rc == ERR_OK; i++)
        rc = load_range(l, &l->where.ranges[i]);
    return rc;
}

enum err outbox_load(struct db *db, const struct outbox_row *row, enum event_form form,
                     struct arena *a, struct event_record **records_out, size_t *n_out)
{
    struct loading l = {.db = db, .arena = a, .row = row, .form = form};
    enum err rc = outbox_messages_pb_decode(a, row->payload, &l.where, NULL);

    if (rc == ERR_BODY_INVALID)
        return outbox_decode(a, row->payload, records_out, n_out);
    if (rc == ERR_OK)
        rc = load_messages(&l);
    *records_out = l.records;
    *n_out = l.n;
    return rc;
}
