/* SPDX-License-Identifier: MIT */
#include "work/worker.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/banned.h"

enum {
    /* A job reads at most a page of history or a batch of messages; this is far above both. */
    ARENA_MAX_BYTES = 64 << 20,
    THREAD_NAME_MAX = 16
};

void job_list_push(struct job_list *list, struct work_job *job)
{
    job->next = NULL;
    if (list->last)
        list->last->next = job;
    else
        list->first = job;
    list->last = job;
}

struct work_job *job_list_take(struct job_list *list)
{
    struct work_job *first = list->first;

    *list = (struct job_list){0};
    return first;
}

static void outbox_put(struct job_outbox *outbox, struct work_job *job)
{
    uint64_t one = 1;
    bool was_empty;

    pthread_mutex_lock(&outbox->lock);
    was_empty = !outbox->jobs.first;
    job_list_push(&outbox->jobs, job);
    pthread_mutex_unlock(&outbox->lock);
    /* An eventfd takes a write unless its counter is full; it is 0 or 1 here. */
    if (was_empty)
        BUG_ON(write(outbox->wake_fd, &one, sizeof(one)) != sizeof(one));
}

/* Blocks until there is work; NULL when the worker stops and nothing is left. */
static struct work_job *take_queue(struct worker *w)
{
    struct work_job *jobs;

    pthread_mutex_lock(&w->lock);
    while (!w->queue.first && !w->is_stopping) {
        w->is_idle = true;
        pthread_cond_wait(&w->is_changed, &w->lock);
    }
    w->is_idle = false;
    jobs = job_list_take(&w->queue);
    pthread_mutex_unlock(&w->lock);
    return jobs;
}

static void run_one(struct worker *w, struct work_ctx *ctx, struct work_job *job)
{
    atomic_fetch_sub(&w->shared->n_waiting, 1);
    job->run(job, ctx);
    arena_reset(&ctx->arena);
    atomic_fetch_sub(&w->load, 1);
    outbox_put(&w->shared->outbox, job);
}

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    struct work_ctx ctx = {.db = db_new(&w->shared->db), .log = w->shared->log};
    struct work_job *job, *next;

    arena_init(&ctx.arena, ARENA_MAX_BYTES);
    while ((job = take_queue(w))) {
        for (; job; job = next) {
            next = job->next; /* run_one gives job away */
            run_one(w, &ctx, job);
        }
    }
    arena_release(&ctx.arena);
    db_free(&ctx.db);
    return NULL;
}

void worker_start(struct worker *w, struct worker_shared *shared, const char *name,
                  int index)
{
    char thread_name[THREAD_NAME_MAX];
    sigset_t all, before;

    w->shared = shared;
    BUG_ON(pthread_mutex_init(&w->lock, NULL) != 0);
    BUG_ON(pthread_cond_init(&w->is_changed, NULL) != 0);
    /* Signals are the loop's; here they would only interrupt the database's reads. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    BUG_ON(pthread_create(&w->thread, NULL, worker_main, w) != 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    snprintf(thread_name, sizeof(thread_name), "%.12s-%d", name, index);
    pthread_setname_np(w->thread, thread_name);
}

void worker_push(struct worker *w, struct work_job *job)
{
    bool must_wake;

    atomic_fetch_add(&w->shared->n_waiting, 1);
    atomic_fetch_add(&w->load, 1);
    pthread_mutex_lock(&w->lock);
    job_list_push(&w->queue, job);
    must_wake = w->is_idle;
    w->is_idle = false; /* one wake-up for a burst */
    pthread_mutex_unlock(&w->lock);
    if (must_wake)
        pthread_cond_signal(&w->is_changed);
}

void worker_stop(struct worker *w)
{
    pthread_mutex_lock(&w->lock);
    w->is_stopping = true;
    pthread_mutex_unlock(&w->lock);
    pthread_cond_signal(&w->is_changed);
}

void worker_join(struct worker *w)
{
    BUG_ON(pthread_join(w->thread, NULL) != 0);
    pthread_cond_destroy(&w->is_changed);
    pthread_mutex_destroy(&w->lock);
}
