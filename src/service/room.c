/* SPDX-License-Identifier: MIT */
#include "service/room.h"

#include "base/clock.h"
#include "base/uuid.h"
#include "generated/c/dao_room.h"
#include "generated/c/envelope.h"

#include "base/banned.h"

enum {
    CREATIONS_MAX = 20,
    RETRIES_MAX = 5, /* in a row; one that waits for a lock takes 5 s */
    SWEEP_ROWS = 100
};

struct room_user_dto room_user_dto_of(const struct room_user_row *row, bool is_fresh,
                                      struct arena *a)
{
    static const struct chat_dto no_chat;
    static const struct str no_user;
    struct room_dto *room = ARENA_NEW(a, struct room_dto);

    *room = (struct room_dto){
        .id = row->room_id,
        .room_uuid = row->roomuuid,
        .product_name = row->product_name,
        .chat_list = is_fresh ? NULL : &no_chat,
        .room_user_list = is_fresh ? NULL : &no_user,
    };
    return (struct room_user_dto){
        .id = row->id, .room = room, .user = row->user, .other = row->other};
}

/* What pair_key is the hash of. */
static struct str pair_text(const struct room_create *r, struct arena *a)
{
    bool is_caller_first = str_cmp(r->caller, r->user) < 0;
    struct str parts[3] = {is_caller_first ? r->caller : r->user,
                           is_caller_first ? r->user : r->caller,
                           r->product.p ? r->product : r->name};
    char *p = arena_alloc(a, parts[0].n + parts[1].n + parts[2].n + 2);
    size_t at = 0;

    for (size_t i = 0; i < 3; i++) {
        if (i > 0)
            p[at++] = '\0';
        memcpy(p + at, parts[i].p, parts[i].n);
        at += parts[i].n;
    }
    return (struct str){p, at};
}

/* The memberships of a room in the order of the answer: the user asked for, then the caller. */
static enum err load_members(struct work_ctx *ctx, int64_t room_id,
                             const struct room_create *r, struct arena *a,
                             struct room_user_dto out[2])
{
    struct room_user_row *rows;
    size_t n;
    enum err rc = dao_room_user_of_room(
        ctx->db, &(struct dao_room_user_of_room_in){.id = room_id}, a, &rows, &n);

    if (rc != ERR_OK)
        return rc;
    out[0] = out[1] = (struct room_user_dto){0};
    for (size_t i = 0; i < n; i++)
        out[str_eq(rows[i].user, r->caller)] = room_user_dto_of(&rows[i], true, a);
    return out[0].user.p && out[1].user.p ? ERR_OK : ERR_NOT_FOUND;
}

enum err room_find_pair(struct work_ctx *ctx, const struct room_create *r,
                        struct arena *a, struct room_user_dto out[2])
{
    struct dao_room_by_pair_row row;
    enum err rc;

    rc = dao_room_by_pair(ctx->db, &(struct dao_room_by_pair_in){.pair = pair_text(r, a)},
                          a, &row);
    if (rc == ERR_OK)
        rc = load_members(ctx, row.id, r, a, out);
    if (rc != ERR_OK)
        return rc;
    return dao_room_user_unhide(
        ctx->db, &(struct dao_room_user_unhide_in){.room_id = row.id, .user = r->caller},
        NULL);
}

static enum err insert_members(struct work_ctx *ctx, int64_t room_id,
                               const struct room_create *r)
{
    const struct dao_room_user_insert_in members[2] = {
        {.room_id = room_id, .user = r->user, .other = r->caller, .side = 0},
        {.room_id = room_id, .user = r->caller, .other = r->user, .side = 1},
    };

    return dao_room_user_insert_batch(ctx->db, members, 2, NULL);
}

enum err room_change_put(struct work_ctx *ctx, const struct room_config *config,
                         room_change_encode_fn *encode, struct arena *a,
                         struct room_outcome *outcome)
{
    const struct room_changed *change = &outcome->change;
    struct event_record *record = ARENA_NEW(a, struct event_record);
    struct uuid id = uuid_v7(clock_real_ns());
    struct event_meta meta = {
        .topic = config->event_topic,
        .id = arena_dup(a, uuid_str(&id)),
        .time_ns = clock_real_ns(),
        .server = config->server_id,
    };
    enum err rc;

    for (size_t i = 0; i < change->n_users && i < 2; i++)
        meta.users[i] = change->users[i];
    rc = encode(&meta, change, EVENT_JSON, a, record);
    if (rc == ERR_OK)
        rc = outbox_put(ctx, config->server_id, record, 1, &outcome->commit);
    outcome->is_changed = rc == ERR_OK;
    return rc;
}

