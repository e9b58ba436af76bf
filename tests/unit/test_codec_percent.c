/* Percent-encoding byte by byte. SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "codec/percent.h"

static void test_each_byte_is_itself_or_an_escape(void **state)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()";
    struct buf out;

    (void)state;
    buf_init(&out, 16);
    for (int c = 0; c < 256; c++) {
        char byte = (char)c, wanted[4] = {byte, '\0'};

        if (c == 0 || !strchr(plain, byte))
            snprintf(wanted, sizeof(wanted), "%%%02X", (unsigned)c);
        buf_reset(&out);
        percent_encode((struct str){&byte, 1}, &out);
        if (!str_eq(buf_str(&out), str_of(wanted)))
            fail_msg("byte %d: %.*s", c, STR_ARG(buf_str(&out)));
    }
    buf_release(&out);
}

static void test_a_header_value_is_encoded_only_when_it_must_be(void **state)
{
    static const struct {
        const char *value, *encoded;
    } cases[] = {
        {"buyer@x", "buyer@x"},
        {"한글", "한글"},
        {"a b", "a%20b"},
        {"a:b@x", "a%3Ab%40x"},
        {"50%", "50%25"},
        {"a\\b", "a%5Cb"},
        {"", ""},
    };
    struct buf out;

    (void)state;
    buf_init(&out, 256);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        buf_reset(&out);
        percent_encode_header(str_of(cases[i].value), &out);
        assert_true(str_eq(buf_str(&out), str_of(cases[i].encoded)));
    }
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_byte_is_itself_or_an_escape),
        cmocka_unit_test(test_a_header_value_is_encoded_only_when_it_must_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
