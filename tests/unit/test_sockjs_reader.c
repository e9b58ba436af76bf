/*
 * Tests of the array of strings that SockJS clients send: each payload whole, byte by byte and cut
 * at every position, always with the same strings and the same verdict.
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

#include "base/buf.h"
#include "sockjs/reader_internal.h"

#include "base/banned.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

struct row {
    const char *why;
    struct str input;
    enum sockjs_payload payload;
    struct str strings; /* each ended by '|'; what was passed on before a fault too */
};

static void on_string(void *ctx, struct str piece, bool is_last)
{
    buf_append_str(ctx, piece);
    if (is_last)
        buf_putc(ctx, '|');
}

/* cut SIZE_MAX: byte by byte */
static void check_cut(const struct row *row, size_t cut)
{
    struct sockjs_reader reader = {0};
    struct buf got;

    buf_init(&got, 1 << 20);
    if (cut == SIZE_MAX) {
        for (size_t i = 0; i < row->input.n; i++)
            sockjs_reader_feed(&reader, (struct str){row->input.p + i, 1}, on_string,
                               &got);
    } else {
        sockjs_reader_feed(&reader, (struct str){row->input.p, cut}, on_string, &got);
        sockjs_reader_feed(&reader, str_from(row->input, cut), on_string, &got);
    }
    if (sockjs_reader_payload(&reader) != row->payload)
        fail_msg("%s, cut at %zu: verdict %d", row->why, cut,
                 sockjs_reader_payload(&reader));
    if (row->payload == SOCKJS_PAYLOAD_ARRAY && !str_eq(buf_str(&got), row->strings))
        fail_msg("%s, cut at %zu: " STR_FMT, row->why, cut, STR_ARG(buf_str(&got)));
    if (!str_starts(row->strings, buf_str(&got)))
        fail_msg("%s, cut at %zu: passed on " STR_FMT, row->why, cut,
                 STR_ARG(buf_str(&got)));
    buf_release(&got);
}

static void check_all(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t cut = 0; cut <= rows[i].input.n; cut++)
            check_cut(&rows[i], cut);
        check_cut(&rows[i], SIZE_MAX);
    }
}

static void test_arrays_of_strings_are_read(void **state)
{
    const struct row rows[] = {
        {"no message", STR("[]"), SOCKJS_PAYLOAD_ARRAY, STR("")},
        {"an empty message", STR("[\"\"]"), SOCKJS_PAYLOAD_ARRAY, STR("|")},
        {"one", STR("[\"x\"]"), SOCKJS_PAYLOAD_ARRAY, STR("x|")},
        {"several, with blanks", STR(" [ \"a\" ,\n\"b\"\t,\r\"c\" ] \n"),
         SOCKJS_PAYLOAD_ARRAY, STR("a|b|c|")},
        {"a STOMP frame", STR("[\"SEND\\n\\nhi\\u0000\"]"), SOCKJS_PAYLOAD_ARRAY,
         STR("SEND\n\nhi\0|")},
        {"every escape", STR("[\"\\b\\f\\n\\r\\t\\\"\\/\\\\\"]"), SOCKJS_PAYLOAD_ARRAY,
         STR("\b\f\n\r\t\"/\\|")},
        {"hexadecimal in both cases", STR("[\"\\u00e9\\u00C9\\ud55c\"]"),
         SOCKJS_PAYLOAD_ARRAY, STR("éÉ한|")},
        {"surrogates become one code point", STR("[\"\\uD83D\\ude00\"]"),
         SOCKJS_PAYLOAD_ARRAY, STR("😀|")},
        {"raw UTF-8", STR("[\"한😀\"]"), SOCKJS_PAYLOAD_ARRAY, STR("한😀|")},
        {"a lone high surrogate is no UTF-8 behind it", STR("[\"\\ud83dx\"]"),
         SOCKJS_PAYLOAD_ARRAY, STR("\xed\xa0\xbdx|")},
        {"a lone high surrogate at the end", STR("[\"\\ud83d\",\"\\ude00\"]"),
         SOCKJS_PAYLOAD_ARRAY, STR("\xed\xa0\xbd|\xed\xb8\x80|")},
        {"two high surrogates", STR("[\"\\ud83d\\ud83d\\ude00\"]"), SOCKJS_PAYLOAD_ARRAY,
         STR("\xed\xa0\xbd😀|")},
        {"a high surrogate before another escape", STR("[\"\\ud83d\\n\"]"),
         SOCKJS_PAYLOAD_ARRAY, STR("\xed\xa0\xbd\n|")},
        {"a high surrogate before a plain unit", STR("[\"\\ud83d\\u0041\"]"),
         SOCKJS_PAYLOAD_ARRAY,
         STR("\xed\xa0\xbd"
             "A|")},
        {"DEL", STR("[\"\x7f\"]"), SOCKJS_PAYLOAD_ARRAY, STR("\x7f|")},
    };

    (void)state;

    check_all(rows, LENGTH(rows));
}

