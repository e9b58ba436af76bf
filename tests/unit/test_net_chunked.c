/*
 * Bodies in chunks: each input is fed whole, and cut into single bytes, with the same outcome.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bug.h"
#include "net/chunked.h"

#include "base/banned.h"

enum {
    BODY_MAX = 20,
    UNFINISHED = -1
};

/* out: UNFINISHED, 0 when the body ended, or the status; *used_out: bytes it took */
static int read_in(struct str in, size_t step, struct buf *body, size_t *used_out)
{
    struct chunked c = {0};
    int status = 0;

    buf_init(body, BODY_MAX);
    *used_out = 0;
    while (status == 0 && !chunked_is_done(&c) && *used_out < in.n) {
        struct str rest = str_from(in, *used_out);
        size_t n = step < rest.n ? step : rest.n, used;
        char *copy = mem_alloc(n); /* of its own size, for the sanitizer */

        memcpy(copy, rest.p, n);
        status = chunked_feed(&c, (struct str){copy, n}, body, &used);
        *used_out += used;
        free(copy);
    }
    assert_true(buf_ok(body));
    return status != 0 || chunked_is_done(&c) ? status : UNFINISHED;
}

static void assert_reads(const char *text, int status, const char *want, const char *left)
{
    struct str in = str_of(text);
    struct buf body;
    size_t used;

    for (size_t step = 1; step <= in.n; step++) {
        int got = read_in(in, step, &body, &used);

        if (got != status || (want && !str_eq(buf_str(&body), str_of(want))))
            fail_msg("\"%s\" by %zu: %d, body \"" STR_FMT "\"", text, step, got,
                     STR_ARG(buf_str(&body)));
        if (left)
            assert_string_equal(text + used, left);
        buf_release(&body);
    }
}

static void test_bodies_are_put_together(void **state)
{
    (void)state;
    assert_reads("0\r\n\r\n", 0, "", "");
    assert_reads("3\r\nabc\r\n0\r\n\r\nGET /", 0, "abc", "GET /");
    assert_reads("1\r\na\r\nA\r\n0123456789\r\n000\r\n\r\n", 0, "a0123456789", "");
    assert_reads("14\r\n01234567890123456789\r\n0\r\n\r\n", 0, "01234567890123456789",
                 "");
    assert_reads("2\r\n\r\n\r\n0\r\n\r\n", 0, "\r\n", "");
    assert_reads("0000000000000001\r\nx\r\n0\r\n\r\n", 0, "x", "");
    assert_reads("1;a\r\nx\r\n0;b=\"c\"\r\n\r\n", 0, "x", "");
    assert_reads("1 \t;a\r\nx\r\n0\r\n\r\n", 0, "x", "");
    assert_reads("1\r\nx\r\n0\r\nA: b\r\nC:\r\n\r\n0", 0, "x", "0");
}

static void test_what_is_not_finished_waits(void **state)
{
    (void)state;
    assert_reads("3", UNFINISHED, "", "");
    assert_reads("3\r\nab", UNFINISHED, "ab", "");
    assert_reads("3\r\nabc\r\n", UNFINISHED, "abc", "");
    assert_reads("0\r\n", UNFINISHED, "", "");
    assert_reads("0\r\nA: b\r\n\r", UNFINISHED, "", "");
}

static void test_bad_chunks_are_refused(void **state)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"\r\n", "no size"},
        {";a\r\n", "an extension of no size"},
        {" 1\r\na\r\n", "a blank before the size"},
        {"1 \r\na\r\n", "a blank behind the size and no extension"},
        {"1 2\r\na\r\n", "two sizes"},
        {"0x1\r\na\r\n", "a size as in C"},
        {"-1\r\n", "a sign"},
        {"+1\r\na\r\n", "a sign"},
        {"g\r\n", "no digit"},
        {"1\na\r\n", "a bare LF behind the size"},
        {"1;a\na\r\n", "a bare LF in an extension"},
        {"1;a\rb\r\na\r\n", "a bare CR in an extension"},
        {"1\r\r\na\r\n", "two CRs"},
        {"1\r\nab\r\n", "more data than the size says"},
        {"1\r\na\n0\r\n\r\n", "a bare LF behind the data"},
        {"1\r\na0\r\n\r\n", "nothing behind the data"},
        {"1\r\n\r\n\r\n0\r\n\r\n", "less data than the size says"},
        {"0\r\nA: b\n\r\n", "a bare LF behind a trailer"},
        {"0\r\nA: \x01\r\n\r\n", "a control character in a trailer"},
        {"0\r\n\n", "a bare LF at the end"},
        {"00000000000000001\r\na\r\n", "17 digits"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_reads(cases[i].text, 400, NULL, NULL);
}

static void test_ceilings(void **state)
{
    struct buf body, in;
    size_t used;

    (void)state;
    assert_reads("15\r\n", 413, "", "\r\n"); /* before a byte of it is read */
    assert_reads("a\r\n0123456789\r\nb\r\n", 413, "0123456789", "\r\n");
    assert_reads("ffffffffffffffff\r\n", 413, "", NULL);

    for (size_t over = 0; over < 2; over++) {
        buf_init(&in, SIZE_MAX);
        buf_append_c(&in, "1;");
        for (size_t i = 1; i < CHUNKED_EXTRA_MAX - 3; i++)
            buf_putc(&in, 'e');
        buf_append_c(&in, "\r\na\r\n0\r\nA:");
        buf_append_c(&in, over ? "bc\r\n\r\n" : "b\r\n\r\n");
        assert_int_equal(read_in(buf_str(&in), in.n, &body, &used), over ? 431 : 0);
        buf_release(&body);
        buf_release(&in);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies_are_put_together),
        cmocka_unit_test(test_what_is_not_finished_waits),
        cmocka_unit_test(test_bad_chunks_are_refused),
        cmocka_unit_test(test_ceilings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
