/*
 * What waits to go out, and what waits for a time: byte queue, frame queue, deadlines.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/bug.h"
#include "net/deadline.h"
#include "net/outq.h"
#include "net/ws_queue.h"

#include "base/banned.h"

static void test_bytes_leave_in_the_order_they_came(void **state)
{
    struct outq q = {0};
    unsigned char in = 0, out = 0;
    unsigned seed = 1;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        size_t n = (size_t)(rand_r(&seed) % 300);

        if (rand_r(&seed) % 2) {
            char *p = outq_reserve(&q, n);

            for (size_t i = 0; i < n; i++)
                p[i] = (char)in++;
        } else {
            struct str s = outq_str(&q);

            n = n < s.n ? n : s.n;
            for (size_t i = 0; i < n; i++)
                assert_int_equal((unsigned char)s.p[i], out++);
            outq_drop(&q, n);
        }
        assert_true(!q.mem || q.start >= OUTQ_HEADROOM);
        assert_true(q.n < 100000);
    }
    outq_release(&q);
}

static void test_an_empty_queue_holds_no_memory(void **state)
{
    struct outq q = {0};

    (void)state;
    outq_append(&q, STR("abc"));
    outq_drop(&q, 2);
    assert_non_null(q.mem);
    outq_drop(&q, 1);
    assert_null(q.mem);
    outq_append(&q, STR(""));
    assert_null(q.mem);
}

static void push(struct ws_queue *q, size_t n, int64_t now_ms)
{
    char *text = mem_zalloc(n + 1);

    ws_queue_push(q, (struct str){text, n / 2}, (struct str){text, n - n / 2}, now_ms);
    free(text);
}

static void test_frame_heads(void **state)
{
    static const struct {
        size_t n;
        const char *head;
        size_t head_bytes;
    } cases[] = {
        {0, "\x81\x00", 2},
        {125, "\x81\x7d", 2},
        {126, "\x81\x7e\x00\x7e", 4},
        {65535, "\x81\x7e\xff\xff", 4},
        {65536, "\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10},
        {70000, "\x81\x7f\x00\x00\x00\x00\x00\x01\x11\x70", 10},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ws_queue q = {0};
        struct str s;

        push(&q, cases[i].n, 0);
        push(&q, 1, 0);
        s = ws_queue_next(&q, 0);
        assert_int_equal(s.n, cases[i].n + cases[i].head_bytes);
        assert_int_equal(s.n, ws_frame_bytes(cases[i].n));
        assert_memory_equal(s.p, cases[i].head, cases[i].head_bytes);
        ws_queue_drop(&q);
    }
}

static void test_a_close_frame_holds_code_and_reason(void **state)
{
    char reason[200];
    struct ws_queue q = {0};

    (void)state;
    ws_queue_push_close(&q, 1013, STR("word"), 0);
    assert_true(str_eq(ws_queue_next(&q, 100), STR("\x88\x06\x03\xf5word")));
    ws_queue_drop(&q);
    memset(reason, 'r', sizeof(reason));
    ws_queue_push_close(&q, 1000, (struct str){reason, sizeof(reason)}, 0);
    assert_int_equal(ws_queue_next(&q, 1000).n, 127);
    assert_int_equal(ws_queue_next(&q, 1000).p[1], 125);
    ws_queue_drop(&q);
}

static void test_as_many_whole_frames_as_fit_but_at_least_one(void **state)
{
    struct ws_queue q = {0};

    (void)state;
    for (int i = 0; i < 5; i++)
        push(&q, 8, 0);
    assert_int_equal(ws_queue_next(&q, 1).n, 10);
    assert_int_equal(ws_queue_next(&q, 10).n, 10);
    assert_int_equal(ws_queue_next(&q, 39).n, 30);
    assert_int_equal(ws_queue_next(&q, 40).n, 40);
    assert_int_equal(ws_queue_next(&q, 50).n, 50);
    assert_int_equal(ws_queue_next(&q, 500).n, 50);
    ws_queue_drop(&q);
    assert_int_equal(ws_queue_next(&q, 500).n, 0);
}

static void test_dropping_keeps_what_was_handed_on(void **state)
{
    struct ws_queue q = {0};

    (void)state;
    push(&q, 8, 100);
    push(&q, 8, 300);
    ws_queue_hand_on(&q, 10);
    ws_queue_drop(&q);
    assert_int_equal(ws_queue_waiting(&q), 10);
    assert_int_equal(ws_queue_since_ms(&q, 1000), 100);
    push(&q, 8, 500);
    ws_queue_gone(&q);
    assert_int_equal(ws_queue_waiting(&q), 10);
    assert_int_equal(ws_queue_since_ms(&q, 1000), 500);
    ws_queue_drop(&q);
    assert_int_equal(ws_queue_waiting(&q), 0);
    assert_int_equal(ws_queue_since_ms(&q, 1000), 1000);
}

/* A connection that always lags by a second must look so, however long it lasts. */
static void test_the_age_of_the_oldest_byte_is_known_within_its_grain(void **state)
{
    struct ws_queue q = {0};
    const int64_t lag_ms = 1000;

    (void)state;
    for (int64_t now_ms = 0; now_ms < 60000; now_ms += 10) {
        int64_t age_ms;

        push(&q, 8, now_ms);
        if (now_ms < lag_ms)
            continue;
        age_ms = now_ms - ws_queue_since_ms(&q, now_ms);
        assert_in_range(age_ms, lag_ms, 2 * lag_ms);
        ws_queue_hand_on(&q, 10);
        ws_queue_gone(&q);
    }
    ws_queue_drop(&q);
}

