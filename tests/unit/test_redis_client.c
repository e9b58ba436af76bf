/*
 * src/redis/client.c against a Redis of its own that is refused, killed, stopped and restarted.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "redis_scene.h"

#include "base/banned.h"

enum {
    MANY = 10000
};

/* --- replies ------------------------------------------------------------------------------ */

static void test_replies_of_each_kind(void **state)
{
    struct scene *s = *state;
    const struct str binary = STR("a\r\n\0b\xff");

    scene_open(s);

    assert_int_equal(scene_ask(s, STR("SET"), STR("k"), binary), ERR_OK);
    assert_string_equal(s->text, "OK");
    assert_int_equal(scene_ask(s, STR("STRLEN"), STR("k"), STR_NULL), ERR_OK);
    assert_int_equal(s->reply.kind, REDIS_NUMBER);
    assert_int_equal(s->reply.number, binary.n);
    assert_int_equal(scene_ask(s, STR("GET"), STR("none"), STR_NULL), ERR_OK);
    assert_int_equal(s->reply.kind, REDIS_NIL);
    assert_int_equal(scene_ask(s, STR("SET"), STR("empty"), STR("")), ERR_OK);
    assert_int_equal(scene_ask(s, STR("GET"), STR("empty"), STR_NULL), ERR_OK);
    assert_int_equal(s->reply.kind, REDIS_TEXT);
    assert_int_equal(s->reply.text.n, 0);
}

static void on_nested(void *ctx, enum err rc, const struct redis_reply *r)
{
    struct scene *s = ctx;

    assert_int_equal(rc, ERR_OK);
    assert_int_equal(r->kind, REDIS_LIST);
    assert_int_equal(r->n_items, 4);
    assert_true(str_eq(r->items[0].text, STR("key")));
    assert_true(str_eq(r->items[1].text, STR("arg\0x")));
    assert_int_equal(r->items[2].kind, REDIS_LIST);
    assert_int_equal(r->items[2].items[1].number, -7);
    assert_int_equal(r->items[3].kind, REDIS_LIST);
    assert_int_equal(r->items[3].n_items, 0);
    s->n_done++;
}

static void test_a_script_has_keys_arguments_and_lists(void **state)
{
    struct scene *s = *state;
    const struct str key = STR("key"), arg = STR("arg\0x");

    scene_open(s);
    redis_eval(s->client,
               &(struct redis_script){STR("return {KEYS[1], ARGV[1], {1, -7}, {}}"), &key,
                                      &arg, 1, 1},
               on_nested, s);

    assert_true(loop_until(s->loop, scene_is_done, s, DEADLINE_MS));
}

static void test_errors_are_answered_and_do_not_fill_the_log(void **state)
{
    struct scene *s = *state;

    scene_open(s);
    for (int i = 0; i < 100; i++)
        assert_int_equal(scene_ask(s, STR("NO-SUCH-COMMAND"), STR_NULL, STR_NULL),
                         ERR_INTERNAL);

    assert_int_equal(scene_count_log(s, "redis.error"), 1);
    assert_int_equal(scene_ask(s, STR("PING"), STR_NULL, STR_NULL), ERR_OK);
    assert_int_equal(s->n_down, 0);
}

static void on_number(void *ctx, enum err rc, const struct redis_reply *reply)
{
    struct scene *s = ctx;

    assert_int_equal(rc, ERR_OK);
    assert_int_equal(reply->number, ++s->next_number);
}

static bool has_all_numbers(const void *arg)
{
    return ((const struct scene *)arg)->next_number == MANY;
}

static void test_many_calls_are_answered_in_order(void **state)
{
    struct scene *s = *state;

    scene_open(s);
    for (int i = 0; i < MANY; i++)
        redis_call(s->client, (struct str[]){STR("INCR"), STR("n")}, 2, on_number, s);

    assert_true(loop_until(s->loop, has_all_numbers, s, DEADLINE_MS));
}

/* --- Redis away --------------------------------------------------------------------------- */

static void test_a_refused_connection_is_tried_until_it_stands(void **state)
{
    struct scene *s = *state;

    scene_connect_to(s, s->server.url); /* nobody listens */
    assert_true(loop_until(s->loop, scene_has_lost, s, DEADLINE_MS));
    loop_for(s->loop, 500); /* tried twice more */
    assert_int_equal(scene_ask(s, STR("PING"), STR_NULL, STR_NULL), ERR_UNAVAILABLE);
    assert_int_equal(scene_count_log(s, "redis.lost"), 1); /* not at each try */
    assert_int_equal(scene_count_log(s, "refused"), 1);
    assert_int_equal(s->n_down, 0);

    redis_server_start(&s->server, NULL);

    scene_wait_up(s);
    assert_int_equal(scene_ask(s, STR("PING"), STR_NULL, STR_NULL), ERR_OK);
    assert_int_equal(s->n_up, 1);
}

static void test_a_killed_redis_answers_what_was_outstanding(void **state)
{
    struct scene *s = *state;

    scene_open(s);
    for (int round = 1; round <= 3; round++) {
        redis_server_signal(&s->server, SIGSTOP);
        s->n_done = s->n_ok = 0;
        s->again = 5; /* who calls from within a failure gets another */
        for (int i = 0; i < 3; i++)
            scene_call(s, STR("PING"), STR_NULL, STR_NULL);
        loop_for(s->loop, 10);
        assert_int_equal(s->n_done, 0);
        redis_server_kill(&s->server);
        assert_true(loop_until(s->loop, scene_is_down, s, DEADLINE_MS));

        assert_int_equal(s->n_done, 8);
        assert_int_equal(s->n_ok, 0);
        assert_int_equal(s->rc, ERR_UNAVAILABLE);
        assert_int_equal(s->n_down, round);

        redis_server_start(&s->server, NULL);
        scene_wait_up(s);
        assert_int_equal(s->n_up, round + 1);
        assert_int_equal(scene_ask(s, STR("PING"), STR_NULL, STR_NULL), ERR_OK);
    }
}

