/*
 * What the files of this folder share: the loop itself and the count of what hangs on it.
 * SPDX-License-Identifier: MIT
 */
#ifndef LOOP_LOOP_INTERNAL_H
#define LOOP_LOOP_INTERNAL_H

#include <pthread.h>
#include <stddef.h>
#include <uv.h>

#include "loop/loop.h"

struct post {
    loop_fn *fn;
    void *arg;
};

/* Posts in the order they came. */
struct post_list {
    struct post *items; /* owned */
    size_t n;
    size_t cap;
};

struct loop {
    uv_loop_t uv;
    uv_async_t wake; /* set when the inbox gets its first post */
    size_t objects; /* timers, turns, watches and signals not yet freed by their owners */
    int stops;      /* calls of loop_stop */
    struct post_list batch; /* being run; only the loop's thread touches it */
    pthread_mutex_t lock;   /* guards inbox, nothing else */
    struct post_list inbox;
};

#endif
