/*
 * Tests of the STOMP writer: the bytes of each frame, and that the parser reads back what it wrote.
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

#include "stomp/frame.h"

#include "base/banned.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static void test_values_are_escaped_as_the_version_says(void **state)
{
    const struct {
        const char *why;
        enum stomp_command command;
        enum stomp_version version;
        struct str value, written;
    } rows[] = {
        {"nothing to escape", STOMP_MESSAGE, STOMP_V12, STR("/a b"), STR("/a b")},
        {"no value is empty", STOMP_MESSAGE, STOMP_V12, STR_NULL, STR("")},
        {"1.2: all four", STOMP_MESSAGE, STOMP_V12, STR("a\r\n:\\b"),
         STR("a\\r\\n\\c\\\\b")},
        {"1.1: CR stays", STOMP_MESSAGE, STOMP_V11, STR("a\r\n:\\b"),
         STR("a\r\\n\\c\\\\b")},
        {"1.0: none, LF would end the line", STOMP_MESSAGE, STOMP_V10, STR("a\r\n:\\b"),
         STR("a\r?:\\b")},
        {"CONNECTED: none in any version", STOMP_CONNECTED, STOMP_V12, STR("a\n:\\b"),
         STR("a?:\\b")},
        {"NUL would end the frame", STOMP_RECEIPT, STOMP_V12, STR("a\0b"), STR("a?b")},
        {"NUL would end the frame (1.0)", STOMP_RECEIPT, STOMP_V10, STR("\0"), STR("?")},
        {"UTF-8 as it is", STOMP_MESSAGE, STOMP_V12, STR("한글😀"), STR("한글😀")},
    };

    (void)state;

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct buf b;
        struct str got;
        size_t before;

        buf_init(&b, 4096);
        /* what stands before the frame must not matter */
        stomp_write_begin(&b, STOMP_CONNECTED);
        stomp_write_body(&b, STR(""));
        buf_append_c(&b, "\n");
        stomp_write_begin(&b, rows[i].command);
        before = b.n;
        stomp_write_header(&b, rows[i].version, "k", rows[i].value);
        got = str_from(buf_str(&b), before);
        if (got.n != rows[i].written.n + 3 || memcmp(got.p, "k:", 2) != 0 ||
            got.p[got.n - 1] != '\n' ||
            memcmp(got.p + 2, rows[i].written.p, rows[i].written.n) != 0)
            fail_msg("%s: " STR_FMT, rows[i].why, STR_ARG(got));
        buf_release(&b);
    }
}

static void test_frames_are_written_byte_for_byte(void **state)
{
    struct str expected = STR("CONNECTED\nversion:1.2\nheart-beat:0,0\n\n\0"
                              "MESSAGE\nseq:-7\ncontent-length:4\n\na\0b\n\0"
                              "RECEIPT\nreceipt-id:r\n\n\0"
                              "ERROR\nmessage:m\n\n\0");
    struct buf b;

    (void)state;
    buf_init(&b, 4096);

    stomp_write_begin(&b, STOMP_CONNECTED);
    stomp_write_header(&b, STOMP_V12, "version", STR("1.2"));
    stomp_write_header(&b, STOMP_V12, "heart-beat", STR("0,0"));
    stomp_write_body(&b, STR(""));
    stomp_write_begin(&b, STOMP_MESSAGE);
    stomp_write_header_i64(&b, "seq", -7);
    stomp_write_body(&b, STR("a\0b\n"));
    stomp_write_begin(&b, STOMP_RECEIPT);
    stomp_write_header(&b, STOMP_V10, "receipt-id", STR("r"));
    stomp_write_body(&b, STR_NULL);
    stomp_write_begin(&b, STOMP_ERROR);
    stomp_write_header(&b, STOMP_V11, "message", STR("m"));
    stomp_write_body(&b, STR(""));

    assert_true(buf_ok(&b));
    assert_int_equal(b.n, expected.n);
    assert_memory_equal(b.p, expected.p, expected.n);
    buf_release(&b);
}

static void test_the_ceiling_of_the_buffer_is_sticky(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 16);

    stomp_write_begin(&b, STOMP_MESSAGE);
    stomp_write_header(&b, STOMP_V12, "destination", STR("/a:b"));
    stomp_write_body(&b, STR("x"));

    assert_false(buf_ok(&b));
    buf_release(&b);
}

static enum err on_frame(void *ctx, const struct stomp_frame *frame)
{
    struct str *value = ctx;

    assert_int_equal(frame->command, STOMP_SEND);
    assert_true(str_eq(stomp_header(frame, "receipt"), *value));
    assert_true(str_eq(frame->body, *value));
    *value = STR_NULL;
    return ERR_OK;
}

static void test_the_parser_reads_back_what_was_written(void **state)
{
    const struct stomp_limits limits = {0};
    char octets[0x7f];

    (void)state;
    for (size_t i = 0; i < sizeof(octets); i++)
        octets[i] = (char)(i + 1);

    for (enum stomp_version v = STOMP_V11; v <= STOMP_V12; v++) {
        struct str value = {octets, sizeof(octets)};
        struct stomp_parser *p = stomp_parser_new(&limits, on_frame, &value);
        struct buf b;

        buf_init(&b, 4096);
        stomp_write_begin(&b, STOMP_SEND);
        stomp_write_header(&b, v, "receipt", value);
        stomp_write_body(&b, value);
        stomp_parser_set_version(p, v);
        assert_int_equal(stomp_parser_feed(p, buf_str(&b), NULL), ERR_OK);
        assert_null(value.p);
        buf_release(&b);
        stomp_parser_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_are_escaped_as_the_version_says),
        cmocka_unit_test(test_frames_are_written_byte_for_byte),
        cmocka_unit_test(test_the_ceiling_of_the_buffer_is_sticky),
        cmocka_unit_test(test_the_parser_reads_back_what_was_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
