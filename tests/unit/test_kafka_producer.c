/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

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

static void test_each_record_is_reported_stored_once(void **state)
{
    struct kafka_pair *p = ((struct fixture *)*state)->pair;

    pair_produce_open(p);
    pair_send(p, "chat", 5000);

    pair_wait_reported(p);

    assert_int_equal(p->n_stored, 5000);
    assert_int_equal(p->n_refused, 0);
    assert_true(p->is_producer_up);
    assert_int_equal(p->n_producer_changes, 1);
}

struct seen {
    size_t n;
    bool is_right;
};

static void check_full_record(void *arg, const struct event_record *record)
{
    struct seen *seen = arg;

    seen->n++;
    seen->is_right =
        str_eq(record->topic, STR("chat")) && str_eq(record->key, STR("room")) &&
        record->value.n == 3 && memcmp(record->value.p, "a\0b", 3) == 0 &&
        record->n_headers == 3 && str_eq(record->headers[0].name, STR("ce_id")) &&
        str_eq(record->headers[0].value, STR("1")) &&
        str_eq(record->headers[1].name, STR("ce_id")) &&
        str_eq(record->headers[1].value, STR("")) &&
        str_eq(record->headers[2].name, STR("note")) && !record->headers[2].value.p;
}

static void check_bare_record(void *arg, const struct event_record *record)
{
    struct seen *seen = arg;

    seen->n++;
    seen->is_right = !record->key.p && !record->value.p && record->n_headers == 0;
}

static bool is_seen(const void *arg)
{
    return ((const struct seen *)arg)->n > 0;
}

static void send_and_check(struct kafka_pair *p, const struct event_record *record,
                           void (*check)(void *, const struct event_record *))
{
    struct seen seen = {0};

    p->on_record = check;
    p->arg = &seen;
    assert_int_equal(kafka_produce(p->producer, record, (void *)(uintptr_t)p->n_sent++),
                     ERR_OK);
    assert_true(loop_until(p->loop, is_seen, &seen, PAIR_DEADLINE_MS));
    assert_true(seen.is_right);
    p->on_record = NULL;
}

static void test_key_value_and_headers_arrive_byte_for_byte(void **state)
{
    struct kafka_pair *p = ((struct fixture *)*state)->pair;
    struct event_record full = {.topic = STR("chat"),
                                .key = STR("room"),
                                .value = {"a\0b", 3},
                                .headers = {{STR("ce_id"), STR("1")},
                                            {STR("ce_id"), STR("")},
                                            {STR("note"), STR_NULL}},
                                .n_headers = 3};
    struct event_record bare = {.topic = STR("chat")};

    pair_produce_open(p);
    pair_consume_open(p, "chat");
    pair_wait_positioned(p);

    send_and_check(p, &full, check_full_record);
    send_and_check(p, &bare, check_bare_record);
    pair_wait_reported(p);
}

static void
test_a_broker_that_stays_away_is_reported_and_one_that_returns_is_used(void **state)
{
    struct fixture *f = *state;
    struct kafka_pair *p = f->pair;

    p->config.message_timeout_ms = 1000;
    pair_produce_open(p);
    pair_wait_producer(p, true);

    kafka_mock_set_up(f->mock, false);
    pair_wait_producer(p, false);
    pair_send(p, "chat", 100);
    pair_wait_reported(p);
    assert_int_equal(p->n_refused, 100);

    kafka_mock_set_up(f->mock, true);
    pair_wait_producer(p, true);
    pair_send(p, "chat", 100);
    pair_wait_reported(p);
    assert_int_equal(p->n_stored, 100);
}

static void test_records_sent_while_the_broker_is_away_for_short_are_stored(void **state)
{
    struct fixture *f = *state;
    struct kafka_pair *p = f->pair;

    pair_produce_open(p);
    pair_wait_producer(p, true);
    kafka_mock_set_up(f->mock, false);
    pair_wait_producer(p, false);
    pair_send(p, "chat", 100);
    loop_for(p->loop, 300);
    assert_int_equal(p->n_stored + p->n_refused, 0);

    kafka_mock_set_up(f->mock, true);

    pair_wait_reported(p);
    assert_int_equal(p->n_stored, 100);
}

