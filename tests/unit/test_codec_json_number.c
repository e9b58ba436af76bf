/*
 * src/codec/json_number.c: integral values however they are written, exact to 64 bits.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "codec/json_number.h"

#include "base/banned.h"

static void test_integral_numbers_are_exact(void **state)
{
    static const struct {
        const char *text;
        int64_t value;
    } rows[] = {
        {"0", 0},
        {"-0", 0},
        {"-0.000", 0},
        {"0e99", 0},
        {"0.0e-5", 0},
        {"5", 5},
        {"-5.0", -5},
        {"1e3", 1000},
        {"1E+3", 1000},
        {"12.50e1", 125},
        {"1200e-2", 12},
        {"0.00012e5", 12},
        {"100.00", 100},
        {"10203.0405e4", 102030405},
        {"9223372036854775807", INT64_MAX},
        {"9223372036854775807.000", INT64_MAX},
        {"9.223372036854775807e18", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
        {"-922337203685477580800e-2", INT64_MIN},
        {"1e18", INT64_C(1000000000000000000)},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t value = -1;

        if (!json_integer(str_of(rows[i].text), &value) || value != rows[i].value)
            fail_msg("%s", rows[i].text);
    }
}

static void test_fractions_and_larger_numbers_are_refused(void **state)
{
    static const char *const texts[] = {
        "0.5",
        "1.5",
        "1e-1",
        "12e-2",
        "0.1e0",
        "1.000000000000000000000001",
        "1e19",
        "1e400",
        "9223372036854775808",
        "-9223372036854775809",
        "9223372036854775807.5",
        "1e99999999999999999999",
        "1e-99999999999999999999",
        "10e100001",
    };
    int64_t value;
    (void)state;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (json_integer(str_of(texts[i]), &value))
            fail_msg("%s", texts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integral_numbers_are_exact),
        cmocka_unit_test(test_fractions_and_larger_numbers_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
