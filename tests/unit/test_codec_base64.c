/*
 * src/codec/base64.c: RFC 4648's own vectors, one text per value, nothing else read.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/arena.h"
#include "codec/base64.h"

#include "base/banned.h"

static bool decode(struct arena *a, struct str text, struct str *out)
{
    char *to;

    if (!base64_size(text, &out->n))
        return false;
    to = arena_alloc(a, out->n);
    out->p = to;
    return base64_take(text, to);
}

static void test_the_vectors_of_rfc_4648_hold(void **state)
{
    const struct {
        struct str bytes;
        const char *text;
    } rows[] = {
        {STR(""), ""},
        {STR("f"), "Zg=="},
        {STR("fo"), "Zm8="},
        {STR("foo"), "Zm9v"},
        {STR("foob"), "Zm9vYg=="},
        {STR("fooba"), "Zm9vYmE="},
        {STR("foobar"), "Zm9vYmFy"},
        {STR("\xfb\xff\0"), "+/8A"},
    };
    struct arena a;
    (void)state;

    arena_init(&a, SIZE_MAX);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct str back;
        struct buf b;

        buf_init(&b, 100);
        base64_put(&b, rows[i].bytes);
        assert_true(str_eq(buf_str(&b), str_of(rows[i].text)));
        assert_true(decode(&a, buf_str(&b), &back));
        assert_true(str_eq(back, rows[i].bytes));
        buf_release(&b);
    }
    arena_release(&a);
}

static void test_other_texts_are_refused(void **state)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"Zg", "no padding"},
        {"Zg=", "half of the padding"},
        {"Z===", "one letter"},
        {"====", "only padding"},
        {"Zh==", "bits beyond the end"},
        {"Zm9=", "bits beyond the end"},
        {"Zm-_", "URL alphabet"},
        {"Zm9v\n", "line feed"},
        {"Z m9", "blank"},
        {"Zg==Zg==", "padding inside"},
    };
    struct arena a;
    (void)state;

    arena_init(&a, SIZE_MAX);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct str ignored;

        if (decode(&a, str_of(rows[i].text), &ignored))
            fail_msg("%s: %s", rows[i].text, rows[i].why);
    }
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_vectors_of_rfc_4648_hold),
        cmocka_unit_test(test_other_texts_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
