/*
 * Request heads: what is refused and why, where a head ends at every cut, and parameters.
 * The tables of refusals over a real socket are in test_net_probe.py.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "net/http_head.h"

#include "base/banned.h"

struct parsed {
    char *bytes; /* owned; of exactly the head's size, for the sanitizer */
    struct http_field fields[HTTP_FIELDS_MAX];
    struct http_head head;
    int status;
};

/* Filled in place: head points to fields. */
static void parse(struct parsed *p, const char *text)
{
    size_t n = strlen(text);

    p->bytes = mem_alloc(n);
    memcpy(p->bytes, text, n);
    p->status = http_head_parse(p->bytes, n, p->fields, HTTP_FIELDS_MAX, &p->head);
}

static void test_what_a_head_says(void **state)
{
    struct parsed p;
    int count;

    (void)state;
    parse(&p, "PATCH /a%2Fb%25/%ED%95%9C?x=%zz&y HTTP/1.1\r\nHOST:h\r\nA-b: \t v v \r\n"
              "Connection: keep-alive, Upgrade\r\nContent-Length: 007\r\n\r\n");
    assert_int_equal(p.status, 0);
    assert_int_equal(p.head.method, NET_PATCH);
    assert_true(str_eq(p.head.path, STR("/a%2Fb%25/한")));
    assert_true(str_eq(p.head.query, STR("x=%zz&y")));
    assert_int_equal(p.head.length, 7);
    assert_true(p.head.is_http11 && p.head.keeps_alive && p.head.has_upgrade_option);
    assert_false(p.head.is_chunked || p.head.expects_continue || p.head.wants_websocket);
    assert_true(str_eq(http_head_field(&p.head, "a-b", &count), STR("v v")));
    assert_int_equal(count, 1);
    assert_null(http_head_field(&p.head, "a", &count).p);
    assert_int_equal(count, 0);
    free(p.bytes);
}

static void test_who_keeps_the_connection(void **state)
{
    static const struct {
        const char *text;
        bool keeps_alive;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: x\r\nConnection: Close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: x\r\nConnection: a\r\nConnection: b, close\r\n\r\n",
         false},
        {"GET / HTTP/1.1\r\nHost: x\r\nConnection: closer\r\n\r\n", true},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct parsed p;

        parse(&p, cases[i].text);
        assert_int_equal(p.status, 0);
        assert_int_equal(p.head.keeps_alive, cases[i].keeps_alive);
        free(p.bytes);
    }
}

