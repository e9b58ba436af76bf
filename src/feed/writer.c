/* SPDX-License-Identifier: MIT */
#include "feed/writer.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

#include "base/banned.h"

enum {
    WRITE_BATCH_BYTES = 1 << 20,
    LOOKUP_BACKOFF_MS = 50
};

struct shard {
    struct writer *writer;
    uint64_t key;
    struct write_op *first, **last; /* waiting */
    size_t n;
    bool is_busy; /* a batch is at the worker */
};

struct writer {
    struct writer_config config;
    size_t queued;
    size_t at_work; /* ops taken and not done */
    struct shard shards[];
};

/* What one trip to the worker takes along. */
struct write_batch {
    struct work_job job;
    struct shard *shard;
    struct write_op *ops; /* in order of arrival */
    size_t n;
    struct arena arena; /* results */
    struct store_result result;
};

struct writer *writer_new(const struct writer_config *config)
{
    struct writer *w =
        mem_zalloc(sizeof(*w) + (size_t)config->shards * sizeof(w->shards[0]));

    w->config = *config;
    for (int i = 0; i < config->shards; i++)
        w->shards[i] = (struct shard){
            .writer = w, .key = (uint64_t)i + 1, .last = &w->shards[i].first};
    return w;
}

void writer_free(struct writer **w)
{
    if (!*w)
        return;
    BUG_ON((*w)->queued > 0);
    free(*w);
    *w = NULL;
}

struct write_op *write_op_new(void (*done)(struct write_op *), void *owner)
{
    struct write_op *op = mem_zalloc(sizeof(*op));

    arena_init(&op->arena, SIZE_MAX);
    op->done = done;
    op->owner = owner;
    return op;
}

void write_op_free(struct write_op **op)
{
    struct write_op *old = *op;

    if (!old)
        return;
    *op = NULL;
    card_unref(&old->held);
    card_unref(&old->card);
    arena_release(&old->arena);
    free(old);
}

size_t writer_queued(const struct writer *w)
{
    return w->queued;
}

size_t writer_busy(const struct writer *w)
{
    return w->queued + w->at_work;
}

/* --- on the worker ------------------------------------------------------------------------ */

/* Reads the room of a look-up, waiting a while for a lost database. */
static void lookup_one(struct write_op *op, struct work_ctx *ctx, int64_t deadline_ns)
{
    const struct timespec backoff = {0, LOOKUP_BACKOFF_MS * NS_PER_MS};

    for (;;) {
        op->unit.rc = card_load(ctx, op->unit.room_uuid, &op->card);
        if (op->unit.rc != ERR_DB_LOST && op->unit.rc != ERR_DB_RETRY)
            break;
        if (clock_mono_ns() > deadline_ns) {
            op->unit.rc = ERR_STORAGE_UNAVAILABLE;
            break;
        }
        nanosleep(&backoff, NULL);
    }
    if (op->unit.rc != ERR_OK && op->unit.rc != ERR_ROOM_NOT_FOUND &&
        op->unit.rc != ERR_STORAGE_UNAVAILABLE) {
        LOG_ERROR(ctx->log, "writer.lookup_failed",
                  LOG_C("error", err_info(op->unit.rc)->code),
                  LOG_C("text", db_error_text(ctx->db)));
        op->unit.rc = ERR_INTERNAL;
    }
}

/* Look-ups first: what they read is older than the batch behind them, so nothing is overtaken.
 * After one that waited in vain the others are refused: each would take a connect time-out more. */
static void lookups_run(struct write_batch *b, struct work_ctx *ctx)
{
    const struct store_config *store = &b->shard->writer->config.store;
    int64_t deadline_ns = clock_mono_ns() + store->patience_ms * NS_PER_MS;
    bool is_lost = false;

    for (struct write_op *op = b->ops; op; op = op->next) {
        if (op->unit.n_messages > 0)
            continue;
        if (is_lost)
            op->unit.rc = ERR_STORAGE_UNAVAILABLE;
        else
            lookup_one(op, ctx, deadline_ns);
        is_lost = op->unit.rc == ERR_STORAGE_UNAVAILABLE;
    }
}

static void batch_run(struct work_job *job, struct work_ctx *ctx)
{
    struct write_batch *b = (struct write_batch *)job;
    const struct store_config *store = &b->shard->writer->config.store;
    struct store_unit *units[STORE_UNITS_MAX];
    size_t n = 0;

    lookups_run(b, ctx);
    for (struct write_op *op = b->ops; op; op = op->next)
        if (op->unit.n_messages > 0 && !op->is_doomed)
            units[n++] = &op->unit;
    if (n > 0)
        store_units(ctx, store, units, n, &b->arena, &b->result);
}

/* --- on the loop -------------------------------------------------------------------------- */

static void shard_go_on(struct shard *shard);

static void publish_unit(struct writer *w, struct write_op *op)
{
    for (size_t i = 0; i < op->unit.n_messages; i++) {
        const struct store_message *m = &op->unit.messages[i];
        struct feed_message *message;

        if (m->is_duplicate)
            continue;
        if (!m->body.p) {
            feed_notice(w->config.feed, op->room, m->seq);
            continue;
        }
        message =
            feed_message_new(m->seq, clock_real_of_civil_ns(m->timestamp) / NS_PER_MS,
                             uuid_str(&m->id), m->key, m->body);
        feed_publish(w->config.feed, op->room, message);
        feed_message_unref(&message);
    }
}

