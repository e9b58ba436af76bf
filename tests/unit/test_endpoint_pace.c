/*
 * src/endpoint/stomp_pace.c: a connection that sends too much is not read for a while, and what it
 * missed meanwhile is not held against it.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/bug.h"
#include "endpoint/stomp_conn.h"
#include "support/loop_until.h"

#include "base/banned.h"

enum {
    BURST = 4,
    SMALL_BURST = 5 * BURST,
    FAST = 1000,
    JOBS = 32
};

/* A link that notes what is asked of it. */
struct wire {
    int pauses, resumes, closes;
};

static bool on_send(void *self, struct str head, struct str tail)
{
    (void)self;
    (void)head;
    (void)tail;
    return true;
}

static void on_close(void *self, unsigned code, const char *reason)
{
    struct wire *wire = self;

    (void)code;
    (void)reason;
    wire->closes++;
}

static size_t waiting(const void *self)
{
    (void)self;
    return 0;
}

static int64_t behind_ms(const void *self)
{
    (void)self;
    return 0;
}

static void on_pause(void *self)
{
    ((struct wire *)self)->pauses++;
}

static void on_resume(void *self)
{
    ((struct wire *)self)->resumes++;
}

static const struct link_vtable vtable = {
    .name = "wire",
    .is_heartbeat_allowed = true,
    .send = on_send,
    .close = on_close,
    .waiting = waiting,
    .behind_ms = behind_ms,
    .pause = on_pause,
    .resume = on_resume,
};

static struct log quiet = {.fd = 2, .level = LOG_LEVEL_ERROR};

struct scene {
    struct settings settings;
    struct hub hub;
    struct wire wire;
    struct stomp_conn conn;
};

static int set_up(void **state)
{
    struct scene *s = mem_zalloc(sizeof(*s));

    s->settings.limits_messages_burst = BURST;
    s->settings.limits_messages_per_second = 1;
    s->hub = (struct hub){.settings = &s->settings, .log = &quiet, .loop = loop_new()};
    buf_init(&s->hub.scratch, 65536);
    s->conn = (struct stomp_conn){.hub = &s->hub,
                                  .link = {&vtable, &s->wire},
                                  .state = STOMP_STATE_CONNECTED,
                                  .refs = 1,
                                  .version = STOMP_V12,
                                  .user = user_get(&s->hub, STR("a"))};
    s->conn.heard_ms = s->conn.sent_ms = s->conn.refreshed_ms = loop_now_ms(s->hub.loop);
    s->hub.conns = &s->conn;
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;

    stomp_pace_end(&s->conn);
    user_put(&s->hub, &s->conn.user);
    users_sweep(&s->hub, true);
    buf_release(&s->hub.scratch);
    loop_free(&s->hub.loop);
    free(s);
    return 0;
}

static void send_small(struct scene *s, int n)
{
    for (int i = 0; i < n; i++)
        stomp_pace_small(&s->conn);
}

static bool is_read_again(const void *arg)
{
    return ((const struct scene *)arg)->wire.resumes > 0;
}

static void test_markers_typing_and_acks_count_by_themselves(void **state)
{
    struct scene *s = *state;

    send_small(s, SMALL_BURST);
    assert_int_equal(s->wire.pauses, 0);
    for (int i = 0; i < BURST; i++)
        assert_int_equal(stomp_pace_message(&s->conn), ERR_OK);
    assert_int_equal(s->wire.pauses, 0);
    send_small(s, 1);
    assert_int_equal(s->wire.pauses, 1);
    send_small(s, 3);
    assert_int_equal(s->wire.pauses, 1); /* it is not read already */
}

static void test_it_is_read_again_without_waiting_for_a_tick(void **state)
{
    struct scene *s = *state;

    s->settings.limits_messages_per_second = FAST;
    for (int i = 0; i < 2 * BURST; i++)
        assert_int_equal(stomp_pace_message(&s->conn), ERR_OK);
    assert_int_equal(s->wire.pauses, 1);

    assert_true(
        loop_until(s->hub.loop, is_read_again, s, 5000)); /* stomp_tick is never called */
    assert_int_equal(s->wire.resumes, 1);
}

static void test_silence_while_it_is_not_read_is_not_held_against_it(void **state)
{
    struct scene *s = *state;

    s->conn.heartbeat.expect_ms = 10000;
    s->settings.limits_messages_per_second = FAST;
    for (int i = 0; i < 2 * BURST; i++)
        assert_int_equal(stomp_pace_message(&s->conn), ERR_OK);
    s->conn.heard_ms -= 1000000;
    stomp_tick(&s->hub);
    assert_true(loop_until(s->hub.loop, is_read_again, s, 5000));
    stomp_tick(&s->hub);

    assert_int_equal(s->wire.closes, 0);
}

static void test_too_much_at_the_readers_stops_reading_until_it_is_less(void **state)
{
    struct scene *s = *state;

    for (int i = 0; i < JOBS; i++) {
        assert_int_equal(s->wire.pauses, 0);
        stomp_job_begin(&s->conn);
    }
    assert_int_equal(s->wire.pauses, 1);
    stomp_job_end(&s->conn);
    assert_int_equal(s->wire.resumes, 1);
    for (int i = 1; i < JOBS; i++)
        stomp_job_end(&s->conn);
    assert_int_equal(s->wire.resumes, 1);
    assert_int_equal(s->conn.refs, 1);
}

static void test_both_reasons_must_be_gone(void **state)
{
    struct scene *s = *state;

    s->settings.limits_messages_per_second = FAST;
    for (int i = 0; i < JOBS; i++)
        stomp_job_begin(&s->conn);
    for (int i = 0; i < 2 * BURST; i++)
        assert_int_equal(stomp_pace_message(&s->conn), ERR_OK);
    stomp_job_end(&s->conn);
    assert_int_equal(s->wire.resumes, 0);
    assert_true(loop_until(s->hub.loop, is_read_again, s, 5000));
    for (int i = 1; i < JOBS; i++)
        stomp_job_end(&s->conn);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_markers_typing_and_acks_count_by_themselves),
        T(test_it_is_read_again_without_waiting_for_a_tick),
        T(test_silence_while_it_is_not_read_is_not_held_against_it),
        T(test_too_much_at_the_readers_stops_reading_until_it_is_less),
        T(test_both_reasons_must_be_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