/* Ends the transaction. What was not committed for certain is not told: the outbox has it if it was. */
static enum err end_change(struct work_ctx *ctx, enum err rc,
                           struct room_outcome *outcome)
{
    rc = db_end(ctx->db, rc);
    outcome->is_changed = rc == ERR_OK;
    return rc;
}

/* BEGIN was said; the caller commits or rolls back. */
static enum err insert_room(struct work_ctx *ctx, const struct room_config *config,
                            const struct room_create *r, struct arena *a,
                            struct room_outcome *outcome, int64_t *room_id_out)
{
    int64_t now = clock_civil_ns(clock_real_ns()) / NS_PER_US * NS_PER_US;
    struct uuid id = uuid_v4();
    struct str *users = ARENA_ARRAY(a, struct str, 2);
    struct db_result result;
    enum err rc;

    users[0] = r->user;
    users[1] = r->caller;
    outcome->change = (struct room_changed){
        .room_uuid = arena_dup(a, uuid_str(&id)),
        .product_name = r->name,
        .users = users,
        .n_users = 2,
        .state = STR("open"),
    };
    rc = dao_room_insert(
        ctx->db,
        &(struct dao_room_insert_in){.product_name = r->name,
                                     .roomuuid = outcome->change.room_uuid,
                                     .product_id = r->product,
                                     .pair = pair_text(r, a),
                                     .has_created_at = true,
                                     .created_at = now,
                                     .has_updated_at = true,
                                     .updated_at = now},
        &result);
    if (rc != ERR_OK)
        return rc;
    *room_id_out = (int64_t)result.insert_id;
    rc = insert_members(ctx, *room_id_out, r);
    if (rc == ERR_OK)
        rc = room_change_put(ctx, config, event_room_created_encode, a, outcome);
    return rc;
}

static enum err create_once(struct work_ctx *ctx, const struct room_config *config,
                            const struct room_create *r, struct arena *a,
                            struct room_user_dto out[2], struct room_outcome *outcome)
{
    int64_t room_id;
    enum err rc = room_find_pair(ctx, r, a, out);

    if (rc != ERR_NOT_FOUND)
        return rc;
    rc = db_begin(ctx->db);
    if (rc != ERR_OK)
        return rc;
    rc = insert_room(ctx, config, r, a, outcome, &room_id);
    if (rc == ERR_OK)
        rc = load_members(ctx, room_id, r, a, out);
    return end_change(ctx, rc, outcome);
}

enum err room_create(struct work_ctx *ctx, const struct room_config *config,
                     const struct room_create *request, struct arena *a,
                     struct room_user_dto out[2], struct room_outcome *outcome)
{
    enum err rc = ERR_DB_RETRY;

    *outcome = (struct room_outcome){0};
    /* Two concurrent creations: the unique key decides, the loser reads the winner's room. */
    for (int i = 0; i < CREATIONS_MAX && (rc == ERR_DB_RETRY || rc == ERR_DB_DUPLICATE);
         i++)
        rc = create_once(ctx, config, request, a, out, outcome);
    return rc;
}

/* --- deleting and freezing ---------------------------------------------------------------- */

/* A room whatever its state, with its members' names in a. */
static enum err load_room(struct work_ctx *ctx, struct str uuid, struct arena *a,
                          struct room_changed *change, int64_t *room_id_out,
                          bool *is_closed_out)
{
    struct dao_room_load_row *rows;
    struct str *users;
    size_t n;
    enum err rc = dao_room_load(ctx->db, &(struct dao_room_load_in){.roomuuid = uuid}, a,
                                &rows, &n);

    if (rc == ERR_DB_RANGE)
        return ERR_ROOM_NOT_FOUND; /* longer than the name of any room */
    if (rc != ERR_OK)
        return rc;
    if (n == 0)
        return ERR_ROOM_NOT_FOUND;
    users = ARENA_ARRAY(a, struct str, n);
    *change = (struct room_changed){.room_uuid = rows[0].roomuuid,
                                    .product_name = rows[0].product_name,
                                    .users = users};
    for (size_t i = 0; i < n; i++)
        if (rows[i].user.p)
            users[change->n_users++] = rows[i].user;
    *room_id_out = rows[0].id;
    *is_closed_out = str_eq(rows[0].state, STR("closed"));
    return ERR_OK;
}

