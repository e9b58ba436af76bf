/*
 * Producer and consumer against a real broker: what the mock cannot show. Each test has a topic of
 * its own on one broker.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kafka/kafka_internal.h"
#include "support/kafka_pair.h"
#include "support/kafka_real.h"

#include "base/banned.h"

enum {
    PARTITIONS = 3,
    ADMIN_TIMEOUT_MS = 20000
};

static int start_broker(void **state)
{
    *state = kafka_real_new(PARTITIONS);
    if (!*state)
        printf("[  NOTE    ] no real broker can run here: skipped\n");
    return 0;
}

static int end_broker(void **state)
{
    kafka_real_free((struct kafka_real **)state);
    return 0;
}

static struct kafka_pair *open_pair(struct kafka_real *k)
{
    struct kafka_pair *p;

    if (!k)
        skip();
    p = pair_open(kafka_real_brokers(k), false);
    p->config.message_timeout_ms = 60000;
    pair_produce_open(p);
    return p;
}

/* The answer of one admin call. */
static void wait_admin(rd_kafka_queue_t *q)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(q, ADMIN_TIMEOUT_MS);

    assert_non_null(event);
    assert_int_equal(rd_kafka_event_error(event), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(q);
}

static void grow_topic(rd_kafka_t *rk, const char *topic, size_t partitions)
{
    rd_kafka_queue_t *q = rd_kafka_queue_new(rk);
    rd_kafka_NewPartitions_t *grow =
        rd_kafka_NewPartitions_new(topic, partitions, NULL, 0);

    rd_kafka_CreatePartitions(rk, &grow, 1, NULL, q);
    wait_admin(q);
    rd_kafka_NewPartitions_destroy(grow);
}

static void delete_topic(rd_kafka_t *rk, const char *topic)
{
    rd_kafka_queue_t *q = rd_kafka_queue_new(rk);
    rd_kafka_DeleteTopic_t *delete = rd_kafka_DeleteTopic_new(topic);

    rd_kafka_DeleteTopics(rk, &delete, 1, NULL, q);
    wait_admin(q);
    rd_kafka_DeleteTopic_destroy(delete);
}

static void test_nothing_written_after_the_position_is_missed(void **state)
{
    struct kafka_pair *p = open_pair(*state);
    size_t first, before;

    pair_send(p, "after", 100); /* the topic, and some past */
    pair_wait_reported(p);
    for (int round = 0; round < 5; round++) {
        before = p->n_read;
        pair_consume_open(p, "after");
        pair_wait_positioned(p);
        first = pair_send(p, "after", 300);
        pair_wait_read(p, before + 300);
        pair_check_read_once(p, first, 300);
        assert_int_equal(p->n_read, before + 300);
        assert_int_equal(p->n_again, 0);
        kafka_consumer_free(&p->consumer);
    }
    pair_close(&p);
}

static void test_a_topic_made_by_its_first_record_is_read_whole(void **state)
{
    struct kafka_pair *p = open_pair(*state);

    pair_consume_open(p, "young"); /* made by this look, or by the producer's */
    pair_wait_positioned(p);
    pair_send(p, "young", 100);

    pair_wait_read(p, 100);
    pair_check_read_once(p, 0, 100);
    pair_close(&p);
}

static void restart_in_the_middle(void **state, void (*end)(struct kafka_real *),
                                  const char *topic)
{
    struct kafka_pair *p = open_pair(*state);

    pair_send(p, topic, 10);
    pair_wait_reported(p);
    pair_consume_open(p, topic);
    pair_wait_positioned(p);
    pair_send(p, topic, 500);
    pair_wait_reported(p);
    pair_wait_read(p, 500);

    end(*state);
    pair_wait_producer(p, false);
    pair_wait_consumer(p, false);
    pair_send(p, topic, 500);
    kafka_real_start(*state);
    pair_wait_producer(p, true);
    pair_wait_consumer(p, true);
    pair_send(p, topic, 500);

    pair_wait_reported(p);
    assert_int_equal(p->n_stored, 1510);
    pair_wait_read(p, 1500);
    pair_check_read_once(p, 10, 1500);
    assert_int_equal(p->n_again, 0);
    assert_true(p->is_positioned);
    pair_close(&p);
}

static void test_a_broker_that_restarts_loses_and_repeats_nothing(void **state)
{
    restart_in_the_middle(state, kafka_real_stop, "restart");
}

static void test_a_broker_that_is_killed_loses_and_repeats_nothing(void **state)
{
    restart_in_the_middle(state, kafka_real_kill, "kill");
}

/* On a busy machine a second may be too short for some; not for all of them for ever. */
static size_t send_until_stored(struct kafka_pair *p, const char *topic, size_t n)
{
    size_t first, stored;
    int n_tries = 0;

    do {
        assert_true(n_tries++ < 30);
        pair_wait_producer(p, true);
        stored = p->n_stored;
        first = pair_send(p, topic, n);
        pair_wait_reported(p);
    } while (p->n_stored - stored < n);
    return first;
}