static void test_heads_are_refused(void **state)
{
    static const struct {
        const char *text;
        int status;
        const char *why;
    } cases[] = {
        {"", 400, "nothing"},
        {"\r\n", 400, "no request line"},
        {"GET / HTTP/1.1\r\nHost: x\r\n", 400, "no empty line"},
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\nA: b\r\n", 400,
         "something after the empty line"},
        {"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400, "two blanks"},
        {" GET / HTTP/1.1\r\nHost: x\r\n\r\n", 400, "a blank first"},
        {"GET / HTTP/1.1 \r\nHost: x\r\n\r\n", 400, "a blank last"},
        {"GET / http/1.1\r\nHost: x\r\n\r\n", 400, "lower case"},
        {"GET / HTTP/1x1\r\nHost: x\r\n\r\n", 400, "no dot"},
        {"GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505, "version 3"},
        {"GET /a\tb HTTP/1.1\r\nHost: x\r\n\r\n", 400, "a tab in the target"},
        {"GET /a\x7f HTTP/1.1\r\nHost: x\r\n\r\n", 400, "DEL in the target"},
        {"GET /#a HTTP/1.1\r\nHost: x\r\n\r\n", 400, "a fragment"},
        {"GET /a\xff HTTP/1.1\r\nHost: x\r\n\r\n", 400, "no UTF-8"},
        {"GET /%c0%af HTTP/1.1\r\nHost: x\r\n\r\n", 400, "an overlong slash"},
        {"GET /%2e%2e/etc HTTP/1.1\r\nHost: x\r\n\r\n", 404, "a step up"},
        {"GET /.. HTTP/1.1\r\nHost: x\r\n\r\n", 404, "a step up at the end"},
        {"GET /a/./b HTTP/1.1\r\nHost: x\r\n\r\n", 404, "a dot"},
        {"GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400, "a star that is not OPTIONS'"},
        {"GET http://x HTTP/1.1\r\nHost: x\r\n\r\n", 400, "absolute, without a path"},
        {"GET ?a HTTP/1.1\r\nHost: x\r\n\r\n", 400, "a query alone"},
        {"GET / HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n", 400, "no name"},
        {"GET / HTTP/1.1\r\nHost: x\r\nA\x80: b\r\n\r\n", 400, "a name that is no token"},
        {"GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n", 400, "a CR in a value"},
        {"GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n", 400, "a bare LF"},
        {"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "chunked in 1.0"},
        {"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: ,chunked,\r\n\r\n", 400,
         "nothing behind chunked"},
        {"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: br\r\n"
         "TRANSFER-ENCODING: chunked\r\n\r\n",
         501, "another coding, in two fields"},
        {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x1\r\n\r\n", 400, "hexadecimal"},
        {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1 1\r\n\r\n", 400, "two numbers"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct parsed p;

        parse(&p, cases[i].text);
        if (p.status != cases[i].status)
            fail_msg("%s: %d", cases[i].why, p.status);
        assert_non_null(p.head.path.p); /* an error answer names it */
        free(p.bytes);
    }
}

static void test_lengths_beyond_64_bits_are_told_as_the_largest(void **state)
{
    static const struct {
        const char *digits;
        uint64_t length;
    } cases[] = {
        {"18446744073709551614", UINT64_MAX - 1},
        {"18446744073709551616", UINT64_MAX},
        {"99999999999999999999999999", UINT64_MAX},
        {"184467440737095516150", UINT64_MAX},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[200];
        struct parsed p;

        snprintf(text, sizeof(text),
                 "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: %s\r\n\r\n",
                 cases[i].digits);
        parse(&p, text);
        assert_int_equal(p.status, 0);
        assert_true(p.head.length == cases[i].length);
        free(p.bytes);
    }
}

static void test_fields_are_counted(void **state)
{
    struct http_field fields[2];
    char two[] = "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\n";
    char three[] = "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\nA: c\r\n\r\n";
    struct http_head head;

    (void)state;
    assert_int_equal(http_head_parse(two, sizeof(two) - 1, fields, 2, &head), 0);
    assert_int_equal(http_head_parse(three, sizeof(three) - 1, fields, 2, &head), 431);
}

static void test_the_end_is_found_at_every_cut(void **state)
{
    static const char text[] = "GET / HTTP/1.1\r\nA: b\r\nC: d\r\n\r\nbody\r\n\r\n";
    const size_t end = 30;

    (void)state;
    for (size_t step = 1; step < sizeof(text); step++) {
        size_t scanned = 0, found = 0;

        for (size_t n = step; found == 0; n += step) {
            found = http_head_end((struct str){text, n < end ? n : end}, &scanned);
            assert_true(found == 0 || n >= end);
        }
        assert_int_equal(found, end);
    }
}

static void test_lines_without_cr_end_a_head_too(void **state)
{
    size_t scanned = 0;

    (void)state;
    assert_int_equal(http_head_end(STR("GET /\n\nx"), &scanned), 7);
    scanned = 0;
    assert_int_equal(http_head_end(STR("GET /\n\r\nx"), &scanned), 8);
}

static void test_parameters(void **state)
{
    static const struct {
        const char *form, *value; /* of "n"; NULL: none */
        int count;
    } cases[] = {
        {"", NULL, 0},
        {"n", "", 1},
        {"n=", "", 1},
        {"n=a=b", "a=b", 1},
        {"&&n=1&", "1", 1},
        {"n=1&n=2&m=3&n=4", "1", 3},
        {"N=1&nn=2&=3", NULL, 0},
        {"%6e=+%2B+", " + ", 1},
        {"n=%ED%95%9C", "한", 1},
        {"n=1;n=2", "1;n=2", 1},
        {"%6=1&%zz&n=1", "1", 1},
        {"n=1&n=%", NULL, -1},
        {"n=%4", NULL, -1},
        {"n=%00", NULL, -1},
        {"n=%ff", NULL, -1},
        {"%n=1", NULL, 0},
    };
    struct arena a;

    (void)state;
    arena_init(&a, SIZE_MAX);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int count = 7;
        struct str value = net_form_value(str_of(cases[i].form), &a, "n", &count);

        if (count != cases[i].count || !str_eq(value, str_of(cases[i].value)))
            fail_msg("%s: %d [" STR_FMT "]", cases[i].form, count, STR_ARG(value));
    }
    arena_release(&a);
}

static void test_a_value_above_the_arenas_ceiling_is_none(void **state)
{
    struct arena a;
    int count;

    (void)state;
    arena_init(&a, 4);
    assert_null(net_form_value(STR("n=12345678"), &a, "n", &count).p);
    assert_int_equal(count, -1);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_head_says),
        cmocka_unit_test(test_who_keeps_the_connection),
        cmocka_unit_test(test_heads_are_refused),
        cmocka_unit_test(test_lengths_beyond_64_bits_are_told_as_the_largest),
        cmocka_unit_test(test_fields_are_counted),
        cmocka_unit_test(test_the_end_is_found_at_every_cut),
        cmocka_unit_test(test_lines_without_cr_end_a_head_too),
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_a_value_above_the_arenas_ceiling_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
