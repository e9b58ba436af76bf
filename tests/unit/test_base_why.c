/*
 * src/base/why.c: one line, cut between characters.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "base/why.h"

#include "base/banned.h"

static void test_a_long_text_is_never_cut_inside_a_character(void **state)
{
    static const char *const letters[] = {"a", "é", "한", "\xf0\x9f\x98\x80"};
    (void)state;

    for (size_t l = 0; l < 4; l++)
        for (size_t shift = 0; shift < 4; shift++) {
            char text[1024] = "";
            struct why why;
            size_t n = shift;

            memset(text, '.', shift);
            for (; n < 1000; n += strlen(letters[l]))
                memcpy(text + n, letters[l], strlen(letters[l]));
            why_set(&why, "%s", text);
            assert_true(utf8_valid(str_of(why.text)));
            assert_memory_equal(why.text, text, strlen(why.text));
            assert_true(strlen(why.text) > sizeof(why.text) - 5);
        }
}

static void test_a_text_that_fits_is_kept(void **state)
{
    struct why why;
    char text[256];
    (void)state;

    memset(text, 'x', 252);
    memcpy(text + 252, "한", sizeof("한"));
    why_set(&why, "%s", text);

    assert_string_equal(why.text, text);
    why_set(NULL, "%s", text);
}

static void test_the_text_is_one_line(void **state)
{
    struct why why;
    (void)state;

    why_set(&why, "%s", "a\r\nb\tc\x1b[31m\x7f");

    assert_string_equal(why.text, "a  b c [31m ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_long_text_is_never_cut_inside_a_character),
        cmocka_unit_test(test_a_text_that_fits_is_kept),
        cmocka_unit_test(test_the_text_is_one_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
