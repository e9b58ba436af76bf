/*
 * The loop and its queue of posts. The queue is two lists that change places, so that a post costs
 * one lock and one copy, and a batch is run without the lock.
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#include "base/bug.h"
#include "loop/loop_internal.h"

#include "base/banned.h"

static void post_list_push(struct post_list *list, struct post post)
{
    if (list->n == list->cap) {
        list->cap = list->cap ? list->cap * 2 : 64;
        list->items = mem_realloc(list->items, list->cap * sizeof(*list->items));
    }
    list->items[list->n++] = post;
}

/* Runs what was posted before now; what is posted meanwhile waits for the next turn. */
static bool run_posts(struct loop *loop)
{
    struct post_list spare = loop->batch;
    size_t n;

    pthread_mutex_lock(&loop->lock);
    loop->batch = loop->inbox;
    loop->inbox = spare;
    pthread_mutex_unlock(&loop->lock);

    n = loop->batch.n;
    for (size_t i = 0; i < n; i++)
        loop->batch.items[i].fn(loop->batch.items[i].arg);
    loop->batch.n = 0;
    return n > 0;
}

static void on_wake(uv_async_t *wake)
{
    (void)run_posts(wake->data);
}

struct loop *loop_new(void)
{
    struct loop *loop = mem_zalloc(sizeof(*loop));

    BUG_ON(uv_loop_init(&loop->uv) != 0);
    BUG_ON(uv_async_init(&loop->uv, &loop->wake, on_wake) != 0);
    BUG_ON(pthread_mutex_init(&loop->lock, NULL) != 0);
    loop->wake.data = loop;
    return loop;
}

/* Turns the loop until nothing is posted, active or closing; two loop_stops end it. */
static void run_out(struct loop *loop)
{
    bool is_busy = true;

    uv_unref((uv_handle_t *)&loop->wake);
    while (is_busy && loop->stops < 2) {
        uv_run(&loop->uv, UV_RUN_DEFAULT);
        is_busy = run_posts(loop) || uv_loop_alive(&loop->uv);
    }
}

void loop_free(struct loop **loopp)
{
    struct loop *loop = *loopp;

    if (!loop)
        return;
    *loopp = NULL;
    BUG_ON(loop->objects != 0);

    loop->stops = 0;
    run_out(loop);
    uv_close((uv_handle_t *)&loop->wake, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    BUG_ON(uv_loop_close(&loop->uv) != 0);
    pthread_mutex_destroy(&loop->lock);
    free(loop->inbox.items);
    free(loop->batch.items);
    free(loop);
}

void loop_run(struct loop *loop)
{
    uv_ref((uv_handle_t *)&loop->wake);
    if (loop->stops == 0)
        uv_run(&loop->uv, UV_RUN_DEFAULT);
    loop->stops = 0;
}

void loop_stop(struct loop *loop)
{
    loop->stops++;
    uv_stop(&loop->uv);
}

void loop_post(struct loop *loop, loop_fn *fn, void *arg)
{
    bool is_first;

    pthread_mutex_lock(&loop->lock);
    is_first = loop->inbox.n == 0;
    post_list_push(&loop->inbox, (struct post){fn, arg});
    if (is_first)
        uv_async_send(&loop->wake);
    pthread_mutex_unlock(&loop->lock);
}

int64_t loop_now_ms(const struct loop *loop)
{
    return (int64_t)uv_now(&loop->uv);
}

void *loop_native(struct loop *loop)
{
    return &loop->uv;
}

static void note_fd(uv_handle_t *handle, void *arg)
{
    int *fd = arg;
    uv_os_fd_t this_one;

    /* Handles come in the order of their making. */
    if (handle->type == UV_POLL && uv_fileno(handle, &this_one) == 0)
        *fd = this_one;
}

int loop_native_last_fd(struct loop *loop)
{
    int fd = -1;

    uv_walk(&loop->uv, note_fd, &fd);
    return fd;
}