static void test_an_age_is_never_told_too_small(void **state)
{
    struct ws_queue q = {0};

    (void)state;
    for (int64_t now_ms = 0; now_ms < 60000; now_ms += 10)
        push(&q, 8, now_ms);
    assert_int_equal(ws_queue_since_ms(&q, 60000), 0);
    for (int64_t came_ms = 0; came_ms < 60000; came_ms += 10) {
        assert_true(ws_queue_since_ms(&q, 60000) <= came_ms);
        ws_queue_hand_on(&q, 10);
        ws_queue_gone(&q);
    }
    assert_int_equal(ws_queue_waiting(&q), 0);
}

/* --- deadlines --- */

struct timed {
    struct deadline deadline;     /* first */
    struct deadline_queue *again; /* set when it expires */
    struct timed *clears;
    int expired;
};

static void on_expiry(struct deadline *d)
{
    struct timed *t = (struct timed *)d;

    t->expired++;
    if (t->again)
        deadline_set(d, t->again, 100);
    if (t->clears)
        deadline_clear(&t->clears->deadline);
}

static void test_deadlines_expire_once_and_not_early(void **state)
{
    struct deadline_queue q;
    struct timed a = {0}, b = {0};

    (void)state;
    deadline_queue_init(&q, 100, on_expiry);
    deadline_set(&a.deadline, &q, 0);
    deadline_set(&b.deadline, &q, 50);
    deadline_queue_run(&q, 99);
    assert_int_equal(a.expired, 0);
    deadline_queue_run(&q, 100);
    deadline_queue_run(&q, 149);
    assert_int_equal(a.expired, 1);
    assert_int_equal(b.expired, 0);
    deadline_set(&b.deadline, &q, 149); /* a later one replaces it */
    deadline_queue_run(&q, 200);
    assert_int_equal(b.expired, 0);
    deadline_clear(&b.deadline);
    deadline_clear(&b.deadline);
    assert_true(deadline_queue_is_empty(&q));
}

static void test_an_expiry_may_set_and_clear_deadlines(void **state)
{
    struct deadline_queue q, other;
    struct timed a = {0}, b = {0};

    (void)state;
    deadline_queue_init(&q, 100, on_expiry);
    deadline_queue_init(&other, 50, on_expiry);
    a.again = &other;
    a.clears = &b;
    deadline_set(&a.deadline, &q, 0);
    deadline_set(&b.deadline, &q, 0);
    deadline_queue_run(&q, 100);
    assert_int_equal(a.expired, 1);
    assert_int_equal(b.expired, 0);
    assert_true(deadline_queue_is_empty(&q));
    deadline_queue_run(&other, 149);
    assert_int_equal(a.expired, 1);
    a.again = NULL;
    deadline_queue_run(&other, 150);
    assert_int_equal(a.expired, 2);
    assert_true(deadline_queue_is_empty(&other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_leave_in_the_order_they_came),
        cmocka_unit_test(test_an_empty_queue_holds_no_memory),
        cmocka_unit_test(test_frame_heads),
        cmocka_unit_test(test_a_close_frame_holds_code_and_reason),
        cmocka_unit_test(test_as_many_whole_frames_as_fit_but_at_least_one),
        cmocka_unit_test(test_dropping_keeps_what_was_handed_on),
        cmocka_unit_test(test_the_age_of_the_oldest_byte_is_known_within_its_grain),
        cmocka_unit_test(test_an_age_is_never_told_too_small),
        cmocka_unit_test(test_deadlines_expire_once_and_not_early),
        cmocka_unit_test(test_an_expiry_may_set_and_clear_deadlines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
