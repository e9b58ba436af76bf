/* SPDX-License-Identifier: MIT */
#include "work/work.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "work/worker.h"

#include "base/banned.h"

enum {
    THREADS_MAX = 64
};

struct work_pool {
    struct worker_shared shared;
    struct loop_watch *watch; /* of the outbox's wake_fd */
    struct worker *workers;
    size_t n_workers;
    size_t queue_max;
};

static void call_done(struct work_pool *p)
{
    struct job_outbox *outbox = &p->shared.outbox;
    struct work_job *job, *next;

    pthread_mutex_lock(&outbox->lock);
    job = job_list_take(&outbox->jobs);
    pthread_mutex_unlock(&outbox->lock);
    for (; job; job = next) {
        next = job->next; /* done frees the job */
        job->done(job);
    }
}

static void on_wake(void *arg, int events, bool is_error)
{
    struct work_pool *p = arg;
    uint64_t count;

    (void)events;
    BUG_ON(is_error);
    /* Cleared before the list is taken: a job put in between wakes us once more, none is missed. */
    BUG_ON(read(p->shared.outbox.wake_fd, &count, sizeof(count)) != sizeof(count));
    call_done(p);
}

struct work_pool *work_pool_new(struct loop *loop, const struct work_config *config)
{
    struct work_pool *p = mem_zalloc(sizeof(*p));

    BUG_ON(config->threads < 1 || config->threads > THREADS_MAX);
    p->shared.db = config->db;
    p->shared.db.is_stopping = &p->shared.is_stopping;
    p->shared.log = config->log;
    BUG_ON(pthread_mutex_init(&p->shared.outbox.lock, NULL) != 0);
    p->shared.outbox.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    BUG_ON(p->shared.outbox.wake_fd < 0);
    p->watch = loop_watch_new(loop, p->shared.outbox.wake_fd, on_wake, p);
    loop_watch_set(p->watch, LOOP_READABLE);
    p->queue_max = config->queue_max;
    p->n_workers = (size_t)config->threads;
    p->workers = mem_zalloc(p->n_workers * sizeof(*p->workers));
    for (size_t i = 0; i < p->n_workers; i++)
        worker_start(&p->workers[i], &p->shared, config->name, (int)i);
    return p;
}

static struct worker *least_loaded(struct work_pool *p)
{
    struct worker *best = &p->workers[0];

    for (size_t i = 1; i < p->n_workers; i++)
        if (atomic_load(&p->workers[i].load) < atomic_load(&best->load))
            best = &p->workers[i];
    return best;
}

static struct worker *worker_of_key(struct work_pool *p, uint64_t key)
{
    /* Keys may be consecutive ids or share their low bits: spread them by a multiplication
     * (Knuth's golden ratio) before the modulo. */
    return &p->workers[(key * UINT64_C(0x9e3779b97f4a7c15) >> 32) % p->n_workers];
}

enum err work_submit(struct work_pool *p, uint64_t key, struct work_job *job)
{
    if (atomic_load(&p->shared.is_stopping))
        return ERR_SHUTTING_DOWN;
    if (atomic_load(&p->shared.n_waiting) >= p->queue_max)
        return ERR_OVERLOADED;
    worker_push(key ? worker_of_key(p, key) : least_loaded(p), job);
    return ERR_OK;
}

size_t work_queued(const struct work_pool *p)
{
    return atomic_load(&p->shared.n_waiting);
}

void work_pool_free(struct work_pool **p_inout)
{
    struct work_pool *p = *p_inout;

    if (!p)
        return;
    atomic_store(&p->shared.is_stopping, true);
    for (size_t i = 0; i < p->n_workers; i++)
        worker_stop(&p->workers[i]);
    for (size_t i = 0; i < p->n_workers; i++)
        worker_join(&p->workers[i]);
    call_done(p);
    loop_watch_free(&p->watch);
    close(p->shared.outbox.wake_fd);
    pthread_mutex_destroy(&p->shared.outbox.lock);
    free(p->workers);
    free(p);
    *p_inout = NULL;
}
