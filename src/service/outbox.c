/* SPDX-License-Identifier: MIT */
#include "service/outbox.h"

#include "generated/c/dao_chat.h"
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

enum err outbox_put(struct work_ctx *ctx, struct str server_id,
                    const struct event_record *records, size_t n,
                    struct outbox_commit *out)
{
    struct db_result result;
    struct buf payload;
    enum err rc = outbox_encode(records, n, &ctx->arena, &payload);

    if (rc == ERR_OK)
        rc = dao_outbox_insert(ctx->db,
                               &(struct dao_outbox_insert_in){
                                   .server_id = server_id, .payload = buf_str(&payload)},
                               &result);
    buf_release(&payload);
    if (rc == ERR_OK)
        *out = (struct outbox_commit){
            .row_id = (int64_t)result.insert_id, .records = records, .n_records = n};
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
