/* SPDX-License-Identifier: MIT */
#include "service/mark.h"

#include "base/clock.h"
#include "base/uuid.h"
#include "generated/c/dao_room.h"
#include "generated/c/envelope.h"

#include "base/banned.h"

enum {
    RETRIES_MAX = 10 /* of deadlocks; one that waits for a lock takes 5 s */
};

/* What every step of one marker needs. */
struct mark {
    struct work_ctx *ctx;
    const struct mark_config *config;
    const struct card *card;
    struct str user;
    int64_t seq;
    bool is_read;
    struct arena *arena;
};

static enum err move_marker(const struct mark *m, struct db_result *result)
{
    if (m->is_read)
        return dao_room_user_read(
            m->ctx->db,
            &(struct dao_room_user_read_in){
                .room_id = m->card->room_id, .user = m->user, .seq = m->seq},
            result);
    return dao_room_user_delivered(
        m->ctx->db,
        &(struct dao_room_user_delivered_in){
            .room_id = m->card->room_id, .user = m->user, .seq = m->seq},
        result);
}

static enum err put_event(const struct mark *m, struct outbox_commit *commit)
{
    struct event_record *record = ARENA_NEW(m->arena, struct event_record);
    /* The record refers to it, and outlives the card. */
    const struct member_marked value = {.room_uuid = arena_dup(m->arena, m->card->uuid),
                                        .user = m->user,
                                        .has_seq = true,
                                        .seq = m->seq};
    struct uuid id = uuid_v7(clock_real_ns());
    struct event_meta meta = {
        .topic = m->config->event_topic,
        .id = arena_dup(m->arena, uuid_str(&id)),
        .time_ns = clock_real_ns(),
        .server = m->config->server_id,
    };
    enum err rc;

    for (size_t i = 0; i < m->card->n_members; i++)
        meta.users[i] = m->card->members[i].user;
    rc =
        m->is_read
            ? event_message_read_encode(&meta, &value, EVENT_JSON, m->arena, record)
            : event_message_delivered_encode(&meta, &value, EVENT_JSON, m->arena, record);
    if (rc != ERR_OK)
        return rc;
    return outbox_put(m->ctx, m->config->server_id, record, 1, commit);
}

static enum err mark_transact(const struct mark *m, struct mark_stored *result)
{
    struct db_result moved;
    enum err rc = db_begin(m->ctx->db);

    if (rc != ERR_OK)
        return rc;
    rc = move_marker(m, &moved);
    if (rc == ERR_OK && moved.affected > 0) {
        result->is_moved = true;
        rc = put_event(m, &result->commit);
    }
    rc = db_end(m->ctx->db, rc);
    if (rc != ERR_OK)
        result->is_moved = false;
    return rc;
}

enum err unread_total(struct work_ctx *ctx, struct str user, int64_t *total_out,
                      int64_t *rooms_out)
{
    struct dao_unread_total_row row;
    enum err rc = dao_unread_total(ctx->db, &(struct dao_unread_total_in){.user = user},
                                   &ctx->arena, &row);

    if (rc != ERR_OK)
        return rc;
    *total_out = row.total_unread;
    *rooms_out = row.rooms;
    return ERR_OK;
}

static enum err mark_in_room(struct mark *m, struct mark_stored *result)
{
    const struct card_member *member = card_member(m->card, m->user);
    enum err rc = ERR_DB_RETRY;
    int64_t rooms, read;

    if (!member)
        return ERR_NOT_MEMBER;
    if (m->seq > m->card->last_seq)
        m->seq = m->card->last_seq;
    result->seq = m->seq;
    for (int i = 0; i < RETRIES_MAX && rc == ERR_DB_RETRY; i++)
        rc = mark_transact(m, result);
    if (rc != ERR_OK || !m->is_read)
        return rc;
    read = member->read_seq > m->seq ? member->read_seq : m->seq;
    result->unread = m->card->last_seq - read;
    return unread_total(m->ctx, m->user, &result->total_unread, &rooms);
}

enum err mark_store(struct work_ctx *ctx, const struct mark_config *config,
                    const struct mark_what *what, struct arena *a,
                    struct mark_stored *result)
{
    struct card *card = NULL;
    struct mark m = {.ctx = ctx,
                     .config = config,
                     .user = what->user,
                     .seq = what->seq,
                     .is_read = what->is_read,
                     .arena = a};
    enum err rc;

    *result = (struct mark_stored){0};
    rc = card_load(ctx, what->room_uuid, &card);
    m.card = card;
    if (rc == ERR_OK)
        rc = mark_in_room(&m, result);
    card_unref(&card);
    return rc == ERR_DB_LOST || rc == ERR_DB_RETRY ? ERR_STORAGE_UNAVAILABLE : rc;
}
