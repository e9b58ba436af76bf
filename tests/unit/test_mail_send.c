/*
 * src/mail/send.c where there is no mail server, or one that says nothing: a mail ends in time, and
 * may be given up. Real servers: tests/contract/test_inquiry_mail.py.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "mail/mail.h"

#include "base/banned.h"

enum {
    SHORT_MS = 200,
    LONG_MS = 60000
};

struct scene {
    int listener; /* bound; once it listens, the kernel accepts and nobody answers */
    char url[64];
    atomic_bool is_cancelled;
    struct why why;
};

static int set_up(void **state)
{
    struct scene *s = mem_zalloc(sizeof(*s));
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(in);

    s->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&in, size), 0);
    assert_int_equal(getsockname(s->listener, (struct sockaddr *)&in, &size), 0);
    snprintf(s->url, sizeof(s->url), "smtp://127.0.0.1:%d", ntohs(in.sin_port));
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;

    close(s->listener);
    free(s);
    return 0;
}

static enum err send_one(struct scene *s, struct str url, struct str subject,
                         int timeout_ms)
{
    const struct mail_config config = {.url = url, .timeout_ms = timeout_ms};
    const struct mail mail = {.from = STR("a@b.c"),
                              .to = STR("d@e.f"),
                              .subject = subject,
                              .body = STR("text"),
                              .id = STR("1@b.c")};

    return mail_send(&config, &mail, &s->is_cancelled, &s->why);
}

static void test_a_refused_connection_is_told(void **state)
{
    struct scene *s = *state;

    assert_int_equal(send_one(s, str_of(s->url), STR("s"), LONG_MS), ERR_UNAVAILABLE);
    assert_non_null(strstr(s->why.text, "connect"));
}

static void test_a_silent_server_costs_the_timeout(void **state)
{
    struct scene *s = *state;
    int64_t began = clock_mono_ns();

    assert_int_equal(listen(s->listener, 5), 0);
    assert_int_equal(send_one(s, str_of(s->url), STR("s"), SHORT_MS), ERR_UNAVAILABLE);

    assert_true(s->why.text[0]);
    assert_true(clock_mono_ns() - began < LONG_MS / 2 * NS_PER_MS);
}

/* The connection stays open and silent until the other side closes it. */
static void *cancel_when_connected(void *arg)
{
    struct scene *s = arg;
    int fd = accept(s->listener, NULL, NULL);
    char c;

    atomic_store(&s->is_cancelled, true);
    while (read(fd, &c, 1) > 0)
        ;
    close(fd);
    return NULL;
}

static void test_a_mail_may_be_given_up(void **state)
{
    struct scene *s = *state;
    int64_t began = clock_mono_ns();
    pthread_t thread;

    assert_int_equal(listen(s->listener, 5), 0);
    assert_int_equal(pthread_create(&thread, NULL, cancel_when_connected, s), 0);
    assert_int_equal(send_one(s, str_of(s->url), STR("s"), LONG_MS), ERR_UNAVAILABLE);
    assert_int_equal(pthread_join(thread, NULL), 0);

    assert_true(clock_mono_ns() - began < LONG_MS / 2 * NS_PER_MS);
}

static void test_what_is_no_mail_is_not_tried(void **state)
{
    struct scene *s = *state;
    struct sockaddr_in in;
    socklen_t size = sizeof(in);

    assert_int_equal(listen(s->listener, 5), 0);
    assert_int_equal(send_one(s, str_of(s->url), STR("a\r\nBcc: x@y.z"), LONG_MS),
                     ERR_BODY_INVALID);
    assert_string_equal(s->why.text, "the subject is not one line");
    assert_int_equal(send_one(s, STR("http://127.0.0.1"), STR("s"), LONG_MS),
                     ERR_BODY_INVALID);

    assert_int_equal(fcntl(s->listener, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(accept(s->listener, (struct sockaddr *)&in, &size), -1);
}

static void test_only_addresses_of_mail_servers_are_taken(void **state)
{
    static const struct {
        const char *url;
        bool is_valid;
    } cases[] = {
        {"smtp://mail.example.com", true},
        {"smtps://user%40example.com:p%3Aw@mail.example.com:465", true},
        {"SMTP://h", true},
        {"smtp://h/ehlo-name", true},
        {"smtp://[::1]:25", true},
        {"", false},
        {"mail.example.com", false},
        {"http://h", false},
        {"file:///etc/passwd", false},
        {"smtp://", false},
        {"smtp://h:99999", false},
        {"smtp://h with blank", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (mail_url_is_valid(str_of(cases[i].url)) != cases[i].is_valid)
            fail_msg("%s", cases[i].url);
    assert_false(mail_url_is_valid((struct str){"smtp://h\0x", 10}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_refused_connection_is_told, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_silent_server_costs_the_timeout, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_mail_may_be_given_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_no_mail_is_not_tried, set_up,
                                        tear_down),
        cmocka_unit_test(test_only_addresses_of_mail_servers_are_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
