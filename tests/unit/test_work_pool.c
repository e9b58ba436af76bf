/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "support/loop_until.h"
#include "work/work.h"

#include "base/banned.h"

enum {
    DEADLINE_MS = 20000,
    MANY = 10000,
    MANY_KEYS = 7
};

static const struct log test_log = {.fd = 2, .level = LOG_LEVEL_ERROR};

struct fixture {
    struct loop *loop;
    struct work_pool *pool;
    size_t n_done;
    atomic_size_t n_run;
    sem_t gate; /* blocks "gated" jobs */
    pthread_t loop_thread;
    bool submits_in_done;
    enum err late_rc;
    /* what the last job saw */
    pthread_t ran_on[MANY_KEYS + 1];
    size_t next_number[MANY_KEYS + 1];
    size_t n_wrong_order, n_wrong_thread;
    struct db *db;
    size_t arena_used;
};

struct test_job {
    struct work_job job; /* first */
    struct fixture *f;
    size_t key, number;
    bool is_gated;
};

static void run_job(struct work_job *base, struct work_ctx *ctx)
{
    struct test_job *job = (struct test_job *)base;
    struct fixture *f = job->f;

    if (job->is_gated)
        sem_wait(&f->gate);
    if (job->key > 0) {
        /* One key, one thread: its fields need no lock, and the sanitizer would see it. */
        if (job->number != f->next_number[job->key]++)
            f->n_wrong_order++;
        if (job->number > 0 && !pthread_equal(f->ran_on[job->key], pthread_self()))
            f->n_wrong_thread++;
        f->ran_on[job->key] = pthread_self();
    }
    if (job->key == MANY_KEYS) {
        f->db = ctx->db;
        f->arena_used = ctx->arena.used;
        (void)arena_alloc(&ctx->arena, 1000);
    }
    atomic_fetch_add(&f->n_run, 1);
}

static void done_job(struct work_job *base)
{
    struct test_job *job = (struct test_job *)base;
    struct fixture *f = job->f;

    assert_true(pthread_equal(f->loop_thread, pthread_self()));
    f->n_done++;
    if (f->submits_in_done)
        f->late_rc = work_submit(f->pool, 1, base);
    free(job);
}

static enum err submit(struct fixture *f, size_t key, size_t number, bool is_gated)
{
    struct test_job *job = mem_zalloc(sizeof(*job));
    enum err rc;

    job->job.run = run_job;
    job->job.done = done_job;
    job->f = f;
    job->key = key;
    job->number = number;
    job->is_gated = is_gated;
    rc = work_submit(f->pool, key, &job->job);
    if (rc != ERR_OK)
        free(job);
    return rc;
}

static void start_with(struct fixture *f, int threads, size_t queue_max,
                       const struct db_config *db)
{
    struct work_config config = {.threads = threads,
                                 .queue_max = queue_max,
                                 .name = "test",
                                 .db = *db,
                                 .log = &test_log};

    *f = (struct fixture){.loop = loop_new(), .loop_thread = pthread_self()};
    sem_init(&f->gate, 0, 0);
    f->pool = work_pool_new(f->loop, &config);
}

static void start(struct fixture *f, int threads, size_t queue_max)
{
    start_with(f, threads, queue_max, &(struct db_config){0});
}

static void stop(struct fixture *f)
{
    work_pool_free(&f->pool);
    assert_null(f->pool);
    loop_free(&f->loop);
    sem_destroy(&f->gate);
}

static bool is_all_done(const void *arg)
{
    return ((const struct fixture *)arg)->n_done == MANY;
}

static bool is_one_done(const void *arg)
{
    return ((const struct fixture *)arg)->n_done == 1;
}

static bool is_none_waiting(const void *arg)
{
    return work_queued(((const struct fixture *)arg)->pool) == 0;
}

static void test_jobs_of_a_key_keep_order_and_thread(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, 4, MANY);

    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(submit(&f, 1 + i % MANY_KEYS, i / MANY_KEYS, false), ERR_OK);

    assert_true(loop_until(f.loop, is_all_done, &f, DEADLINE_MS));
    assert_int_equal(f.n_wrong_order, 0);
    assert_int_equal(f.n_wrong_thread, 0);
    assert_int_equal(work_queued(f.pool), 0);
    stop(&f);
}

static void test_a_job_without_key_avoids_a_busy_worker(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, 2, MANY);
    assert_int_equal(submit(&f, 0, 0, true), ERR_OK);

    for (int i = 1; i <= 20; i++) {
        f.n_done = 0;
        assert_int_equal(submit(&f, 0, 0, false), ERR_OK);
        assert_true(loop_until(f.loop, is_one_done, &f, DEADLINE_MS));
    }

    sem_post(&f.gate);
    stop(&f);
}