static void test_everything_else_is_named(void **state)
{
    const struct row rows[] = {
        {"nothing", STR(""), SOCKJS_PAYLOAD_NONE, STR("")},
        {"blanks", STR(" \r\n\t"), SOCKJS_PAYLOAD_NONE, STR("")},
        {"a bare string", STR("\"x\""), SOCKJS_PAYLOAD_NOT_ARRAY, STR("")},
        {"an object", STR(" {}"), SOCKJS_PAYLOAD_NOT_ARRAY, STR("")},
        {"a number", STR("-1"), SOCKJS_PAYLOAD_NOT_ARRAY, STR("")},
        {"null", STR("null"), SOCKJS_PAYLOAD_NOT_ARRAY, STR("")},
        {"no JSON at all", STR("x"), SOCKJS_PAYLOAD_BROKEN, STR("")},
        {"NUL", STR("\0"), SOCKJS_PAYLOAD_BROKEN, STR("")},
        {"no end of the string", STR("[\"x"), SOCKJS_PAYLOAD_BROKEN, STR("x")},
        {"no end of the array", STR("[\"x\""), SOCKJS_PAYLOAD_BROKEN, STR("x|")},
        {"no end of an escape", STR("[\"\\"), SOCKJS_PAYLOAD_BROKEN, STR("")},
        {"no end of a unit", STR("[\"\\u12"), SOCKJS_PAYLOAD_BROKEN, STR("")},
        {"an element that is no string", STR("[\"x\",1]"), SOCKJS_PAYLOAD_BROKEN,
         STR("x|")},
        {"a nested array", STR("[[\"x\"]]"), SOCKJS_PAYLOAD_BROKEN, STR("")},
        {"a comma at the end", STR("[\"x\",]"), SOCKJS_PAYLOAD_BROKEN, STR("x|")},
        {"a comma at the start", STR("[,\"x\"]"), SOCKJS_PAYLOAD_BROKEN, STR("")},
        {"no comma", STR("[\"x\"\"y\"]"), SOCKJS_PAYLOAD_BROKEN, STR("x|")},
        {"trailing bytes", STR("[\"x\"]]"), SOCKJS_PAYLOAD_BROKEN, STR("x|")},
        {"two arrays", STR("[][]"), SOCKJS_PAYLOAD_BROKEN, STR("")},
        {"an unknown escape", STR("[\"a\\q\"]"), SOCKJS_PAYLOAD_BROKEN, STR("a")},
        {"an escape beyond ASCII", STR("[\"\\\xff\"]"), SOCKJS_PAYLOAD_BROKEN, STR("")},
        {"no digit", STR("[\"\\u00g0\"]"), SOCKJS_PAYLOAD_BROKEN, STR("")},
        {"a raw control", STR("[\"a\nb\"]"), SOCKJS_PAYLOAD_BROKEN, STR("a")},
        {"a raw NUL", STR("[\"a\0b\"]"), SOCKJS_PAYLOAD_BROKEN, STR("a")},
    };

    (void)state;

    check_all(rows, LENGTH(rows));
}

static void test_long_strings_leave_in_pieces(void **state)
{
    enum {
        LONG = 20000
    };
    struct sockjs_reader reader = {0};
    struct buf in, got;

    (void)state;
    buf_init(&in, 1 << 20);
    buf_init(&got, 1 << 20);
    buf_append_c(&in, "[\"");
    for (int i = 0; i < LONG; i++)
        buf_putc(&in, (char)('a' + i % 26));
    buf_append_c(&in, "\"]");

    sockjs_reader_feed(&reader, buf_str(&in), on_string, &got);

    assert_int_equal(got.n, LONG + 1);
    assert_memory_equal(got.p, in.p + 2, LONG);
    buf_release(&in);
    buf_release(&got);
}

static void test_a_check_passes_nothing_on(void **state)
{
    struct sockjs_reader reader = {0};

    (void)state;

    sockjs_reader_feed(&reader, STR("[\"x\",\"\"]"), NULL, NULL);

    assert_int_equal(sockjs_reader_payload(&reader), SOCKJS_PAYLOAD_ARRAY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arrays_of_strings_are_read),
        cmocka_unit_test(test_everything_else_is_named),
        cmocka_unit_test(test_long_strings_leave_in_pieces),
        cmocka_unit_test(test_a_check_passes_nothing_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
