/*
 * What the checks share: a connection, a page of memory, and the report that they fill.
 * SPDX-License-Identifier: MIT
 */
#ifndef VERIFY_RUN_INTERNAL_H
#define VERIFY_RUN_INTERNAL_H

#include "codec/event.h"
#include "db/db.h"
#include "generated/c/dao_verify.h"
#include "verify/verify.h"

enum {
    VERIFY_FINDINGS_MAX = 100, /* of a check, told one by one; more are counted */
    VERIFY_PAGE = 100,
};

/* As in verify.proto, in the order in which they are made. */
enum verify_kind {
    VERIFY_SEQ,
    VERIFY_LAST_SEQ,
    VERIFY_MARKERS,
    VERIFY_ORPHANS,
    VERIFY_KEYS,
    VERIFY_IDS,
    VERIFY_OUTBOX,
    VERIFY_TO_DATABASE,
    VERIFY_TO_TOPIC,
    VERIFY_N
};

struct verify {
    const struct verify_config *config;
    struct db *db;
    struct arena *out; /* of the report */
    struct arena page; /* reset with each page */
    struct verify_check checks[VERIFY_N];
    struct verify_finding findings[VERIFY_N][VERIFY_FINDINGS_MAX];
};

/* verify_find — a finding; room without a value: in none. */
__attribute__((format(printf, 4, 5))) void verify_find(struct verify *v,
                                                       enum verify_kind kind,
                                                       struct str room, const char *fmt,
                                                       ...);
/* verify_note — what else is to be known of a check; the last one counts. */
__attribute__((format(printf, 3, 4))) void
verify_note(struct verify *v, enum verify_kind kind, const char *fmt, ...);
/* verify_fail — the check could not be made, for that reason. */
void verify_fail(struct verify *v, enum verify_kind kind, const char *why);
/* verify_skip — the check was not asked for, or cannot tell anything. */
void verify_skip(struct verify *v, enum verify_kind kind, const char *why);

/* A page of rows after *after, which it moves on; *more_out: there may be another. */
typedef enum err verify_page_fn(struct verify *v, int64_t *after, bool *more_out,
                                void *ctx);
/* verify_pages — page after page. errors: of the page */
NODISCARD enum err verify_pages(struct verify *v, verify_page_fn *page, void *ctx);

/* A row of the outbox; records NULL: it cannot be read. */
typedef void verify_outbox_fn(struct verify *v, const struct dao_verify_outbox_row *row,
                              const struct event_record *records, size_t n, void *ctx);
/* verify_outbox — every row that waits. errors: ERR_DB_* */
NODISCARD enum err verify_outbox(struct verify *v, verify_outbox_fn *on_row, void *ctx);

/* verify_database — the checks that need nothing else; verify_topic — the two of the topic. */
void verify_database(struct verify *v);
void verify_topic(struct verify *v);

#endif
