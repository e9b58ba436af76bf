/*
 * A record of a Kafka topic without Kafka: key, CloudEvents 1.0 binary-mode headers, value.
 * What the producer sends, the outbox keeps and the consumer reads.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEC_EVENT_H
#define CODEC_EVENT_H

#include "base/arena.h"
#include "base/bug.h"
#include "base/why.h"
#include "generated/c/err.h"

enum {
    EVENT_HEADERS_MAX = 16
};

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
    struct str
        idempotency_key; /* ce_idempotencykey: of the SEND; p == NULL: none (no header) */
    bool is_foreign; /* decode only: a record without headers, of some other producer */
};

/* event_header — value of the last header of that name (Kafka: last wins); no value if absent. */
struct str event_header(const struct event_record *r, const char *name);

/* event_is_foreign — no header begins with "ce_": a plain JSON producer made it. */
bool event_is_foreign(const struct event_record *r);

struct pb_type;

/* What the schema says of one type of event; generated/c/envelope.c has them all. */
struct event_type {
    int kind;        /* enum event_kind */
    struct str type; /* ce_type: "reuse.chat.message.v1" */
    const char
        *source;     /* ce_source: "/chat/room/{roomUUID}", placeholders are JSON names */
    const char *key; /* name of the text field that is key and ce_subject: "room_uuid" */
    const struct pb_type *value;
};

/*
 * event_encode — the record of an event: key, CloudEvents headers, value in the given form.
 * in:     meta->topic, id, time_ns; sequence, users and server as far as they are known
 * out:    *out; what the encoder made lives in a, the rest where meta and value have it
 * errors: ERR_TOO_LARGE (arena ceiling)
 * thread: any
 */
NODISCARD enum err event_encode(const struct event_type *type,
                                const struct event_meta *meta, const void *value,
                                enum event_form form, struct arena *a,
                                struct event_record *out);

/*
 * event_meta_decode — the headers alone, to look at before a value is decoded.
 * out:    *out; a foreign record has only topic, is_foreign and id topic-partition-offset
 * errors: ERR_BODY_INVALID for a broken header (Kafka readers count it and go on), ERR_TOO_LARGE
 * thread: any
 */
NODISCARD enum err event_meta_decode(const struct event_record *in, struct arena *a,
                                     struct event_meta *out, struct why *why);

/*
 * event_decode — headers and value; content-type tells the value's form, without one it is JSON.
 * out:    *meta_out as event_meta_decode; *value_out a struct of type; both live in a and in `in`
 * errors: ERR_BODY_INVALID (also a ce_type of another event), ERR_TOO_LARGE; why tells more
 * thread: any
 */
NODISCARD enum err event_decode(const struct event_type *type,
                                const struct event_record *in, struct arena *a,
                                struct event_meta *meta_out, void *value_out,
                                struct why *why);

#endif
