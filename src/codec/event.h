/*
 * A record of a Kafka topic without Kafka: key, CloudEvents 1.0 binary-mode headers, value.
 * What the producer sends, the outbox keeps and the consumer reads.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEC_EVENT_H
#define CODEC_EVENT_H

#include "base/str.h"

enum { EVENT_HEADERS_MAX = 16 };

struct event_header {
    struct str name, value;
};

struct event_record {
    struct str topic;
    struct str key;   /* p == NULL: none */
    struct str value; /* p == NULL: none (tombstone) */
    struct event_header headers[EVENT_HEADERS_MAX];
    size_t n_headers;
    /* consumer side only */
    int32_t partition;
    int64_t offset;
};

enum event_form {
    EVENT_JSON,
    EVENT_PROTOBUF,
};

/* What the CloudEvents headers of a record tell; encoders write it, decoders fill it. */
struct event_meta {
    struct str topic;    /* encode only: where to */
    struct str id;       /* ce_id: dedupe by it */
    int64_t time_ns;     /* ce_time: real time */
    int64_t sequence;    /* ce_sequence: place in the room; 0: none (no header) */
    struct str users[2]; /* ce_users: the members, decoded; p == NULL: none (no header) */
    struct str server;   /* ce_server: id of the server that made it */
    bool is_foreign;     /* decode only: a record without headers, of some other producer */
};

/* event_header — value of the last header of that name (Kafka: last wins); no value if absent. */
struct str event_header(const struct event_record *r, const char *name);

#endif
