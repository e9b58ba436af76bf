/*
 * `reuse-chat verify`: whether what is stored fits together, and fits what the topic holds. It reads a
 * page at a time and changes nothing, so it may run beside servers and on a copy.
 * SPDX-License-Identifier: MIT
 */
#ifndef VERIFY_VERIFY_H
#define VERIFY_VERIFY_H

#include "generated/c/verify.h"

enum {
    VERIFY_TAIL =
        1000, /* records of each partition that are compared, if nothing else is said */
    VERIFY_TAIL_MAX = 10000,
    VERIFY_OUTBOX_AGE_S = 60 /* older rows are a finding: a relay takes them after 15 s */
};

struct verify_config {
    struct str database_url;
    struct str brokers; /* empty: the topic is not looked at */
    struct str client_id;
    const char *topic;
    int64_t tail; /* 1..VERIFY_TAIL_MAX */
};

/*
 * verify_run — all checks. A check that cannot be made does not stop the others.
 * out:    *out, its texts and arrays in a
 * thread: any, which waits; the database library was started
 */
void verify_run(const struct verify_config *config, struct arena *a,
                struct verify_report *out);

/* verify_print — the report for people. */
void verify_print(const struct verify_report *report, struct buf *out);

#endif
