/*
 * Tests of the queue of a SockJS session: order, times, its ceiling, and that it holds no memory
 * while empty.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sockjs/queue_internal.h"

#include "base/banned.h"

static void test_messages_leave_in_order_with_their_time(void **state)
{
    struct sockjs_queue q;

    (void)state;
    sockjs_queue_init(&q, 1000);

    assert_true(sockjs_queue_push(&q, STR("a"), STR("\n"), 10));
    assert_true(sockjs_queue_push(&q, STR(""), STR("b"), 20));

    assert_int_equal(q.n, 2);
    assert_true(str_eq(sockjs_queue_first(&q), STR("\"a\\n\"")));
    assert_int_equal(sockjs_queue_first_ms(&q), 10);
    sockjs_queue_pop(&q);
    assert_true(str_eq(sockjs_queue_first(&q), STR("\"b\"")));
    assert_int_equal(sockjs_queue_first_ms(&q), 20);
    sockjs_queue_pop(&q);
    assert_null(sockjs_queue_first(&q).p);
    assert_int_equal(sockjs_queue_bytes(&q), 0);
    assert_null(q.bytes.p);
}

static void test_the_ceiling_changes_nothing(void **state)
{
    struct sockjs_queue q;

    (void)state;
    sockjs_queue_init(&q, 100);

    assert_true(sockjs_queue_push(&q, STR("0123456789"), STR(""), 1));
    assert_true(sockjs_queue_push(&q, STR("0123456789"), STR(""), 2));
    assert_true(sockjs_queue_push(&q, STR("0123456789"), STR(""), 3));
    assert_false(sockjs_queue_push(&q, STR("0123456789"), STR("0123456789"), 4));

    assert_int_equal(q.n, 3);
    assert_true(sockjs_queue_push(&q, STR(""), STR(""), 5) == false);
    sockjs_queue_pop(&q);
    /* what was taken makes room */
    assert_true(sockjs_queue_push(&q, STR("x"), STR(""), 6));
    assert_int_equal(sockjs_queue_first_ms(&q), 2);
    sockjs_queue_pop(&q);
    sockjs_queue_pop(&q);
    assert_true(str_eq(sockjs_queue_first(&q), STR("\"x\"")));
    sockjs_queue_clear(&q);
    assert_false(sockjs_queue_push(&q, (struct str){(char[200]){0}, 200}, STR(""), 7));
    assert_null(q.bytes.p);
}

static void test_a_queue_that_never_empties_stays_small(void **state)
{
    struct sockjs_queue q;
    char text[24];
    int next = 0;

    (void)state;
    sockjs_queue_init(&q, 1000);

    for (int i = 0; i < 10000; i++) {
        snprintf(text, sizeof(text), "%d", i);
        assert_true(sockjs_queue_push(&q, str_of(text), STR(""), i));
        if (i < 10)
            continue;
        assert_int_equal(sockjs_queue_first_ms(&q), next++);
        sockjs_queue_pop(&q);
    }

    assert_int_equal(q.n, 10);
    sockjs_queue_clear(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_leave_in_order_with_their_time),
        cmocka_unit_test(test_the_ceiling_changes_nothing),
        cmocka_unit_test(test_a_queue_that_never_empties_stays_small),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
