/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "kafka/kafka_internal.h"
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

/* Somebody else's record with more headers than ours hold, those we need among the last. */
static void send_crowded(struct kafka_pair *p)
{
    char text[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_headers_t *headers = rd_kafka_headers_new(2 * EVENT_HEADERS_MAX);
    char value[] = "crowded";
    const rd_kafka_vu_t parts[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = "chat"},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {value, sizeof(value)}},
    };
    rd_kafka_t *rk;

    snprintf(text, sizeof(text), STR_FMT, STR_ARG(p->config.brokers));
    assert_int_equal(rd_kafka_conf_set(conf, "bootstrap.servers", text, NULL, 0), 0);
    rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
    assert_non_null(rk);
    for (int i = 0; i < EVENT_HEADERS_MAX; i++)
        rd_kafka_header_add(headers, "trace", -1, "x", -1);
    rd_kafka_header_add(headers, "ce_id", -1, "1", -1);
    rd_kafka_header_add(headers, "content-type", -1, "text/plain", -1);
    assert_null(rd_kafka_produceva(rk, parts, sizeof(parts) / sizeof(parts[0])));
    assert_int_equal(rd_kafka_flush(rk, PAIR_DEADLINE_MS), 0);
    rd_kafka_destroy(rk);
}

static void keep_header_count(void *arg, const struct event_record *record)
{
    assert_true(str_eq(record->headers[0].value, STR("1")));
    *(size_t *)arg = record->n_headers;
}

static bool is_foreign_read(const void *arg)
{
    return ((const struct kafka_pair *)arg)->n_foreign == 1;
}

static void test_of_too_many_headers_those_of_cloudevents_are_kept(void **state)
{
    struct kafka_pair *p = ((struct fixture *)*state)->pair;
    size_t n_headers = 0;

    pair_consume_open(p, "chat");
    pair_wait_positioned(p);
    p->on_record = keep_header_count;
    p->arg = &n_headers;

    send_crowded(p);

    assert_true(loop_until(p->loop, is_foreign_read, p, PAIR_DEADLINE_MS));
    assert_int_equal(n_headers, 2);
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
        cmocka_unit_test_setup_teardown(
            test_of_too_many_headers_those_of_cloudevents_are_kept, setup, teardown),
        cmocka_unit_test(test_the_mock_takes_the_port_asked_for_or_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
