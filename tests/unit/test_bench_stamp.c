/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/stamp.h"

static void test_what_was_written_is_read(void **state)
{
    static const struct stamp stamps[] = {
        {0, 0, 0},
        {1, 42, 123456789},
        {255, (UINT64_C(1) << 40) - 1, INT64_MAX},
    };
    char text[STAMP_BYTES];
    struct stamp back;

    (void)state;
    for (size_t i = 0; i < sizeof(stamps) / sizeof(stamps[0]); i++) {
        stamp_write(&stamps[i], text);

        assert_true(stamp_read((struct str){text, sizeof(text)}, &back));
        assert_int_equal(back.place, stamps[i].place);
        assert_int_equal(back.number, stamps[i].number);
        assert_int_equal(back.due_ns, stamps[i].due_ns);
    }
}

static void test_other_texts_are_no_stamp(void **state)
{
    struct stamp out;

    (void)state;
    assert_false(stamp_read(STR(""), &out));
    assert_false(stamp_read(STR("000000000000000000000000000"), &out));  /* too short */
    assert_false(stamp_read(STR("00000000000000000000000000Gx"), &out)); /* no digits */
    assert_false(stamp_read(STR("is the bike still there? is the"), &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_written_is_read),
        cmocka_unit_test(test_other_texts_are_no_stamp),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