static void test_an_outage_beyond_the_time_out_ends_well(void **state)
{
    struct kafka_pair *p = open_pair(*state);
    size_t first;

    pair_close(&p);
    p = pair_open(kafka_real_brokers(*state), false);
    p->config.message_timeout_ms = 1000;
    pair_produce_open(p);
    pair_wait_producer(p, true);
    pair_consume_open(p, "outage");
    pair_wait_positioned(p);
    for (int i = 0; i < 50; i++) { /* some on their way when it dies */
        pair_send(p, "outage", 100);
        loop_for(p->loop, 1);
    }
    kafka_real_kill(*state);
    pair_send(p, "outage", 500);
    pair_wait_reported(p);
    assert_true(p->n_refused >= 500);

    kafka_real_start(*state);
    pair_wait_producer(p, true);
    pair_wait_consumer(p, true);
    first = send_until_stored(p, "outage", 500);
    pair_wait_each_read(p, first, 500);
    pair_check_read_once(p, first, 500);
    pair_close(&p);
}

static bool is_assigned_twice(const void *arg)
{
    return ((const struct kafka_pair *)arg)->n_assigned == 2;
}

static void test_new_partitions_are_read_from_their_beginning(void **state)
{
    struct kafka_pair *p = open_pair(*state);

    pair_send(p, "grow", 10);
    pair_wait_reported(p);
    pair_consume_open(p, "grow");
    pair_wait_positioned(p);
    kafka_producer_free(&p->producer, 0);
    pair_produce_open(p); /* one that has not learnt the old number of partitions */

    grow_topic(kafka_producer_native(p->producer), "grow", 12);
    pair_send(p, "grow", 1000);

    assert_true(loop_until(p->loop, is_assigned_twice, p, PAIR_DEADLINE_MS));
    pair_wait_read(p, 1000);
    pair_check_read_once(p, 10, 1000);
    assert_int_equal(p->n_again, 0);
    assert_true(p->is_positioned);
    pair_close(&p);
}

static bool is_positioned_anew(const void *arg)
{
    const struct kafka_pair *p = arg;

    return p->n_assigned >= 3 && p->is_positioned;
}

static void test_a_topic_made_anew_is_found_again(void **state)
{
    struct kafka_pair *p = open_pair(*state);
    size_t first, before;

    pair_send(p, "anew", 10);
    pair_wait_reported(p);
    pair_consume_open(p, "anew");
    pair_wait_positioned(p);
    pair_send(p, "anew", 300);
    pair_wait_read(p, 300);
    kafka_producer_free(&p->producer, 0);
    pair_produce_open(p);

    delete_topic(kafka_producer_native(p->producer), "anew");
    /* Who looks next makes it anew; its three partitions lose their positions one by one. */
    assert_true(loop_until(p->loop, is_positioned_anew, p, 2 * PAIR_DEADLINE_MS));
    loop_for(p->loop, 2000);
    assert_true(p->is_positioned);
    before = p->n_read;
    first = pair_send(p, "anew", 100);

    pair_wait_read(p, before + 100);
    pair_check_read_once(p, first, 100);
    pair_close(&p);
}

static rd_kafka_t *plain_consumer(struct kafka_pair *p)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char text[200];

    snprintf(text, sizeof(text), STR_FMT, STR_ARG(p->config.brokers));
    assert_int_equal(rd_kafka_conf_set(conf, "bootstrap.servers", text, NULL, 0), 0);
    snprintf(text, sizeof(text), STR_FMT, STR_ARG(p->config.group_id));
    assert_int_equal(rd_kafka_conf_set(conf, "group.id", text, NULL, 0), 0);
    return rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof(text));
}

static void test_tools_see_offsets_of_the_group(void **state)
{
    struct kafka_pair *p = open_pair(*state);
    rd_kafka_t *tool;
    rd_kafka_topic_partition_list_t *list;
    int64_t sum = 0;

    pair_consume_open(p, "lag");
    pair_wait_positioned(p);
    pair_send(p, "lag", 300);
    pair_wait_read(p, 300);
    kafka_consumer_free(&p->consumer); /* commits a last time */

    tool = plain_consumer(p);
    list = rd_kafka_topic_partition_list_new(PARTITIONS);
    for (int i = 0; i < PARTITIONS; i++)
        rd_kafka_topic_partition_list_add(list, "lag", i);
    assert_int_equal(rd_kafka_committed(tool, list, ADMIN_TIMEOUT_MS), 0);
    for (int i = 0; i < PARTITIONS; i++)
        sum += list->elems[i].offset;

    assert_int_equal(sum, 300);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(tool);
    pair_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_written_after_the_position_is_missed),
        cmocka_unit_test(test_a_topic_made_by_its_first_record_is_read_whole),
        cmocka_unit_test(test_a_broker_that_restarts_loses_and_repeats_nothing),
        cmocka_unit_test(test_a_broker_that_is_killed_loses_and_repeats_nothing),
        cmocka_unit_test(test_an_outage_beyond_the_time_out_ends_well),
        cmocka_unit_test(test_new_partitions_are_read_from_their_beginning),
        cmocka_unit_test(test_a_topic_made_anew_is_found_again),
        cmocka_unit_test(test_tools_see_offsets_of_the_group),
    };

    return cmocka_run_group_tests(tests, start_broker, end_broker);
}
