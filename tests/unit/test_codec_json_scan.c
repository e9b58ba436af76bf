/*
 * src/codec/json_scan.c: what JSON is, cut at every byte, and where its literals stand.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/json.h"
#include "codec/json_scan.h"

#include "base/banned.h"

/* A copy of the exact size, so that the sanitizer sees a read behind the end. */
static enum err scan_copy(struct str in, struct why *why)
{
    char *copy = mem_alloc(in.n);
    enum err rc;

    if (in.n > 0)
        memcpy(copy, in.p, in.n);
    rc = json_scan((struct str){copy, in.n}, why);
    free(copy);
    return rc;
}

static void test_a_text_cut_anywhere_is_refused(void **state)
{
    const struct str whole =
        STR("{\"a\":[1,-2.5e+3,true,null,\"x\\u00e9\\ud83d\\ude00\\n한\"],\"b\":{\"c\":"
            "false}}");
    struct why why;
    (void)state;

    for (size_t n = 0; n < whole.n; n++) {
        why = (struct why){""};
        assert_int_equal(scan_copy((struct str){whole.p, n}, &why), ERR_BODY_INVALID);
        assert_string_not_equal(why.text, "");
    }
    assert_int_equal(scan_copy(whole, &why), ERR_OK);
}

static void test_the_place_of_the_fault_is_told(void **state)
{
    const struct {
        struct str in;
        const char *why;
    } rows[] = {
        {STR(""), "byte 0: value expected"},
        {STR("{\"a\":1,}"), "byte 7: member name expected"},
        {STR("{\"a\" 1}"), "byte 5: ':' expected"},
        {STR("[1 2]"), "byte 3: ',' or ']' expected"},
        {STR("{\"a\":1 \"b\":2}"), "byte 7: ',' or '}' expected"},
        {STR("\"a\nb\""), "byte 2: control character in a string"},
        {STR("\"a"), "byte 2: string without end"},
        {STR("\"\\q\""), "byte 2: unknown escape"},
        {STR("\"\\u00\""), "byte 3: \\u without four hexadecimal digits"},
        {STR("\"\\u0000\""), "byte 7: \\u0000"},
        {STR("\"\\udc00\""), "byte 7: lone surrogate"},
        {STR("1.x"), "byte 2: digits expected behind the point"},
        {STR("1e+"), "byte 3: digits expected in the exponent"},
        {STR("[[[[[[[[[[[[[[[[["), "byte 16: nested too deeply"},
        {STR("1 1"), "byte 2: more than one value"},
        {STR("\xef\xbb\xbf"
             "1"),
         "byte 0: byte order mark"},
        {STR("\"\xff\""), "byte 0: not UTF-8"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct why why = {""};

        assert_int_equal(scan_copy(rows[i].in, &why), ERR_BODY_INVALID);
        assert_string_equal(why.text, rows[i].why);
    }
    assert_int_equal(json_scan(STR_NULL, NULL), ERR_BODY_INVALID);
}

static void test_literals_are_recorded_in_the_order_of_the_text(void **state)
{
    const struct str in =
        STR(" [ -0.0e1 , {\"1\":true,\"x\":\"2 \\\" 3\",\"x\":[null,45]},false]");
    static const char *const want[] = {"-0.0e1", "true", "45", "false"};
    struct json_span span;
    struct buf spans;
    (void)state;

    buf_init(&spans, 1000);
    assert_int_equal(json_scan_spans(in, &spans, NULL), ERR_OK);

    assert_int_equal(spans.n, 4 * sizeof(span));
    for (size_t i = 0; i < 4; i++) {
        memcpy(&span, spans.p + i * sizeof(span), sizeof(span));
        assert_true(str_eq((struct str){in.p + span.at, span.n}, str_of(want[i])));
    }
    buf_release(&spans);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_text_cut_anywhere_is_refused),
        cmocka_unit_test(test_the_place_of_the_fault_is_told),
        cmocka_unit_test(test_literals_are_recorded_in_the_order_of_the_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
