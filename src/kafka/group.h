/*
 * A member of a consumer group: one record at a time, whose offset is committed when it is dealt with.
 * Of all members one gets a record; it comes again, to whoever is left, if that one dies before.
 * SPDX-License-Identifier: MIT
 */
#ifndef KAFKA_GROUP_H
#define KAFKA_GROUP_H

#include "kafka/kafka.h"

struct kafka_group;

/*
 * kafka_group_new — joins config->group_id; a group without offsets begins with the oldest record.
 * in:     topic is copied; on_record: the record is valid until kafka_group_done, which lets the next
 *         one come
 * errors: NULL with why
 * thread: loop, as all here
 */
struct kafka_group *kafka_group_new(struct loop *loop, const struct kafka_config *config,
                                    const char *topic, kafka_record_fn *on_record,
                                    void *ctx, struct why *why);
/* kafka_group_done — the record handed over last is dealt with; also from within on_record. */
void kafka_group_done(struct kafka_group *g);
/* kafka_group_partitions — how many partitions are this member's; 0 while members come and go. */
size_t kafka_group_partitions(const struct kafka_group *g);
/* kafka_group_free — leaves the group, in at most two seconds; a record not dealt with comes again.
 * NULL is a no-op. Not from within on_record. */
void kafka_group_free(struct kafka_group **g);

#endif
