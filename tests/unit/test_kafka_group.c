/*
 * Members of a consumer group: one record at a time, each to one of them, again if it was not dealt
 * with. Against the mock broker, or, called with "real", against a real one.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "kafka/group.h"
#include "kafka/kafka_internal.h"
#include "support/kafka_pair.h"
#include "support/kafka_real.h"

#include "base/banned.h"

enum {
    PARTITIONS = 3,
    SEEN_MAX = 20000,
    QUIET_MS = 300,
    TURN_MS = 20,
    SECOND_ROUND_MS = 4400,
    LEAVE_MS = 1900
};

struct fixture {
    struct kafka_mock *mock;
    struct kafka_real *real;
    bool is_real;
    int n_tests; /* topics and groups of their own */
};

struct member {
    struct kafka_group *group;
    bool is_holding, is_working; /* is_working: is done with each record at once */
    size_t n, seen[SEEN_MAX];    /* all; by number: how often */
};

struct scene {
    struct kafka_pair *pair;
    char topic[32], group_id[32];
    struct member a, b;
    size_t want;
};

static struct fixture fixture;

static int start(void **state)
{
    static const char *const none[] = {"unused"};
    struct why why = {0};

    (void)state;
    if (fixture.is_real)
        fixture.real = kafka_real_new(PARTITIONS);
    else
        fixture.mock = kafka_mock_new(0, none, 1, &why);
    if (!fixture.real && !fixture.mock)
        printf("[  NOTE    ] no real broker can run here: skipped\n");
    return 0;
}

static int end(void **state)
{
    (void)state;
    kafka_mock_free(&fixture.mock);
    kafka_real_free(&fixture.real);
    return 0;
}

static int set_up(void **state)
{
    struct scene *s = mem_zalloc(sizeof(*s));

    *state = s;
    if (!fixture.real && !fixture.mock)
        return 0;
    snprintf(s->topic, sizeof(s->topic), "topic-%d", ++fixture.n_tests);
    snprintf(s->group_id, sizeof(s->group_id), "group-%d", fixture.n_tests);
    if (fixture.mock)
        rd_kafka_mock_topic_create(kafka_mock_native(fixture.mock), s->topic, PARTITIONS,
                                   1);
    s->pair = pair_open(fixture.mock ? kafka_mock_brokers(fixture.mock)
                                     : kafka_real_brokers(fixture.real),
                        fixture.mock != NULL);
    s->pair->config.group_id = str_of(s->group_id);
    s->pair->config.message_timeout_ms = 60000;
    pair_produce_open(s->pair);
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;

    kafka_group_free(&s->a.group);
    kafka_group_free(&s->b.group);
    if (s->pair)
        pair_close(&s->pair);
    free(s);
    return 0;
}

static void on_record(void *ctx, const struct event_record *record)
{
    struct member *m = ctx;
    int64_t number;

    assert_false(m->is_holding);
    assert_true(str_to_i64(record->value, &number));
    assert_in_range(number, 0, SEEN_MAX - 1);
    m->seen[number]++;
    m->n++;
    m->is_holding = true;
    if (!m->is_working)
        return;
    m->is_holding = false;
    kafka_group_done(m->group);
}

static void join(struct scene *s, struct member *m)
{
    struct why why = {0};

    if (!s->pair)
        skip();
    m->group =
        kafka_group_new(s->pair->loop, &s->pair->config, s->topic, on_record, m, &why);
    assert_string_equal(why.text, "");
    assert_non_null(m->group);
}

static void done(struct member *m)
{
    assert_true(m->is_holding);
    m->is_holding = false;
    kafka_group_done(m->group);
}

static void write_some(struct scene *s, size_t n)
{
    pair_send(s->pair, s->topic, n);
    pair_wait_reported(s->pair);
}

static bool a_holds(const void *arg)
{
    return ((const struct scene *)arg)->a.is_holding;
}

static bool b_holds(const void *arg)
{
    return ((const struct scene *)arg)->b.is_holding;
}

static bool a_has_no_partitions(const void *arg)
{
    return kafka_group_partitions(((const struct scene *)arg)->a.group) == 0;
}

static bool both_have_partitions(const void *arg)
{
    const struct scene *s = arg;

    return kafka_group_partitions(s->a.group) && kafka_group_partitions(s->b.group);
}

static bool all_came(const void *arg)
{
    const struct scene *s = arg;

    return s->a.n + s->b.n >= s->want;
}

static bool each_came(const void *arg)
{
    const struct scene *s = arg;

    for (size_t i = 0; i < s->want; i++)
        if (s->a.seen[i] + s->b.seen[i] == 0)
            return false;
    return true;
}

static void wait_for(struct scene *s, loop_until_fn *is_true)
{
    assert_true(loop_until(s->pair->loop, is_true, s, PAIR_DEADLINE_MS));
}

static void test_old_records_come_one_at_a_time(void **state)
{
    struct scene *s = *state;

    if (!s->pair)
        skip();
    write_some(s, 20);
    join(s, &s->a);
    for (size_t i = 1; i <= 20; i++) {
        wait_for(s, a_holds);
        if (i % 10 == 1)
            loop_for(s->pair->loop, QUIET_MS);
        assert_int_equal(s->a.n, i);
        done(&s->a);
    }
    loop_for(s->pair->loop, QUIET_MS);
    assert_int_equal(s->a.n, 20);
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(s->a.seen[i], 1);
}

