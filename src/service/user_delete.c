/* SPDX-License-Identifier: MIT */
#include "service/user_delete.h"

#include "base/clock.h"
#include "base/uuid.h"
#include "generated/c/dao_chat.h"
#include "generated/c/dao_room.h"
#include "generated/c/dao_user.h"
#include "generated/c/envelope.h"
#include "service/user_outbox.h"

#include "base/banned.h"

enum {
    ROOMS_A_STEP = 20,
    MESSAGES_AT_ONCE = 5000,
    RETRIES_MAX = 5 /* of deadlocks; one that waits for a lock takes 5 s */
};

/* A step under way. */
struct deletion {
    struct work_ctx *ctx;
    const struct user_delete_config *config;
    struct str user, anonymous;
    struct arena *arena;
};

/* --- one room ----------------------------------------------------------------------------- */

static enum err rename_sender(const struct deletion *d, int64_t room_id)
{
    struct dao_room_last_seqs_row *rows;
    size_t n;
    enum err rc = dao_room_last_seqs(
        d->ctx->db, &(struct dao_room_last_seqs_in){.ids = &room_id, .n_ids = 1},
        &d->ctx->arena, &rows, &n);

    for (int64_t after = 0; rc == ERR_OK && n == 1 && after < rows[0].last_seq;
         after += MESSAGES_AT_ONCE)
        rc = dao_chat_anonymize(
            d->ctx->db,
            &(struct dao_chat_anonymize_in){.user = d->user,
                                            .anonymous = d->anonymous,
                                            .room_id = room_id,
                                            .after = after,
                                            .upto = after + MESSAGES_AT_ONCE},
            NULL);
    return rc;
}

static enum err rename_reporter(const struct deletion *d, struct str room_uuid)
{
    return dao_report_anonymize(
        d->ctx->db,
        &(struct dao_report_anonymize_in){
            .user = d->user, .anonymous = d->anonymous, .roomuuid = room_uuid},
        NULL);
}

/* What the room is to everyone from now on; members under the names they have now. */
static enum err describe(const struct deletion *d, const struct dao_user_rooms_row *room,
                         struct room_changed *change)
{
    struct room_user_row *rows;
    struct str *users;
    size_t n;
    enum err rc = dao_room_user_of_room(
        d->ctx->db, &(struct dao_room_user_of_room_in){.id = room->id}, d->arena, &rows,
        &n);

    if (rc != ERR_OK)
        return rc;
    users = ARENA_ARRAY(d->arena, struct str, n);
    for (size_t i = 0; i < n; i++)
        users[i] = rows[i].user;
    *change = (struct room_changed){.room_uuid = room->roomuuid,
                                    .product_name = room->product_name,
                                    .users = users,
                                    .n_users = n < 2 ? n : 2,
                                    .state = STR("frozen")};
    return ERR_OK;
}

/* BEGIN was said; the caller commits or rolls back. The room's row comes first: whoever is about to
 * store a message in it waits, and then finds that its card is old. */
static enum err anonymize(const struct deletion *d, const struct dao_user_rooms_row *room,
                          struct room_outcome *outcome)
{
    struct db_result result;
    enum err rc = dao_room_anonymize(
        d->ctx->db, &(struct dao_room_anonymize_in){.id = room->id}, &result);

    if (rc == ERR_OK && result.affected == 0)
        return ERR_ROOM_NOT_FOUND; /* closed meanwhile */
    if (rc == ERR_OK)
        rc = dao_room_user_anonymize(
            d->ctx->db,
            &(struct dao_room_user_anonymize_in){
                .user = d->user, .anonymous = d->anonymous, .room_id = room->id},
            NULL);
    if (rc == ERR_OK)
        rc = rename_sender(d, room->id);
    if (rc == ERR_OK)
        rc = rename_reporter(d, room->roomuuid);
    if (rc == ERR_OK)
        rc = describe(d, room, &outcome->change);
    if (rc == ERR_OK)
        rc = room_change_put(d->ctx, &d->config->room, event_room_state_encode, d->arena,
                             outcome);
    return rc;
}

static enum err anonymize_room(const struct deletion *d,
                               const struct dao_user_rooms_row *room,
                               struct room_outcome *outcome)
{
    enum err rc = db_begin(d->ctx->db);

    if (rc != ERR_OK)
        return rc;
    rc = anonymize(d, room, outcome);
    rc = db_end(d->ctx->db, rc);
    outcome->is_changed = rc == ERR_OK;
    return rc;
}

static enum err purge_room(const struct deletion *d,
                           const struct dao_user_rooms_row *room,
                           struct room_outcome *outcome)
{
    enum err rc = rename_reporter(d, room->roomuuid);

    if (rc == ERR_OK)
        rc = room_delete(d->ctx, &d->config->room, room->roomuuid, STR_NULL, d->arena,
                         outcome);
    return rc;
}

