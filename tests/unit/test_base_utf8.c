/*
 * src/base/utf8.c against a decoder so plain that it can be read as the standard: each sequence
 * of one to four bytes out of all lead bytes and all bytes at the edges of the ranges.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/bug.h"
#include "base/utf8.h"

#include "base/banned.h"

/* RFC 3629: bits of the lead, six bits of each continuation, shortest form, a scalar value. */
static size_t plain_decode(const unsigned char *u, size_t n)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = u[0] < 0x80             ? 1
                    : (u[0] & 0xe0) == 0xc0 ? 2
                    : (u[0] & 0xf0) == 0xe0 ? 3
                    : (u[0] & 0xf8) == 0xf0 ? 4
                                            : 0;
    uint32_t c = length == 1 ? u[0] : u[0] & (0x7fU >> length);

    if (length == 0 || length > n)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((u[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (u[i] & 0x3f);
    }
    if (c < least[length] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    return length;
}

static bool plain_valid(const unsigned char *u, size_t n)
{
    for (size_t at = 0; at < n;) {
        size_t length = plain_decode(u + at, n - at);

        if (length == 0)
            return false;
        at += length;
    }
    return true;
}

static void check(const unsigned char *u, size_t n)
{
    struct str s = {(const char *)u, n};

    if (utf8_valid(s) != plain_valid(u, n))
        fail_msg("%02x %02x %02x %02x (%zu)", u[0], u[1], u[2], u[3], n);
}

static void test_all_short_sequences_are_judged_as_the_standard_says(void **state)
{
    static const unsigned char edges[] = {0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0,
                                          0xbf, 0xc0, 0xc2, 0xe0, 0xed, 0xf4, 0xff};
    const size_t n_edges = sizeof(edges);
    unsigned char u[4] = {0};
    (void)state;

    for (unsigned a = 0; a < 256; a++)
        for (unsigned b = 0; b < 256; b++)
            for (size_t c = 0; c < n_edges; c++)
                for (size_t d = 0; d < n_edges; d++) {
                    u[0] = (unsigned char)a;
                    u[1] = (unsigned char)b;
                    u[2] = edges[c];
                    u[3] = edges[d];
                    for (size_t n = 1; n <= 4; n++)
                        check(u, n);
                }
}

static void test_all_code_points_are_written_and_read_back(void **state)
{
    (void)state;

    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        char text[4];
        size_t n;

        if (c >= 0xd800 && c <= 0xdfff)
            continue;
        n = utf8_put(c, text);
        if (plain_decode((const unsigned char *)text, n) != n ||
            !utf8_valid((struct str){text, n}) || utf8_chars((struct str){text, n}) != 1)
            fail_msg("U+%04X", c);
    }
}

/* The check takes eight bytes at a time; a bad byte must be seen at each place of a word. */
static void test_a_bad_byte_is_seen_at_every_place_and_length(void **state)
{
    (void)state;

    for (size_t n = 1; n <= 40; n++) {
        char *text = mem_alloc(n); /* exact size: a read behind it is an error */

        memset(text, 'a', n);
        assert_true(utf8_valid((struct str){text, n}));
        for (size_t at = 0; at < n; at++) {
            text[at] = (char)0x80;
            assert_false(utf8_valid((struct str){text, n}));
            text[at] = 'a';
        }
        free(text);
    }
}

static void test_code_points_are_counted(void **state)
{
    (void)state;

    assert_int_equal(utf8_chars(STR("")), 0);
    assert_int_equal(utf8_chars(STR("abc")), 3);
    assert_int_equal(utf8_chars(STR("한국어")), 3);
    assert_int_equal(utf8_chars(STR("\xf0\x9f\x98\x80!")), 2);
    assert_int_equal(utf8_chars(STR_NULL), 0);
    assert_true(utf8_valid(STR_NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_short_sequences_are_judged_as_the_standard_says),
        cmocka_unit_test(test_all_code_points_are_written_and_read_back),
        cmocka_unit_test(test_a_bad_byte_is_seen_at_every_place_and_length),
        cmocka_unit_test(test_code_points_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
