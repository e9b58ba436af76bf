/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "kafka/internal.h"
#include "support/kafka_pair.h"

#include "base/banned.h"

static const char *const topics[] = {"chat"};

struct fixture {
    struct kafka_mock *mock;
    struct kafka_pair *pair;
};

static int setup(void **state)
{
    struct fixture *f = mem_zalloc(sizeof(*f));
    struct why why = {0};

    f->mock = kafka_mock_new(0, topics, 1, &why);
    if (!f->mock)
        return -1;
    f->pair = pair_open(kafka_mock_brokers(f->mock), true);
    pair_produce_open(f->pair);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    pair_close(&f->pair);
    kafka_mock_free(&f->mock);
    free(f);
    return 0;
}

static void test_all_written_after_the_position_is_read_and_nothing_before(void **state)
{
    struct kafka_pair *p = ((struct fixture *)*state)->pair;
    size_t first;

    pair_send(p, "chat", 500);
    pair_wait_reported(p);

    pair_consume_open(p, "chat");
    pair_wait_positioned(p);
    first = pair_send(p, "chat", 500); /* at once: no fetch has come back yet */
    pair_wait_read(p, 500);

    pair_check_read_once(p, first, 500);
    assert_int_equal(p->n_read, 500);
    assert_int_equal(p->n_assigned, 1);
    assert_int_equal(p->n_consumer_changes, 1);
    assert_int_equal(p->last.n_headers, 1);
}

static void test_many_records_come_in_order_and_once(void **state)
{
    struct kafka_pair *p = ((struct fixture *)*state)->pair;

    pair_consume_open(p, "chat");
    pair_wait_positioned(p);
    pair_send(p, "chat", 20000);

    pair_wait_read(p, 20000);

    pair_check_read_once(p, 0, 20000);
    assert_int_equal(p->n_again, 0);
    assert_int_equal(p->last.offset, 19999);
}

static void test_reading_goes_on_where_it_was_when_the_broker_returns(void **state)
{
    struct fixture *f = *state;
    struct kafka_pair *p = f->pair;

    pair_consume_open(p, "chat");
    pair_wait_positioned(p);
    pair_send(p, "chat", 100);
    pair_wait_read(p, 100);

    kafka_mock_set_up(f->mock, false);
    pair_wait_consumer(p, false);
    pair_send(p, "chat", 100);
    kafka_mock_set_up(f->mock, true);
    pair_wait_consumer(p, true);

    pair_wait_read(p, 200);
    pair_check_read_once(p, 0, 200);
    assert_int_equal(p->n_again, 0);
    assert_true(p->is_positioned);
    assert_int_equal(p->n_assigned, 1);
}

static void test_an_absent_broker_costs_no_cpu_and_is_found_when_it_comes(void **state)
{
    struct fixture *f = *state;
    struct kafka_pair *p = f->pair;
    clock_t before;
    size_t first;

    kafka_mock_set_up(f->mock, false);
    pair_consume_open(p, "chat");
    loop_for(p->loop, 100);
    before = clock();
    loop_for(p->loop, 1500); /* its own tick of 1 ms is most of what is measured */
    assert_in_range(clock() - before, 0, CLOCKS_PER_SEC * 3 / 10);
    assert_false(p->is_positioned);
    assert_int_equal(p->n_assigned, 0);

    kafka_mock_set_up(f->mock, true);
    pair_wait_positioned(p);
    first = pair_send(p, "chat", 10);

    pair_wait_read(p, 10);
    pair_check_read_once(p, first, 10);
}

