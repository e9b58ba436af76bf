/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/bug.h"
#include "redis/url.h"

#include "base/banned.h"

static void test_addresses_are_read(void **state)
{
    static const struct {
        const char *url;
        struct redis_url want;
    } cases[] = {
        {"redis://h", {.host = "h", .port = 6379}},
        {"redis://h/", {.host = "h", .port = 6379}},
        {"redis://10.0.0.1:7000/15", {.host = "10.0.0.1", .port = 7000, .db = 15}},
        {"redis://:pw@h:1", {.host = "h", .port = 1, .password = "pw"}},
        {"redis://me:pw@h", {.host = "h", .port = 6379, .user = "me", .password = "pw"}},
        {"redis://me:a%40b%3Ac%2F@h", /* percent-decoded */
         {.host = "h", .port = 6379, .user = "me", .password = "a@b:c/"}},
        {"redis://:a@b/c@h/2", /* the last '@' counts */
         {.host = "h", .port = 6379, .password = "a@b/c", .db = 2}},
        {"redis://[::1]", {.host = "::1", .port = 6379}},
        {"redis://[fe80::1]:65535/65535",
         {.host = "fe80::1", .port = 65535, .db = 65535}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct why why = {.text = ""};
        struct redis_url url;

        assert_true(redis_url_parse(str_of(cases[i].url), &url, &why));
        assert_string_equal(url.host, cases[i].want.host);
        assert_int_equal(url.port, cases[i].want.port);
        assert_string_equal(url.user, cases[i].want.user);
        assert_string_equal(url.password, cases[i].want.password);
        assert_int_equal(url.db, cases[i].want.db);
        assert_string_equal(why.text, "");
    }
}

static void test_what_is_no_address_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "h",
        "redis:/h",
        "rediss://h", /* no TLS here: not quietly without */
        "http://h",
        "redis://",
        "redis://:6379",
        "redis://h:",
        "redis://h:0",
        "redis://h:65536",
        "redis://h:-1",
        "redis://h:x",
        "redis://h/x",
        "redis://h/-1",
        "redis://h/65536",
        "redis://h/0/1",
        "redis://[::1",
        "redis://[]",
        "redis://[::1]x",
        "redis://[::1]:",
        "redis://word@h", /* user or password? */
        "redis://me:@h",
        "redis://:%@h",
        "redis://:%4@h",
        "redis://:%zz@h",
        "redis://:a%00b@h",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct why why = {.text = ""};
        struct redis_url url;

        if (redis_url_parse(str_of(cases[i]), &url, &why))
            fail_msg("accepted: %s", cases[i]);
        assert_non_null(strstr(why.text, "redis.url"));
    }
}

static void test_parts_have_their_longest(void **state)
{
    struct redis_url url;
    char text[2048];

    (void)state;
    for (size_t n = 1022; n <= 1025; n++) { /* the password's ceiling is 1023 */
        memset(text, 'p', sizeof(text));
        memcpy(text, "redis://:", 9);
        memcpy(text + 9 + n, "@h", 2);
        assert_int_equal(redis_url_parse((struct str){text, 11 + n}, &url, NULL),
                         n <= 1023);
    }
    for (size_t n = 254; n <= 257; n++) {
        memset(text, 'h', sizeof(text));
        memcpy(text, "redis://", 8);
        assert_int_equal(redis_url_parse((struct str){text, 8 + n}, &url, NULL),
                         n <= 255);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses_are_read),
        cmocka_unit_test(test_what_is_no_address_is_refused),
        cmocka_unit_test(test_parts_have_their_longest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
