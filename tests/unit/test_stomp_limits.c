/*
 * Tests of the STOMP parser's ceilings, and of what it holds while a frame is incomplete.
 * SPDX-License-Identifier: MIT
 */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/stomp_transcript.h"

#include "base/banned.h"

static const struct stomp_limits usual = {.frame_bytes = 65536,
                                          .connect_frame_bytes = 8192,
                                          .headers = 64,
                                          .header_bytes = 4096};
/* Small enough to be crossed in a table row. */
static const struct stomp_limits tight = {
    .frame_bytes = 40, .connect_frame_bytes = 24, .headers = 2, .header_bytes = 10};

static void test_limits_hold_at_their_byte(void **state)
{
    const struct transcript_row rows[] = {
        {"a header line of the limit", STOMP_V12, STR("SEND\nk:12345678\n\n\0"),
         "SEND k=12345678\n"},
        {"a header line of the limit with CRLF", STOMP_V12,
         STR("SEND\r\nk:12345678\r\n\r\n\0"), "SEND k=12345678\n"},
        {"a header line one above", STOMP_V12, STR("SEND\nk:123456789\n\n\0"),
         "!header_limit\n"},
        {"a header line one above with CRLF", STOMP_V12, STR("SEND\nk:123456789\r\n\n\0"),
         "!header_limit\n"},
        {"a header line two above, without an end", STOMP_V12, STR("SEND\nk:1234567890"),
         "!header_limit\n"},
        {"a header line above, with the receipt before it", STOMP_V12,
         STR("SEND\nreceipt:r\nk:123456789\n\n\0"), "!header_limit receipt=r\n"},
        {"a NUL in a line that is too long comes first", STOMP_V12,
         STR("SEND\nk:1\0"
             "234567890\n\n\0"),
         "!malformed_frame\n"},
        {"headers of the limit", STOMP_V12, STR("SEND\na:1\nb:2\n\n\0"),
         "SEND a=1 b=2\n"},
        {"a header too many", STOMP_V12, STR("SEND\na:1\nb:2\na:3\n\n\0"),
         "!header_limit\n"},
        {"a frame of the limit, up to NUL", STOMP_V12,
         STR("SEND\n\n012345678901234567890123456789012\0"),
         "SEND [012345678901234567890123456789012]\n"},
        {"a frame one above, up to NUL", STOMP_V12,
         STR("SEND\n\n0123456789012345678901234567890123\0"), "!frame_too_large\n"},
        {"a frame above without its end", STOMP_V12,
         STR("SEND\n\n01234567890123456789012345678901234"), "!frame_too_large\n"},
        {"EOLs around a frame do not count", STOMP_V12,
         STR("\n\nSEND\n\n012345678901234567890123456789012\0\n\n"),
         "SEND [012345678901234567890123456789012]\n"},
        {"a frame above in its headers", UNVERSIONED,
         STR("CONNECT\na:345678\nb:345678\n\n\0"), "!frame_too_large\n"},
        {"a CONNECT of its own limit", UNVERSIONED, STR("CONNECT\na:3456\nb:345\n\n\0"),
         "CONNECT a=3456 b=345\n"},
        {"behind CONNECT the larger limit holds, in the same feed", UNVERSIONED,
         STR("CONNECT\n\n\0SEND\n\n012345678901234567890123456789012\0"),
         "CONNECT\nSEND [012345678901234567890123456789012]\n"},
    };
    const struct stomp_limits counted = {.frame_bytes = 29};
    const struct transcript_row counted_rows[] = {
        {"a frame of the limit, counted", STOMP_V12,
         STR("SEND\ncontent-length:5\n\n12345\0"), "SEND content-length=5 [12345]\n"},
        {"a frame one above, counted", STOMP_V12, STR("SEND\ncontent-length:6\n\n"),
         "!frame_too_large\n"},
    };
    const struct stomp_limits headers_only = {.frame_bytes = 23};
    const struct transcript_row headers_only_rows[] = {
        {"a frame whose headers leave no room for NUL", STOMP_V12,
         STR("SEND\ncontent-length:0\n\n"), "!frame_too_large\n"},
    };

    (void)state;

    transcript_check(&tight, rows, LENGTH(rows));
    transcript_check(&counted, counted_rows, LENGTH(counted_rows));
    transcript_check(&headers_only, headers_only_rows, LENGTH(headers_only_rows));
}

