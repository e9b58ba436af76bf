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
    if (!m->key.p)
        return ERR_NOT_FOUND;
    return dao_chat_by_key(b->ctx->db,
                           &(struct dao_chat_by_key_in){.room_id = store_card(u)->room_id,
                                                        .sender = u->sender,
                                                        .idempotency_key = m->key},
                           &b->ctx->arena, row);
}

/* ERR_OK: m is stored and filled from its row; ERR_NOT_FOUND: it is not. */
static enum err find_message(struct store_batch *b, const struct store_unit *u,
                             struct store_message *m)
{
    struct chat_row row;
    bool is_own = true;
    enum err rc;

    rc = dao_chat_by_id(b->ctx->db, &(struct dao_chat_by_id_in){.id = uuid_str(&m->id)},
                        &b->ctx->arena, &row);
    if (rc == ERR_NOT_FOUND) {
        is_own = false;
        rc = find_by_key(b, u, m, &row);
    }
    if (rc != ERR_OK)
        return rc;
    if (!str_eq(row.message, m->content))
        return ERR_IDEMPOTENCY_CONFLICT;
    m->seq = row.seq;
    m->timestamp = row.timestamp;
    m->is_duplicate = !is_own;
    m->body = STR_NULL; /* the row's, not the one made for a transaction that failed */
    if (!is_own) {
        BUG_ON(row.id.n >= sizeof(m->id.text));
        memcpy(m->id.text, row.id.p, row.id.n);
        m->id.text[row.id.n] = '\0';
    }
    return ERR_OK;
}

/* A unit is known when all its messages are; a mixture is a conflict: it was never sent like that. */
static enum err find_unit(struct store_batch *b, struct store_unit *u)
{
    size_t found = 0;

    for (size_t i = 0; i < u->n_messages; i++) {
        enum err rc = find_message(b, u, &u->messages[i]);

        if (rc != ERR_OK && rc != ERR_NOT_FOUND)
            return rc;
        found += rc == ERR_OK;
    }
    if (found == 0)
        return ERR_NOT_FOUND;
    return found == u->n_messages ? ERR_OK : ERR_IDEMPOTENCY_CONFLICT;
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
