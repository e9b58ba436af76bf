/*
 * How fast a connection is read: the message rate of its user, and how much of it waits at the
 * readers of the database.
 * SPDX-License-Identifier: MIT
 */
#include "endpoint/stomp_conn.h"

#include "base/banned.h"

enum {
    /* Of one connection at the readers, whose queue is everybody's. What was read already may come
     * on top. */
    JOBS_MAX = 32
};

static void update(struct stomp_conn *c)
{
    bool is_paused = c->pause_timer || c->n_jobs >= JOBS_MAX;

    if (is_paused == c->is_paused || c->state == STOMP_STATE_CLOSING ||
        c->state == STOMP_STATE_CLOSED)
        return;
    c->is_paused = is_paused;
    if (is_paused) {
        link_pause(c->link);
        return;
    }
    c->heard_ms = loop_now_ms(c->hub->loop); /* it could not be heard meanwhile */
    link_resume(c->link);
}

static void on_pause_over(void *arg)
{
    struct stomp_conn *c = arg;
    int64_t left = c->paused_until_ms - loop_now_ms(c->hub->loop);

    if (left > 0) { /* frames that were read already have added to it */
        loop_timer_start(c->pause_timer, left, 0);
        return;
    }
    stomp_pace_end(c);
    update(c);
}

/* Not read until the user is under the limit again: nothing is lost. */
static void pause_for(struct stomp_conn *c, int64_t wait_ms)
{
    c->paused_until_ms = loop_now_ms(c->hub->loop) + wait_ms;
    if (c->pause_timer)
        return;
    c->pause_timer = loop_timer_new(c->hub->loop, on_pause_over, c);
    loop_timer_start(c->pause_timer, wait_ms, 0);
    update(c);
}

enum err stomp_pace_message(struct stomp_conn *c)
{
    int64_t wait_ms = user_take_token(c->hub, c->user, USER_MESSAGES, !c->errors);

    if (wait_ms == 0)
        return ERR_OK;
    if (c->errors)
        return ERR_RATE_LIMITED;
    pause_for(c, wait_ms);
    return ERR_OK;
}

void stomp_pace_small(struct stomp_conn *c)
{
    int64_t wait_ms = user_take_token(c->hub, c->user, USER_SMALL, true);

    if (wait_ms > 0)
        pause_for(c, wait_ms);
}

void stomp_job_begin(struct stomp_conn *c)
{
    stomp_conn_ref(c);
    c->n_jobs++;
    update(c);
}

void stomp_job_end(struct stomp_conn *c)
{
    BUG_ON(c->n_jobs == 0);
    c->n_jobs--;
    update(c);
    stomp_conn_unref(&c);
}

void stomp_pace_end(struct stomp_conn *c)
{
    loop_timer_free(&c->pause_timer);
}
