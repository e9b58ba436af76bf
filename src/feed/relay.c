/* SPDX-License-Identifier: MIT */
#include "feed/relay.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "generated/c/dao_chat.h"
#include "service/outbox.h"

#include "base/banned.h"

enum {
    RELAY_ROWS = 64,
    RELAY_AGE_S = 15
};

/* Shared by the worker that waits and the loop that produces; one round at a time. */
struct relay {
    struct loop *loop;
    struct work_pool *pool;
    struct str server_id;
    relay_round_fn *on_round;
    void *ctx;
    struct kafka_producer *producer; /* loop only */
    bool is_busy;                    /* loop only */
    pthread_mutex_t lock;            /* guards what follows */
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
    bool is_own_wanted;
    struct event_record *records[RELAY_ROWS];
    size_t n_records[RELAY_ROWS];
    int64_t ids[RELAY_ROWS];
    size_t n;
    struct relay_round round;
};

struct relay *relay_new(struct loop *loop, struct work_pool *pool, struct str server_id,
                        relay_round_fn *on_round, void *ctx)
{
    struct relay *r = mem_zalloc(sizeof(*r));

    r->loop = loop;
    r->pool = pool;
    r->server_id = server_id;
    r->on_round = on_round;
    r->ctx = ctx;
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

static enum err take_rows(struct relay_job *j, struct work_ctx *ctx)
{
    const struct str own = j->relay->server_id;
    struct outbox_row *rows;
    size_t n;
    enum err rc;

    if (j->is_own_wanted)
        rc = dao_outbox_take_own(
            ctx->db,
            &(struct dao_outbox_take_own_in){.server_id = own, .limit = RELAY_ROWS},
            &ctx->arena, &rows, &n);
    else
        rc = dao_outbox_take(
            ctx->db,
            &(struct dao_outbox_take_in){.age = RELAY_AGE_S, .limit = RELAY_ROWS},
            &ctx->arena, &rows, &n);
    if (rc != ERR_OK)
        return rc;
    for (size_t i = 0; i < n; i++) {
        rc = outbox_decode(&ctx->arena, rows[i].payload, &j->records[j->n],
                           &j->n_records[j->n]);
        if (rc != ERR_OK) {
            LOG_ERROR(ctx->log, "outbox.row_unreadable", LOG_INT("row", rows[i].id));
            continue;
        }
        j->ids[j->n] = rows[i].id;
        j->round.n_own += str_eq(rows[i].server_id, own);
        j->round.n_records += j->n_records[j->n++];
    }
    j->round.is_full = n == RELAY_ROWS;
    j->round.n_rows = j->n;
    return ERR_OK;
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
    loop_post(r->loop, produce_on_loop, post);
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
            ctx->db, &(struct dao_outbox_delete_in){.ids = j->ids, .n_ids = j->n}, NULL);
    if (rc == ERR_OK)
        return db_commit(ctx->db);
    db_rollback(ctx->db);
    return rc;
}

static void relay_run(struct work_job *job, struct work_ctx *ctx)
{
    struct relay_job *j = (struct relay_job *)job;

    j->round.rc = relay_transact(j, ctx);
}

/* --- on the loop -------------------------------------------------------------------------- */

static void relay_done(struct work_job *job)
{
    struct relay_job *j = (struct relay_job *)job;
    struct relay *r = j->relay;

    r->is_busy = false;
    r->on_round(r->ctx, &j->round);
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
    j->is_own_wanted = is_own_wanted;
    j->round.is_own_asked = is_own_wanted;
    r->producer = producer;
    if (work_submit(r->pool, 0, &j->job) != ERR_OK) {
        free(j);
        return false;
    }
    r->is_busy = true;
    return true;
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
