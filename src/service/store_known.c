/*
 * After a duplicate key: which units are stored already, by their own UUIDs (an earlier COMMIT held)
 * or by their idempotency keys (somebody said it before).
 * SPDX-License-Identifier: MIT
 */
#include "generated/c/dao_chat.h"
#include "service/store_batch.h"

#include "base/banned.h"

static enum err find_by_key(struct store_batch *b, const struct store_unit *u,
                            const struct store_message *m, struct chat_row *row)
{
    if (!m->key.p || !store_card(u))
        return ERR_NOT_FOUND;
    return dao_chat_by_key(b->ctx->db,
                           &(struct dao_chat_by_key_in){.room_id = store_card(u)->room_id,
                                                        .sender = u->sender,
                                                        .idempotency_key = m->key},
                           &b->ctx->arena, row);
}

/* A row that is a message's result. */
struct found {
    struct chat_row row;
    bool is_own; /* by its UUID, else by its key */
};

/* ERR_OK: m is stored; ERR_NOT_FOUND: it is not. */
static enum err find_message(struct store_batch *b, const struct store_unit *u,
                             const struct store_message *m, struct found *out)
{
    enum err rc;

    rc = dao_chat_by_id(b->ctx->db, &(struct dao_chat_by_id_in){.id = uuid_str(&m->id)},
                        &b->ctx->arena, &out->row);
    out->is_own = rc != ERR_NOT_FOUND;
    if (!out->is_own)
        rc = find_by_key(b, u, m, &out->row);
    if (rc != ERR_OK)
        return rc;
    return str_eq(out->row.message, m->content) ? ERR_OK : ERR_IDEMPOTENCY_CONFLICT;
}

/* Only for a unit that is known whole: one that is asked again must ask with its own UUIDs. */
static void take_result(struct store_message *m, const struct found *found)
{
    const struct str id = found->row.id;

    m->seq = found->row.seq;
    m->timestamp = found->row.timestamp;
    m->is_duplicate = !found->is_own;
    m->body = STR_NULL; /* the row's, not the one made for a transaction that failed */
    if (found->is_own)
        return;
    BUG_ON(id.n >= sizeof(m->id.text));
    memcpy(m->id.text, id.p, id.n);
    m->id.text[id.n] = '\0';
}

/* A unit is known when all its messages are; a mixture is a conflict: it was never sent like that. */
static enum err find_unit(struct store_batch *b, struct store_unit *u)
{
    struct found found[STORE_UNIT_MESSAGES];
    size_t n = 0;

    for (size_t i = 0; i < u->n_messages; i++) {
        enum err rc = find_message(b, u, &u->messages[i], &found[i]);

        if (rc != ERR_OK && rc != ERR_NOT_FOUND)
            return rc;
        n += rc == ERR_OK;
    }
    if (n == 0)
        return ERR_NOT_FOUND;
    if (n < u->n_messages)
        return ERR_IDEMPOTENCY_CONFLICT;
    for (size_t i = 0; i < n; i++)
        take_result(&u->messages[i], &found[i]);
    return ERR_OK;
}

enum err store_settle_known(struct store_batch *b, size_t *settled_out)
{
    *settled_out = 0;
    for (size_t i = 0; i < b->n; i++) {
        struct store_unit *u = b->units[i];
        enum err rc;

        if (u->is_settled)
            continue;
        rc = find_unit(b, u);
        if (rc == ERR_NOT_FOUND)
            continue;
        if (rc != ERR_OK && rc != ERR_IDEMPOTENCY_CONFLICT)
            return rc;
        store_settle(u, rc);
        ++*settled_out;
    }
    return ERR_OK;
}
