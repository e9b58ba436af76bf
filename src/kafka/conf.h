/*
 * librdkafka's configuration from pairs of texts, with the settings that both our clients share and
 * its log lines turned into ours.
 * SPDX-License-Identifier: MIT
 */
#ifndef KAFKA_CONF_H
#define KAFKA_CONF_H

#include "kafka/link.h"

struct kafka_option {
    const char *name, *value;
};

/*
 * kafka_conf_new — shared settings, then options (ended by one without a name).
 * in:  link: NULL for a handle that nobody watches, which logs nothing
 * out: the caller's until rd_kafka_new takes it; NULL with why: a setting is refused
 */
rd_kafka_conf_t *kafka_conf_new(struct kafka_link *link,
                                const struct kafka_config *config,
                                const struct kafka_option *options, struct why *why);
/*
 * kafka_conf_new_member — the same for a consumer with config's group.id, whose errors go to link.
 * errors: also NULL if there is no group id, or one too long
 */
rd_kafka_conf_t *kafka_conf_new_member(struct kafka_link *link,
                                       const struct kafka_config *config,
                                       const struct kafka_option *options,
                                       struct why *why);
/* kafka_handle_new — takes conf in any case. out: NULL with why */
rd_kafka_t *kafka_handle_new(rd_kafka_type_t type, rd_kafka_conf_t *conf,
                             struct why *why);

#endif
