/*
 * One thread of the pool and the two lists that jobs travel on: its queue, and the pool's list of
 * finished jobs that wakes the loop once however many it holds.
 * SPDX-License-Identifier: MIT
 */
#ifndef WORK_WORKER_H
#define WORK_WORKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "work/work.h"

struct job_list {
    struct work_job *first, *last;
};

/* job_list_push — at the end. job_list_take — all of it, oldest first. thread: holder of its lock */
void job_list_push(struct job_list *list, struct work_job *job);
struct work_job *job_list_take(struct job_list *list);

/* Jobs that ran and wait for their done call. */
struct job_outbox {
    pthread_mutex_t lock;
    struct job_list jobs;
    int wake_fd; /* eventfd; written when jobs stops being empty */
};

/* The pool's part that workers see. Lock order: none is taken while another is held. */
struct worker_shared {
    struct job_outbox outbox;
    atomic_size_t n_waiting; /* jobs in all queues that did not start */
    atomic_bool is_stopping; /* set once, by the loop */
    struct db_config db;
    const struct log *log;
};

struct worker {
    struct worker_shared *shared;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t is_changed;
    struct job_list queue; /* under lock, as the two below */
    bool is_idle;          /* waits on is_changed */
    bool is_stopping;
    atomic_size_t load; /* jobs waiting or running */
};

/* worker_start — the thread, named name-index. thread: loop, as all below */
void worker_start(struct worker *w, struct worker_shared *shared, const char *name,
                  int index);
/* worker_push — hands a job over; wakes the thread only if it sleeps. */
void worker_push(struct worker *w, struct work_job *job);
/* worker_stop — the thread ends once its queue is empty; worker_join waits for it. */
void worker_stop(struct worker *w);
void worker_join(struct worker *w);

#endif
