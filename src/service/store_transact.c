/*
 * The transaction of a batch: numbers from the rooms in id order, rows, outbox, COMMIT.
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#include "base/clock.h"
#include "generated/c/chat.h"
#include "generated/c/dao_chat.h"
#include "generated/c/envelope.h"
#include "generated/c/event.h"
#include "service/store_batch.h"

#include "base/banned.h"

/* The units that take part now, and their messages as rows. */
struct transaction {
    struct store_batch *b;
    struct store_unit **units; /* by room id, arrival order within a room */
    size_t n_units;
    size_t n_messages;
    struct store_numbers numbers;
    struct dao_chat_insert_in *rows;
    struct event_record *records;
    int64_t real_ns, civil_ns; /* of the transaction, whole microseconds */
};

/* Insertion sort: stable, and the batch is mostly small or already grouped. */
static void sort_units(struct store_unit **units, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct store_unit *u = units[i];
        size_t at = i;

        for (; at > 0 && store_card(units[at - 1])->room_id > store_card(u)->room_id;
             at--)
            units[at] = units[at - 1];
        units[at] = u;
    }
}

/* A unit whose key an earlier unit of this batch carries waits for the next round, where the first
 * one is found in the database. */
static bool must_wait(const struct transaction *t, const struct store_unit *u)
{
    for (size_t i = 0; i < t->n_units; i++) {
        const struct store_unit *earlier = t->units[i];

        if (!str_eq(earlier->room_uuid, u->room_uuid) ||
            !str_eq(earlier->sender, u->sender))
            continue;
        for (size_t j = 0; j < earlier->n_messages; j++)
            for (size_t k = 0; k < u->n_messages; k++)
                if (u->messages[k].key.p &&
                    str_eq(earlier->messages[j].key, u->messages[k].key))
                    return true;
    }
    return false;
}

static bool has_keys(const struct store_unit *u)
{
    for (size_t i = 0; i < u->n_messages; i++)
        if (u->messages[i].key.p)
            return true;
    return false;
}

static void collect(struct transaction *t, struct store_batch *b)
{
    *t = (struct transaction){
        .b = b,
        .units = ARENA_ARRAY(&b->ctx->arena, struct store_unit *, b->n),
        .real_ns = clock_real_ns() / NS_PER_US * NS_PER_US,
    };
    t->civil_ns = clock_civil_ns(t->real_ns);
    for (size_t i = 0; i < b->n; i++) {
        struct store_unit *u = b->units[i];

        if (u->is_settled || (has_keys(u) && must_wait(t, u)))
            continue;
        t->units[t->n_units++] = u;
        t->n_messages += u->n_messages;
    }
    sort_units(t->units, t->n_units);
    t->rows = ARENA_ARRAY(&b->ctx->arena, struct dao_chat_insert_in, t->n_messages);
    t->records = ARENA_ARRAY(b->arena, struct event_record, t->n_messages);
}

static enum err encode_record(struct transaction *t, struct store_unit *u,
                              struct store_message *m, struct event_record *record)
{
    const struct card *card = store_card(u);
    const struct chat_dto dto = {
        .room_uuid = card->uuid,
        .sender = u->sender,
        .content = m->content,
        .has_timestamp = true,
        .timestamp = m->timestamp,
    };
    struct event_meta meta = {
        .topic = t->b->config->topic,
        .id = uuid_str(&m->id),
        .time_ns = t->real_ns,
        .sequence = m->seq,
        .server = t->b->config->server_id,
        .idempotency_key = m->key,
    };
    struct buf json;
    enum err rc;

    for (size_t i = 0; i < card->n_members; i++)
        meta.users[i] = card->members[i].user;
    rc = event_chat_message_encode(&meta, &dto, t->b->config->form, t->b->arena, record);
    if (rc != ERR_OK || t->b->config->form == EVENT_JSON) {
        m->body = record->value;
        return rc;
    }
    buf_init(&json, SIZE_MAX);
    chat_dto_json_encode(&dto, &json);
    m->body = arena_dup(t->b->arena, buf_str(&json));
    buf_release(&json);
    return ERR_OK;
}

static enum err fill_rows(struct transaction *t)
{
    size_t at = 0;

    for (size_t i = 0; i < t->n_units; i++) {
        struct store_unit *u = t->units[i];

        for (size_t j = 0; j < u->n_messages; j++, at++) {
            struct store_message *m = &u->messages[j];
            enum err rc = encode_record(t, u, m, &t->records[at]);

            if (rc != ERR_OK)
                return rc;
            t->rows[at] = (struct dao_chat_insert_in){
                .room_id = store_card(u)->room_id,
                .seq = m->seq,
                .id = uuid_str(&m->id),
                .sender = u->sender,
                .message = m->content,
                .has_timestamp = true,
                .timestamp = m->timestamp,
                .idempotency_key = m->key,
            };
        }
    }
    return ERR_OK;
}

static void note_commit(struct transaction *t, struct outbox_commit *commit)
{
    struct outbox_commit **last = &t->b->result->commits;

    while (*last)
        last = &(*last)->next;
    *last = commit;
    for (size_t i = 0; i < t->n_units; i++)
        store_settle(t->units[i], ERR_OK);
}

static enum err put_outbox(struct transaction *t, struct outbox_commit *commit)
{
    const struct store_numbers *numbers = &t->numbers;
    struct outbox_range *ranges =
        ARENA_ARRAY(&t->b->ctx->arena, struct outbox_range, numbers->n_runs);
    const struct outbox_messages where = {
        .time_us = t->real_ns / NS_PER_US,
        .topic = t->b->config->topic,
        .ranges = ranges,
        .n_ranges = numbers->n_runs,
    };

    for (size_t i = 0; i < numbers->n_runs; i++)
        ranges[i] = (struct outbox_range){.room_id = numbers->runs[i].card->room_id,
                                          .first_seq = numbers->runs[i].last_seq + 1,
                                          .messages = numbers->runs[i].n};
    return outbox_put_messages(t->b->ctx, t->b->config->server_id, &where, t->records,
                               t->n_messages, commit);
}

static enum err write_all(struct transaction *t, struct outbox_commit *commit)
{
    struct work_ctx *ctx = t->b->ctx;
    enum err rc = store_number(ctx, t->units, t->n_units, t->civil_ns, &t->numbers);

    if (rc == ERR_OK)
        rc = fill_rows(t);
    if (rc == ERR_OK)
        rc = dao_chat_insert_batch(ctx->db, t->rows, t->n_messages, NULL);
    return rc == ERR_OK ? put_outbox(t, commit) : rc;
}

enum err store_transact(struct store_batch *b)
{
    struct outbox_commit *commit = ARENA_NEW(b->arena, struct outbox_commit);
    struct db *db = b->ctx->db;
    struct transaction t;
    bool is_commit_sent;
    enum err rc;

    collect(&t, b);
    rc = db_begin(db);
    if (rc != ERR_OK)
        return rc;
    rc = write_all(&t, commit);
    is_commit_sent = rc == ERR_OK;
    rc = db_end(db, rc);
    if (rc == ERR_OK) {
        note_commit(&t, commit);
    } else if (rc == ERR_DB_LOST && is_commit_sent) {
        b->is_commit_sent = true;
        b->result->is_row_unknown = true;
    }
    return rc;
}
