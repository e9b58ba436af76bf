/*
 * A producer and a consumer of ours on one loop, for tests: it sends numbered records and counts how
 * often each was reported and read.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_KAFKA_PAIR_H
#define TESTS_KAFKA_PAIR_H

#include "kafka/kafka.h"
#include "support/loop_until.h"

enum {
    PAIR_RECORDS_MAX = 200000,
    PAIR_DEADLINE_MS = 30000
};

struct kafka_pair {
    struct loop *loop;
    struct kafka_config config;
    struct kafka_producer *producer;
    struct kafka_consumer *consumer;
    bool is_producer_up, is_consumer_up, is_positioned;
    int n_producer_changes, n_consumer_changes, n_assigned;
    size_t n_sent, n_stored, n_refused; /* accepted; reported either way */
    size_t n_read, n_again;             /* records of ours read; read before */
    size_t n_foreign;                   /* records of somebody else */
    size_t first, want;                 /* for the conditions below */
    unsigned char reports[PAIR_RECORDS_MAX], reads[PAIR_RECORDS_MAX];
    struct event_record last; /* its texts are gone; numbers and lengths count */
    void (*on_record)(void *arg, const struct event_record *record);
    void *arg;
};

/* pair_open — neither producer nor consumer yet; is_mock: fetch waits short. */
struct kafka_pair *pair_open(struct str brokers, bool is_mock);
void pair_produce_open(struct kafka_pair *p);
void pair_consume_open(struct kafka_pair *p, const char *topic);
void pair_close(struct kafka_pair **p);

/* pair_send — the next n numbers; one not accepted counts as refused. out: number of the first */
size_t pair_send(struct kafka_pair *p, const char *topic, size_t n);

/* Conditions, waited for with PAIR_DEADLINE_MS; fail the test. */
void pair_wait_positioned(struct kafka_pair *p);
void pair_wait_producer(struct kafka_pair *p, bool is_up);
void pair_wait_consumer(struct kafka_pair *p, bool is_up);
void pair_wait_reported(struct kafka_pair *p);
void pair_wait_read(struct kafka_pair *p, size_t n);
void pair_wait_each_read(struct kafka_pair *p, size_t first, size_t n);
/* pair_check_read_once — numbers first … first + n - 1 were read, each once. */
void pair_check_read_once(const struct kafka_pair *p, size_t first, size_t n);

#endif
