/* SPDX-License-Identifier: MIT */
#include "feed/publisher.h"

#include <stdlib.h>

#include "base/clock.h"
#include "feed/relay.h"
#include "generated/c/dao_chat.h"

#include "base/banned.h"

enum {
    DELETE_AFTER_MS = 100,
    DELETE_MAX = DB_LIST_MAX,
    LEFT_MAX = 64,
    RELAY_EVERY_MS = 1000
};

/* A row of the outbox whose records are on their way. */
struct published_row {
    struct publisher *publisher;
    int64_t row_id;
    size_t waiting; /* reports */
    bool is_failed; /* some record was not stored */
};

struct publisher {
    struct publisher_config config;
    struct kafka_producer *producer;
    struct loop_timer *delete_timer, *relay_timer;
    struct relay *relay;
    int64_t done[DELETE_MAX]; /* rows to delete */
    size_t n_done;
    bool is_relaying; /* publishing of our own rows is left to the relay */
    /* Rows that were left to the relay since its sweep of own rows began, and that it has not taken: */
    int64_t left[LEFT_MAX];
    size_t n_left;
    bool is_more_left; /* others, whose ids are not known or too many */
    bool is_stopped;
    struct publisher_stats stats;
};

struct delete_job {
    struct work_job job;
    struct publisher *publisher;
    int64_t ids[DELETE_MAX];
    size_t n;
    enum err rc;
};

static void delete_run(struct work_job *job, struct work_ctx *ctx)
{
    struct delete_job *d = (struct delete_job *)job;

    d->rc = dao_outbox_delete(
        ctx->db, &(struct dao_outbox_delete_in){.ids = d->ids, .n_ids = d->n}, NULL);
    if (d->rc != ERR_OK)
        LOG_WARN(ctx->log, "outbox.delete_failed", LOG_C("error", err_info(d->rc)->code),
                 LOG_INT("rows", d->n));
}

/* Rows that could not be deleted are published again by a relay: at least once. */
static void delete_done(struct work_job *job)
{
    free(job);
}

static void delete_rows(struct publisher *p)
{
    struct delete_job *d;

    if (p->n_done == 0)
        return;
    d = mem_zalloc(sizeof(*d));
    d->job.run = delete_run;
    d->job.done = delete_done;
    d->publisher = p;
    d->n = p->n_done;
    memcpy(d->ids, p->done, p->n_done * sizeof(p->done[0]));
    if (work_submit(p->config.pool, 0, &d->job) != ERR_OK) {
        free(d);
        if (p->n_done == DELETE_MAX)
            p->n_done = 0; /* left to a relay */
        else if (!p->is_stopped)
            loop_timer_start(p->delete_timer, DELETE_AFTER_MS, 0);
        return;
    }
    p->n_done = 0;
}

static void on_delete_timer(void *arg)
{
    delete_rows(arg);
}

static void row_is_done(struct publisher *p, int64_t row_id)
{
    p->done[p->n_done++] = row_id;
    if (p->n_done == DELETE_MAX)
        delete_rows(p);
    else if (!loop_timer_is_active(p->delete_timer) && !p->is_stopped)
        loop_timer_start(p->delete_timer, DELETE_AFTER_MS, 0);
}

/* What made the relay publish is a row that is not among those left. */
static void set_relaying(struct publisher *p, bool is_relaying)
{
    p->is_more_left = p->is_more_left || is_relaying;
    if (p->is_relaying == is_relaying)
        return;
    p->is_relaying = is_relaying;
    LOG_WARN(p->config.log, is_relaying ? "outbox.relaying" : "outbox.direct",
             LOG_INT("rows_waiting", p->stats.waiting));
}

static void row_settle(struct published_row *row)
{
    struct publisher *p = row->publisher;

    p->stats.waiting--;
    if (row->is_failed)
        set_relaying(p, true);
    else
        row_is_done(p, row->row_id);
    free(row);
}

void publisher_on_report(void *ctx, void *cookie, bool is_stored)
{
    struct publisher *p = ctx;
    struct published_row *row = cookie;

    if (is_stored)
        p->stats.stored++;
    else
        p->stats.failed++;
    if (!cookie || relay_takes_report(p->relay, cookie, is_stored))
        return; /* without a cookie: typing, which may be lost */
    row->is_failed = row->is_failed || !is_stored;
    if (--row->waiting == 0)
        row_settle(row);
}

void publisher_on_state(void *ctx, bool is_up)
{
    struct publisher *p = ctx;

    p->stats.is_up = is_up;
}

/* The relay publishes it, in its turn. */
static void leave_row(struct publisher *p, int64_t row_id)
{
    if (p->n_left < LEFT_MAX)
        p->left[p->n_left++] = row_id;
    else
        p->is_more_left = true;
}