static void test_a_broker_that_comes_after_the_producer_is_found(void **state)
{
    struct fixture *f = *state;
    struct kafka_pair *p = f->pair;

    kafka_mock_set_up(f->mock, false);
    p->config.message_timeout_ms = 20000;
    pair_produce_open(p);
    pair_send(p, "chat", 1);
    loop_for(p->loop, 500);
    assert_false(p->is_producer_up);
    assert_int_equal(p->n_producer_changes, 0);

    kafka_mock_set_up(f->mock, true);

    pair_wait_producer(p, true);
    pair_wait_reported(p);
    assert_int_equal(p->n_stored, 1);
}

static void test_after_a_fatal_error_a_new_producer_takes_over(void **state)
{
    struct fixture *f = *state;
    struct kafka_pair *p = f->pair;
    rd_kafka_t *before;

    pair_produce_open(p);
    pair_wait_producer(p, true);
    before = kafka_producer_native(p->producer);
    kafka_mock_set_up(f->mock, false); /* so that what follows is outstanding */
    pair_wait_producer(p, false);
    pair_send(p, "chat", 100);

    rd_kafka_test_fatal_error(before, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
                              "made by the test");

    pair_wait_reported(p);
    assert_int_equal(p->n_refused, 100);
    kafka_mock_set_up(f->mock, true);
    pair_wait_producer(p, true);
    pair_send(p, "chat", 100);
    pair_wait_reported(p);
    assert_int_equal(p->n_stored, 100);
}

static void test_a_fatal_error_met_while_sending_is_survived_too(void **state)
{
    struct kafka_pair *p = ((struct fixture *)*state)->pair;
    struct event_record record = {.topic = STR("chat"), .value = STR("x")};

    pair_produce_open(p);
    pair_wait_producer(p, true);
    rd_kafka_test_fatal_error(kafka_producer_native(p->producer),
                              RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "test");

    assert_int_equal(kafka_produce(p->producer, &record, NULL), ERR_UNAVAILABLE);

    pair_wait_producer(p, false);
    pair_wait_producer(p, true);
    pair_send(p, "chat", 10);
    pair_wait_reported(p);
    assert_int_equal(p->n_stored, 10);
}

static void test_free_flushes_and_reports_the_rest_as_not_stored(void **state)
{
    struct fixture *f = *state;
    struct kafka_pair *p = f->pair;

    pair_produce_open(p);
    pair_send(p, "chat", 1000);
    kafka_producer_free(&p->producer, 10000);
    assert_int_equal(p->n_stored, 1000);

    kafka_mock_set_up(f->mock, false);
    pair_produce_open(p);
    pair_send(p, "chat", 1000);
    kafka_producer_free(&p->producer, 100);
    assert_int_equal(p->n_stored, 1000);
    assert_int_equal(p->n_refused, 1000);
}

static void test_what_cannot_be_taken_is_refused_at_once(void **state)
{
    struct fixture *f = *state;
    struct kafka_pair *p = f->pair;
    char *big = mem_zalloc(2000000);
    struct event_record record = {.topic = STR("chat"), .value = {big, 2000000}};
    enum err rc = ERR_OK;

    kafka_mock_set_up(f->mock, false);
    pair_produce_open(p);
    assert_int_equal(kafka_produce(p->producer, &record, NULL), ERR_TOO_LARGE);

    record.value.n = 900000;
    for (int i = 0; i < 200 && rc == ERR_OK; i++) {
        rc = kafka_produce(p->producer, &record, (void *)(uintptr_t)p->n_sent);
        p->n_sent += rc == ERR_OK;
    }

    assert_int_equal(rc, ERR_OVERLOADED);
    assert_true(p->n_sent > 50);
    free(big);
}

static void test_a_wrong_setting_is_told(void **state)
{
    struct kafka_pair *p = ((struct fixture *)*state)->pair;
    struct why why = {0};

    p->config.brokers = STR("");
    assert_null(kafka_producer_new(p->loop, &p->config, NULL, NULL, NULL, &why));
    assert_non_null(strstr(why.text, "no brokers"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_record_is_reported_stored_once, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_key_value_and_headers_arrive_byte_for_byte,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_a_broker_that_stays_away_is_reported_and_one_that_returns_is_used, setup,
            teardown),
        cmocka_unit_test_setup_teardown(
            test_records_sent_while_the_broker_is_away_for_short_are_stored, setup,
            teardown),
        cmocka_unit_test_setup_teardown(
            test_a_broker_that_comes_after_the_producer_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_after_a_fatal_error_a_new_producer_takes_over, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_a_fatal_error_met_while_sending_is_survived_too, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_free_flushes_and_reports_the_rest_as_not_stored, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_taken_is_refused_at_once,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_wrong_setting_is_told, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
