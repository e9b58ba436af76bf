/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "kafka/kafka_internal.h"
#include "kafka/mock_bind.h"

#include "base/banned.h"

enum {
    BROKER_ID = 1 /* the only one */
};

struct kafka_mock {
    rd_kafka_t *rk; /* the cluster needs one to live in; it connects nowhere */
    rd_kafka_mock_cluster_t *cluster;
};

rd_kafka_mock_cluster_t *kafka_mock_native(struct kafka_mock *m)
{
    return m->cluster;
}

static bool create_topics(struct kafka_mock *m, const char *const *topics,
                          size_t n_topics, struct why *why)
{
    for (size_t i = 0; i < n_topics; i++) {
        rd_kafka_resp_err_t err = rd_kafka_mock_topic_create(m->cluster, topics[i], 1, 1);

        if (err) {
            why_set(why, "kafka: mock topic %s: %s", topics[i], rd_kafka_err2str(err));
            return false;
        }
    }
    return true;
}

struct kafka_mock *kafka_mock_new(int port, const char *const *topics, size_t n_topics,
                                  struct why *why)
{
    struct kafka_mock *m = mem_zalloc(sizeof(*m));
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char text[200] = "";

    rd_kafka_conf_set_log_cb(conf, NULL); /* it would complain that it has no brokers */
    m->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
    if (!m->rk) {
        rd_kafka_conf_destroy(conf);
    } else {
        mock_bind_next_port(port);
        m->cluster = rd_kafka_mock_cluster_new(m->rk, 1);
        mock_bind_next_port(0);
    }
    if (!m->cluster)
        why_set(why, "kafka: mock broker: %s", text);
    else if (create_topics(m, topics, n_topics, why))
        return m;
    kafka_mock_free(&m);
    return NULL;
}

struct str kafka_mock_brokers(const struct kafka_mock *m)
{
    return str_of(rd_kafka_mock_cluster_bootstraps(m->cluster));
}

void kafka_mock_set_up(struct kafka_mock *m, bool is_up)
{
    if (is_up)
        (void)rd_kafka_mock_broker_set_up(m->cluster, BROKER_ID);
    else
        (void)rd_kafka_mock_broker_set_down(m->cluster, BROKER_ID);
}

void kafka_mock_free(struct kafka_mock **m_inout)
{
    struct kafka_mock *m = *m_inout;

    if (!m)
        return;
    if (m->cluster)
        rd_kafka_mock_cluster_destroy(m->cluster);
    if (m->rk)
        rd_kafka_destroy(m->rk);
    free(m);
    *m_inout = NULL;
}
