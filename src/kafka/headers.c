/* SPDX-License-Identifier: MIT */
#include "kafka/headers.h"

#include "base/bug.h"

#include "base/banned.h"

rd_kafka_headers_t *headers_new(const struct event_record *record)
{
    rd_kafka_headers_t *headers;

    if (record->n_headers == 0)
        return NULL;
    headers = rd_kafka_headers_new(record->n_headers);
    for (size_t i = 0; i < record->n_headers; i++) {
        const struct event_header *h = &record->headers[i];

        BUG_ON(rd_kafka_header_add(headers, h->name.p, (ssize_t)h->name.n, h->value.p,
                                   (ssize_t)h->value.n) != RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    return headers;
}

static bool is_ours(struct str name)
{
    return str_starts(name, STR("ce_")) || str_eq(name, STR("content-type"));
}

static void view_headers(const rd_kafka_headers_t *headers, struct event_record *out)
{
    bool is_crowded = rd_kafka_header_cnt(headers) > EVENT_HEADERS_MAX;
    const char *name;
    const void *value;
    size_t n;

    for (size_t i = 0; out->n_headers < EVENT_HEADERS_MAX; i++) {
        if (rd_kafka_header_get_all(headers, i, &name, &value, &n) !=
            RD_KAFKA_RESP_ERR_NO_ERROR)
            return;
        if (is_crowded && !is_ours(str_of(name)))
            continue;
        out->headers[out->n_headers++] =
            (struct event_header){str_of(name), {value, value ? n : 0}};
    }
}

void record_view(const rd_kafka_message_t *message, struct event_record *out)
{
    rd_kafka_headers_t *headers;

    out->topic = str_of(rd_kafka_topic_name(message->rkt));
    out->key = (struct str){message->key, message->key ? message->key_len : 0};
    out->value = (struct str){message->payload, message->payload ? message->len : 0};
    out->n_headers = 0;
    out->partition = message->partition;
    out->offset = message->offset;
    if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR)
        view_headers(headers, out);
}
