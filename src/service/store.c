/* SPDX-License-Identifier: MIT */
#include "service/store.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "service/store_batch.h"

#include "base/banned.h"

enum {
    STORE_ROUNDS_MAX =
        50, /* deadlocks and stale cards in a row before it is called a bug */
    STORE_LOSSES_ALONE =
        2, /* a batch that lost the connection that often is taken apart */
    STORE_BACKOFF_MS = 50,
};

static void store_run(struct store_batch *b);

static void pause_ms(int64_t ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * NS_PER_MS};

    nanosleep(&t, NULL);
}

static size_t unsettled(const struct store_batch *b)
{
    size_t n = 0;

    for (size_t i = 0; i < b->n; i++)
        n += !b->units[i]->is_settled;
    return n;
}

static void settle_rest(struct store_batch *b, enum err rc)
{
    for (size_t i = 0; i < b->n; i++)
        if (!b->units[i]->is_settled)
            store_settle(b->units[i], rc);
}

/* The patience is over. After a COMMIT without an answer nobody knows what is stored. */
static enum err gone(const struct store_batch *b)
{
    return b->is_commit_sent ? ERR_OUTCOME_UNKNOWN : ERR_STORAGE_UNAVAILABLE;
}

/* A card that an earlier unit of the batch read for the same room. */
static struct card *card_in_batch(const struct store_batch *b, size_t upto,
                                  struct str room_uuid)
{
    for (size_t i = 0; i < upto; i++)
        if (b->units[i]->fresh && str_eq(b->units[i]->room_uuid, room_uuid))
            return b->units[i]->fresh;
    return NULL;
}

/* Gives b->units[at] a card read by this batch. */
static enum err load_fresh(struct store_batch *b, size_t at)
{
    struct store_unit *u = b->units[at];
    struct card *found = card_in_batch(b, at, u->room_uuid);

    if (!found)
        return card_load(b->ctx, u->room_uuid, &u->fresh);
    u->fresh = card_ref(found);
    return ERR_OK;
}

/*
 * Gives every unit a card and refuses what its card refuses. An old card refuses nothing: what
 * stood in the way may be gone, by another server's doing.
 */
static enum err store_admit(struct store_batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        struct store_unit *u = b->units[i];
        enum err rc = ERR_OK;

        if (u->is_settled)
            continue;
        if (!store_card(u) || (!u->fresh && card_admits(u->card, u->sender) != ERR_OK))
            rc = load_fresh(b, i);
        if (rc != ERR_OK && rc != ERR_ROOM_NOT_FOUND)
            return rc;
        if (rc == ERR_OK)
            rc = card_admits(store_card(u), u->sender);
        if (rc != ERR_OK)
            store_settle(u, rc);
    }
    return ERR_OK;
}

/* A unit failed for want of the database: what follows it in its room would be stored out of order
 * when the database is back just now; while it is not, each would cost a time-out more. */
static void fail_behind(struct store_batch *b, size_t at)
{
    bool is_lost = !db_is_connected(b->ctx->db);

    for (size_t i = at + 1; i < b->n; i++)
        if (!b->units[i]->is_settled &&
            (is_lost || str_eq(b->units[i]->room_uuid, b->units[at]->room_uuid)))
            store_settle(b->units[i], gone(b));
}

/* One by one: only the bad one is refused. */
static void store_apart(struct store_batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        struct store_batch alone = *b;

        if (b->units[i]->is_settled)
            continue;
        alone.units = &b->units[i];
        alone.n = 1;
        store_run(&alone);
        if (b->units[i]->rc == ERR_STORAGE_UNAVAILABLE ||
            b->units[i]->rc == ERR_OUTCOME_UNKNOWN)
            fail_behind(b, i);
    }
}

/* What one round of work said. true: go round again. */
static bool store_after(struct store_batch *b, enum err rc, int *losses)
{
    size_t settled = 0;
    bool is_late;

    if (rc == ERR_DB_DUPLICATE) {
        rc = store_settle_known(b, &settled);
        if (rc == ERR_OK && settled > 0)
            return true;
        if (rc == ERR_OK)
            rc = ERR_DB_FAILED;
    }
    if (rc == ERR_NOT_FOUND)
        return true;
    is_late = clock_mono_ns() > b->deadline_ns;
    if (rc == ERR_DB_RETRY && !is_late)
        return true;
    /* Late with a lock that somebody holds: only the units of that room have to be refused. */
    if (is_late && (rc == ERR_DB_LOST || (rc == ERR_DB_RETRY && b->n == 1))) {
        settle_rest(b, gone(b));
        return false;
    }
    if (rc == ERR_DB_LOST) {
        pause_ms(STORE_BACKOFF_MS);
        if (++*losses < STORE_LOSSES_ALONE || b->n == 1)
            return true;
    }
    if (b->n > 1)
        store_apart(b);
    else
        settle_rest(b, b->is_commit_sent     ? ERR_OUTCOME_UNKNOWN
                       : rc == ERR_TOO_LARGE ? ERR_CONTENT_TOO_LONG
                                             : ERR_INTERNAL);
    return false;
}

/* What a COMMIT without an answer has stored is not judged again: its room may be frozen by now. */
static enum err try_once(struct store_batch *b)
{
    size_t settled;
    enum err rc = b->is_commit_sent ? store_settle_known(b, &settled) : ERR_OK;

    if (rc == ERR_OK)
        rc = store_admit(b);
    return rc == ERR_OK && unsettled(b) > 0 ? store_transact(b) : rc;
}

static void store_run(struct store_batch *b)
{
    int losses = 0, rounds = 0;

    while (unsettled(b) > 0) {
        enum err rc;

        if (rounds >= STORE_ROUNDS_MAX) {
            LOG_ERROR(b->ctx->log, "store.no_progress", LOG_INT("units", b->n));
            settle_rest(b, gone(b));
            return;
        }
        rc = try_once(b);
        if (rc != ERR_OK && rc != ERR_NOT_FOUND && rc != ERR_DB_DUPLICATE)
            LOG_WARN(b->ctx->log, "store.redo", LOG_C("error", err_info(rc)->code),
                     LOG_C("text", db_error_text(b->ctx->db)), LOG_INT("units", b->n));
        if (rc != ERR_OK && !store_after(b, rc, &losses))
            return;
        rounds += rc != ERR_DB_LOST; /* losses have the deadline */
    }
}

/* Two messages of one unit with one key cannot both be new. */
static bool has_own_repeat(const struct store_unit *u)
{
    for (size_t i = 0; i < u->n_messages; i++)
        for (size_t j = 0; j < i; j++)
            if (u->messages[i].key.p && str_eq(u->messages[i].key, u->messages[j].key))
                return true;
    return false;
}

void store_units(struct work_ctx *ctx, const struct store_config *config,
                 struct store_unit **units, size_t n, struct arena *a,
                 struct store_result *result)
{
    struct store_batch b = {
        .ctx = ctx,
        .config = config,
        .arena = a,
        .units = units,
        .n = n,
        .result = result,
        .deadline_ns = clock_mono_ns() + config->patience_ms * NS_PER_MS,
    };

    BUG_ON(n > STORE_UNITS_MAX);
    *result = (struct store_result){0};
    for (size_t i = 0; i < n; i++) {
        units[i]->is_settled = false;
        if (units[i]->n_messages > STORE_UNIT_MESSAGES || has_own_repeat(units[i]))
            store_settle(units[i], ERR_TRANSACTION_INVALID);
    }
    store_run(&b);
}
