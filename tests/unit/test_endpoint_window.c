/*
 * Limits an hour: each key has its own period, and no number of keys shuts out a new one.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "endpoint/window.h"
#include "support/loop_until.h"

#include "base/banned.h"

static bool take_nth(struct window *w, int n)
{
    char key[16];

    snprintf(key, sizeof(key), "%d", n);
    return window_take(w, str_of(key));
}

static void test_a_key_has_so_many_a_period(void **state)
{
    struct loop *loop = loop_new();
    struct window *w = window_new(loop, 2, 100);

    (void)state;
    assert_true(window_take(w, STR("a")) && window_take(w, STR("a")));
    assert_false(window_take(w, STR("a")));
    assert_true(window_take(w, STR("b")));

    loop_for(loop, 200);

    assert_true(window_take(w, STR("a")));
    assert_int_equal(window_count(w), 1); /* b is forgotten, though nobody asked for it */
    window_free(&w);
    loop_free(&loop);
}

static void test_many_keys_do_not_shut_out_a_new_one(void **state)
{
    struct loop *loop = loop_new();
    struct window *w = window_new(loop, 1, WINDOW_HOUR_MS);

    (void)state;
    for (int i = 0; i < WINDOW_KEYS_MAX; i++)
        assert_true(take_nth(w, i));

    assert_true(take_nth(w, WINDOW_KEYS_MAX));

    assert_int_equal(window_count(w), WINDOW_KEYS_MAX);
    assert_false(take_nth(w, WINDOW_KEYS_MAX));
    assert_false(take_nth(w, 1));
    assert_true(take_nth(w, 0)); /* it made room */
    window_free(&w);
    loop_free(&loop);
}

static void test_no_limit_holds_nothing(void **state)
{
    struct loop *loop = loop_new();
    struct window *w = window_new(loop, 0, WINDOW_HOUR_MS);

    (void)state;
    for (int i = 0; i < 100; i++)
        assert_true(window_take(w, STR("a")));
    assert_int_equal(window_count(w), 0);
    window_free(&w);
    window_free(&w);
    loop_free(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_key_has_so_many_a_period),
        cmocka_unit_test(test_many_keys_do_not_shut_out_a_new_one),
        cmocka_unit_test(test_no_limit_holds_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
