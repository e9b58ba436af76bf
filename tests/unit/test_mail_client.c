/*
 * src/mail/client.c where there is no mail server, or one that says nothing: every mail gets its
 * answer, and what is under way may be dropped. Real servers: tests/contract/test_inquiry_mail.py.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mail/mail.h"
#include "support/loop_until.h"

#include "base/banned.h"

enum {
    DEADLINE_MS = 20000,
    SHORT_MS = 200
};

struct scene {
    struct loop *loop;
    struct mail_client *client;
    int listener; /* accepts in the kernel, nobody answers */
    int port;
    int n_done;
    enum err rc;
    char why[256];
};

static int set_up(void **state)
{
    struct scene *s = mem_zalloc(sizeof(*s));
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(in);

    s->loop = loop_new();
    s->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&in, size), 0);
    assert_int_equal(getsockname(s->listener, (struct sockaddr *)&in, &size), 0);
    s->port = ntohs(in.sin_port);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;

    mail_client_free(&s->client);
    loop_free(&s->loop);
    close(s->listener);
    free(s);
    return 0;
}

static void open_client(struct scene *s, int timeout_ms)
{
    struct why why = {.text = ""};
    char url[64];

    snprintf(url, sizeof(url), "smtp://127.0.0.1:%d", s->port);
    s->client = mail_client_new(
        s->loop, &(struct mail_config){.url = str_of(url), .timeout_ms = timeout_ms},
        &why);
    assert_non_null(s->client);
}

static void on_done(void *ctx, enum err rc, const char *why)
{
    struct scene *s = ctx;

    s->n_done++;
    s->rc = rc;
    snprintf(s->why, sizeof(s->why), "%s", why);
}

static enum err send_one(struct scene *s, struct str subject)
{
    const struct mail mail = {.from = STR("a@b.c"),
                              .to = STR("d@e.f"),
                              .subject = subject,
                              .body = STR("text"),
                              .id = STR("1@b.c")};
    struct why why = {.text = ""};

    return mail_send(s->client, &mail, on_done, s, &why);
}

static bool is_done(const void *arg)
{
    return ((const struct scene *)arg)->n_done > 0;
}

static void test_a_refused_connection_is_told(void **state)
{
    struct scene *s = *state;

    open_client(s, 0); /* bound, but nobody listens */
    assert_int_equal(send_one(s, STR("s")), ERR_OK);
    assert_int_equal(s->n_done, 0);

    assert_true(loop_until(s->loop, is_done, s, DEADLINE_MS));
    assert_int_equal(s->rc, ERR_UNAVAILABLE);
    assert_true(s->why[0]);
}

static void test_a_silent_server_costs_the_timeout(void **state)
{
    struct scene *s = *state;

    assert_int_equal(listen(s->listener, 5), 0);
    open_client(s, SHORT_MS);
    assert_int_equal(send_one(s, STR("s")), ERR_OK);

    assert_true(loop_until(s->loop, is_done, s, DEADLINE_MS));
    assert_int_equal(s->rc, ERR_UNAVAILABLE);
}

static void test_a_dropped_mail_is_told(void **state)
{
    struct scene *s = *state;

    assert_int_equal(listen(s->listener, 5), 0);
    open_client(s, 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(send_one(s, STR("s")), ERR_OK);
    loop_for(s->loop, SHORT_MS);
    assert_int_equal(s->n_done, 0);

    mail_client_free(&s->client);
    assert_int_equal(s->n_done, 3);
    assert_int_equal(s->rc, ERR_UNAVAILABLE);
}

static void test_a_refused_mail_has_no_other_answer(void **state)
{
    struct scene *s = *state;

    open_client(s, 0);
    assert_int_equal(send_one(s, STR("a\r\nBcc: x@y.z")), ERR_BODY_INVALID);
    loop_for(s->loop, SHORT_MS);
    assert_int_equal(s->n_done, 0);
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
    struct why why = {.text = ""};
    struct scene *s = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (mail_url_is_valid(str_of(cases[i].url)) != cases[i].is_valid)
            fail_msg("%s", cases[i].url);
    assert_null(
        mail_client_new(s->loop, &(struct mail_config){.url = STR("http://h")}, &why));
    assert_true(why.text[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_refused_connection_is_told, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_silent_server_costs_the_timeout, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_dropped_mail_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_refused_mail_has_no_other_answer, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_only_addresses_of_mail_servers_are_taken,
                                        set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