/* A room that is being deleted already goes whole, whatever the policy. */
static enum err leave_room(const struct deletion *d,
                           const struct dao_user_rooms_row *room,
                           struct room_outcome *outcome)
{
    bool is_closed = str_eq(room->state, STR("closed"));
    struct room_outcome tried = {0};
    enum err rc = ERR_DB_RETRY;

    /* A try that only ends the one before changes nothing more: what that one did is still to be told. */
    for (int i = 0; i < RETRIES_MAX && rc == ERR_DB_RETRY; i++) {
        rc = d->config->is_purge || is_closed ? purge_room(d, room, &tried)
                                              : anonymize_room(d, room, &tried);
        if (i == 0 || tried.is_changed)
            *outcome = tried;
    }
    return rc == ERR_ROOM_NOT_FOUND ? ERR_OK : rc; /* somebody else deleted it */
}

/* --- what is in no room ------------------------------------------------------------------- */

static enum err forget_inquiries(const struct deletion *d)
{
    if (d->config->is_purge)
        return dao_inquiry_delete(d->ctx->db,
                                  &(struct dao_inquiry_delete_in){.user = d->user}, NULL);
    return dao_inquiry_anonymize(
        d->ctx->db,
        &(struct dao_inquiry_anonymize_in){.anonymous = d->anonymous, .user = d->user},
        NULL);
}

static enum err put_event(const struct deletion *d, struct user_delete_step *step)
{
    struct event_record *record = ARENA_NEW(d->arena, struct event_record);
    struct uuid id = uuid_v7(clock_real_ns());
    const struct event_meta meta = {
        .topic = d->config->room.event_topic,
        .id = arena_dup(d->arena, uuid_str(&id)),
        .time_ns = clock_real_ns(),
        .users = {d->user},
        .server = d->config->room.server_id,
    };
    enum err rc;

    step->deleted = (struct user_deleted){
        .user = d->user,
        .policy = d->config->is_purge ? STR("purge") : STR("anonymize"),
        .anonymous_user = d->config->is_purge ? STR_NULL : d->anonymous,
    };
    rc = event_user_deleted_encode(&meta, &step->deleted, EVENT_JSON, d->arena, record);
    if (rc == ERR_OK)
        rc = outbox_put(d->ctx, d->config->room.server_id, record, 1, &step->commit);
    return rc;
}

/* BEGIN was said; the caller commits or rolls back. */
static enum err forget(const struct deletion *d, struct user_delete_step *step)
{
    enum err rc = dao_user_blocks_delete(
        d->ctx->db, &(struct dao_user_blocks_delete_in){.user = d->user}, NULL);

    if (rc == ERR_OK)
        rc = dao_user_blocked_delete(
            d->ctx->db, &(struct dao_user_blocked_delete_in){.user = d->user}, NULL);
    if (rc == ERR_OK)
        rc = forget_inquiries(d);
    if (rc == ERR_OK)
        rc = put_event(d, step);
    return rc;
}

static enum err finish(const struct deletion *d, struct user_delete_step *step)
{
    enum err rc =
        user_outbox_clean(d->ctx, d->user, d->config->is_purge ? STR_NULL : d->anonymous);

    if (rc == ERR_OK)
        rc = db_begin(d->ctx->db);
    if (rc != ERR_OK)
        return rc;
    rc = forget(d, step);
    rc = db_end(d->ctx->db, rc);
    step->is_over = rc == ERR_OK;
    return rc;
}

/* --- a step ------------------------------------------------------------------------------- */

static enum err find(struct deletion *d, struct dao_user_rooms_row **rooms_out,
                     size_t *n_out)
{
    struct dao_user_anonymous_row row;
    enum err rc = dao_user_anonymous(
        d->ctx->db, &(struct dao_user_anonymous_in){.user = d->user}, d->arena, &row);

    if (rc != ERR_OK)
        return rc;
    d->anonymous = row.id;
    return dao_user_rooms(
        d->ctx->db, &(struct dao_user_rooms_in){.user = d->user, .limit = ROOMS_A_STEP},
        d->arena, rooms_out, n_out);
}

enum err user_delete_some(struct work_ctx *ctx, const struct user_delete_config *config,
                          struct str user, struct arena *a, struct user_delete_step *step)
{
    struct deletion d = {.ctx = ctx, .config = config, .user = user, .arena = a};
    struct dao_user_rooms_row *rooms;
    size_t n;
    enum err rc = find(&d, &rooms, &n);

    *step = (struct user_delete_step){0};
    if (rc != ERR_OK)
        return rc;
    step->rooms = ARENA_ARRAY(a, struct room_outcome, n);
    for (size_t i = 0; rc == ERR_OK && i < n; i++) {
        rc = leave_room(&d, &rooms[i], &step->rooms[i]);
        step->n_rooms += rc == ERR_OK || step->rooms[i].is_changed;
    }
    if (rc != ERR_OK || n > 0)
        return rc;
    rc = ERR_DB_RETRY;
    for (int i = 0; i < RETRIES_MAX && rc == ERR_DB_RETRY; i++)
        rc = finish(&d, step);
    return rc;
}