static void op_finish(struct writer *w, struct write_op *op)
{
    if (op->unit.fresh) {
        card_unref(&op->card);
        op->card = op->unit.fresh;
        op->unit.fresh = NULL;
    } else if (!op->card && op->held) {
        op->card = card_ref(op->held);
    }
    if (op->unit.rc == ERR_ROOM_NOT_FOUND)
        feed_room_forget(op->room);
    else if (op->card)
        feed_room_learn(op->room, op->card);
    if (op->unit.n_messages == 0 || op->unit.rc != ERR_OK)
        return;
    publish_unit(w, op);
    if (w->config.on_stored && !op->unit.messages[0].is_duplicate)
        w->config.on_stored(w->config.ctx, op);
}

static void doom_followers(struct shard *shard, const struct write_op *failed)
{
    for (struct write_op *op = shard->first; op; op = op->next) {
        if (op->unit.n_messages == 0 || op->is_doomed || op->room != failed->room ||
            !str_eq(op->unit.sender, failed->unit.sender))
            continue;
        op->is_doomed = true;
        op->unit.rc = failed->unit.rc;
    }
}

static void doom_all_followers(struct write_batch *b)
{
    for (const struct write_op *op = b->ops; op; op = op->next)
        if (op->unit.n_messages > 0 && (op->unit.rc == ERR_STORAGE_UNAVAILABLE ||
                                        op->unit.rc == ERR_OUTCOME_UNKNOWN))
            doom_followers(b->shard, op);
}

static void batch_done(struct work_job *job)
{
    struct write_batch *b = (struct write_batch *)job;
    struct writer *w = b->shard->writer;
    struct write_op *next;

    b->shard->is_busy = false;
    w->at_work -= b->n;
    doom_all_followers(b);
    shard_go_on(b->shard); /* the database first: it works while the loop delivers */
    for (struct outbox_commit *c = b->result.commits; c; c = c->next)
        publisher_publish(w->config.publisher, c);
    if (b->result.is_row_unknown)
        publisher_relay_own(w->config.publisher);
    for (struct write_op *op = b->ops; op; op = next) {
        struct feed_room *room = op->room;

        next = op->next;
        op_finish(w, op);
        op->room = NULL;
        op->done(op);
        feed_room_put(w->config.feed, &room);
    }
    arena_release(&b->arena);
    free(b);
}

static size_t op_bytes(const struct write_op *op)
{
    size_t bytes = 0;

    for (size_t i = 0; i < op->unit.n_messages; i++)
        bytes += op->unit.messages[i].content.n;
    return bytes;
}

/* Takes what waits, up to the ceilings of one transaction. */
static struct write_batch *batch_take(struct shard *shard)
{
    struct write_batch *b = mem_zalloc(sizeof(*b));
    struct write_op **last = &b->ops;
    size_t bytes = 0, messages = 0;

    b->job.run = batch_run;
    b->job.done = batch_done;
    b->shard = shard;
    arena_init(&b->arena, SIZE_MAX);
    while (shard->first && b->n < STORE_UNITS_MAX) {
        struct write_op *op = shard->first;

        bytes += op_bytes(op);
        messages += op->unit.n_messages;
        if (b->n > 0 && (bytes > WRITE_BATCH_BYTES || messages > STORE_MESSAGES_MAX))
            break;
        shard->first = op->next;
        op->next = NULL;
        *last = op;
        last = &op->next;
        b->n++;
        if (feed_room_card(op->room)) {
            op->held = card_ref(feed_room_card(op->room));
            op->unit.card = op->held;
        }
    }
    if (!shard->first)
        shard->last = &shard->first;
    shard->n -= b->n;
    shard->writer->queued -= b->n;
    shard->writer->at_work += b->n;
    return b;
}

static void shard_go_on(struct shard *shard)
{
    struct write_batch *b;

    if (shard->is_busy || !shard->first)
        return;
    b = batch_take(shard);
    shard->is_busy = true;
    if (work_submit(shard->writer->config.pool, shard->key, &b->job) == ERR_OK)
        return;
    shard->is_busy = false;
    for (struct write_op *op = b->ops; op; op = op->next)
        op->unit.rc = ERR_STORAGE_UNAVAILABLE;
    batch_done(&b->job);
}

static uint64_t hash_of(struct str s)
{
    uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */

    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * UINT64_C(1099511628211);
    return h;
}

enum err writer_submit(struct writer *w, struct write_op *op)
{
    struct shard *shard;

    if (w->queued >= w->config.queue_max)
        return ERR_OVERLOADED;
    shard = &w->shards[hash_of(op->unit.room_uuid) % (uint64_t)w->config.shards];
    op->room = feed_room_get(w->config.feed, op->unit.room_uuid);
    op->next = NULL;
    *shard->last = op;
    shard->last = &op->next;
    shard->n++;
    w->queued++;
    shard_go_on(shard);
    return ERR_OK;
}
