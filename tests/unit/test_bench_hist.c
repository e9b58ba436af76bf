/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/hist.h"

static struct hist h;

static int setup(void **state)
{
    (void)state;
    hist_reset(&h);
    return 0;
}

static void test_an_empty_one_has_only_zeros(void **state)
{
    (void)state;

    assert_int_equal(hist_quantile(&h, 0.5), 0);
    assert_int_equal(hist_quantile(&h, 1), 0);
}

static void test_small_values_are_exact(void **state)
{
    (void)state;
    for (int64_t v = 1; v <= 100; v++)
        hist_add(&h, v);

    assert_int_equal(h.n, 100);
    assert_int_equal(hist_quantile(&h, 0.5), 50);
    assert_int_equal(hist_quantile(&h, 0.99), 99);
    assert_int_equal(hist_quantile(&h, 1), 100);
}

static void test_quantiles_are_within_two_percent_at_any_size(void **state)
{
    (void)state;
    for (int64_t scale = 100; scale < 1000000000; scale *= 7) {
        hist_reset(&h);
        for (int64_t v = 1; v <= 1000; v++)
            hist_add(&h, v * scale);

        assert_in_range(hist_quantile(&h, 0.5), 500 * scale, 510 * scale);
        assert_in_range(hist_quantile(&h, 0.999), 999 * scale, 1000 * scale);
        assert_int_equal(hist_quantile(&h, 1), 1000 * scale);
    }
}

static void test_one_slow_value_shows_in_the_maximum_alone(void **state)
{
    (void)state;
    for (int i = 0; i < 9999; i++)
        hist_add(&h, 1000);
    hist_add(&h, 77000000);

    assert_in_range(hist_quantile(&h, 0.999), 1000, 1016);
    assert_int_equal(h.max, 77000000);
    assert_int_equal(hist_quantile(&h, 1), 77000000);
}

static void test_values_out_of_range_count_at_its_ends(void **state)
{
    (void)state;
    hist_add(&h, -5);
    hist_add(&h, INT64_MAX);

    assert_int_equal(h.n, 2);
    assert_int_equal(hist_quantile(&h, 0.5), 0);
    assert_true(hist_quantile(&h, 1) >= INT64_C(1) << (HIST_TOP_BITS - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_an_empty_one_has_only_zeros, setup),
        cmocka_unit_test_setup(test_small_values_are_exact, setup),
        cmocka_unit_test_setup(test_quantiles_are_within_two_percent_at_any_size, setup),
        cmocka_unit_test_setup(test_one_slow_value_shows_in_the_maximum_alone, setup),
        cmocka_unit_test_setup(test_values_out_of_range_count_at_its_ends, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
