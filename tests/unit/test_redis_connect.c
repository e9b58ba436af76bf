/*
 * src/redis/client.c until a connection stands: names, AUTH and SELECT, and others in Redis's place.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "redis_scene.h"

#include "base/banned.h"

/* --- others in Redis's place -------------------------------------------------------------- */

static void listen_there(struct scene *s, int backlog)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)s->server.port),
                             .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    int one = 1;

    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(s->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    assert_int_equal(bind(s->listener, (struct sockaddr *)&in, sizeof(in)), 0);
    assert_int_equal(listen(s->listener, backlog), 0);
}

static void talk_rubbish(void *arg)
{
    struct scene *s = arg;
    int fd = accept(s->listener, NULL, NULL);

    if (fd < 0)
        return;
    s->n_accepted++;
    (void)!write(fd, "rubbish\r\n", 9);
    close(fd);
}

static void test_rubbish_is_met_with_patience(void **state)
{
    struct scene *s = *state;
    struct loop_timer *timer = loop_timer_new(s->loop, talk_rubbish, s);

    listen_there(s, 10);
    loop_timer_start(timer, 1, 1);
    scene_connect_to(s, s->server.url);
    loop_for(s->loop, 2500); /* tries after 0, 0.1, 0.3, 0.7 and 1.5 s */
    loop_timer_free(&timer);

    assert_in_range(s->n_accepted, 3, 5);
    assert_int_equal(s->n_up, 0);
    assert_int_equal(scene_count_log(s, "redis.lost"), 1);
}

static void test_a_connection_that_never_stands_is_given_up(void **state)
{
    struct scene *s = *state;
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)s->server.port),
                             .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    int fillers[4];
    int64_t began;

    listen_there(s, 0);
    for (int i = 0; i < 4; i++) { /* the queue is full: what comes then is not answered */
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)connect(fillers[i], (struct sockaddr *)&in, sizeof(in));
    }
    began = scene_now_ms();
    scene_connect_to(s, s->server.url);
    assert_true(loop_until(s->loop, scene_has_lost, s, DEADLINE_MS));

    assert_in_range(scene_now_ms() - began, QUIET_MS - 100, QUIET_MS + 3000);
    assert_int_equal(scene_count_log(s, "no answer"), 1);
    for (int i = 0; i < 4; i++)
        close(fillers[i]);
}

/* --- AUTH and SELECT ---------------------------------------------------------------------- */

static void test_refused_greetings_are_no_connection(void **state)
{
    static const struct {
        const char *before, *after, *log;
    } cases[] = {
        {"", "", "NOAUTH"},
        {":wrong-one@", "", "WRONGPASS"},
        {"nobody:right@", "", "WRONGPASS"},
        {":right@", "/99", "DB index"},
    };
    struct scene *s = *state;

    redis_server_start(&s->server, "right");
    scene_connect_with(s, ":right@", "");
    scene_wait_up(s);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        redis_client_free(&s->client);
        s->n_up = 0;
        assert_int_equal(ftruncate(s->log.fd, 0) + lseek(s->log.fd, 0, SEEK_SET), 0);
        scene_connect_with(s, cases[i].before, cases[i].after);
        assert_true(loop_until(s->loop, scene_has_lost, s, DEADLINE_MS));
        loop_for(s->loop, 400); /* tried again and again */

        assert_int_equal(s->n_up, 0);
        assert_int_equal(scene_count_log(s, "redis.lost"), 1);
        assert_int_equal(scene_count_log(s, "redis.error"), 0);
        assert_int_equal(scene_count_log(s, cases[i].log), 1);
        assert_int_equal(scene_count_log(s, "wrong-one"), 0);
        assert_int_equal(scene_count_log(s, "right"), 0);
    }
    assert_int_equal(scene_ask(s, STR("PING"), STR_NULL, STR_NULL), ERR_UNAVAILABLE);
}

static void test_a_refused_greeting_is_tried_again(void **state)
{
    struct scene *s = *state;
    struct redis_client *admin;

    redis_server_start(&s->server, "right");
    scene_connect_with(s, ":right@", "");
    scene_wait_up(s);
    admin = s->client;
    scene_connect_to(s, s->server.url);
    assert_true(loop_until(s->loop, scene_has_lost, s, DEADLINE_MS));

    redis_call(admin,
               (struct str[]){STR("CONFIG"), STR("SET"), STR("requirepass"), STR("")}, 4,
               scene_on_done, s);

    scene_wait_up(s);
    redis_client_free(&admin);
}

static void test_user_password_and_number_are_used(void **state)
{
    struct scene *s = *state;

    redis_server_start(&s->server, "right");
    scene_connect_with(s, "default:right@", "/3");
    scene_wait_up(s);
    assert_int_equal(scene_ask(s, STR("SET"), STR("k"), STR("three")), ERR_OK);
    redis_client_free(&s->client);

    scene_connect_with(s, ":right@", "");
    scene_wait_up(s);
    assert_int_equal(scene_ask(s, STR("EXISTS"), STR("k"), STR_NULL), ERR_OK);
    assert_int_equal(s->reply.number, 0);
    assert_int_equal(scene_ask(s, STR("SELECT"), STR("3"), STR_NULL), ERR_OK);
    assert_int_equal(scene_ask(s, STR("GET"), STR("k"), STR_NULL), ERR_OK);
    assert_string_equal(s->text, "three");
}

/* --- names -------------------------------------------------------------------------------- */

static void test_a_name_is_looked_up(void **state)
{
    struct scene *s = *state;
    char url[64];

    redis_server_start(&s->server, NULL);
    snprintf(url, sizeof(url), "redis://localhost:%d", s->server.port);
    scene_connect_to(s, url);
    scene_wait_up(s);

    assert_int_equal(scene_ask(s, STR("PING"), STR_NULL, STR_NULL), ERR_OK);
}

static void test_an_unknown_name_is_tried_again(void **state)
{
    struct scene *s = *state;

    scene_connect_to(s, "redis://no-such-host.invalid");
    assert_true(loop_until(s->loop, scene_has_lost, s, DEADLINE_MS));

    assert_int_equal(scene_ask(s, STR("PING"), STR_NULL, STR_NULL), ERR_UNAVAILABLE);
    assert_int_equal(scene_count_log(s, "no-such-host.invalid"), 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, scene_set_up, scene_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_rubbish_is_met_with_patience),
        CASE(test_a_connection_that_never_stands_is_given_up),
        CASE(test_refused_greetings_are_no_connection),
        CASE(test_a_refused_greeting_is_tried_again),
        CASE(test_user_password_and_number_are_used),
        CASE(test_a_name_is_looked_up),
        CASE(test_an_unknown_name_is_tried_again),
    };

    signal(SIGPIPE, SIG_IGN); /* as the program does */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
