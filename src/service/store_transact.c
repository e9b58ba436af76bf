/*
 * The transaction of a batch: numbers from the rooms in id order, rows, outbox, COMMIT.
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#include "base/clock.h"
#include "generated/c/chat.h"
#include "generated/c/dao_chat.h"
#include "generated/c/envelope.h"
#include "service/store_batch.h"

#include "base/banned.h"

/* The units that take part now, and their messages as rows. */
struct transaction {
    struct store_batch *b;
    struct store_unit **units; /* by room id, arrival order within a room */
    size_t n_units;
    size_t n_messages;
    struct dao_chat_insert_in *rows;
    struct event_record *records;
    int64_t real_ns, civil_ns; /* of the transaction, whole microseconds */
};

static int by_room(const void *x, const void *y)
{
    int64_t a = store_card(*(struct store_unit *const *)x)->room_id;
    int64_t b = store_card(*(struct store_unit *const *)y)->room_id;

    return (a > b) - (a < b);
}

/* Insertion sort: stable, and the batch is mostly small or already grouped. */
static void sort_units(struct store_unit **units, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct store_unit *u = units[i];
        size_t at = i;

        for (; at > 0 && by_room(&units[at - 1], &u) > 0; at--)
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

/* The end of the run of units that share the room of units[from]. */
static size_t run_end(const struct transaction *t, size_t from)
{
    size_t to = from + 1;

    while (to < t->n_units && by_room(&t->units[from], &t->units[to]) == 0)
        to++;
    return to;
}

static struct card *newest_card(const struct transaction *t, size_t from, size_t to)
{
    struct card *newest = store_card(t->units[from]);

    for (size_t i = from + 1; i < to; i++)
        if (store_card(t->units[i])->access_version > newest->access_version)
            newest = store_card(t->units[i]);
    return newest;
}

/* The room's card was older than the room: read it again in the next round. The loop's own card
 * stays the loop's; a missing fresh one makes store_admit read. */
static void drop_cards(struct transaction *t, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        card_unref(&t->units[i]->fresh);
        t->units[i]->card = NULL;
    }
}

static enum err take_seqs(struct transaction *t, size_t from, size_t to)
{
    struct card *card = newest_card(t, from, to);
    struct dao_room_take_seq_in in = {.id = card->room_id,
                                      .access_version = card->access_version,
                                      .has_updated_at = true,
                                      .updated_at = t->civil_ns};
    struct db_result result;
    int64_t seq;
    enum err rc;

    for (size_t i = from; i < to; i++) {
        const struct card_member *sender = card_member(card, t->units[i]->sender);

        if (!sender) { /* an older card admitted it */
            drop_cards(t, from, to);
            return ERR_NOT_FOUND;
        }
        in.n += (uint32_t)t->units[i]->n_messages;
        if (sender->side == 0)
            in.from_0 = in.n;
        else
            in.from_1 = in.n;
    }
    rc = dao_room_take_seq(t->b->ctx->db, &in, &result);
    if (rc != ERR_OK)
        return rc;
    if (result.affected == 0) {
        drop_cards(t, from, to);
        return ERR_NOT_FOUND;
    }
    seq = (int64_t)result.insert_id - in.n;
    for (size_t i = from; i < to; i++)
        for (size_t j = 0; j < t->units[i]->n_messages; j++) {
            t->units[i]->messages[j].seq = ++seq;
            t->units[i]->messages[j].timestamp = t->civil_ns;
        }
    return ERR_OK;
}

static enum err take_all_seqs(struct transaction *t)
{
    enum err rc = ERR_OK;

    for (size_t from = 0, to; from < t->n_units && rc == ERR_OK; from = to) {
        to = run_end(t, from);
        rc = take_seqs(t, from, to);
    }
    return rc;
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

enum err store_transact(struct store_batch *b)
{
    struct outbox_commit *commit = ARENA_NEW(b->arena, struct outbox_commit);
    struct db *db = b->ctx->db;
    struct transaction t;
    enum err rc;

    collect(&t, b);
    rc = db_begin(db);
    if (rc != ERR_OK)
        return rc;
    rc = take_all_seqs(&t);
    if (rc == ERR_OK)
        rc = fill_rows(&t);
    if (rc == ERR_OK)
        rc = dao_chat_insert_batch(db, t.rows, t.n_messages, NULL);
    if (rc == ERR_OK)
        rc = outbox_put(b->ctx, b->config->server_id, t.records, t.n_messages, commit);
    if (rc != ERR_OK) {
        db_rollback(db);
        return rc;
    }
    rc = db_commit(db);
    if (rc == ERR_OK) {
        note_commit(&t, commit);
    } else if (rc == ERR_DB_LOST) {
        b->is_commit_sent = true;
        b->result->is_row_unknown = true;
    }
    return rc;
}
