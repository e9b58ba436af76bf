/*
 * A real Kafka broker for a test, in a directory of its own; tools/kafka/broker does the work. The
 * tests run with the top of the tree as their working directory.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_KAFKA_REAL_H
#define TESTS_KAFKA_REAL_H

#include "base/str.h"

struct kafka_real;

/* kafka_real_new — starts it; new topics get the given number of partitions.
 * out: NULL: it cannot run here (no Java, no jars): the test is to be skipped */
struct kafka_real *kafka_real_new(int partitions);
struct str kafka_real_brokers(const struct kafka_real *k);
void kafka_real_stop(struct kafka_real *k);
void kafka_real_kill(struct kafka_real *k);
void kafka_real_start(struct kafka_real *k);
void kafka_real_free(struct kafka_real **k);

/* free_port — a loopback port that nobody listens on just now. */
int free_port(void);

#endif
