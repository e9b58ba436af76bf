/* SPDX-License-Identifier: MIT */
#include "feed/relay.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "generated/c/dao_chat.h"
#include "service/outbox.h"

#include "base/banned.h"

enum {
    RELAY_BYTES = 16 << 20, /* of a round's records; then the rest is for the next one */
    RELAY_AGE_S = 15
};

/* Shared by the worker that waits and the loop that produces; one round at a time. */
struct relay {
    struct relay_config config;
    /* The loop's, lent to the round under way: */
    struct kafka_producer *producer;
    bool is_busy, is_first, is_own_sweep;
    int64_t after;        /* id of the last row of the sweep */
    size_t n_unreadable;  /* rows of the sweep */
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    bool is_stopping;
    struct relay_post *post; /* on its way to the loop; NULL: none */
    bool is_produced;        /* the loop has handed over all records of the round */
    bool is_failed;
    size_t waiting; /* reports; each record gets one within message.timeout.ms */
};

/* A round's call to the loop. It may come to its turn after the round gave up: job is NULL then. */
struct relay_post {
    struct relay_job *job;
};

struct relay_job {
    struct work_job job;
    struct relay *relay;
    struct event_record *records[RELAY_ROWS];
    size_t n_records[RELAY_ROWS];
    size_t n;
    struct relay_round round;
};

struct relay *relay_new(const struct relay_config *config)
{
    struct relay *r = mem_zalloc(sizeof(*r));

    r->config = *config;
    BUG_ON(pthread_mutex_init(&r->lock, NULL) != 0);
    BUG_ON(pthread_cond_init(&r->changed, NULL) != 0);
    return r;
}

void relay_free(struct relay **r)
{
    struct relay *old = *r;

    if (!old)
        return;
    *r = NULL;
    BUG_ON(old->is_busy);
    pthread_cond_destroy(&old->changed);
    pthread_mutex_destroy(&old->lock);
    free(old);
}

/* --- on the worker ------------------------------------------------------------------------ */

static enum err select_rows(struct relay_job *j, struct work_ctx *ctx,
                            struct outbox_row **rows_out, size_t *n_out)
{
    const struct relay *r = j->relay;

    if (j->round.is_own_asked)
        return dao_outbox_take_own(
            ctx->db,
            &(struct dao_outbox_take_own_in){
                .after = r->after, .server_id = r->config.server_id, .limit = RELAY_ROWS},
            &ctx->arena, rows_out, n_out);
    return dao_outbox_take(ctx->db,
                           &(struct dao_outbox_take_in){.after = r->after,
                                                        .age = RELAY_AGE_S,
                                                        .limit = RELAY_ROWS},
                           &ctx->arena, rows_out, n_out);
}

static size_t record_bytes(const struct event_record *records, size_t n)
{
    size_t bytes = 0;

    for (size_t i = 0; i < n; i++)
        bytes += records[i].key.n + records[i].value.n + sizeof(records[i]);
    return bytes;
}

/* A row that nobody can read here stays where it is, for a newer release or a person, and holds up
 * no other. */
static enum err load_row(struct relay_job *j, struct work_ctx *ctx,
                         const struct outbox_row *row, size_t *bytes)
{
    const struct relay_config *config = &j->relay->config;
    struct event_record **records = &j->records[j->n];
    size_t *n = &j->n_records[j->n];
    enum err rc = outbox_load(ctx->db, row, config->form, &ctx->arena, records, n);

    j->relay->after = row->id;
    if (rc == ERR_BODY_INVALID) {
        j->relay->n_unreadable++;
        LOG_DEBUG(ctx->log, "outbox.row_unreadable", LOG_INT("row", row->id));
        return ERR_OK;
    }
    if (rc != ERR_OK)
        return rc;
    *bytes += record_bytes(*records, *n);
    j->round.ids[j->n++] = row->id;
    j->round.n_own += str_eq(row->server_id, config->server_id);
    j->round.n_records += *n;
    return ERR_OK;
}

static enum err take_rows(struct relay_job *j, struct work_ctx *ctx)
{
    struct outbox_row *rows;
    size_t n, i, bytes = 0;
    enum err rc = select_rows(j, ctx, &rows, &n);

    if (rc != ERR_OK)
        return rc;
    for (i = 0; i < n && rc == ERR_OK && bytes < RELAY_BYTES; i++)
        rc = load_row(j, ctx, &rows[i], &bytes);
    j->round.is_full = n == RELAY_ROWS || i < n;
    j->round.n_rows = j->n;
    j->round.n_unreadable = j->relay->n_unreadable;
    return rc;
}

