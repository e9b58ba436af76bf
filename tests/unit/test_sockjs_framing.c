/*
 * Tests of what SockJS clients are sent: escapes, frames, and the wraps of each transport.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "sockjs/framing_internal.h"
#include "sockjs/reader_internal.h"

#include "base/banned.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static void check(const struct buf *got, struct str expected, const char *why)
{
    if (!buf_ok(got) || !str_eq(buf_str(got), expected))
        fail_msg("%s: " STR_FMT, why, STR_ARG(buf_str(got)));
}

static void test_strings_are_escaped_as_the_replaced_service_did(void **state)
{
    const struct {
        const char *why;
        struct str head, tail, expected;
    } rows[] = {
        {"nothing", STR(""), STR(""), STR("\"\"")},
        {"two parts are one string", STR("MESSAGE\n\n"), STR("{\"a\":1}\0"),
         STR("\"MESSAGE\\n\\n{\\\"a\\\":1}\\u0000\"")},
        {"short escapes", STR("\b\t\n\f\r\"\\"), STR(""),
         STR("\"\\b\\t\\n\\f\\r\\\"\\\\\"")},
        {"other controls, upper case as Jackson", STR("\x01\x1f"), STR(""),
         STR("\"\\u0001\\u001F\"")},
        {"slash and DEL as they are", STR("/\x7f<>'"), STR(""), STR("\"/\x7f<>'\"")},
        {"letters beyond ASCII as they are", STR("한글é"), STR(""), STR("\"한글é\"")},
        {"beyond the BMP as surrogates, lower case", STR("😀"), STR(""),
         STR("\"\\ud83d\\ude00\"")},
        {"the last code point", STR("\xf4\x8f\xbf\xbf"), STR(""),
         STR("\"\\udbff\\udfff\"")},
        {"what is no UTF-8",
         STR("a\xff"
             "b\xed\xa0\x80"),
         STR("\xc3"), STR("\"a\\ufffdb\\ufffd\\ufffd\\ufffd\\ufffd\"")},
        {"a sequence cut by the end", STR("\xe2\x80"), STR("\xa8"),
         STR("\"\\ufffd\\ufffd\\ufffd\"")},
    };

    (void)state;

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct buf b;

        buf_init(&b, 4096);
        sockjs_put_string(&b, rows[i].head, rows[i].tail);
        check(&b, rows[i].expected, rows[i].why);
        buf_release(&b);
    }
}

/* escapable_by_server of the protocol's test suite, with surrogates as Spring adds them. */
static bool must_be_escaped(uint32_t c)
{
    return c < 0x20 || c == '"' || c == '\\' || (c >= 0x200c && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202f) || (c >= 0x2060 && c <= 0x206f) || c >= 0xfff0;
}

struct sink {
    struct buf bytes;
    int strings;
};

static void on_string(void *ctx, struct str piece, bool is_last)
{
    struct sink *sink = ctx;

    buf_append_str(&sink->bytes, piece);
    sink->strings += is_last;
}

static void test_every_code_point_is_escaped_or_not_and_comes_back(void **state)
{
    (void)state;

    for (uint32_t c = 0; c <= 0x10ffff; c += c < 0x11000 ? 1 : 997) {
        struct sockjs_reader reader = {0};
        struct sink sink = {0};
        char utf8[4];
        struct str s = {utf8, 0};
        struct buf b;

        if (c >= 0xd800 && c <= 0xdfff)
            continue;
        s.n = utf8_put(c, utf8);
        buf_init(&b, 64);
        buf_init(&sink.bytes, 64);
        sockjs_put_string(&b, s, STR(""));
        if ((b.p[1] == '\\') != must_be_escaped(c))
            fail_msg("U+%04X: " STR_FMT, c, STR_ARG(buf_str(&b)));
        sockjs_reader_feed(&reader, STR("["), on_string, &sink);
        sockjs_reader_feed(&reader, buf_str(&b), on_string, &sink);
        if (!str_eq(buf_str(&sink.bytes), s))
            fail_msg("U+%04X does not come back", c);
        buf_release(&b);
        buf_release(&sink.bytes);
    }
}

