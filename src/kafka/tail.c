/* SPDX-License-Identifier: MIT */
#include "kafka/tail.h"

#include <stdlib.h>

#include "base/clock.h"
#include "kafka/conf.h"
#include "kafka/headers.h"

#include "base/banned.h"

enum {
    CALL_TIMEOUT_MS = 10000,
    POLL_MS = 200,
    SILENCE_S = 20,    /* without a record: the broker is away */
    AT_BEGINNING = -2, /* special times of the protocol's request for offsets */
    AT_END = -1
};

struct reader {
    const struct kafka_tail *tail;
    rd_kafka_t *rk;
    struct kafka_tail_range *ranges; /* by partition */
    int n;
};

static bool fail(struct why *why, const struct reader *r, rd_kafka_resp_err_t err)
{
    why_set(why, "topic %s: %s", r->tail->topic, rd_kafka_err2str(err));
    return false;
}

static enum err open_handle(struct reader *r, struct why *why)
{
    const struct kafka_option options[] = {
        {"group.id", "reuse-chat-tail"}, /* needed by the library; nothing joins it */
        {"enable.auto.commit", "false"},       {"enable.partition.eof", "true"},
        {"allow.auto.create.topics", "false"}, {"auto.offset.reset", "error"},
        {"fetch.wait.max.ms", "10"},           {NULL, NULL},
    };
    rd_kafka_conf_t *conf = kafka_conf_new(NULL, r->tail->config, options, why);

    r->rk = conf ? kafka_handle_new(RD_KAFKA_CONSUMER, conf, why) : NULL;
    if (!r->rk)
        return ERR_UNAVAILABLE;
    rd_kafka_poll_set_consumer(r->rk);
    return ERR_OK;
}

static enum err count_partitions(struct reader *r, struct why *why)
{
    rd_kafka_topic_t *topic = rd_kafka_topic_new(r->rk, r->tail->topic, NULL);
    const struct rd_kafka_metadata *md = NULL;
    rd_kafka_resp_err_t err = rd_kafka_metadata(r->rk, 0, topic, &md, CALL_TIMEOUT_MS);
    bool is_answered = !err && md->topic_cnt == 1;

    if (is_answered)
        err = md->topics[0].err;
    if (is_answered && !err)
        r->n = md->topics[0].partition_cnt;
    if (md)
        rd_kafka_metadata_destroy(md);
    rd_kafka_topic_destroy(topic);
    if (r->n > 0)
        return ERR_OK;
    fail(why, r, err);
    return is_answered ? ERR_NOT_FOUND : ERR_UNAVAILABLE;
}

/* The offset of a time in each partition: the first record of then or later. */
static bool ask_offsets(struct reader *r, int64_t time_ms, int64_t *offsets,
                        struct why *why)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(r->n);
    rd_kafka_resp_err_t err;

    for (int i = 0; i < r->n; i++)
        rd_kafka_topic_partition_list_add(list, r->tail->topic, i)->offset = time_ms;
    err = rd_kafka_offsets_for_times(r->rk, list, CALL_TIMEOUT_MS);
    for (int i = 0; i < r->n; i++) {
        if (!err)
            err = list->elems[i].err;
        offsets[i] = list->elems[i].offset;
    }
    rd_kafka_topic_partition_list_destroy(list);
    return !err || fail(why, r, err);
}

static bool find_ranges(struct reader *r, struct why *why)
{
    size_t n = (size_t)r->n;
    int64_t *offsets = mem_zalloc(3 * n * sizeof(*offsets)); /* begin, end, since */
    const struct kafka_tail *t = r->tail;
    bool is_found =
        ask_offsets(r, AT_BEGINNING, offsets, why) &&
        ask_offsets(r, AT_END, offsets + n, why) &&
        (t->since_ms == 0 || ask_offsets(r, t->since_ms, offsets + 2 * n, why));

    r->ranges = mem_zalloc(n * sizeof(*r->ranges));
    for (size_t i = 0; is_found && i < n; i++) {
        int64_t begin = offsets[i], end = offsets[n + i], from = end - t->last;

        if (t->since_ms != 0) /* below 0: nothing is that young */
            from = offsets[2 * n + i] >= 0 ? offsets[2 * n + i] : end;
        r->ranges[i] = (struct kafka_tail_range){(int32_t)i, begin,
                                                 from > begin ? from : begin, end};
        if (t->on_range)
            t->on_range(t->ctx, &r->ranges[i]);
    }
    free(offsets);
    return is_found;
}

/* false: it is read to its end, and to where it ended when we asked. */
static bool is_unread(struct kafka_tail_range *range, const rd_kafka_message_t *m)
{
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF || m->offset + 1 >= range->end)
        return false;
    return true;
}

static void take(const struct reader *r, const rd_kafka_message_t *m)
{
    struct event_record record;

    if (m->err || m->offset >= r->ranges[m->partition].end)
        return;
    record_view(m, &record);
    r->tail->on_record(r->tail->ctx, &record);
}

static bool read_partition(struct reader *r, struct kafka_tail_range *range,
                           struct why *why)
{
    int64_t heard_ns = clock_mono_ns();
    bool is_reading = true;
    rd_kafka_message_t *m;

    while (is_reading) {
        m = rd_kafka_consumer_poll(r->rk, POLL_MS);
        if (!m && clock_mono_ns() - heard_ns > SILENCE_S * NS_PER_S)
            return fail(why, r, RD_KAFKA_RESP_ERR__TIMED_OUT);
        if (!m)
            continue;
        if (m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
            rd_kafka_message_destroy(m);
            return fail(why, r, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE);
        }
        /* other errors are told by what follows: records, or silence */
        if (!m->err || m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            heard_ns = clock_mono_ns();
            take(r, m);
            is_reading = is_unread(range, m);
        }
        rd_kafka_message_destroy(m);
    }
    return true;
}

static bool read_range(struct reader *r, struct kafka_tail_range *range, struct why *why)
{
    rd_kafka_topic_partition_list_t *list;
    rd_kafka_resp_err_t err;

    if (range->from >= range->end)
        return true;
    list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, r->tail->topic, range->partition)->offset =
        range->from;
    err = rd_kafka_assign(r->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    return err ? fail(why, r, err) : read_partition(r, range, why);
}

enum err kafka_tail_read(const struct kafka_tail *tail, struct why *why)
{
    struct reader r = {.tail = tail};
    enum err rc = open_handle(&r, why);

    if (rc == ERR_OK)
        rc = count_partitions(&r, why);
    if (rc == ERR_OK && !find_ranges(&r, why))
        rc = ERR_UNAVAILABLE;
    for (int i = 0; rc == ERR_OK && i < r.n; i++)
        if (!read_range(&r, &r.ranges[i], why))
            rc = ERR_UNAVAILABLE;
    if (r.rk) {
        rd_kafka_consumer_close(r.rk);
        rd_kafka_destroy(r.rk);
    }
    free(r.ranges);
    return rc;
}
