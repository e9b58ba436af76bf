/*
 * Records of ours to and from librdkafka's messages.
 * SPDX-License-Identifier: MIT
 */
#ifndef KAFKA_HEADERS_H
#define KAFKA_HEADERS_H

#include <librdkafka/rdkafka.h>

#include "codec/event.h"

/* headers_new — record's headers, copied. out: the caller's; NULL for none */
rd_kafka_headers_t *headers_new(const struct event_record *record);

/*
 * record_view — message without error as a record that points into it.
 * out: valid until the message is destroyed. A message with more headers than a record holds loses
 *      those that are not of CloudEvents first.
 */
void record_view(const rd_kafka_message_t *message, struct event_record *out);

#endif
