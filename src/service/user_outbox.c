/* SPDX-License-Identifier: MIT */
#include "service/user_outbox.h"

#include "codec/percent.h"
#include "generated/c/dao_chat.h"
#include "generated/c/dao_user.h"
#include "generated/c/envelope.h"
#include "service/outbox.h"

#include "base/banned.h"

enum {
    ROWS_AT_ONCE = 16,
    ENCODED_BYTES_MAX = 4000 /* 255 characters, 4 bytes each, 3 letters a byte */
};

struct cleaning {
    struct work_ctx *ctx;
    struct arena arena; /* of one transaction */
    struct str user, anonymous;
};

static bool names_user(const struct cleaning *c, const struct event_meta *meta)
{
    return str_eq(meta->users[0], c->user) || str_eq(meta->users[1], c->user);
}

static void rename_user(const struct cleaning *c, struct str *name)
{
    if (str_eq(*name, c->user))
        *name = c->anonymous;
}

static enum err rename_message(struct cleaning *c, struct event_record *record)
{
    struct str form = event_header(record, "content-type");
    struct event_meta meta;
    struct chat_dto dto;
    enum err rc = event_chat_message_decode(record, &c->arena, &meta, &dto, NULL);

    if (rc != ERR_OK)
        return rc;
    rename_user(c, &meta.users[0]);
    rename_user(c, &meta.users[1]);
    rename_user(c, &dto.sender);
    return event_chat_message_encode(
        &meta, &dto, str_eq(form, STR("application/json")) ? EVENT_JSON : EVENT_PROTOBUF,
        &c->arena, record);
}

/* *is_kept false: the record goes. */
static enum err clean_record(struct cleaning *c, struct event_record *record,
                             bool *is_kept)
{
    enum event_kind kind = event_kind_of(record);
    struct event_meta meta;
    enum err rc = event_meta_decode(record, &c->arena, &meta, NULL);

    *is_kept = true;
    if (rc != ERR_OK || !names_user(c, &meta) || kind == EVENT_ROOM_DELETED ||
        kind == EVENT_USER_DELETED)
        return rc;
    *is_kept = kind == EVENT_CHAT_MESSAGE && c->anonymous.p;
    return *is_kept ? rename_message(c, record) : ERR_OK;
}

static enum err rewrite(struct cleaning *c, int64_t id,
                        const struct event_record *records, size_t n)
{
    struct buf payload;
    enum err rc;

    if (n == 0)
        return dao_outbox_delete(
            c->ctx->db, &(struct dao_outbox_delete_in){.ids = &id, .n_ids = 1}, NULL);
    rc = outbox_encode(records, n, &c->arena, &payload);
    if (rc == ERR_OK)
        rc = dao_outbox_rewrite(
            c->ctx->db,
            &(struct dao_outbox_rewrite_in){.payload = buf_str(&payload), .id = id},
            NULL);
    buf_release(&payload);
    return rc;
}

/* A row that nobody can read is nobody's to mend here, and must not hold up a deletion. */
static enum err clean_row(struct cleaning *c, const struct outbox_row *row)
{
    struct event_record *records;
    size_t n, kept = 0;
    bool is_kept;
    enum err rc = outbox_decode(&c->arena, row->payload, &records, &n);

    for (size_t i = 0; rc == ERR_OK && i < n; i++) {
        rc = clean_record(c, &records[i], &is_kept);
        if (is_kept)
            records[kept++] = records[i];
    }
    if (rc == ERR_OK)
        return rewrite(c, row->id, records, kept);
    return rc == ERR_BODY_INVALID ? ERR_OK : rc;
}

/* BEGIN was said; the caller commits or rolls back. */
static enum err clean_page(struct cleaning *c, struct str encoded, int64_t *after,
                           size_t *n_out)
{
    struct outbox_row *rows;
    enum err rc = dao_outbox_of_user(
        c->ctx->db,
        &(struct dao_outbox_of_user_in){
            .after = *after, .encoded = encoded, .limit = ROWS_AT_ONCE},
        &c->arena, &rows, n_out);

    for (size_t i = 0; rc == ERR_OK && i < *n_out; i++)
        rc = clean_row(c, &rows[i]);
    if (rc == ERR_OK && *n_out > 0)
        *after = rows[*n_out - 1].id;
    return rc;
}

static enum err clean_all(struct cleaning *c, struct str encoded)
{
    size_t n = ROWS_AT_ONCE;
    int64_t after = 0;
    enum err rc = ERR_OK;

    while (rc == ERR_OK && n == ROWS_AT_ONCE) {
        rc = db_begin(c->ctx->db);
        if (rc != ERR_OK)
            return rc;
        rc = clean_page(c, encoded, &after, &n);
        rc = db_end(c->ctx->db, rc);
        arena_reset(&c->arena);
    }
    return rc;
}

enum err user_outbox_clean(struct work_ctx *ctx, struct str user, struct str anonymous)
{
    struct cleaning c = {.ctx = ctx, .user = user, .anonymous = anonymous};
    struct buf encoded;
    enum err rc;

    arena_init(&c.arena, SIZE_MAX);
    buf_init(&encoded, ENCODED_BYTES_MAX);
    percent_encode(user, &encoded);
    rc = buf_ok(&encoded) ? clean_all(&c, buf_str(&encoded)) : ERR_TOO_LARGE;
    buf_release(&encoded);
    arena_release(&c.arena);
    return rc;
}