static void produce(struct relay_job *j)
{
    struct relay *r = j->relay;
    bool is_failed = false;

    for (size_t i = 0; i < j->n && !is_failed; i++)
        for (size_t k = 0; k < j->n_records[i] && !is_failed; k++) {
            pthread_mutex_lock(&r->lock);
            r->waiting++;
            pthread_mutex_unlock(&r->lock);
            is_failed = kafka_produce(r->producer, &j->records[i][k], r) != ERR_OK;
            if (is_failed)
                relay_takes_report(r, r, false);
        }
    if (!is_failed)
        r->config.on_produced(r->config.ctx, &j->round);
    pthread_mutex_lock(&r->lock);
    r->is_produced = true;
    pthread_cond_signal(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

static void produce_on_loop(void *arg)
{
    struct relay_post *post = arg;
    struct relay_job *j = post->job;

    free(post);
    if (!j)
        return;
    pthread_mutex_lock(&j->relay->lock);
    j->relay->post = NULL;
    pthread_mutex_unlock(&j->relay->lock);
    produce(j);
}

/* out: for loop_post; NULL: the relay stops, and the loop may never turn again. */
static struct relay_post *post_begin(struct relay_job *j)
{
    struct relay *r = j->relay;
    struct relay_post *post = NULL;

    pthread_mutex_lock(&r->lock);
    r->is_produced = false;
    r->is_failed = false;
    r->waiting = 0;
    if (!r->is_stopping) {
        post = mem_alloc(sizeof(*post));
        post->job = j;
    }
    r->post = post;
    pthread_mutex_unlock(&r->lock);
    return post;
}

/* The rows stay locked while their records travel, so no other relay takes them. */
static enum err publish_rows(struct relay_job *j)
{
    struct relay *r = j->relay;
    struct relay_post *post = post_begin(j);
    bool is_stored;

    if (!post)
        return ERR_UNAVAILABLE;
    loop_post(r->config.loop, produce_on_loop, post);
    pthread_mutex_lock(&r->lock);
    while ((!r->is_produced || r->waiting > 0) && !r->is_stopping)
        pthread_cond_wait(&r->changed, &r->lock);
    is_stored = r->is_produced && r->waiting == 0 && !r->is_failed;
    pthread_mutex_unlock(&r->lock);
    return is_stored ? ERR_OK : ERR_UNAVAILABLE;
}

static enum err relay_transact(struct relay_job *j, struct work_ctx *ctx)
{
    enum err rc = db_begin(ctx->db);

    if (rc != ERR_OK)
        return rc;
    rc = take_rows(j, ctx);
    if (rc == ERR_OK && j->n > 0)
        rc = publish_rows(j);
    if (rc == ERR_OK && j->n > 0)
        rc = dao_outbox_delete(
            ctx->db, &(struct dao_outbox_delete_in){.ids = j->round.ids, .n_ids = j->n},
            NULL);
    return db_end(ctx->db, rc);
}

static void relay_run(struct work_job *job, struct work_ctx *ctx)
{
    struct relay_job *j = (struct relay_job *)job;

    j->round.rc = relay_transact(j, ctx);
}

/* --- on the loop -------------------------------------------------------------------------- */

static void begin_sweep(struct relay *r)
{
    r->after = 0;
    r->n_unreadable = 0;
}

static void relay_done(struct work_job *job)
{
    struct relay_job *j = (struct relay_job *)job;
    struct relay *r = j->relay;

    r->is_busy = false;
    if (j->round.rc != ERR_OK || !j->round.is_full)
        begin_sweep(r);
    r->config.on_round(r->config.ctx, &j->round);
    free(j);
}

bool relay_start(struct relay *r, struct kafka_producer *producer, bool is_own_wanted)
{
    struct relay_job *j;

    if (r->is_busy || r->is_stopping)
        return false;
    j = mem_zalloc(sizeof(*j));
    j->job.run = relay_run;
    j->job.done = relay_done;
    j->relay = r;
    j->round.is_own_asked = is_own_wanted;
    r->producer = producer;
    if (is_own_wanted != r->is_own_sweep)
        begin_sweep(r);
    r->is_own_sweep = is_own_wanted;
    r->is_first = r->after == 0;
    if (work_submit(r->config.pool, 0, &j->job) != ERR_OK) {
        free(j);
        return false;
    }
    r->is_busy = true;
    return true;
}

bool relay_begins(const struct relay *r)
{
    return r->is_first;
}

bool relay_takes_report(struct relay *r, void *cookie, bool is_stored)
{
    if (cookie != r)
        return false;
    pthread_mutex_lock(&r->lock);
    r->is_failed = r->is_failed || !is_stored;
    if (r->waiting > 0)
        r->waiting--;
    pthread_cond_signal(&r->changed);
    pthread_mutex_unlock(&r->lock);
    return true;
}

void relay_stop(struct relay *r)
{
    pthread_mutex_lock(&r->lock);
    r->is_stopping = true;
    if (r->post) /* the worker gives up now; its job is gone when the post comes to its turn */
        r->post->job = NULL;
    r->post = NULL;
    pthread_cond_signal(&r->changed);
    pthread_mutex_unlock(&r->lock);
}