static void test_a_topic_made_later_is_read_from_its_beginning(void **state)
{
    struct fixture *f = *state;
    struct kafka_pair *p = f->pair;

    rd_kafka_mock_topic_set_error(kafka_mock_native(f->mock), "later",
                                  RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    pair_consume_open(p, "later");
    pair_wait_positioned(p); /* there is nothing that could be missed */
    assert_int_equal(p->n_assigned, 1);

    rd_kafka_mock_topic_set_error(kafka_mock_native(f->mock), "later",
                                  RD_KAFKA_RESP_ERR_NO_ERROR);
    pair_send(p, "later", 200);
    pair_wait_read(p, 200);

    pair_check_read_once(p, 0, 200);
    assert_int_equal(p->n_again, 0);
    assert_true(p->is_positioned);
    assert_int_equal(p->n_assigned, 2);
}

static void test_a_refused_look_is_repeated(void **state)
{
    struct fixture *f = *state;
    struct kafka_pair *p = f->pair;

    rd_kafka_mock_push_request_errors(kafka_mock_native(f->mock), 2 /* ListOffsets */, 2,
                                      RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    rd_kafka_mock_push_request_errors(kafka_mock_native(f->mock), 3 /* Metadata */, 1,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);

    pair_consume_open(p, "chat");
    pair_wait_positioned(p);
    pair_send(p, "chat", 10);
    pair_wait_read(p, 10);
}

static bool is_positioned_again(const void *arg)
{
    const struct kafka_pair *p = arg;

    return p->n_assigned >= 3 && p->is_positioned; /* in between it was not */
}

static void test_a_lost_position_is_told_and_found_again(void **state)
{
    struct fixture *f = *state;
    struct kafka_pair *p = f->pair;
    size_t first;

    pair_consume_open(p, "chat");
    pair_wait_positioned(p);
    pair_send(p, "chat", 10);
    pair_wait_read(p, 10);
    assert_int_equal(p->n_assigned, 1);

    /* The mock forgets the error of a fetch that it makes wait, so one would not do. */
    rd_kafka_mock_push_request_errors(
        kafka_mock_native(f->mock), 1 /* Fetch */, 5,
        RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE,
        RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE,
        RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE);
    assert_true(loop_until(p->loop, is_positioned_again, p, PAIR_DEADLINE_MS));

    first = pair_send(p, "chat", 10);
    pair_wait_read(p, 20);
    pair_check_read_once(p, first, 10);
    assert_int_equal(p->n_again, 0);
}

static void test_free_is_quick_whether_the_broker_is_there_or_not(void **state)
{
    struct fixture *f = *state;
    struct kafka_pair *p = f->pair;
    int64_t before;

    pair_consume_open(p, "chat");
    pair_wait_positioned(p);
    pair_send(p, "chat", 10);
    pair_wait_read(p, 10);
    before = clock_mono_ns();
    kafka_consumer_free(&p->consumer);
    assert_in_range(clock_mono_ns() - before, 0, 3 * NS_PER_S);

    pair_consume_open(p, "chat");
    kafka_mock_set_up(f->mock, false);
    loop_for(p->loop, 200);
    before = clock_mono_ns();
    kafka_consumer_free(&p->consumer);
    assert_in_range(clock_mono_ns() - before, 0, 3 * NS_PER_S);

    pair_consume_open(p, "chat"); /* never connected */
    before = clock_mono_ns();
    kafka_consumer_free(&p->consumer);
    assert_in_range(clock_mono_ns() - before, 0, 3 * NS_PER_S);
}

static int port_of(struct str brokers)
{
    int64_t port = 0;

    assert_true(str_to_i64(str_from(brokers, str_find(brokers, ':') + 1), &port));
    return (int)port;
}

static void test_the_mock_takes_the_port_asked_for_or_another(void **state)
{
    struct kafka_mock *first, *second;
    struct why why = {0};
    int port;

    (void)state;
    first = kafka_mock_new(0, topics, 1, &why);
    assert_non_null(first);
    port = port_of(kafka_mock_brokers(first));
    second = kafka_mock_new(port, topics, 1, &why);
    assert_non_null(second);
    assert_int_not_equal(port_of(kafka_mock_brokers(second)), port);
    kafka_mock_free(&second);
    kafka_mock_free(&first);

    first = kafka_mock_new(port, topics, 1, &why);

    assert_non_null(first);
    assert_int_equal(port_of(kafka_mock_brokers(first)), port);
    kafka_mock_free(&first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_all_written_after_the_position_is_read_and_nothing_before, setup,
            teardown),
        cmocka_unit_test_setup_teardown(test_many_records_come_in_order_and_once, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            test_reading_goes_on_where_it_was_when_the_broker_returns, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_an_absent_broker_costs_no_cpu_and_is_found_when_it_comes, setup,
            teardown),
        cmocka_unit_test_setup_teardown(
            test_a_topic_made_later_is_read_from_its_beginning, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_refused_look_is_repeated, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_lost_position_is_told_and_found_again,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_free_is_quick_whether_the_broker_is_there_or_not, setup, teardown),
        cmocka_unit_test(test_the_mock_takes_the_port_asked_for_or_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
