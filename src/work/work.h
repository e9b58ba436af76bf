/*
 * Worker threads with one database connection each. Jobs of the same key run on the same worker in
 * the order submitted; a worker takes its whole queue at once, so a job may be batched with its
 * followers.
 * SPDX-License-Identifier: MIT
 */
#ifndef WORK_WORK_H
#define WORK_WORK_H

#include "base/arena.h"
#include "base/bug.h"
#include "db/db.h"
#include "generated/c/err.h"
#include "loop/loop.h"

struct work_pool;

/* What a job sees: thread: that worker */
struct work_ctx {
    struct db *db;
    struct arena arena; /* reset after each job */
    const struct log *log;
};

/* A job, embedded as the first member of the caller's own struct. run: on the worker, may block;
 * done: on the loop, frees the job. */
struct work_job {
    void (*run)(struct work_job *job, struct work_ctx *ctx);
    void (*done)(struct work_job *job);
    struct work_job *next; /* owned by the pool while queued */
};

struct work_config {
    int threads;      /* 1..64 */
    size_t queue_max; /* jobs waiting in all; above: ERR_OVERLOADED */
    const char *name; /* of the threads, ≤ 12 characters */
    struct db_config db;
    const struct log *log;
};

struct work_pool *work_pool_new(struct loop *loop, const struct work_config *config);
/*
 * work_submit — hands job over; key chooses the worker (0: the one with the shortest queue).
 * errors: ERR_OVERLOADED, ERR_SHUTTING_DOWN: the job is still the caller's
 * thread: loop
 */
NODISCARD enum err work_submit(struct work_pool *p, uint64_t key, struct work_job *job);
size_t work_queued(const struct work_pool *p);
/* work_pool_free — runs what is queued, joins the threads; done of each is called before it
 * returns. A database that was not reached is not tried again for them. thread: loop */
void work_pool_free(struct work_pool **p);

#endif