static void publish_row(struct publisher *p, const struct outbox_commit *commit)
{
    struct published_row *row = mem_alloc(sizeof(*row));

    *row = (struct published_row){.publisher = p, .row_id = commit->row_id, .waiting = 1};
    p->stats.waiting++;
    for (size_t i = 0; i < commit->n_records; i++) {
        if (row->is_failed ||
            kafka_produce(p->producer, &commit->records[i], row) != ERR_OK) {
            row->is_failed = true;
            continue;
        }
        row->waiting++;
        p->stats.produced++;
    }
    if (--row->waiting == 0)
        row_settle(row);
}

void publisher_publish(struct publisher *p, const struct outbox_commit *commit)
{
    if (p->is_relaying)
        leave_row(p, commit->row_id);
    else if (p->producer)
        publish_row(p, commit);
    else
        row_is_done(p, commit->row_id);
}

void publisher_relay_own(struct publisher *p)
{
    set_relaying(p, true);
}

static void forget_left(struct publisher *p, const struct relay_round *round)
{
    size_t kept = 0;

    for (size_t i = 0; i < p->n_left; i++) {
        bool is_taken = false;

        for (size_t k = 0; k < round->n_rows && !is_taken; k++)
            is_taken = round->ids[k] == p->left[i];
        if (!is_taken)
            p->left[kept++] = p->left[i];
    }
    p->n_left = kept;
}

static bool is_own_over(const struct publisher *p, const struct relay_round *round)
{
    return p->is_relaying && round->is_own_asked && !round->is_full && p->n_left == 0 &&
           !p->is_more_left;
}

/* The producer has everything that was left to the relay: what comes now goes behind it, so nothing
 * more has to be left. To wait for the reports first would never end under load. */
static void on_relay_produced(void *ctx, const struct relay_round *round)
{
    struct publisher *p = ctx;

    forget_left(p, round);
    if (is_own_over(p, round))
        set_relaying(p, false);
}

static void note_unreadable(struct publisher *p, size_t n)
{
    if (n > p->stats.unreadable)
        LOG_ERROR(p->config.log, "outbox.rows_unreadable", LOG_INT("rows", n));
    p->stats.unreadable = n;
}

/* After a round that failed its rows are still there, and those that went behind it may be stored. */
static void on_relay_round(void *ctx, const struct relay_round *round)
{
    struct publisher *p = ctx;
    bool is_more;

    p->stats.relayed += round->rc == ERR_OK ? round->n_records : 0;
    if (round->rc != ERR_OK && round->is_own_asked)
        set_relaying(p, true);
    else if (round->rc == ERR_OK && is_own_over(p, round))
        set_relaying(p, false);
    if (round->rc == ERR_OK && !round->is_own_asked && !round->is_full)
        note_unreadable(p, round->n_unreadable);
    is_more = round->is_full || (p->is_relaying && round->is_own_asked);
    if (!p->is_stopped)
        loop_timer_start(p->relay_timer,
                         round->rc == ERR_OK && is_more ? 0 : RELAY_EVERY_MS, 0);
}

/* Own rows are only asked for when no report of a direct one is outstanding: they would be
 * published twice. */
static void on_relay_timer(void *arg)
{
    struct publisher *p = arg;
    bool is_own_wanted = p->is_relaying && p->stats.waiting == 0;

    if (p->is_stopped)
        return;
    if (p->stats.is_up && p->producer &&
        relay_start(p->relay, p->producer, is_own_wanted)) {
        if (is_own_wanted && relay_begins(p->relay)) {
            p->n_left = 0;
            p->is_more_left = false;
        }
        return;
    }
    loop_timer_start(p->relay_timer, RELAY_EVERY_MS, 0);
}

struct publisher *publisher_new(const struct publisher_config *config)
{
    struct publisher *p = mem_zalloc(sizeof(*p));

    p->config = *config;
    p->delete_timer = loop_timer_new(config->loop, on_delete_timer, p);
    p->relay_timer = loop_timer_new(config->loop, on_relay_timer, p);
    p->relay = relay_new(&(struct relay_config){.loop = config->loop,
                                                .pool = config->relay,
                                                .server_id = config->server_id,
                                                .form = config->form,
                                                .on_produced = on_relay_produced,
                                                .on_round = on_relay_round,
                                                .ctx = p});
    loop_timer_start(p->relay_timer, RELAY_EVERY_MS, 0);
    return p;
}

void publisher_set_producer(struct publisher *p, struct kafka_producer *producer)
{
    p->producer = producer;
}

void publisher_stop_relay(struct publisher *p)
{
    p->is_stopped = true;
    loop_timer_stop(p->relay_timer);
    relay_stop(p->relay);
}

void publisher_stop(struct publisher *p)
{
    p->producer = NULL;
    loop_timer_stop(p->delete_timer);
    delete_rows(p);
}

void publisher_free(struct publisher **p)
{
    struct publisher *old = *p;

    if (!old)
        return;
    *p = NULL;
    BUG_ON(old->stats.waiting > 0);
    relay_free(&old->relay);
    loop_timer_free(&old->delete_timer);
    loop_timer_free(&old->relay_timer);
    free(old);
}

void publisher_stats(const struct publisher *p, struct publisher_stats *out)
{
    *out = p->stats;
    out->is_relaying = p->is_relaying;
}
