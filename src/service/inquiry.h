/*
 * The mails that inquiries become: rows of the table are claimed, handed to a mail server elsewhere,
 * and settled. A claim is a time: until then no other server takes the row, after it anyone does.
 * SPDX-License-Identifier: MIT
 */
#ifndef SERVICE_INQUIRY_H
#define SERVICE_INQUIRY_H

#include "generated/c/err.h"
#include "work/work.h"

enum {
    INQUIRY_ATTEMPTS_MAX = 20,
    INQUIRY_CLAIM_S = 120, /* longer than any mail takes */
};

/* A claimed inquiry as a mail. */
struct inquiry_mail {
    int64_t id;
    int32_t attempt;  /* 1 for the first */
    struct str email; /* of who asks; as it was given */
    struct str subject, body, message_id;
    int64_t asked_at_ns; /* real time */
};

/*
 * inquiry_take — claims up to max inquiries that are due.
 * in:     domain: right side of the message ids, which are the same at each attempt
 * out:    *mails_out, in a
 * errors: ERR_DB_*; nothing is claimed then
 * thread: worker, as all here
 */
NODISCARD enum err inquiry_take(struct work_ctx *ctx, uint32_t max, struct str domain,
                                struct arena *a, struct inquiry_mail **mails_out,
                                size_t *n_out);

/* inquiry_sent — the mail of an inquiry was taken by the mail server. errors: ERR_DB_*. again: same */
NODISCARD enum err inquiry_sent(struct work_ctx *ctx, int64_t id);

/*
 * inquiry_not_sent — it was not: puts the inquiry off, or gives it up after the last attempt.
 * in:     is_final: no attempt can do better; why ends in last_error
 * out:    *is_given_up
 * errors: ERR_DB_*
 * again:  same; no-op if the inquiry was claimed again meanwhile
 */
NODISCARD enum err inquiry_not_sent(struct work_ctx *ctx, int64_t id, int32_t attempt,
                                    bool is_final, struct str why, bool *is_given_up);

/* inquiry_waiting — how many are queued, counted up to 10,000. errors: ERR_DB_* */
NODISCARD enum err inquiry_waiting(struct work_ctx *ctx, int64_t *n_out);

/* inquiry_pause_s — seconds from a failed attempt to the next: a minute, doubled up to 6 hours. */
int64_t inquiry_pause_s(int32_t attempt);

#endif
