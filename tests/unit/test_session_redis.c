/*
 * src/session/redis.c and its scripts: contract of the keys, with two servers on a real Redis.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "session_scene.h"
#include "support/loop_until.h"

#include "base/banned.h"

enum {
    MANY = 5000,
    USERS_OF_THE_DEAD = 450 /* cleaned in three steps */
};

#define KEYS_OF_A "server:alive:A server:users:A servers"
/* --- keys --------------------------------------------------------------------------------- */

static void test_keys_types_values_and_expiries(void **state)
{
    static const char *const session_keys[] = {"user:session:u", "session:user:s1",
                                               "user:sessions:u"};
    struct scene *s = *state;
    char json[512];

    scene_redis_up(s);
    scene_open_up(&s->a);
    ASSERT_REDIS(s, "KEYS *", "server:alive:A servers");
    scene_add(&s->a, "u", "s1", "10:00:00.5");
    assert_int_equal(s->rc, ERR_OK);

    assert_string_equal(scene_keys(s),
                        KEYS_OF_A " session:user:s1 user:session:u user:sessions:u");
    ASSERT_REDIS(s, "TYPE user:session:u", "string");
    ASSERT_REDIS(s, "TYPE session:user:s1", "string");
    ASSERT_REDIS(s, "TYPE user:sessions:u", "hash");
    ASSERT_REDIS(s, "TYPE server:users:A", "set");
    ASSERT_REDIS(s, "TYPE servers", "set");
    ASSERT_REDIS(s, "TYPE server:alive:A", "string");
    scene_json("A", "u", "s1", "10:00:00.5", json);
    ASSERT_REDIS(s, "GET user:session:u", json); /* byte by byte */
    ASSERT_REDIS(s, "HGET user:sessions:u s1", json);
    ASSERT_REDIS(s, "GET session:user:s1", "u");
    ASSERT_REDIS(s, "SMEMBERS server:users:A", "u");
    ASSERT_REDIS(s, "SMEMBERS servers", "A");
    for (int i = 0; i < 3; i++)
        assert_in_range(scene_ttl(s, session_keys[i]), 1790, 1800);
    assert_in_range(scene_ttl(s, "server:alive:A"), 80, 90);
    assert_int_equal(scene_ttl(s, "servers"), -1);
    assert_int_equal(scene_ttl(s, "server:users:A"), -1);

    scene_remove(&s->a, "u", "s1");
    ASSERT_REDIS(s, "KEYS *", "server:alive:A servers");
}

static void test_a_refresh_renews_expiries_and_keeps_the_order(void **state)
{
    struct scene *s = *state;

    scene_redis_up(s);
    scene_open_up(&s->a);
    scene_add(&s->a, "u", "s1", "10:00:00");
    scene_add(&s->a, "u", "s2", "10:00:01");
    (void)scene_redis(s, "EXPIRE session:user:s1 50");
    (void)scene_redis(s, "EXPIRE user:sessions:u 50");
    (void)scene_redis(s, "EXPIRE user:session:u 50");
    (void)scene_redis(s, "EXPIRE server:alive:A 50");

    scene_add(&s->a, "u", "s1", "10:00:00");
    assert_in_range(scene_ttl(s, "session:user:s1"), 1790, 1800);
    assert_in_range(scene_ttl(s, "user:sessions:u"), 1790, 1800);
    assert_string_equal(scene_newest(s, "u"), "s2"); /* whose expiry is its own affair */
    assert_in_range(scene_ttl(s, "user:session:u"), 40, 50);
    scene_add(&s->a, "u", "s2", "10:00:01");
    assert_in_range(scene_ttl(s, "user:session:u"), 1790, 1800);
    scene_beat(&s->a);
    assert_in_range(scene_ttl(s, "server:alive:A"), 80, 90);
}

static void test_names_of_any_bytes(void **state)
{
    static const char user[] = "\xea\xb9\x80\t%s:\x01'];redis.call('FLUSHALL')--";
    struct scene *s = *state;
    char key[128];

    scene_redis_up(s);
    scene_open_up(&s->a);
    scene_add(&s->a, user, "s1", "10:00:00"); /* its JSON is none, for the tab */
    assert_int_equal(s->rc, ERR_OK);

    ASSERT_REDIS(s, "GET session:user:s1", user);
    snprintf(key, sizeof(key), "EXISTS user:session:%s user:sessions:%s", user, user);
    assert_string_equal(scene_redis(s, key), "2");
    assert_string_equal(scene_get(&s->a, user), s->a.sessions[0].json);
}

