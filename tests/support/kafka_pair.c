/* SPDX-License-Identifier: MIT */
#include "support/kafka_pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

static const struct log test_log = {.fd = 2, .level = LOG_LEVEL_ERROR};

static void on_report(void *ctx, void *cookie, bool is_stored)
{
    struct kafka_pair *p = ctx;
    size_t number = (size_t)(uintptr_t)cookie;

    assert_true(number < PAIR_RECORDS_MAX);
    assert_int_equal(p->reports[number], 0);
    p->reports[number] = 1;
    if (is_stored)
        p->n_stored++;
    else
        p->n_refused++;
}

static void on_producer_state(void *ctx, bool is_up)
{
    struct kafka_pair *p = ctx;

    assert_true(is_up != p->is_producer_up);
    p->is_producer_up = is_up;
    p->n_producer_changes++;
}

static void on_consumer_state(void *ctx, bool is_up)
{
    struct kafka_pair *p = ctx;

    assert_true(is_up != p->is_consumer_up);
    p->is_consumer_up = is_up;
    p->n_consumer_changes++;
}

static void on_assigned(void *ctx, bool is_positioned)
{
    struct kafka_pair *p = ctx;

    p->is_positioned = is_positioned;
    p->n_assigned++;
}

static void on_record(void *ctx, const struct event_record *record)
{
    struct kafka_pair *p = ctx;
    int64_t number;

    if (p->on_record)
        p->on_record(p->arg, record);
    p->last = *record;
    if (!str_to_i64(record->value, &number)) {
        p->n_foreign++;
        return;
    }
    assert_in_range(number, 0, PAIR_RECORDS_MAX - 1);
    p->n_read++;
    if (p->reads[number]++)
        p->n_again++;
}

struct kafka_pair *pair_open(struct str brokers, bool is_mock)
{
    struct kafka_pair *p = mem_zalloc(sizeof(*p));

    p->loop = loop_new();
    p->config = (struct kafka_config){.brokers = brokers,
                                      .client_id = STR("test"),
                                      .group_id = STR("team5-test"),
                                      .is_mock_broker = is_mock,
                                      .log = &test_log};
    return p;
}

void pair_produce_open(struct kafka_pair *p)
{
    struct why why = {0};

    p->is_producer_up = false;
    p->producer =
        kafka_producer_new(p->loop, &p->config, on_report, on_producer_state, p, &why);
    assert_string_equal(why.text, "");
    assert_non_null(p->producer);
}

void pair_consume_open(struct kafka_pair *p, const char *topic)
{
    const char *const topics[] = {topic};
    struct kafka_reading reading = {.topics = topics,
                                    .n_topics = 1,
                                    .on_record = on_record,
                                    .on_assigned = on_assigned,
                                    .on_state = on_consumer_state,
                                    .ctx = p};
    struct why why = {0};

    p->is_consumer_up = p->is_positioned = false;
    p->consumer = kafka_consumer_new(p->loop, &p->config, &reading, &why);
    assert_string_equal(why.text, "");
    assert_non_null(p->consumer);
}

void pair_close(struct kafka_pair **p_inout)
{
    struct kafka_pair *p = *p_inout;

    kafka_consumer_free(&p->consumer);
    kafka_producer_free(&p->producer, 0);
    assert_int_equal(p->n_sent, p->n_stored + p->n_refused);
    loop_free(&p->loop);
    free(p);
    *p_inout = NULL;
}

size_t pair_send(struct kafka_pair *p, const char *topic, size_t n)
{
    size_t first = p->n_sent;
    char value[32];
    char key[32];

    for (size_t i = 0; i < n; i++) {
        size_t number = p->n_sent++;
        struct event_record record = {.topic = str_of(topic)};

        snprintf(value, sizeof(value), "%zu", number);
        snprintf(key, sizeof(key), "room-%zu", number % 17);
        record.value = str_of(value);
        record.key = str_of(key);
        record.headers[record.n_headers++] =
            (struct event_header){STR("ce_id"), record.value};
        if (kafka_produce(p->producer, &record, (void *)(uintptr_t)number) != ERR_OK)
            on_report(p, (void *)(uintptr_t)number, false);
    }
    return first;
}

static bool is_positioned(const void *arg)
{
    return ((const struct kafka_pair *)arg)->is_positioned;
}

static bool is_producer_up(const void *arg)
{
    return ((const struct kafka_pair *)arg)->is_producer_up;
}

static bool is_producer_down(const void *arg)
{
    return !((const struct kafka_pair *)arg)->is_producer_up;
}

static bool is_consumer_up(const void *arg)
{
    return ((const struct kafka_pair *)arg)->is_consumer_up;
}

static bool is_consumer_down(const void *arg)
{
    return !((const struct kafka_pair *)arg)->is_consumer_up;
}

static bool is_reported(const void *arg)
{
    const struct kafka_pair *p = arg;

    return p->n_sent == p->n_stored + p->n_refused;
}

static bool is_read(const void *arg)
{
    const struct kafka_pair *p = arg;

    return p->n_read >= p->want;
}

static void wait_for(struct kafka_pair *p, loop_until_fn *is_true)
{
    if (!loop_until(p->loop, is_true, p, PAIR_DEADLINE_MS))
        fail_msg(
            "sent %zu, stored %zu, refused %zu, read %zu of %zu, again %zu; producer %s, "
            "consumer %s",
            p->n_sent, p->n_stored, p->n_refused, p->n_read, p->want, p->n_again,
            p->is_producer_up ? "up" : "down", p->is_consumer_up ? "up" : "down");
}

void pair_wait_positioned(struct kafka_pair *p)
{
    wait_for(p, is_positioned);
}

void pair_wait_producer(struct kafka_pair *p, bool is_up)
{
    wait_for(p, is_up ? is_producer_up : is_producer_down);
}

void pair_wait_consumer(struct kafka_pair *p, bool is_up)
{
    wait_for(p, is_up ? is_consumer_up : is_consumer_down);
}

void pair_wait_reported(struct kafka_pair *p)
{
    wait_for(p, is_reported);
}

void pair_wait_read(struct kafka_pair *p, size_t n)
{
    p->want = n;
    wait_for(p, is_read);
}

static bool is_each_read(const void *arg)
{
    const struct kafka_pair *p = arg;

    for (size_t i = 0; i < p->want; i++)
        if (p->reads[p->first + i] == 0)
            return false;
    return true;
}

void pair_wait_each_read(struct kafka_pair *p, size_t first, size_t n)
{
    p->first = first;
    p->want = n;
    wait_for(p, is_each_read);
}

void pair_check_read_once(const struct kafka_pair *p, size_t first, size_t n)
{
    for (size_t i = first; i < first + n; i++)
        assert_int_equal(p->reads[i], 1);
}
