/* SPDX-License-Identifier: MIT */
#include "support/loop_until.h"

#include <stdlib.h>

#include <uv.h>

#include "base/clock.h"

#include "base/banned.h"

static void on_tick(void *arg)
{
    (void)arg; /* only bounds the wait of a turn */
}

static bool turn(struct loop *loop, loop_until_fn *is_true, const void *arg,
                 int64_t timeout_ms)
{
    int64_t end = clock_mono_ns() + timeout_ms * NS_PER_MS;
    struct loop_timer *tick = loop_timer_new(loop, on_tick, NULL);
    bool is_done;

    loop_timer_start(tick, 1, 1);
    while (!(is_done = is_true(arg)) && clock_mono_ns() < end)
        uv_run(loop_native(loop), UV_RUN_ONCE);
    loop_timer_free(&tick);
    return is_done;
}

bool loop_until(struct loop *loop, loop_until_fn *is_true, const void *arg,
                int timeout_ms)
{
    const char *slow = getenv("REUSE_TEST_SLOW");

    return turn(loop, is_true, arg, timeout_ms * (slow ? strtoll(slow, NULL, 10) : 1));
}

static bool is_never(const void *arg)
{
    (void)arg;
    return false;
}

void loop_for(struct loop *loop, int ms)
{
    (void)turn(loop, is_never, NULL, ms);
}
