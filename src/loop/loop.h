/*
 * The event loop of a server: one thread that owns connections, feeds and timers, and a queue by
 * which other threads hand work to it. The only home of libuv.
 * SPDX-License-Identifier: MIT
 */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;

typedef void loop_fn(void *arg);

/* loop_new — a loop of its own. out: freed with loop_free on the thread that made it. */
struct loop *loop_new(void);
/* loop_free — every timer, watch and signal must be gone; BUG_ON otherwise. NULL is a no-op. */
void loop_free(struct loop **loop);

/* loop_run — until loop_stop. What is still to be closed or posted then is done by loop_free, so
 * the owner of parts frees them in between. thread: loop */
void loop_run(struct loop *loop);
/* loop_stop — lets loop_run return. thread: loop */
void loop_stop(struct loop *loop);

/*
 * loop_post — fn(arg) on the loop's thread, soon, in the order posted.
 * thread: any, until loop_free; arg is the receiver's then
 */
void loop_post(struct loop *loop, loop_fn *fn, void *arg);

/* loop_now_ms — monotonic milliseconds at the start of this turn. thread: loop, as all below */
int64_t loop_now_ms(const struct loop *loop);

/* loop_native — the uv_loop_t, for a library that runs on it. */
void *loop_native(struct loop *loop);
/* loop_native_last_fd — the descriptor that such a library began to watch last; -1: none. */
int loop_native_last_fd(struct loop *loop);

/* A timer: one shot (repeat_ms 0) or repeating. May be stopped or freed in its own callback. */
struct loop_timer;
struct loop_timer *loop_timer_new(struct loop *loop, loop_fn *fn, void *arg);
void loop_timer_start(struct loop_timer *t, int64_t after_ms, int64_t repeat_ms);
void loop_timer_stop(struct loop_timer *t);
bool loop_timer_is_active(const struct loop_timer *t);
void loop_timer_free(struct loop_timer **t);

/* A call in every turn, when all that happened was told and before the loop waits again. Keeps no
 * loop alive. */
struct loop_turn;
struct loop_turn *loop_turn_new(struct loop *loop, loop_fn *fn, void *arg);
void loop_turn_free(struct loop_turn **t);

/* Watching a file descriptor that somebody else owns. */
enum loop_event {
    LOOP_READABLE = 1,
    LOOP_WRITABLE = 2,
};
struct loop_watch;
/* events: enum loop_event; is_error: the descriptor is broken (both events are set then) */
typedef void loop_watch_fn(void *arg, int events, bool is_error);
struct loop_watch *loop_watch_new(struct loop *loop, int fd, loop_watch_fn *fn,
                                  void *arg);
/* loop_watch_set — which events are waited for; 0: none. */
void loop_watch_set(struct loop_watch *w, int events);
/* loop_watch_free — stops watching at once; the descriptor may be closed after it returns. */
void loop_watch_free(struct loop_watch **w);

/* loop_signal_new — fn(arg) on the loop when the process gets signum. */
struct loop_signal;
struct loop_signal *loop_signal_new(struct loop *loop, int signum, loop_fn *fn,
                                    void *arg);
void loop_signal_free(struct loop_signal **s);

#endif
