/*
 * The library's handles inside ours, for tests that break them on purpose.
 * SPDX-License-Identifier: MIT
 */
#ifndef KAFKA_KAFKA_INTERNAL_H
#define KAFKA_KAFKA_INTERNAL_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "kafka/kafka.h"

rd_kafka_t *kafka_producer_native(struct kafka_producer *p);
rd_kafka_mock_cluster_t *kafka_mock_native(struct kafka_mock *m);

#endif