static void test_a_full_queue_refuses(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, 1, 2);
    assert_int_equal(submit(&f, 1, 0, true), ERR_OK);
    assert_true(
        loop_until(f.loop, is_none_waiting, &f, DEADLINE_MS)); /* it runs, blocked */

    assert_int_equal(submit(&f, 1, 1, false), ERR_OK);
    assert_int_equal(submit(&f, 1, 2, false), ERR_OK);
    assert_int_equal(work_queued(f.pool), 2);
    assert_int_equal(submit(&f, 1, 3, false), ERR_OVERLOADED);

    sem_post(&f.gate);
    assert_true(loop_until(f.loop, is_none_waiting, &f, DEADLINE_MS));
    assert_int_equal(submit(&f, 1, 3, false), ERR_OK);
    stop(&f);
    assert_int_equal(f.n_done, 4);
    assert_int_equal(f.n_wrong_order, 0);
}

static void test_free_runs_what_is_queued_and_takes_nothing_new(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, 2, MANY);
    assert_int_equal(submit(&f, 1, 0, true), ERR_OK);
    for (size_t i = 1; i < 100; i++)
        assert_int_equal(submit(&f, 1, i, false), ERR_OK);
    f.submits_in_done = true;

    sem_post(&f.gate);
    stop(&f);

    assert_int_equal(f.n_run, 100);
    assert_int_equal(f.n_done, 100);
    assert_int_equal(f.late_rc, ERR_SHUTTING_DOWN);
}

static void test_a_burst_is_done_in_one_turn_of_the_loop(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, 1, MANY);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(submit(&f, 1, i, false), ERR_OK);
    while (atomic_load(&f.n_run) < MANY) /* the loop does not turn meanwhile */
        sched_yield();
    /* Once this one has started, the worker has handed in all before it. */
    assert_int_equal(submit(&f, 2, 0, true), ERR_OK);
    while (work_queued(f.pool) > 0)
        sched_yield();

    uv_run(loop_native(f.loop), UV_RUN_NOWAIT);

    assert_int_equal(f.n_done, MANY);
    sem_post(&f.gate);
    stop(&f);
    assert_int_equal(f.n_done, MANY + 1);
}

static void test_a_job_gets_an_empty_arena_and_its_threads_db(void **state)
{
    struct fixture f;
    struct db *db;

    (void)state;
    start(&f, 1, MANY);
    assert_int_equal(submit(&f, MANY_KEYS, 0, false), ERR_OK);
    assert_true(loop_until(f.loop, is_one_done, &f, DEADLINE_MS));
    db = f.db;
    assert_non_null(db);
    f.n_done = 0;

    assert_int_equal(submit(&f, MANY_KEYS, 1, false), ERR_OK);
    assert_true(loop_until(f.loop, is_one_done, &f, DEADLINE_MS));

    assert_ptr_equal(f.db, db);
    assert_int_equal(f.arena_used, 0);
    stop(&f);
}

/* A port where connections are made and nothing is ever said; its number is in *url. */
static int silent_listener(char *url, size_t size)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(fd, 64), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    snprintf(url, size, "mysql://u:p@127.0.0.1:%d/n", ntohs(at.sin_port));
    return fd;
}

static size_t count_connections(int listener)
{
    size_t n = 0;
    int fd;

    while ((fd = accept(listener, NULL, NULL)) >= 0) {
        close(fd);
        n++;
    }
    return n;
}

static void run_database_job(struct work_job *base, struct work_ctx *ctx)
{
    struct test_job *job = (struct test_job *)base;

    if (db_begin(ctx->db) == ERR_DB_LOST)
        atomic_fetch_add(&job->f->n_run, 1);
}

static void test_a_silent_database_is_not_tried_again_at_the_end(void **state)
{
    struct db_config config = {.connect_timeout_ms = 1000};
    struct fixture f;
    char url[64];
    int listener = silent_listener(url, sizeof(url));

    (void)state;
    config.url = str_of(url);
    start_with(&f, 1, MANY, &config);
    for (int i = 0; i < 30; i++) {
        struct test_job *job = mem_zalloc(sizeof(*job));

        *job = (struct test_job){{.run = run_database_job, .done = done_job}, .f = &f};
        assert_int_equal(work_submit(f.pool, 1, &job->job), ERR_OK);
    }

    stop(&f);

    assert_int_equal(f.n_run, 30);
    assert_int_equal(count_connections(listener), 1);
    close(listener);
}

static void test_free_of_nothing_is_a_no_op(void **state)
{
    struct work_pool *none = NULL;

    (void)state;
    work_pool_free(&none);
    assert_null(none);
}

static int start_library(void **state)
{
    (void)state;
    return db_library_start(NULL, NULL) == ERR_OK ? 0 : -1;
}

static int stop_library(void **state)
{
    (void)state;
    db_library_stop();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jobs_of_a_key_keep_order_and_thread),
        cmocka_unit_test(test_a_job_without_key_avoids_a_busy_worker),
        cmocka_unit_test(test_a_full_queue_refuses),
        cmocka_unit_test(test_free_runs_what_is_queued_and_takes_nothing_new),
        cmocka_unit_test(test_a_burst_is_done_in_one_turn_of_the_loop),
        cmocka_unit_test(test_a_job_gets_an_empty_arena_and_its_threads_db),
        cmocka_unit_test(test_a_silent_database_is_not_tried_again_at_the_end),
        cmocka_unit_test(test_free_of_nothing_is_a_no_op),
    };

    return cmocka_run_group_tests(tests, start_library, stop_library);
}
