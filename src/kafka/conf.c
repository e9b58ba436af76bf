/* SPDX-License-Identifier: MIT */
#include "kafka/conf.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum {
    VALUE_MAX = 1024,
    SYSLOG_CRIT = 2 /* syslog.h has names that are ours here */
};

/* Any thread of librdkafka. A broken connection gets one WARN line from the link, and a fatal error
 * one from the producer, so that the many lines that librdkafka has for them are for debugging. */
static void on_log(const rd_kafka_t *rk, int level, const char *facility,
                   const char *text)
{
    const struct kafka_link *l = rd_kafka_opaque(rk);

    if (level <= SYSLOG_CRIT && strcmp(facility, "FATAL") != 0)
        LOG_ERROR(l->log, "kafka.library", LOG_C("role", l->role),
                  LOG_C("facility", facility), LOG_C("text", text));
    else
        LOG_DEBUG(l->log, "kafka.library", LOG_C("role", l->role),
                  LOG_C("facility", facility), LOG_C("text", text));
}

static bool set(rd_kafka_conf_t *conf, const char *name, const char *value,
                struct why *why)
{
    char text[200];

    if (rd_kafka_conf_set(conf, name, value, text, sizeof(text)) == RD_KAFKA_CONF_OK)
        return true;
    why_set(why, "kafka: %s: %s", name, text);
    return false;
}

static bool set_str(rd_kafka_conf_t *conf, const char *name, struct str value,
                    struct why *why)
{
    char text[VALUE_MAX];

    if (value.n >= sizeof(text)) {
        why_set(why, "kafka: %s is longer than %d bytes", name, VALUE_MAX - 1);
        return false;
    }
    snprintf(text, sizeof(text), STR_FMT, STR_ARG(value));
    return set(conf, name, text, why);
}

rd_kafka_conf_t *kafka_conf_new(struct kafka_link *link,
                                const struct kafka_config *config,
                                const struct kafka_option *options, struct why *why)
{
    static const struct kafka_option shared[] = {
        {"socket.nagle.disable", "true"},
        {"socket.keepalive.enable", "true"},
        /* A broker that hangs counts as lost after this long. */
        {"socket.timeout.ms", "10000"},
        {"reconnect.backoff.ms", "100"},
        {"reconnect.backoff.max.ms", "1000"},
        {"log.connection.close", "false"},
        {"allow.auto.create.topics", "true"},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    bool is_set;

    if (str_is_empty(config->brokers)) {
        why_set(why, "kafka: no brokers given");
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    is_set = set_str(conf, "bootstrap.servers", config->brokers, why) &&
             set_str(conf, "client.id", config->client_id, why);
    for (const struct kafka_option *o = shared; is_set && o->name; o++)
        is_set = set(conf, o->name, o->value, why);
    for (const struct kafka_option *o = options; is_set && o->name; o++)
        is_set = set(conf, o->name, o->value, why);
    if (!is_set) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    rd_kafka_conf_set_log_cb(conf, link ? on_log : NULL);
    if (link) {
        rd_kafka_conf_set_opaque(conf, link);
        link_conf(link, conf);
    }
    return conf;
}

/* Called by librdkafka inside of rd_kafka_consume_queue, on the loop. */
static void on_error(rd_kafka_t *rk, int err, const char *text, void *opaque)
{
    (void)rk;
    link_error(opaque, (rd_kafka_resp_err_t)err, text);
}

rd_kafka_conf_t *kafka_conf_new_member(struct kafka_link *link,
                                       const struct kafka_config *config,
                                       const struct kafka_option *options,
                                       struct why *why)
{
    rd_kafka_conf_t *conf;

    if (str_is_empty(config->group_id)) {
        why_set(why, "kafka: a consumer needs a group id");
        return NULL;
    }
    conf = kafka_conf_new(link, config, options, why);
    if (conf && !set_str(conf, "group.id", config->group_id, why)) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    if (conf)
        rd_kafka_conf_set_error_cb(conf, on_error);
    return conf;
}

rd_kafka_t *kafka_handle_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct why *why)
{
    char text[200];
    rd_kafka_t *rk = rd_kafka_new(type, conf, text, sizeof(text));

    if (rk)
        return rk;
    rd_kafka_conf_destroy(conf); /* still ours when rd_kafka_new fails */
    why_set(why, "kafka: %s", text);
    return NULL;
}