static void test_what_is_dealt_with_does_not_come_again_and_what_is_not_does(void **state)
{
    struct scene *s = *state;
    size_t again = 0;

    join(s, &s->a);
    s->a.is_working = true;
    write_some(s, 30);
    s->want = 30;
    wait_for(s, all_came);
    s->a.is_working = false;
    write_some(s, 1);
    wait_for(s, a_holds);
    kafka_group_free(&s->a.group);

    s->b.is_working = true;
    join(s, &s->b);
    s->want = 32;
    wait_for(s, all_came);
    loop_for(s->pair->loop, QUIET_MS);
    for (size_t i = 0; i < 31; i++)
        again += s->b.seen[i];
    assert_int_equal(again, 1);
    assert_int_equal(s->b.seen[30], 1);
}

/* Records until b has got one: both have partitions then. */
static void wait_for_both(struct scene *s)
{
    int64_t end_ms = loop_now_ms(s->pair->loop) + PAIR_DEADLINE_MS;

    while (s->b.n == 0) {
        assert_true(loop_now_ms(s->pair->loop) < end_ms);
        write_some(s, 5);
        s->want = s->pair->n_sent;
        wait_for(s, all_came);
        loop_for(s->pair->loop, TURN_MS);
    }
}

static void test_each_record_is_one_members(void **state)
{
    struct scene *s = *state;
    size_t first, before_a;

    s->a.is_working = s->b.is_working = true;
    join(s, &s->a);
    write_some(s, 1);
    s->want = 1;
    wait_for(s, all_came);
    join(s, &s->b);
    wait_for_both(s);

    first = s->pair->n_sent;
    before_a = s->a.n;
    s->want = s->a.n + s->b.n + 100;
    write_some(s, 100);
    wait_for(s, all_came);
    assert_true(s->a.n > before_a && s->a.n < before_a + 100);
    for (size_t i = 0; i < first;
         i++) /* what is under way when one joins may come again */
        assert_true(s->a.seen[i] + s->b.seen[i] >= 1);
    for (size_t i = first; i < first + 100; i++)
        assert_int_equal(s->a.seen[i] + s->b.seen[i], 1);
}

/* Work may last: others can join meanwhile, and get their share. */
static void test_a_member_at_work_holds_up_nobody(void **state)
{
    struct scene *s = *state;

    join(s, &s->a);
    write_some(s, 60); /* in all partitions */
    wait_for(s, a_holds);
    assert_int_equal(s->a.n, 1);
    join(s, &s->b);
    wait_for(s, b_holds);

    assert_true(s->a.is_holding);
    assert_int_equal(s->a.n, 1);
    s->a.is_working = s->b.is_working = true;
    done(&s->a);
    done(&s->b);
    s->want = 60;
    wait_for(s, all_came);
    for (size_t i = 0; i < 60; i++)
        assert_true(s->a.seen[i] + s->b.seen[i] >= 1);
}

/* The pause of a partition outlasts its revocation, so it must be ended where it comes back. */
static void test_work_that_ends_while_members_join_stops_no_partition(void **state)
{
    struct scene *s = *state;

    join(s, &s->a);
    write_some(s, 60); /* in all partitions */
    wait_for(s, a_holds);
    join(s, &s->b);
    s->a.is_working = s->b.is_working = true;
    wait_for(s, a_has_no_partitions);
    done(&s->a);
    wait_for(s, both_have_partitions);

    s->want = 120;
    write_some(s, 60);
    wait_for(s, each_came);
}

static void test_a_broker_that_was_away_is_found_again(void **state)
{
    struct scene *s = *state;

    join(s, &s->a);
    s->a.is_working = true;
    write_some(s, 10);
    s->want = 10;
    wait_for(s, all_came);
    if (fixture.mock) {
        kafka_mock_set_up(fixture.mock, false);
        pair_wait_producer(s->pair, false);
        kafka_mock_set_up(fixture.mock, true);
    } else {
        kafka_real_kill(fixture.real);
        pair_wait_producer(s->pair, false);
        kafka_real_start(fixture.real);
    }
    pair_wait_producer(s->pair, true);
    write_some(s, 10);
    s->want = 20;
    wait_for(s, all_came);
    for (size_t i = 10; i < 20; i++)
        assert_true(s->a.seen[i] >= 1);
}

/* Both join in one round, which the mock holds open for 3 s, and again in a second. librdkafka waits 5 s
 * for a word of leaving that stands behind that on the connection. */
static void test_a_member_that_joins_again_leaves_at_once(void **state)
{
    struct scene *s = *state;
    int64_t began;

    join(s, &s->a);
    join(s, &s->b);
    loop_for(s->pair->loop, SECOND_ROUND_MS);
    began = clock_mono_ns();
    kafka_group_free(&s->a.group);
    kafka_group_free(&s->b.group);
    assert_true(clock_mono_ns() - began < LEAVE_MS * NS_PER_MS);
}

int main(int argc, char **argv)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_old_records_come_one_at_a_time),
        T(test_what_is_dealt_with_does_not_come_again_and_what_is_not_does),
        T(test_each_record_is_one_members),
        T(test_a_member_at_work_holds_up_nobody),
        T(test_work_that_ends_while_members_join_stops_no_partition),
        T(test_a_member_that_joins_again_leaves_at_once),
        T(test_a_broker_that_was_away_is_found_again),
    };

    fixture.is_real = argc > 1 && str_eq(str_of(argv[1]), STR("real"));
    return cmocka_run_group_tests(tests, start, end);
}
