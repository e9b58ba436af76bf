/* Rules of a message's text and of its key. SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "endpoint/content.h"

static void test_blank_text_is_empty_and_length_counts_characters(void **state)
{
    static const struct {
        const char *text;
        enum err rc;
        const char *why;
    } cases[] = {
        {NULL, ERR_CONTENT_EMPTY, "missing or null"},
        {"", ERR_CONTENT_EMPTY, "no character"},
        {" \t\r\n\v\f", ERR_CONTENT_EMPTY, "ASCII blanks"},
        {"\xe3\x80\x80\xc2\xa0\xe2\x80\x83", ERR_CONTENT_EMPTY,
         "blanks of other scripts"},
        {"\xe2\x80\x8b", ERR_OK, "a zero width space is no white space"},
        {" a ", ERR_OK, "text between blanks"},
        {"한글글글", ERR_OK, "four characters of twelve bytes"},
        {"한글글글글", ERR_CONTENT_TOO_LONG, "five"},
        {"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80", ERR_OK,
         "an emoji is one character"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (content_check(str_of(cases[i].text), 4) != cases[i].rc)
            fail_msg("%s", cases[i].why);
}

static void test_keys_are_1_to_64_visible_ascii_characters(void **state)
{
    static char longest[66];

    (void)state;
    memset(longest, 'k', 65);
    assert_int_equal(idempotency_key_check(STR_NULL), ERR_OK);
    assert_int_equal(idempotency_key_check(STR("a")), ERR_OK);
    assert_int_equal(idempotency_key_check(STR("!~")), ERR_OK);
    assert_int_equal(idempotency_key_check((struct str){longest, 64}), ERR_OK);
    assert_int_equal(idempotency_key_check((struct str){longest, 65}),
                     ERR_PARAMETER_INVALID);
    assert_int_equal(idempotency_key_check(STR("")), ERR_PARAMETER_INVALID);
    assert_int_equal(idempotency_key_check(STR("a b")), ERR_PARAMETER_INVALID);
    assert_int_equal(idempotency_key_check(STR("\xed\x95\x9c")), ERR_PARAMETER_INVALID);
    assert_int_equal(idempotency_key_check(STR("a\x7f")), ERR_PARAMETER_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blank_text_is_empty_and_length_counts_characters),
        cmocka_unit_test(test_keys_are_1_to_64_visible_ascii_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