static void test_a_limit_of_0_is_off(void **state)
{
    const struct stomp_limits off = {.header_bytes = SIZE_MAX};
    struct transcript run;
    struct buf in;

    (void)state;
    buf_init(&in, 1 << 20);
    buf_append_c(&in, "SEND\n");
    for (int i = 0; i < 1000; i++)
        buf_printf(&in, "header%d:%0100d\n", i, i);
    buf_append(&in, "\n", 2);
    transcript_start(&run, &off, STOMP_V12);

    assert_int_equal(transcript_feed(&run, buf_str(&in)), ERR_OK);

    assert_true(stomp_parser_is_idle(run.parser));
    assert_true(str_starts(buf_str(&run.text), STR("SEND header0=")));
    transcript_end(&run);
    buf_release(&in);
}

/* A sender may cut a text anywhere: 40,000 bytes in pieces of every odd size. */
static void test_large_bodies_arrive_in_pieces(void **state)
{
    enum {
        BODY = 40000
    };
    struct transcript run;
    struct buf in;

    (void)state;
    buf_init(&in, 1 << 20);
    buf_append_c(&in, "SEND\ndestination:/a\n\n");
    for (int i = 0; i < BODY; i++)
        buf_putc(&in, (char)('a' + i % 26));
    buf_append(&in, "", 1);
    for (size_t size = 1; size < in.n; size = size * 3 + 1) {
        struct str rest = buf_str(&in);

        transcript_start(&run, &usual, STOMP_V11);
        for (; rest.n > 0; rest = str_from(rest, size))
            assert_int_equal(
                transcript_feed(&run,
                                (struct str){rest.p, rest.n < size ? rest.n : size}),
                ERR_OK);
        assert_int_equal(run.text.n, strlen("SEND destination=/a []\n") + BODY);
        transcript_end(&run);
    }
    buf_release(&in);
}

/* glibc's own count; 0 under a sanitizer, which has its own heap. */
static size_t heap_bytes(void)
{
    return mallinfo2().uordblks;
}

static void test_memory_is_held_only_for_an_incomplete_frame(void **state)
{
    enum {
        BODY = 30000,
        SLACK = 2000 /* glibc counts small freed blocks as used */
    };
    static char body[BODY];
    struct transcript run;
    size_t idle = heap_bytes();

    (void)state;
    if (idle == 0)
        skip();
    memset(body, 'x', BODY);
    transcript_start(&run, &usual, STOMP_V12);

    assert_int_equal(stomp_parser_feed(run.parser, STR("SEND\nk\\c:\\n\n\n"), NULL), 0);
    assert_int_equal(stomp_parser_feed(run.parser, (struct str){body, BODY}, NULL), 0);
    assert_in_range(heap_bytes(), idle + BODY, idle + 2 * BODY + SLACK);
    assert_false(stomp_parser_is_idle(run.parser));
    assert_int_equal(stomp_parser_feed(run.parser, STR("\0\n"), NULL), 0);
    buf_release(&run.text);
    assert_in_range(heap_bytes(), idle, idle + SLACK);

    transcript_end(&run);
}

static void test_a_failed_parser_holds_only_the_receipt(void **state)
{
    enum {
        BODY = 30000,
        SLACK = 6000 /* a chunk of the arena, and the above */
    };
    static char body[BODY];
    struct transcript run;
    size_t idle = heap_bytes();

    (void)state;
    if (idle == 0)
        skip();
    transcript_start(&run, &usual, STOMP_V12);

    assert_int_equal(stomp_parser_feed(run.parser,
                                       STR("SEND\nreceipt:r\ncontent-length:30000\n\n"),
                                       NULL),
                     ERR_OK);
    assert_int_equal(stomp_parser_feed(run.parser, (struct str){body, BODY}, NULL),
                     ERR_OK);
    assert_int_equal(stomp_parser_feed(run.parser, STR("x"), NULL), ERR_MALFORMED_FRAME);

    assert_true(str_eq(stomp_parser_failed_receipt(run.parser), STR("r")));
    assert_in_range(heap_bytes(), idle, idle + SLACK);
    transcript_end(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits_hold_at_their_byte),
        cmocka_unit_test(test_a_limit_of_0_is_off),
        cmocka_unit_test(test_large_bodies_arrive_in_pieces),
        cmocka_unit_test(test_memory_is_held_only_for_an_incomplete_frame),
        cmocka_unit_test(test_a_failed_parser_holds_only_the_receipt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