/* --- several sessions of a user ----------------------------------------------------------- */

/* Servers of the older and the newer session, and which one is closed. */
static void close_one_of_two(struct scene *s, struct scene_server *old,
                             struct scene_server *new, bool closes_new)
{
    struct scene_server *left = closes_new ? old : new;
    char command[64];

    scene_add(old, "u", "old", "10:00:00");
    scene_add(new, "u", "new", "10:00:01");
    assert_string_equal(scene_newest(s, "u"), "new");
    if (closes_new)
        scene_remove(new, "u", "new");
    else
        scene_remove(old, "u", "old");

    assert_string_equal(scene_newest(s, "u"), closes_new ? "old" : "new");
    ASSERT_REDIS(s, "HKEYS user:sessions:u", closes_new ? "old" : "new");
    assert_string_equal(scene_redis(s, closes_new ? "EXISTS session:user:new"
                                                  : "EXISTS session:user:old"),
                        "0");
    snprintf(command, sizeof(command), "SMEMBERS server:users:%s", left->id);
    ASSERT_REDIS(s, command, "u");
    if (old != new)
        ASSERT_REDIS(s, left == &s->a ? "EXISTS server:users:B" : "EXISTS server:users:A",
                     "0");
    assert_in_range(scene_ttl(s, "user:session:u"), 1790, 1800);
    scene_remove(left, "u", closes_new ? "old" : "new");
    ASSERT_REDIS(s, "KEYS *:u", "");
}

static void test_closing_either_of_two_sessions_keeps_the_other(void **state)
{
    struct scene *s = *state;

    scene_open_both(s);
    for (int closes_new = 0; closes_new < 2; closes_new++) {
        close_one_of_two(s, &s->a, &s->a, closes_new);
        close_one_of_two(s, &s->a, &s->b, closes_new);
        close_one_of_two(s, &s->b, &s->a, closes_new);
    }
}

static void test_a_late_close_spares_the_newer_session_of_another_server(void **state)
{
    struct scene *s = *state;

    scene_open_both(s);
    scene_add(&s->a, "u", "s1", "10:00:00");
    scene_add(&s->b, "u", "s2", "10:00:01");

    scene_remove(&s->a, "u", "s1");
    scene_remove(&s->a, "u", "s1"); /* and once more */
    assert_string_equal(scene_newest(s, "u"), "s2");
    ASSERT_REDIS(s, "SMEMBERS server:users:B", "u");
    ASSERT_REDIS(s, "GET session:user:s2", "u");
}

static void test_times_of_connect_decide_not_the_order_of_calls(void **state)
{
    static const char *const times[][2] = {/* older, younger */
                                           {"10:00:00", "10:00:00.5"},
                                           {"10:00:00.45", "10:00:00.5"},
                                           {"09:59:59.999999", "10:00:00"}};
    struct scene *s = *state;

    scene_open_both(s);
    for (int i = 0; i < 3; i++) {
        scene_add(&s->b, "u", "young", times[i][1]);
        scene_add(&s->a, "u", "old", times[i][0]);
        assert_string_equal(scene_newest(s, "u"), "young");
        scene_remove(&s->b, "u", "young");
        assert_string_equal(scene_newest(s, "u"), "old");
        scene_remove(&s->a, "u", "old");
    }
}

static void test_a_session_whose_removal_was_lost_is_not_the_newest_again(void **state)
{
    struct scene *s = *state;

    scene_open_both(s);
    scene_add(&s->a, "u", "lost", "10:00:00");
    scene_add(&s->a, "u", "s2", "10:00:01");
    (void)scene_redis(s, "DEL session:user:lost"); /* what its expiry does */

    scene_remove(&s->a, "u", "s2");
    assert_string_equal(scene_newest(s, "u"), "-");
    assert_string_equal(scene_keys(s), "server:alive:A server:alive:B servers");
}

/* --- servers that die --------------------------------------------------------------------- */

