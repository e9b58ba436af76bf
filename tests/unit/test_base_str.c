/*
 * src/base/str.c and str.h: no value against "", integers, blanks, splitting.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/str.h"

#include "base/banned.h"

static void test_no_value_is_not_an_empty_string(void **state)
{
    (void)state;

    assert_true(str_eq(STR_NULL, str_of(NULL)));
    assert_false(str_eq(STR_NULL, STR("")));
    assert_false(str_eq_nocase(STR(""), STR_NULL));
    assert_true(str_eq_nocase(STR_NULL, STR_NULL));
    assert_true(str_is_empty(STR_NULL) && str_is_empty(STR("")));
    assert_null(str_from(STR_NULL, 3).p);
    assert_non_null(str_from(STR("abc"), 7).p);
}

static void test_integers_are_read_whole_or_not_at_all(void **state)
{
    static const struct {
        const char *text;
        bool is_good;
        int64_t value;
    } rows[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"007", true, 7},
        {"-12", true, -12},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"99999999999999999999", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {"--1", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1.0", false, 0},
        {"0x10", false, 0},
        {"1\xff", false, 0},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t value = 0;

        assert_int_equal(str_to_i64(str_of(rows[i].text), &value), rows[i].is_good);
        if (rows[i].is_good)
            assert_int_equal(value, rows[i].value);
    }
    assert_false(str_to_i64(STR_NULL, &(int64_t){0}));
}

static void test_order_is_by_bytes(void **state)
{
    static const struct str sorted[] = {{"", 0},     {"A", 1},        {"a", 1},
                                        {"a\0b", 3}, {"ab", 2},       {"abc", 3},
                                        {"b", 1},    {"\xed\x95", 2}, {"\xff", 1}};
    const size_t n = sizeof(sorted) / sizeof(sorted[0]);
    (void)state;

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            int order = str_cmp(sorted[i], sorted[j]);

            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
}

static void test_only_ascii_letters_have_case(void **state)
{
    (void)state;

    assert_true(str_eq_nocase(STR("X-Auth-User"), STR("x-aUTH-uSER")));
    assert_false(str_eq_nocase(STR("a"), STR("ab")));
    assert_false(str_eq_nocase(STR("@["), STR("`{"))); /* next to the letters */
    assert_false(str_eq_nocase(STR("\xc3\x84"), STR("\xc3\xa4")));
}

static void test_blanks_are_trimmed_at_both_ends(void **state)
{
    (void)state;

    assert_true(str_eq(str_trim(STR(" \t\r\n a b \n")), STR("a b")));
    assert_true(str_eq(str_trim(STR("  ")), STR("")));
    assert_null(str_trim(STR_NULL).p);
    assert_true(str_eq(str_trim(STR("\xc2\xa0x")), STR("\xc2\xa0x")));
}

static void test_a_text_splits_into_one_part_more_than_separators(void **state)
{
    static const struct {
        const char *text;
        const char *parts[4];
    } rows[] = {
        {"a,b,c", {"a", "b", "c"}}, {"", {""}},        {",", {"", ""}},
        {"a,", {"a", ""}},          {",a", {"", "a"}},
    };
    struct str none = STR_NULL, part;
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct str rest = str_of(rows[i].text);
        size_t n = 0;

        for (; str_split(&rest, ',', &part); n++)
            assert_true(str_eq(part, str_of(rows[i].parts[n])));
        assert_null(rows[i].parts[n]);
    }
    assert_false(str_split(&none, ',', &part));
}

static void test_prefixes_and_places_are_found(void **state)
{
    (void)state;

    assert_true(str_starts(STR("/sub/x"), STR("/sub/")));
    assert_false(str_starts(STR("/su"), STR("/sub/")));
    assert_true(str_starts(STR_NULL, STR("")));
    assert_int_equal(str_find(STR("a=b=c"), '='), 1);
    assert_int_equal(str_find(STR("abc"), '='), 3);
    assert_int_equal(str_find(STR_NULL, '='), 0);
}

static void test_a_copy_outlives_its_source(void **state)
{
    char text[] = "kept";
    struct str copy = str_dup(str_of(text)), empty = str_dup(STR("")),
               none = str_dup(STR_NULL);
    (void)state;

    text[0] = 'x';

    assert_true(str_eq(copy, STR("kept")));
    assert_true(str_eq(empty, STR("")));
    assert_null(none.p);
    str_free(&copy);
    str_free(&empty);
    str_free(&none);
    assert_null(copy.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_value_is_not_an_empty_string),
        cmocka_unit_test(test_integers_are_read_whole_or_not_at_all),
        cmocka_unit_test(test_order_is_by_bytes),
        cmocka_unit_test(test_only_ascii_letters_have_case),
        cmocka_unit_test(test_blanks_are_trimmed_at_both_ends),
        cmocka_unit_test(test_a_text_splits_into_one_part_more_than_separators),
        cmocka_unit_test(test_prefixes_and_places_are_found),
        cmocka_unit_test(test_a_copy_outlives_its_source),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
