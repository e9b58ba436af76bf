/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/results.h"

static void test_json_has_numbers_bare_and_texts_quoted(void **state)
{
    struct results r = {.n = 0};
    struct buf out;

    (void)state;
    buf_init(&out, 1 << 16);
    results_number(&r, "lost", 0, 0);
    results_number(&r, "server_rss_mb", 12.375, 2);
    results_text(&r, "why", "a \"quote\"\n and \\");

    results_json(&r, &out);

    assert_true(str_eq(buf_str(&out), STR("{\n \"lost\": 0,\n \"server_rss_mb\": 12.38,\n"
                                          " \"why\": \"a  quote   and  \"\n}\n")));
    buf_release(&out);
}

static void test_times_are_told_in_microseconds_and_not_at_all_while_empty(void **state)
{
    static struct hist h;
    struct results r = {.n = 0};
    struct buf out;

    (void)state;
    buf_init(&out, 1 << 16);
    hist_reset(&h);
    results_times(&r, "receipt", &h);
    assert_int_equal(r.n, 0);
    for (int i = 0; i < 100; i++)
        hist_add(&h, 2000000);

    results_times(&r, "receipt", &h);
    results_json(&r, &out);

    assert_true(str_starts(buf_str(&out), STR("{\n \"receipt_p50_us\": 2000,\n")));
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_has_numbers_bare_and_texts_quoted),
        cmocka_unit_test(test_times_are_told_in_microseconds_and_not_at_all_while_empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