static void test_a_beat_cleans_up_after_a_dead_server_only(void **state)
{
    struct scene *s = *state;

    scene_open_both(s);
    scene_add(&s->a, "both", "a1", "10:00:01");
    scene_add(&s->b, "both", "b1", "10:00:00");
    scene_add(&s->a, "own", "a2", "10:00:00");
    scene_add(&s->b, "other", "b2", "10:00:00");
    scene_crash(&s->a);
    scene_beat(&s->b);
    assert_string_equal(scene_newest(s, "both"),
                        "a1"); /* it may live: no 90 s are over */
    ASSERT_REDIS(s, "SMEMBERS servers", "A B");

    (void)scene_redis(s, "DEL server:alive:A");
    scene_beat(&s->b);
    assert_string_equal(scene_keys(s),
                        "server:alive:B server:users:B servers session:user:b1 "
                        "session:user:b2 user:session:both user:session:other "
                        "user:sessions:both user:sessions:other");
    assert_string_equal(scene_newest(s, "both"), "b1");
    assert_in_range(scene_ttl(s, "user:session:both"), 1790, 1800);
    ASSERT_REDIS(s, "SMEMBERS servers", "B");
    ASSERT_REDIS(s, "SMEMBERS server:users:B", "both other");
}

static void on_made(void *ctx, enum err rc, const struct redis_reply *reply)
{
    (void)ctx;
    (void)reply;
    assert_int_equal(rc, ERR_OK);
}

static void test_a_dead_server_of_many_users_is_cleaned_whole(void **state)
{
    static const char make[] =
        "redis.call('SADD', 'servers', 'X')\n"
        "for i = 1, tonumber(ARGV[1]) do\n"
        "  local json = cjson.encode({sessionId = 's' .. i, serverId = 'X'})\n"
        "  redis.call('SADD', 'server:users:X', 'u' .. i)\n"
        "  redis.call('SET', 'user:session:u' .. i, json)\n"
        "  redis.call('SET', 'session:user:s' .. i, 'u' .. i)\n"
        "  redis.call('HSET', 'user:sessions:u' .. i, 's' .. i, json)\n"
        "end\n";
    struct scene *s = *state;
    char count[16];
    struct str arg = {count,
                      (size_t)snprintf(count, sizeof(count), "%d", USERS_OF_THE_DEAD)};

    scene_redis_up(s);
    scene_open_up(&s->b);
    redis_eval(s->look, &(struct redis_script){str_of(make), NULL, &arg, 0, 1}, on_made,
               NULL);
    ASSERT_REDIS(s, "SCARD server:users:X", count);

    scene_beat(&s->b);
    assert_string_equal(scene_keys(s), "server:alive:B servers");
}

static void test_a_restart_removes_the_former_life_at_once(void **state)
{
    struct scene *s = *state;

    scene_open_both(s);
    scene_add(&s->a, "u", "a1", "10:00:01");
    scene_add(&s->b, "u", "b1", "10:00:00");
    scene_add(&s->a, "v", "a2", "10:00:00");
    scene_crash(&s->a);

    scene_open_up(&s->a); /* its server:alive still stands */
    assert_string_equal(scene_newest(s, "u"), "b1");
    assert_string_equal(scene_keys(s),
                        "server:alive:A server:alive:B server:users:B servers "
                        "session:user:b1 user:session:u user:sessions:u");
}

static void test_a_server_taken_for_dead_announces_all_again(void **state)
{
    struct scene *s = *state;

    scene_open_both(s);
    scene_add(&s->a, "u", "a1", "10:00:01");
    scene_add(&s->b, "u", "b1", "10:00:00");
    (void)scene_redis(s, "DEL server:alive:A"); /* it stood still for 90 s */
    scene_beat(&s->b);
    assert_string_equal(scene_newest(s, "u"), "b1");

    scene_beat(&s->a);
    assert_int_equal(s->a.n_up, 2);
    assert_string_equal(scene_newest(s, "u"), "a1");
    ASSERT_REDIS(s, "SMEMBERS server:users:A", "u");
    ASSERT_REDIS(s, "SMEMBERS servers", "A B");
    scene_beat(&s->a);
    assert_int_equal(s->a.n_up, 2); /* once */
}

/* --- Redis away --------------------------------------------------------------------------- */

