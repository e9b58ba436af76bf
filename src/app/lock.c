/* SPDX-License-Identifier: MIT */
#include "app/lock.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/buf.h"
#include "generated/c/dao_server.h"
#include "work/work.h"

#include "base/banned.h"

enum {
    LOCK_WAIT_S = 10,
    LOCK_CHECK_MS = 5000,
    SCOPE_MAX = 2048
};

struct server_lock {
    struct server_lock_config config;
    struct work_pool *pool; /* one thread, whose connection holds the lock */
    struct loop_timer *timer;
    struct str scope; /* owned: database and id */
    bool is_held, is_busy;
};

struct lock_job {
    struct work_job job;
    struct server_lock *lock;
    uint32_t wait_s;
    bool is_first, is_held;
    enum err rc;
    pthread_mutex_t *mutex; /* first only: the caller waits */
    pthread_cond_t *changed;
    bool *is_over;
};

/* Held already by this connection, or taken now. */
static void lock_run(struct work_job *job, struct work_ctx *ctx)
{
    struct lock_job *j = (struct lock_job *)job;
    struct dao_server_lock_check_row check = {0};
    struct dao_server_lock_row row = {0};

    j->rc = dao_server_lock_check(
        ctx->db, &(struct dao_server_lock_check_in){.scope = j->lock->scope}, &ctx->arena,
        &check);
    if (j->rc == ERR_OK && !check.is_ours)
        j->rc = dao_server_lock(
            ctx->db,
            &(struct dao_server_lock_in){.scope = j->lock->scope, .timeout = j->wait_s},
            &ctx->arena, &row);
    j->is_held = j->rc == ERR_OK && (check.is_ours || (row.has_got && row.got == 1));
    if (!j->is_first)
        return;
    pthread_mutex_lock(j->mutex);
    *j->is_over = true;
    j->lock->is_held = j->is_held;
    pthread_cond_signal(j->changed);
    pthread_mutex_unlock(j->mutex);
}

static void lock_done(struct work_job *job)
{
    struct lock_job *j = (struct lock_job *)job;
    struct server_lock *lock = j->lock;

    lock->is_busy = false;
    if (!j->is_first && j->rc == ERR_OK && lock->is_held && !j->is_held) {
        lock->is_held = false;
        loop_timer_stop(lock->timer);
        LOG_ERROR(lock->config.log, "server.lock_lost", LOG_STR("id", lock->config.id),
                  LOG_C("why", "another server of this id holds it"));
        lock->config.on_lost(lock->config.ctx);
    }
    free(j);
}

static struct lock_job *job_new(struct server_lock *lock, uint32_t wait_s)
{
    struct lock_job *j = mem_zalloc(sizeof(*j));

    j->job.run = lock_run;
    j->job.done = lock_done;
    j->lock = lock;
    j->wait_s = wait_s;
    return j;
}

/* After a lost connection the lock is gone with it: take it again. */
static void on_timer(void *arg)
{
    struct server_lock *lock = arg;
    struct lock_job *j;

    if (lock->is_busy)
        return;
    j = job_new(lock, 0);
    lock->is_busy = work_submit(lock->pool, 0, &j->job) == ERR_OK;
    if (!lock->is_busy)
        free(j);
}

static bool take_first(struct server_lock *lock, enum err *rc_out)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
    struct lock_job *j = job_new(lock, LOCK_WAIT_S);
    bool is_over = false, is_held;

    j->is_first = true;
    j->mutex = &mutex;
    j->changed = &changed;
    j->is_over = &is_over;
    *rc_out = work_submit(lock->pool, 0, &j->job);
    if (*rc_out != ERR_OK) {
        free(j);
        return false;
    }
    lock->is_busy = true;
    pthread_mutex_lock(&mutex);
    while (!is_over)
        pthread_cond_wait(&changed, &mutex);
    is_held = lock->is_held;
    pthread_mutex_unlock(&mutex);
    return is_held;
}

/* What follows the last '/' of the URL is the database (or its directory); options do not count. */
static struct str scope_of(struct str url, struct str id)
{
    struct str name = {url.p, str_find(url, '?')}, scope;
    struct buf b;
    size_t at = name.n;

    while (at > 0 && name.p[at - 1] != '/')
        at--;
    buf_init(&b, SCOPE_MAX);
    buf_append_str(&b, str_from(name, at));
    buf_putc(&b, '/');
    buf_append_str(&b, id);
    BUG_ON(!buf_ok(&b)); /* both are settings with ceilings */
    scope = str_dup(buf_str(&b));
    buf_release(&b);
    return scope;
}

struct server_lock *server_lock_new(const struct server_lock_config *config,
                                    struct why *why)
{
    const struct work_config work = {
        .threads = 1,
        .queue_max = 4,
        .name = "lock",
        .db = {.url = config->database_url,
               .read_timeout_ms = (LOCK_WAIT_S + 5) * 1000,
               .log = config->log},
        .log = config->log,
    };
    struct server_lock *lock = mem_zalloc(sizeof(*lock));
    enum err rc;

    lock->config = *config;
    lock->scope = scope_of(config->database_url, config->id);
    lock->pool = work_pool_new(config->loop, &work);
    lock->timer = loop_timer_new(config->loop, on_timer, lock);
    if (take_first(lock, &rc)) {
        loop_timer_start(lock->timer, LOCK_CHECK_MS, LOCK_CHECK_MS);
        return lock;
    }
    why_set(why,
            "another server with server.id " STR_FMT
            " is running, or the database is away",
            STR_ARG(config->id));
    server_lock_free(&lock);
    return NULL;
}

void server_lock_free(struct server_lock **lock)
{
    struct server_lock *old = *lock;

    if (!old)
        return;
    *lock = NULL;
    loop_timer_free(&old->timer);
    work_pool_free(&old->pool);
    str_free(&old->scope);
    free(old);
}