static void test_a_kill_between_two_commands(void **state)
{
    struct scene *s = *state;

    scene_open(s);
    redis_server_kill(&s->server);
    s->n_done = s->n_ok = 0;
    for (int i = 0; i < 1000; i++) /* written to a socket that is closed already */
        scene_call(s, STR("PING"), STR_NULL, STR_NULL);

    assert_true(loop_until(s->loop, scene_is_down, s, DEADLINE_MS));
    assert_int_equal(s->n_done, 1000);
    assert_int_equal(s->n_ok, 0);
}

static void test_a_redis_that_says_nothing_is_given_up(void **state)
{
    struct scene *s = *state;
    int64_t began;

    scene_open(s);
    redis_server_signal(&s->server, SIGSTOP);
    began = scene_now_ms();
    assert_int_equal(scene_ask(s, STR("PING"), STR_NULL, STR_NULL), ERR_UNAVAILABLE);
    assert_in_range(scene_now_ms() - began, QUIET_MS - 100, QUIET_MS + 3000);
    assert_false(redis_client_is_up(s->client));
    assert_int_equal(scene_count_log(s, "no answer"), 1);

    /* It still accepts connections, in the kernel: they are no sign of life. */
    loop_for(s->loop, 300);
    assert_int_equal(s->n_up, 1);
    redis_server_signal(&s->server, SIGCONT);
    scene_wait_up(s);
    assert_int_equal(scene_ask(s, STR("PING"), STR_NULL, STR_NULL), ERR_OK);
}

static void test_a_slow_redis_is_not_given_up(void **state)
{
    struct scene *s = *state;
    const struct str words[] = {STR("BLPOP"), STR("none"), STR("3")};
    int64_t began = scene_now_ms();

    scene_open(s);
    for (int i = 0; i < 2; i++) /* the second is answered after 6 s */
        redis_call(s->client, words, 3, scene_on_done, s);
    assert_true(loop_until(s->loop, scene_is_done, s, DEADLINE_MS));
    assert_int_equal(scene_ask(s, STR("PING"), STR_NULL, STR_NULL), ERR_OK);

    assert_true(scene_now_ms() - began > QUIET_MS);
    assert_int_equal(s->n_down, 0);
}

static void stand_still(int ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L},
              NULL);
}

static void test_a_standstill_of_our_own_is_no_silence(void **state)
{
    struct scene *s = *state;

    scene_open(s);
    redis_server_signal(&s->server, SIGSTOP);
    scene_call(s, STR("PING"), STR_NULL, STR_NULL);
    loop_for(s->loop, 20); /* sent */
    redis_server_signal(&s->server, SIGCONT);
    stand_still(QUIET_MS + 200); /* the answer lies in the socket */

    assert_true(loop_until(s->loop, scene_is_done, s, DEADLINE_MS));
    assert_int_equal(s->rc, ERR_OK);
    assert_int_equal(s->n_down, 0);
}

/* --- the end ------------------------------------------------------------------------------ */

static void test_whoever_is_freed_answers_first(void **state)
{
    struct scene *s = *state;

    scene_open(s);
    s->n_done = s->n_ok = 0;
    for (int i = 0; i < 3; i++)
        scene_call(s, STR("PING"), STR_NULL, STR_NULL);
    redis_client_free(&s->client);

    assert_int_equal(s->n_done, 3);
    assert_int_equal(s->n_ok, 0);
    assert_int_equal(s->n_down, 0); /* the owner knows */
    assert_null(s->client);
    redis_client_free(&s->client);
}

static void test_it_may_be_freed_at_any_time(void **state)
{
    struct scene *s = *state;
    char url[64];

    for (int ms = 0; ms < 120;
         ms += 3) { /* connecting, refused, waiting for the next try */
        scene_connect_to(s, s->server.url);
        loop_for(s->loop, ms);
        redis_client_free(&s->client);
    }
    redis_server_start(&s->server, NULL);
    snprintf(url, sizeof(url), "redis://localhost:%d", s->server.port);
    for (int i = 0; i < 40; i++) { /* looking up, connecting, greeting, up */
        scene_connect_to(s, url);
        loop_for(s->loop, i / 4);
        redis_client_free(&s->client);
    }
    assert_int_equal(s->n_down, 0);
}

static void test_a_wrong_address_is_told(void **state)
{
    struct scene *s = *state;
    struct why why = {.text = ""};

    assert_null(
        redis_client_new(s->loop, STR("redis://"), &s->log, scene_on_state, s, &why));
    assert_true(why.text[0]);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, scene_set_up, scene_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_replies_of_each_kind),
        CASE(test_a_script_has_keys_arguments_and_lists),
        CASE(test_errors_are_answered_and_do_not_fill_the_log),
        CASE(test_many_calls_are_answered_in_order),
        CASE(test_a_refused_connection_is_tried_until_it_stands),
        CASE(test_a_killed_redis_answers_what_was_outstanding),
        CASE(test_a_kill_between_two_commands),
        CASE(test_a_redis_that_says_nothing_is_given_up),
        CASE(test_a_slow_redis_is_not_given_up),
        CASE(test_a_standstill_of_our_own_is_no_silence),
        CASE(test_whoever_is_freed_answers_first),
        CASE(test_it_may_be_freed_at_any_time),
        CASE(test_a_wrong_address_is_told),
    };

    signal(SIGPIPE, SIG_IGN); /* as the program does */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
