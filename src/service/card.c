/* SPDX-License-Identifier: MIT */
#include "service/card.h"

#include <stdlib.h>

#include "generated/c/dao_room.h"

#include "base/banned.h"

/* Copies s behind *at, which moves on. */
static struct str card_keep(char **at, struct str s)
{
    struct str kept = {s.p ? *at : NULL, s.n};

    if (s.n > 0)
        memcpy(*at, s.p, s.n);
    *at += s.n;
    return kept;
}

static size_t card_text_bytes(const struct dao_room_load_row *rows, size_t n)
{
    size_t bytes = rows[0].roomuuid.n + rows[0].product_name.n;

    for (size_t i = 0; i < n; i++)
        bytes += rows[i].user.n + rows[i].other.n;
    return bytes;
}

static struct card *card_new(const struct dao_room_load_row *rows, size_t n)
{
    struct card *card = mem_alloc(sizeof(*card) + card_text_bytes(rows, n));
    char *at = (char *)(card + 1);

    *card = (struct card){
        .refs = 1,
        .room_id = rows[0].id,
        .access_version = rows[0].access_version,
        .last_seq = rows[0].last_seq,
        .uuid = card_keep(&at, rows[0].roomuuid),
        .product_name = card_keep(&at, rows[0].product_name),
        .is_frozen = str_eq(rows[0].state, STR("frozen")),
        .is_closed = str_eq(rows[0].state, STR("closed")),
    };
    for (size_t i = 0; i < n && card->n_members < CARD_MEMBERS_MAX; i++) {
        if (!rows[i].user.p)
            continue;
        card->is_blocked = card->is_blocked || rows[i].is_blocking;
        card->members[card->n_members++] = (struct card_member){
            .user = card_keep(&at, rows[i].user),
            .other = card_keep(&at, rows[i].other),
            .side = rows[i].side,
            .read_seq =
                rows[i].read_seq > rows[i].own_seq ? rows[i].read_seq : rows[i].own_seq,
            .delivered_seq = rows[i].delivered_seq,
        };
    }
    return card;
}

enum err card_load(struct work_ctx *ctx, struct str uuid, struct card **out)
{
    struct dao_room_load_row *rows;
    size_t n;
    enum err rc;

    rc = dao_room_load(ctx->db, &(struct dao_room_load_in){.roomuuid = uuid}, &ctx->arena,
                       &rows, &n);
    if (rc == ERR_DB_RANGE)
        return ERR_ROOM_NOT_FOUND; /* longer than the name of any room */
    if (rc != ERR_OK)
        return rc;
    if (n == 0 || str_eq(rows[0].state, STR("closed")))
        return ERR_ROOM_NOT_FOUND;
    *out = card_new(rows, n);
    return ERR_OK;
}

struct card *card_ref(struct card *card)
{
    card->refs++;
    return card;
}

void card_unref(struct card **card)
{
    struct card *old = *card;

    if (!old)
        return;
    *card = NULL;
    BUG_ON(old->refs == 0);
    if (--old->refs == 0)
        free(old);
}

const struct card_member *card_member(const struct card *card, struct str user)
{
    for (size_t i = 0; i < card->n_members; i++)
        if (str_eq(card->members[i].user, user))
            return &card->members[i];
    return NULL;
}

enum err card_admits(const struct card *card, struct str user)
{
    if (card->is_closed)
        return ERR_ROOM_NOT_FOUND;
    if (!card_member(card, user))
        return ERR_NOT_MEMBER;
    if (card->is_blocked)
        return ERR_NOT_DELIVERABLE;
    if (card->is_frozen)
        return ERR_ROOM_FROZEN;
    return ERR_OK;
}
