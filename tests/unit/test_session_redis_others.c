/*
 * src/session/redis.c beside the replaced service and rubbish, and its answers to the debug API.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>

#include "session_scene.h"

#include "base/banned.h"

/* --- the replaced service, and the debug API ---------------------------------------------- */

/* A session as it writes it: no hash, no sign of life. */
static void set_foreign(struct scene *s, const char *user, const char *id,
                        const char *time)
{
    char key[64], json[512];

    snprintf(key, sizeof(key), "user:session:%s", user);
    scene_set(s, key, scene_json("J", user, id, time, json));
    snprintf(key, sizeof(key), "session:user:%s", id);
    scene_set(s, key, user);
    snprintf(key, sizeof(key), "SADD server:users:J %s", user);
    (void)scene_redis(s, key);
}

static void test_sessions_of_the_replaced_service_are_left_alone(void **state)
{
    struct scene *s = *state;

    scene_open_both(s);
    set_foreign(s, "j", "j1", "10:00:00");
    set_foreign(s, "u", "j2", "10:00:01");
    scene_beat(&s->a);
    assert_int_equal(scene_stop(&s->b), ERR_OK);
    assert_string_equal(scene_newest(s, "j"), "j1");
    ASSERT_REDIS(s, "SMEMBERS server:users:J", "j u");
    ASSERT_REDIS(s, "GET session:user:j1", "j");

    scene_add(&s->a, "u", "s1", "10:00:00"); /* older than the foreign one */
    assert_string_equal(scene_newest(s, "u"), "j2");
    (void)scene_redis(s, "EXPIRE user:session:u 50");
    scene_add(&s->a, "u", "s1", "10:00:00");
    assert_in_range(scene_ttl(s, "user:session:u"), 40,
                    50); /* it ends when its service says */
    scene_remove(&s->a, "u", "s1");
    assert_string_equal(scene_newest(s, "u"), "j2");

    scene_add(&s->a, "u", "s2", "10:00:02");
    assert_string_equal(scene_newest(s, "u"), "s2");
    (void)scene_redis(s, "DEL user:session:u"); /* as it does, without comparing */
    scene_add(&s->a, "u", "s2", "10:00:02");
    assert_string_equal(scene_newest(s, "u"), "s2");
}

static void test_a_server_that_takes_over_its_id_removes_its_sessions(void **state)
{
    struct scene *s = *state;

    scene_redis_up(s);
    set_foreign(s, "j", "j1", "10:00:00");
    s->a.id = "J";
    scene_open_up(&s->a);
    assert_string_equal(scene_keys(s), "server:alive:J servers");
}

static void test_values_of_others_do_no_harm(void **state)
{
    static const char *const values[] = {
        "no JSON",
        "",
        "null",
        "[1]",
        "\"text\"",
        "{\"connectTime\":[2025,1,20]}",
        "{\"serverId\":null,\"sessionId\":7,\"connectTime\":\"9\"}"};
    struct scene *s = *state;

    scene_open_both(s);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        scene_set(s, "user:session:u", values[i]);
        assert_string_equal(scene_get(&s->a, "u"), values[i]);
        (void)scene_redis(s, "HSET user:sessions:u x rubbish");
        scene_add(&s->a, "u", "s1", "10:00:00");
        assert_string_equal(scene_newest(s, "u"), "s1");
        scene_set(s, "user:session:u", values[i]);
        scene_remove(&s->a, "u", "s1");
        assert_int_equal(s->rc, ERR_OK);
        ASSERT_REDIS(s, "EXISTS user:sessions:u server:users:A", "0");
        (void)scene_redis(s, "SADD server:users:A u");
        assert_non_null(scene_snapshot(&s->a));
    }
    assert_int_equal(scene_stop(&s->a), ERR_OK);
}

static void test_a_snapshot_has_all_servers_that_live(void **state)
{
    struct scene *s = *state;
    char want[2048], one[512], two[512];

    scene_open_both(s);
    assert_string_equal(scene_snapshot(&s->a), "A() B()");
    set_foreign(s, "j", "j1", "10:00:00");
    scene_add(&s->a, "u", "a1", "10:00:00");
    scene_add(&s->b, "u", "b1", "10:00:01");
    scene_add(&s->b, "v", "b2", "10:00:01");
    snprintf(want, sizeof(want), "A(u) B(u,v) u=%s v=%s",
             scene_json("B", "u", "b1", "10:00:01", one),
             scene_json("B", "v", "b2", "10:00:01", two));
    assert_string_equal(scene_snapshot(&s->a), want);
    assert_string_equal(scene_get(&s->a, "u"), one);
    assert_string_equal(scene_get(&s->a, "nobody"), "-");

    (void)scene_redis(s, "DEL server:alive:B");
    snprintf(want, sizeof(want), "A(u) u=%s", one);
    assert_string_equal(scene_snapshot(&s->a), want);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, scene_set_up, scene_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_sessions_of_the_replaced_service_are_left_alone),
        CASE(test_a_server_that_takes_over_its_id_removes_its_sessions),
        CASE(test_values_of_others_do_no_harm),
        CASE(test_a_snapshot_has_all_servers_that_live),
    };

    signal(SIGPIPE, SIG_IGN); /* as the program does */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
