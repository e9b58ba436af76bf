/*
 * src/base/arena.c: alignment, zeroed memory, the ceiling, what stays after a reset.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/arena.h"

#include "base/banned.h"

static void test_pieces_are_aligned_zeroed_and_apart(void **state)
{
    static const size_t sizes[] = {1, 7, 16, 0, 33, 4000, 4096, 5000, 100000, 3};
    struct arena a;
    (void)state;

    arena_init(&a, SIZE_MAX);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            char *p = arena_alloc(&a, sizes[i]);

            assert_non_null(p);
            assert_int_equal((uintptr_t)p % 16, 0);
            for (size_t k = 0; k < sizes[i]; k++)
                assert_int_equal(p[k], 0);
            if (sizes[i] > 0)
                memset(p, 0xa5, sizes[i]); /* an overlap would be seen above */
        }
        arena_reset(&a);
        assert_int_equal(a.used, 0);
    }

    arena_release(&a);
}

static void test_the_ceiling_is_exact_for_one_piece(void **state)
{
    struct arena a;
    (void)state;

    arena_init(&a, 100);

    assert_null(arena_alloc(&a, 101));
    assert_non_null(arena_alloc(&a, 100));
    assert_null(arena_alloc(&a, 1));
    assert_non_null(arena_alloc(&a, 0));
    arena_reset(&a);
    assert_non_null(arena_alloc(&a, 100));

    arena_release(&a);
}

static void test_many_small_pieces_do_not_take_more_than_the_ceiling(void **state)
{
    struct arena a;
    size_t pieces = 0;
    (void)state;

    arena_init(&a, 1600);

    while (arena_alloc(&a, 1))
        pieces++;

    assert_int_equal(pieces, 100); /* each takes 16 bytes */
    arena_release(&a);
}

static void test_sizes_beyond_memory_are_refused(void **state)
{
    struct arena a;
    (void)state;

    arena_init(&a, SIZE_MAX);

    assert_null(arena_array(&a, SIZE_MAX / 2, 3));
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_null(arena_alloc(&a, SIZE_MAX - 20));

    arena_release(&a);
}

static void test_a_copy_has_a_nul_behind_it(void **state)
{
    struct arena a;
    struct str s;
    (void)state;

    arena_init(&a, 32);
    s = arena_dup(&a, str_from(STR("xabc"), 1));

    assert_true(str_eq(s, STR("abc")));
    assert_int_equal(s.p[3], '\0');
    assert_null(arena_dup(&a, STR_NULL).p);
    assert_non_null(arena_dup(&a, STR("")).p);
    assert_null(arena_dup(&a, STR("more than is left")).p);

    arena_release(&a);
}

static void test_formatted_text_is_whole_or_no_value(void **state)
{
    struct arena a;
    (void)state;

    arena_init(&a, 32);

    assert_true(str_eq(arena_printf(&a, "%s-%d", "room", 17), STR("room-17")));
    assert_null(arena_printf(&a, "%s", "sixteen letters.").p);

    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_are_aligned_zeroed_and_apart),
        cmocka_unit_test(test_the_ceiling_is_exact_for_one_piece),
        cmocka_unit_test(test_many_small_pieces_do_not_take_more_than_the_ceiling),
        cmocka_unit_test(test_sizes_beyond_memory_are_refused),
        cmocka_unit_test(test_a_copy_has_a_nul_behind_it),
        cmocka_unit_test(test_formatted_text_is_whole_or_no_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