static enum err close_room(struct work_ctx *ctx, const struct room_config *config,
                           int64_t room_id, struct arena *a, struct room_outcome *outcome)
{
    enum err rc = db_begin(ctx->db);

    if (rc != ERR_OK)
        return rc;
    rc = dao_room_close(ctx->db, &(struct dao_room_close_in){.id = room_id}, NULL);
    if (rc == ERR_OK)
        rc = room_change_put(ctx, config, event_room_deleted_encode, a, outcome);
    return end_change(ctx, rc, outcome);
}

static enum err remove_messages(struct work_ctx *ctx, int64_t room_id)
{
    struct db_result result = {.affected = 1};
    enum err rc = ERR_OK;
    int retries = 0;

    while (result.affected > 0 && retries < RETRIES_MAX) {
        rc = dao_chat_delete_some(
            ctx->db, &(struct dao_chat_delete_some_in){.room_id = room_id}, &result);
        if (rc == ERR_DB_RETRY)
            result.affected = 1;
        else if (rc != ERR_OK)
            break;
        retries = rc == ERR_OK ? 0 : retries + 1;
    }
    return rc;
}

/* A closed room, with all that refers to it; the room row last. */
static enum err remove_room(struct work_ctx *ctx, int64_t room_id)
{
    enum err rc = remove_messages(ctx, room_id);

    if (rc == ERR_OK)
        rc = dao_room_user_delete(
            ctx->db, &(struct dao_room_user_delete_in){.room_id = room_id}, NULL);
    if (rc == ERR_OK)
        rc = dao_room_delete(ctx->db, &(struct dao_room_delete_in){.id = room_id}, NULL);
    return rc;
}

static bool has_user(const struct room_changed *change, struct str user)
{
    for (size_t i = 0; i < change->n_users; i++)
        if (str_eq(change->users[i], user))
            return true;
    return false;
}

enum err room_delete(struct work_ctx *ctx, const struct room_config *config,
                     struct str room_uuid, struct str user, struct arena *a,
                     struct room_outcome *outcome)
{
    int64_t room_id;
    bool is_closed;
    enum err rc;

    *outcome = (struct room_outcome){0};
    rc = load_room(ctx, room_uuid, a, &outcome->change, &room_id, &is_closed);
    if (rc != ERR_OK)
        return rc;
    if (user.p && !has_user(&outcome->change, user))
        return ERR_NOT_MEMBER;
    outcome->change.state = STR("deleted");
    if (!is_closed)
        rc = ERR_DB_RETRY;
    for (int i = 0; i < RETRIES_MAX && rc == ERR_DB_RETRY; i++)
        rc = close_room(ctx, config, room_id, a, outcome);
    return rc == ERR_OK ? remove_room(ctx, room_id) : rc;
}

enum err room_sweep(struct work_ctx *ctx, size_t *swept_out)
{
    struct dao_room_closed_row *rows;
    int64_t after = 0;
    size_t n;
    enum err rc;

    *swept_out = 0;
    do {
        rc = dao_room_closed(
            ctx->db, &(struct dao_room_closed_in){.after = after, .limit = SWEEP_ROWS},
            &ctx->arena, &rows, &n);
        for (size_t i = 0; rc == ERR_OK && i < n; i++) {
            rc = remove_room(ctx, rows[i].id);
            after = rows[i].id;
            ++*swept_out;
        }
    } while (rc == ERR_OK && n == SWEEP_ROWS);
    return rc;
}

enum err room_set_state(struct work_ctx *ctx, const struct room_config *config,
                        struct str room_uuid, struct str state, struct arena *a,
                        struct room_outcome *outcome)
{
    struct db_result result;
    int64_t room_id;
    bool is_closed;
    enum err rc;

    *outcome = (struct room_outcome){0};
    rc = load_room(ctx, room_uuid, a, &outcome->change, &room_id, &is_closed);
    if (rc != ERR_OK)
        return rc;
    outcome->change.state = state;
    rc = db_begin(ctx->db);
    if (rc != ERR_OK)
        return rc;
    rc = dao_room_set_state(
        ctx->db, &(struct dao_room_set_state_in){.id = room_id, .state = state}, &result);
    if (rc == ERR_OK && result.affected == 0)
        rc = ERR_ROOM_NOT_FOUND;
    if (rc == ERR_OK)
        rc = room_change_put(ctx, config, event_room_state_encode, a, outcome);
    return end_change(ctx, rc, outcome);
}
