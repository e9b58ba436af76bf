/*
 * src/base/blob.c: the bytes live as long as somebody holds them.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/blob.h"

#include "base/banned.h"

static void test_a_blob_lives_until_its_last_reference(void **state)
{
    char text[] = "body";
    struct blob *one = blob_new(str_of(text)), *two = blob_ref(one);
    (void)state;

    text[0] = 'x'; /* it is a copy */
    blob_unref(&one);

    assert_null(one);
    assert_int_equal(two->refs, 1);
    assert_true(str_eq(blob_str(two), STR("body")));
    blob_unref(&two); /* the address sanitizer tells if it leaks or was freed before */
    assert_null(two);
    blob_unref(&two);
}

static void test_an_empty_blob_is_a_value(void **state)
{
    struct blob *b = blob_new(STR_NULL);
    (void)state;

    assert_true(str_eq(blob_str(b), STR("")));

    blob_unref(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_blob_lives_until_its_last_reference),
        cmocka_unit_test(test_an_empty_blob_is_a_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
