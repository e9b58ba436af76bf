/*
 * src/base/buf.c: growth, the ceiling and its sticky error, numbers, moving bytes.
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/buf.h"

#include "base/banned.h"

static void test_bytes_come_out_as_they_went_in(void **state)
{
    struct buf b;
    (void)state;

    buf_init(&b, 1 << 20);
    for (int i = 0; i < 20000; i++) {
        char c = (char)(i * 7);

        buf_append(&b, &c, 1);
    }

    assert_true(buf_ok(&b));
    assert_int_equal(b.n, 20000);
    for (int i = 0; i < 20000; i++)
        assert_int_equal(b.p[i], (char)(i * 7));
    buf_release(&b);
}

static void test_an_append_over_the_ceiling_changes_nothing_and_sticks(void **state)
{
    struct buf b;
    (void)state;

    buf_init(&b, 10);
    buf_append_c(&b, "12345678");
    buf_append_c(&b, "abc");
    buf_append_c(&b, "9"); /* would fit, but something is missing before it */

    assert_false(buf_ok(&b));
    assert_true(str_eq(buf_str(&b), STR("12345678")));
    buf_reset(&b);
    buf_append_c(&b, "1234567890");
    assert_true(buf_ok(&b));
    assert_true(b.cap <= 10);
    buf_release(&b);
}

static void test_a_ceiling_of_zero_takes_nothing(void **state)
{
    struct buf b;
    (void)state;

    buf_init(&b, 0);
    buf_append(&b, NULL, 0);
    buf_append_str(&b, STR_NULL);
    assert_true(buf_ok(&b));
    buf_putc(&b, 'x');

    assert_false(buf_ok(&b));
    assert_true(str_eq(buf_str(&b), STR("")));
    buf_release(&b);
}

static void test_formatted_text_may_fill_the_ceiling_to_the_last_byte(void **state)
{
    struct buf b;
    char wide[2001];
    (void)state;

    memset(wide, 'w', sizeof(wide) - 1);
    wide[2000] = '\0';
    buf_init(&b, 2004);
    buf_printf(&b, "%d", 1234);
    buf_printf(&b, "%s", wide);
    assert_true(buf_ok(&b));
    assert_int_equal(b.n, 2004);
    buf_printf(&b, "%s", "");
    assert_true(buf_ok(&b));
    buf_printf(&b, "%c", 'x');

    assert_false(buf_ok(&b));
    assert_int_equal(b.n, 2004);
    assert_memory_equal(b.p, "1234www", 7);
    buf_release(&b);
}

static void test_integers_are_written_as_printf_does(void **state)
{
    static const int64_t values[] = {
        0, 1, -1, 9, 10, -10, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, 1000000007};
    (void)state;

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        char want[32];
        struct buf b;

        snprintf(want, sizeof(want), "%" PRId64, values[i]);
        buf_init(&b, 32);
        buf_append_i64(&b, values[i]);
        assert_true(str_eq(buf_str(&b), str_of(want)));
        buf_release(&b);
    }
}

static void test_reserved_room_is_taken_only_by_commit(void **state)
{
    struct buf b;
    char *to;
    (void)state;

    buf_init(&b, 1000);
    buf_append_c(&b, "head ");
    to = buf_reserve(&b, 500);
    assert_non_null(to);
    memcpy(to, "tail", 4);
    assert_int_equal(b.n, 5);
    buf_commit(&b, 4);

    assert_true(str_eq(buf_str(&b), STR("head tail")));
    assert_null(buf_reserve(&b, 992));
    assert_false(buf_ok(&b));
    buf_release(&b);
}

static void test_the_front_is_dropped_and_the_rest_moves_down(void **state)
{
    struct buf b;
    (void)state;

    buf_init(&b, 100);
    buf_append_c(&b, "0123456789");
    buf_consume(&b, 0);
    buf_consume(&b, 4);
    assert_true(str_eq(buf_str(&b), STR("456789")));
    buf_truncate(&b, 2);
    assert_true(str_eq(buf_str(&b), STR("45")));
    buf_consume(&b, 2);

    assert_true(str_eq(buf_str(&b), STR("")));
    buf_release(&b);
}

static void test_a_released_buffer_can_be_used_again(void **state)
{
    struct buf b;
    (void)state;

    buf_init(&b, 4);
    buf_append_c(&b, "12345");
    buf_release(&b);
    buf_append_c(&b, "1234");

    assert_true(buf_ok(&b));
    assert_true(str_eq(buf_str(&b), STR("1234")));
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_come_out_as_they_went_in),
        cmocka_unit_test(test_an_append_over_the_ceiling_changes_nothing_and_sticks),
        cmocka_unit_test(test_a_ceiling_of_zero_takes_nothing),
        cmocka_unit_test(test_formatted_text_may_fill_the_ceiling_to_the_last_byte),
        cmocka_unit_test(test_integers_are_written_as_printf_does),
        cmocka_unit_test(test_reserved_room_is_taken_only_by_commit),
        cmocka_unit_test(test_the_front_is_dropped_and_the_rest_moves_down),
        cmocka_unit_test(test_a_released_buffer_can_be_used_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