static void test_redis_flushed_under_a_living_server(void **state)
{
    struct scene *s = *state;

    scene_redis_up(s);
    scene_open_up(&s->a);
    scene_add(&s->a, "u", "s1", "10:00:00");
    (void)scene_redis(s, "FLUSHALL");

    scene_beat(&s->a);
    assert_string_equal(scene_keys(s),
                        KEYS_OF_A " session:user:s1 user:session:u user:sessions:u");
}

static void test_redis_may_come_after_the_server(void **state)
{
    struct scene *s = *state;

    scene_open(&s->a);
    scene_add(&s->a, "u", "s1", "10:00:00");
    assert_int_equal(s->rc, ERR_UNAVAILABLE);
    assert_false(session_store_is_up(s->a.store));
    assert_null(scene_get(&s->a, "u"));
    assert_null(scene_snapshot(&s->a));
    assert_int_equal(s->a.n_down, 0);

    scene_redis_up(s);
    scene_wait_up(&s->a, 1);
    assert_true(session_store_is_up(s->a.store));
    assert_non_null(scene_get(&s->a, "u")); /* comes after what was announced */
    assert_string_equal(scene_newest(s, "u"), "s1");
}

static bool is_told_down(const void *arg)
{
    return ((const struct scene_server *)arg)->n_down > 0;
}

static void test_redis_restarted_empty_hears_all_again(void **state)
{
    struct scene *s = *state;

    scene_open_both(s);
    scene_add(&s->a, "u", "a1", "10:00:00");
    scene_add(&s->b, "u", "b1", "10:00:01");
    scene_add(&s->a, "v", "a2", "10:00:00");
    redis_server_kill(&s->redis);
    assert_true(loop_until(s->loop, is_told_down, &s->a, SCENE_DEADLINE_MS));
    assert_true(loop_until(s->loop, is_told_down, &s->b, SCENE_DEADLINE_MS));
    scene_remove(&s->a, "v", "a2"); /* closed meanwhile */
    assert_int_equal(s->rc, ERR_UNAVAILABLE);

    scene_redis_up(s);
    scene_wait_up(&s->a, 2);
    scene_wait_up(&s->b, 2);
    (void)scene_get(&s->a, "u");
    (void)scene_get(&s->b, "u");
    assert_string_equal(scene_newest(s, "u"), "b1");
    assert_string_equal(scene_keys(s),
                        "server:alive:A server:alive:B server:users:A server:users:B "
                        "servers session:user:a1 session:user:b1 user:session:u "
                        "user:sessions:u");
    assert_int_equal(s->a.n_down, 1);
}

static void test_what_was_closed_while_redis_did_not_answer_is_gone_later(void **state)
{
    struct scene *s = *state;

    scene_open_both(s);
    scene_add(&s->a, "u", "a1", "10:00:01");
    scene_add(&s->b, "u", "b1", "10:00:00");
    redis_server_signal(&s->redis, SIGSTOP); /* it keeps its keys */
    scene_remove(&s->a, "u", "a1");
    assert_int_equal(s->rc, ERR_UNAVAILABLE);
    redis_server_signal(&s->redis, SIGCONT);

    scene_wait_up(&s->a, 2);
    assert_string_equal(scene_newest(s, "u"), "b1");
    ASSERT_REDIS(s, "EXISTS session:user:a1 server:users:A", "0");
}

/* --- the end ------------------------------------------------------------------------------ */

static void test_a_stop_removes_the_server_and_its_sessions(void **state)
{
    struct scene *s = *state;

    scene_open_both(s);
    scene_add(&s->a, "u", "a1", "10:00:01");
    scene_add(&s->b, "u", "b1", "10:00:00");
    scene_add(&s->a, "v", "a2", "10:00:00");

    assert_int_equal(scene_stop(&s->a), ERR_OK);
    assert_string_equal(scene_keys(s),
                        "server:alive:B server:users:B servers session:user:b1 "
                        "user:session:u user:sessions:u");
    assert_string_equal(scene_newest(s, "u"), "b1");
    scene_add(&s->a, "w", "a3", "10:00:00"); /* a refresh while it drains */
    assert_int_equal(s->rc, ERR_UNAVAILABLE);
    assert_int_equal(scene_stop(&s->b), ERR_OK);
    ASSERT_REDIS(s, "DBSIZE", "0");
}

