/*
 * src/codec/record.c: limits of records that were built by hand, and what counts as equal.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/clock.h"
#include "codec/json.h"
#include "codec_tables.h"

#include "base/banned.h"

static const struct limits good = {
    .id = {"017f22e2-79b0-7cc3-98c4-dc0c0c07398f", 36}, .name = {"kim", 3}, .level = 1};

static void assert_check(const struct limits *r, const char *want)
{
    struct why why = {""};
    enum err rc = record_check(&limits_type, r, &why);

    assert_string_equal(why.text, want);
    assert_int_equal(rc, want[0] ? ERR_BODY_INVALID : ERR_OK);
}

static void test_a_record_within_its_limits_passes(void **state)
{
    (void)state;

    assert_check(&good, "");
}

static void test_strings_are_utf8_without_nul(void **state)
{
    struct limits r = good;
    (void)state;

    r.note = STR("\xed\xa0\x80");
    assert_check(&r, "note: not UTF-8");
    r.note = (struct str){"a\0b", 3};
    assert_check(&r, "note: holds a NUL character");
    r.note = STR("");
    assert_check(&r, "");
    r.raw = (struct str){"\xff\0", 2}; /* bytes may be any */
    assert_check(&r, "");
}

static void test_numbers_enums_and_counts_stay_in_range(void **state)
{
    static const int32_t numbers[4] = {0};
    struct limits r = good;
    (void)state;

    r.level = 11;
    assert_check(&r, "level: out of range");
    r = good;
    r.color = 3;
    assert_check(&r, "color: no such value");
    r.color = COLOR_NONE;
    assert_check(&r, "");
    r.has_shade = true;
    assert_check(&r, "shade: no such value");
    r = good;
    r.numbers = numbers;
    r.n_numbers = 4;
    assert_check(&r, "numbers: too many entries");
    r.n_numbers = 3;
    assert_check(&r, "");
}

static void test_times_are_of_years_that_can_be_written(void **state)
{
    struct chat chats[2] = {{.has_timestamp = true}, {.has_timestamp = true}};
    struct limits r = good;
    (void)state;

    r.chats = chats;
    r.n_chats = 2;
    chats[1].timestamp = CIVIL_MAX_NS;
    assert_check(&r, "");
    chats[1].timestamp++;
    assert_check(&r, "timestamp: out of the years that can be written");
    chats[1].has_timestamp = false;
    assert_check(&r, "");
    r.has_at = true;
    r.at = CIVIL_MIN_NS - 1;
    assert_check(&r, "at: out of the years that can be written");
}

static void test_a_map_has_each_key_once(void **state)
{
    struct count_entry read[3] = {{STR("kim"), 1}, {STR("ann"), 2}, {STR("kim"), 3}};
    struct limits r = good;
    (void)state;

    r.read = read;
    r.n_read = 3; /* as protobuf may bring them: JSON would have a member twice */
    assert_check(&r, "read: a key is there twice");
    read[2].key = STR("ki");
    assert_check(&r, "");
}

static void test_a_required_string_without_value_is_missing(void **state)
{
    struct limits r = good;
    (void)state;

    r.id = STR_NULL;
    assert_check(&r, "id: missing");
}

static void test_null_differs_from_empty_where_json_tells_them_apart(void **state)
{
    static const struct str some[1];
    struct chat null = {.content = STR_NULL}, empty = {.content = STR("")};
    struct sample no_list = {.names = NULL}, empty_list = {.names = some};
    struct limits unset = good, blank = good;
    (void)state;

    assert_false(record_equal(&chat_type, &null, &empty));
    assert_false(record_equal(&sample_type, &no_list, &empty_list));
    unset.name = STR_NULL; /* not optional: both are written "" */
    blank.name = STR("");
    assert_true(record_equal(&limits_type, &unset, &blank));
}

static void test_equality_goes_deep_and_ignores_what_is_not_set(void **state)
{
    struct chat one = {.content = STR("a"), .timestamp = 1}, two = one;
    struct sample x = {.chat = &one}, y = {.chat = &two};
    struct str names[2] = {STR("n"), STR("m")}, others[2] = {STR("n"), STR("x")};
    (void)state;

    two.timestamp = 2; /* has_timestamp is false */
    assert_true(record_equal(&sample_type, &x, &y));
    two.has_timestamp = true;
    assert_false(record_equal(&sample_type, &x, &y));
    one.has_timestamp = true;
    assert_false(record_equal(&sample_type, &x, &y));
    y.chat = NULL;
    assert_false(record_equal(&sample_type, &x, &y));
    y.chat = x.chat;
    x.names = names;
    y.names = others;
    x.n_names = y.n_names = 1;
    assert_true(record_equal(&sample_type, &x, &y));
    x.n_names = y.n_names = 2;
    assert_false(record_equal(&sample_type, &x, &y));
    y.n_names = 1;
    assert_false(record_equal(&sample_type, &x, &y));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_record_within_its_limits_passes),
        cmocka_unit_test(test_strings_are_utf8_without_nul),
        cmocka_unit_test(test_numbers_enums_and_counts_stay_in_range),
        cmocka_unit_test(test_times_are_of_years_that_can_be_written),
        cmocka_unit_test(test_a_map_has_each_key_once),
        cmocka_unit_test(test_a_required_string_without_value_is_missing),
        cmocka_unit_test(test_null_differs_from_empty_where_json_tells_them_apart),
        cmocka_unit_test(test_equality_goes_deep_and_ignores_what_is_not_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