static void test_frames_are_wrapped_as_the_transport_wants(void **state)
{
    const struct {
        const char *why;
        enum sockjs_transport transport;
        struct str frame, expected;
    } rows[] = {
        {"xhr", SOCKJS_XHR, STR("o"), STR("o\n")},
        {"xhr_streaming", SOCKJS_XHR_STREAMING, STR("a[\"x\"]"), STR("a[\"x\"]\n")},
        {"eventsource", SOCKJS_EVENTSOURCE, STR("a[\"x\"]"),
         STR("data: a[\"x\"]\r\n\r\n")},
        {"websocket", SOCKJS_WEBSOCKET, STR("h"), STR("h")},
        {"htmlfile", SOCKJS_HTMLFILE, STR("a[\"x\"]"),
         STR("<script>\np(\"a[\\\"x\\\"]\");\n</script>\r\n")},
        {"htmlfile: nothing ends the script", SOCKJS_HTMLFILE,
         STR("a[\"</script>'\\n\"]"),
         STR("<script>\np(\"a[\\\"\\u003C\\/script\\u003E\\'\\\\n\\\"]\");\n</"
             "script>\r\n")},
    };

    (void)state;

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct buf b;

        buf_init(&b, 4096);
        sockjs_put_frame(&b, rows[i].transport, rows[i].frame);
        check(&b, rows[i].expected, rows[i].why);
        buf_release(&b);
    }
}

static void test_close_frames_carry_code_and_reason(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 4096);

    sockjs_put_close(&b, 3000, STR("Go away!"));
    sockjs_put_close(&b, 1008, STR("a\"b"));

    check(&b, STR("c[3000,\"Go away!\"]c[1008,\"a\\\"b\"]"), "close");
    buf_release(&b);
}

static void test_preludes_wake_old_browsers(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 4096);

    sockjs_put_prelude(&b, SOCKJS_XHR_STREAMING, STR(""));
    assert_int_equal(b.n, 2049);
    assert_true(b.p[0] == 'h' && b.p[2047] == 'h' && b.p[2048] == '\n');
    buf_reset(&b);
    sockjs_put_prelude(&b, SOCKJS_EVENTSOURCE, STR(""));
    check(&b, STR("\r\n"), "eventsource");
    buf_reset(&b);
    sockjs_put_prelude(&b, SOCKJS_XHR, STR(""));
    check(&b, STR(""), "polling has none");
    sockjs_put_prelude(&b, SOCKJS_HTMLFILE, STR("_jp.abc"));
    assert_true(b.n > 1024);
    assert_non_null(memmem(b.p, b.n, "var c = parent._jp.abc;\n", 24));

    buf_release(&b);
}

static void test_transports_have_their_words(void **state)
{
    enum sockjs_transport t;

    (void)state;

    assert_true(sockjs_transport_of(STR("xhr_streaming"), &t) &&
                t == SOCKJS_XHR_STREAMING);
    assert_true(sockjs_transport_of(STR("xhr"), &t) && t == SOCKJS_XHR);
    assert_false(sockjs_transport_of(STR("jsonp"), &t));
    assert_false(sockjs_transport_of(STR("XHR"), &t));
    assert_false(sockjs_transport_of(STR(""), &t));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings_are_escaped_as_the_replaced_service_did),
        cmocka_unit_test(test_every_code_point_is_escaped_or_not_and_comes_back),
        cmocka_unit_test(test_frames_are_wrapped_as_the_transport_wants),
        cmocka_unit_test(test_close_frames_carry_code_and_reason),
        cmocka_unit_test(test_preludes_wake_old_browsers),
        cmocka_unit_test(test_transports_have_their_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
