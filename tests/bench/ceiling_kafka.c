/*
 * What Kafka takes at the most: messages of a chat's size, acks=all, a number of them under way.
 * SPDX-License-Identifier: MIT
 */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bug.h"
#include "base/clock.h"
#include "base/str.h"
#include "bench/hist.h"

#include "base/banned.h"

enum {
    VALUE_BYTES = 210
};

struct producing {
    uint64_t under_way, reported, failed;
    struct hist times;
};

static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    struct producing *p = opaque;

    (void)rk;
    p->under_way--;
    p->reported++;
    p->failed += m->err != RD_KAFKA_RESP_ERR_NO_ERROR;
    hist_add(&p->times, rd_kafka_message_latency(m) * NS_PER_US);
}

static rd_kafka_t *producer_new(const char *brokers, const char *linger_ms, void *opaque)
{
    const char *const settings[][2] = {
        {"bootstrap.servers", brokers},
        {"acks", "all"},
        {"linger.ms", linger_ms},
        {"socket.nagle.disable", "true"},
        {"queue.buffering.max.messages", "1000000"},
    };
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char why[200];
    rd_kafka_t *rk;

    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], why, sizeof(why)) !=
            RD_KAFKA_CONF_OK) {
            fprintf(stderr, "ceiling_kafka: %s\n", why);
            exit(64);
        }
    }
    rd_kafka_conf_set_opaque(conf, opaque);
    rd_kafka_conf_set_dr_msg_cb(conf, on_report);
    rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    if (!rk) {
        fprintf(stderr, "ceiling_kafka: %s\n", why);
        exit(69);
    }
    return rk;
}

static void produce(rd_kafka_t *rk, struct producing *p, uint64_t inflight,
                    double seconds)
{
    static char value[VALUE_BYTES];
    rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, "ceiling", NULL);
    int64_t until_ns = clock_mono_ns() + (int64_t)(seconds * NS_PER_S);
    char key[8];

    memset(value, 'x', sizeof(value));
    for (uint64_t i = 0; clock_mono_ns() < until_ns; i++) {
        int n = snprintf(key, sizeof(key), "%u", (unsigned)(i % 100));

        if (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, value,
                             sizeof(value), key, (size_t)n, NULL) == 0)
            p->under_way++;
        while (p->under_way >= inflight)
            rd_kafka_poll(rk, 100);
    }
    rd_kafka_topic_destroy(topic);
}

int main(int argc, char **argv)
{
    static struct producing p;
    double seconds;
    rd_kafka_t *rk;

    if (argc != 5) {
        fprintf(stderr, "usage: ceiling_kafka BROKERS INFLIGHT LINGER_MS SECONDS\n");
        return 64;
    }
    seconds = strtod(argv[4], NULL);
    rk = producer_new(argv[1], argv[3], &p);
    produce(rk, &p, strtoull(argv[2], NULL, 10), 0.5); /* connects, makes the topic */
    rd_kafka_flush(rk, 10000);
    p = (struct producing){.under_way = 0};
    produce(rk, &p, strtoull(argv[2], NULL, 10), seconds);
    printf("{\"per_s\": %.0f, \"p50_us\": %lld, \"p99_us\": %lld, \"failed\": %llu}\n",
           (double)p.reported / seconds,
           (long long)hist_quantile(&p.times, 0.5) / NS_PER_US,
           (long long)hist_quantile(&p.times, 0.99) / NS_PER_US,
           (unsigned long long)p.failed);
    rd_kafka_flush(rk, 10000);
    rd_kafka_destroy(rk);
    return p.failed > 0;
}
