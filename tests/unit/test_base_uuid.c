/*
 * src/base/uuid.c: form, version, variant, time order.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/uuid.h"

#include "base/banned.h"

static void test_made_ids_have_version_and_variant(void **state)
{
    (void)state;

    for (int i = 0; i < 1000; i++) {
        struct uuid four = uuid_v4(), seven = uuid_v7(clock_real_ns());

        assert_true(uuid_is_valid(uuid_str(&four)) && uuid_is_valid(uuid_str(&seven)));
        assert_int_equal(four.text[14], '4');
        assert_int_equal(seven.text[14], '7');
        assert_non_null(strchr("89ab", four.text[19]));
        assert_non_null(strchr("89ab", seven.text[19]));
        assert_int_equal(four.text[36], '\0');
    }
}

static void test_two_ids_differ(void **state)
{
    struct uuid a = uuid_v7(0), b = uuid_v7(0), c = uuid_v4(), d = uuid_v4();
    (void)state;

    assert_false(str_eq(uuid_str(&a), uuid_str(&b)));
    assert_false(str_eq(uuid_str(&c), uuid_str(&d)));
}

static void test_version_7_begins_with_the_milliseconds(void **state)
{
    /* RFC 9562, appendix A.6: 2022-02-22T19:22:22Z */
    struct uuid u = uuid_v7(INT64_C(1645557742000) * NS_PER_MS);
    struct uuid later = uuid_v7(INT64_C(1645557742001) * NS_PER_MS);
    (void)state;

    assert_true(str_starts(uuid_str(&u), STR("017f22e2-79b0-7")));
    assert_true(str_cmp(uuid_str(&u), uuid_str(&later)) < 0);
}

static void test_only_the_text_form_is_valid(void **state)
{
    static const struct {
        const char *text;
        bool is_valid;
        const char *why;
    } rows[] = {
        {"017f22e2-79b0-7cc3-98c4-dc0c0c07398f", true, "as RFC 9562 writes it"},
        {"017F22E2-79B0-7CC3-98C4-DC0C0C07398F", true, "upper case is read"},
        {"00000000-0000-0000-0000-000000000000", true, "nil"},
        {"017f22e2-79b0-7cc3-98c4-dc0c0c07398", false, "too short"},
        {"017f22e2-79b0-7cc3-98c4-dc0c0c07398ff", false, "too long"},
        {"017f22e279b0-7cc3-98c4-dc0c0c07398f--", false, "dashes elsewhere"},
        {"017f22e2-79b0-7cc3-98c4-dc0c0c07398g", false, "no hexadecimal digit"},
        {"017f22e2-79b0-7cc3-98c4_dc0c0c07398f", false, "no dash"},
        {"{17f22e2-79b0-7cc3-98c4-dc0c0c07398}", false, "braces"},
        {"", false, "empty"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (uuid_is_valid(str_of(rows[i].text)) != rows[i].is_valid)
            fail_msg("%s: %s", rows[i].text, rows[i].why);
    assert_false(uuid_is_valid(STR_NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_made_ids_have_version_and_variant),
        cmocka_unit_test(test_two_ids_differ),
        cmocka_unit_test(test_version_7_begins_with_the_milliseconds),
        cmocka_unit_test(test_only_the_text_form_is_valid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