static void test_a_stop_without_redis_is_not_held_up(void **state)
{
    struct scene *s = *state;

    scene_open(&s->a);
    assert_int_equal(scene_stop(&s->a), ERR_UNAVAILABLE);
    scene_redis_up(s);
    scene_open_up(&s->b);
    redis_server_signal(&s->redis, SIGSTOP);
    assert_int_equal(scene_stop(&s->b), ERR_UNAVAILABLE);
}

struct count {
    int n, n_ok;
};

static void on_counted(void *ctx, enum err rc)
{
    struct count *count = ctx;

    count->n++;
    count->n_ok += rc == ERR_OK;
}

static void call_everything(struct session_store *store, struct count *count, int i)
{
    char user[32], id[32], json[512];
    struct session_entry e = {.server_id = STR("A")};

    snprintf(user, sizeof(user), "user-%d", i);
    snprintf(id, sizeof(id), "id-%d", i);
    e.user_id = str_of(user);
    e.session_id = str_of(id);
    e.json = str_of(scene_json("A", user, id, "10:00:00", json));
    session_store_add(store, &e, on_counted, count);
    session_store_remove(store, e.user_id, e.session_id, on_counted, count);
}

static bool has_counted(const void *arg)
{
    return ((const struct count *)arg)->n == 2 * MANY;
}

static void test_thousands_at_once(void **state)
{
    struct scene *s = *state;
    struct count count = {0, 0};

    scene_redis_up(s);
    scene_open_up(&s->a);
    for (int i = 0; i < MANY; i++)
        call_everything(s->a.store, &count, i);

    assert_true(loop_until(s->loop, has_counted, &count, SCENE_DEADLINE_MS));
    assert_int_equal(count.n_ok, 2 * MANY);
    assert_int_equal(s->a.n_down, 0);
    assert_string_equal(scene_keys(s), "server:alive:A servers");
}

static void test_a_freed_store_answers_first(void **state)
{
    struct scene *s = *state;
    struct count count = {0, 0};

    scene_redis_up(s);
    scene_open_up(&s->a);
    call_everything(s->a.store, &count, 1);
    session_store_stop(s->a.store, on_counted, &count);
    scene_crash(&s->a);
    assert_int_equal(count.n, 3);
    assert_int_equal(count.n_ok, 0);

    for (int ms = 0; ms < 20; ms++) { /* at any moment of its start */
        scene_open(&s->a);
        loop_for(s->loop, ms / 2);
        scene_crash(&s->a);
    }
}

static void test_a_wrong_address_is_told(void **state)
{
    struct scene *s = *state;
    struct why why = {.text = ""};

    assert_null(
        session_store_redis(s->loop, STR("x"), STR("A"), &s->log, NULL, NULL, &why));
    assert_true(why.text[0]);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, scene_set_up, scene_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_keys_types_values_and_expiries),
        CASE(test_a_refresh_renews_expiries_and_keeps_the_order),
        CASE(test_names_of_any_bytes),
        CASE(test_closing_either_of_two_sessions_keeps_the_other),
        CASE(test_a_late_close_spares_the_newer_session_of_another_server),
        CASE(test_times_of_connect_decide_not_the_order_of_calls),
        CASE(test_a_session_whose_removal_was_lost_is_not_the_newest_again),
        CASE(test_a_beat_cleans_up_after_a_dead_server_only),
        CASE(test_a_dead_server_of_many_users_is_cleaned_whole),
        CASE(test_a_restart_removes_the_former_life_at_once),
        CASE(test_a_server_taken_for_dead_announces_all_again),
        CASE(test_redis_flushed_under_a_living_server),
        CASE(test_redis_may_come_after_the_server),
        CASE(test_redis_restarted_empty_hears_all_again),
        CASE(test_what_was_closed_while_redis_did_not_answer_is_gone_later),
        CASE(test_a_stop_removes_the_server_and_its_sessions),
        CASE(test_a_stop_without_redis_is_not_held_up),
        CASE(test_thousands_at_once),
        CASE(test_a_freed_store_answers_first),
        CASE(test_a_wrong_address_is_told),
    };

    signal(SIGPIPE, SIG_IGN); /* as the program does */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
