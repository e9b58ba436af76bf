/*
 * The way from SIGTERM to the end of the loop: listening ends at once, what was taken is receipted,
 * then every client is told, a few at a time, within drain.timeout. Users stay online until their
 * connection ends; the server itself leaves the session store last.
 * SPDX-License-Identifier: MIT
 */
#include "app/server_parts.h"

#include "base/banned.h"

enum {
    DRAIN_STEP_MS = 20,
    DRAIN_AT_ONCE = 100,
    DRAIN_LINGER_MS = 2500
};

static void on_store_stopped(void *ctx, enum err rc)
{
    struct server *s = ctx;

    (void)rc; /* an absent store forgets this server by itself */
    s->is_store_stopped = true;
}

static void stop_store(struct server *s)
{
    if (s->is_store_stopping)
        return;
    s->is_store_stopping = true;
    if (s->is_failed) /* what the store has of this id is another server's */
        s->is_store_stopped = true;
    else
        session_store_stop(s->hub.sessions, on_store_stopped, s);
}

/* All told: wait for the closes to go out, for the store, and for mails under way. */
static void finish_when_empty(struct server *s, int64_t now)
{
    bool is_over = now > s->drain_until_ms + DRAIN_LINGER_MS;

    if (s->hub.n_conns > 0 && now < s->drain_until_ms)
        return;
    stop_store(s);
    if ((s->hub.n_conns > 0 || !s->is_store_stopped || mailer_is_busy(s->mailer)) &&
        !is_over)
        return;
    loop_timer_stop(s->drain_timer);
    loop_stop(s->loop);
}

static void on_step(void *arg)
{
    struct server *s = arg;
    int64_t now = loop_now_ms(s->loop);
    bool is_late = now >= s->drain_until_ms;
    size_t steps_left, left;

    /* Receipts of what was taken come first, while there is time. */
    if (writer_busy(s->hub.writer) > 0 && !is_late)
        return;
    steps_left = is_late ? 1 : (size_t)((s->drain_until_ms - now) / DRAIN_STEP_MS + 1);
    left = s->hub.n_conns / steps_left;
    left = endpoint_close_some(s->endpoint, left > DRAIN_AT_ONCE ? left : DRAIN_AT_ONCE);
    if (left == 0)
        finish_when_empty(s, now);
}

void server_drain(struct server *s)
{
    int64_t now = loop_now_ms(s->loop);

    if (s->is_stopping) { /* the second signal */
        loop_stop(s->loop);
        return;
    }
    s->is_stopping = true;
    LOG_INFO(&s->log, "server.draining", LOG_INT("connections", s->hub.n_conns));
    endpoint_stop_listening(s->endpoint);
    discovery_stop(s->discovery);
    mailer_stop(s->mailer);
    s->drain_began_ms = now;
    s->drain_until_ms = now + s->settings.drain_timeout;
    s->drain_timer = loop_timer_new(s->loop, on_step, s);
    loop_timer_start(s->drain_timer, 0, DRAIN_STEP_MS);
}
