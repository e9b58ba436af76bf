/* SPDX-License-Identifier: MIT */
#include "service/inquiry.h"

#include "base/clock.h"
#include "generated/c/dao_inquiry.h"

#include "base/banned.h"

enum {
    FIRST_PAUSE_S = 60,
    LAST_PAUSE_S = 6 * 3600,
    WHY_BYTES_MAX = 500,
    WAITING_MAX = 10000,
};

int64_t inquiry_pause_s(int32_t attempt)
{
    int64_t pause = FIRST_PAUSE_S;

    for (int32_t i = 1; i < attempt && pause < LAST_PAUSE_S; i++)
        pause *= 2;
    return pause < LAST_PAUSE_S ? pause : LAST_PAUSE_S;
}

/* In the order of the service that this one replaces: its readers' filters know the text. */
static struct inquiry_mail mail_of(const struct dao_inquiry_due_row *row,
                                   struct str domain, struct arena *a)
{
    return (struct inquiry_mail){
        .id = row->id,
        .attempt = row->attempts + 1,
        .email = row->email,
        .subject = arena_printf(a, "[문의]: " STR_FMT, STR_ARG(row->name)),
        .body =
            arena_printf(a, STR_FMT "\n 문의자: " STR_FMT "/" STR_FMT,
                         STR_ARG(row->message), STR_ARG(row->email), STR_ARG(row->phone)),
        /* With the time: two databases may mail from one domain. */
        .message_id =
            arena_printf(a, "inquiry.%lld.%lld@" STR_FMT, (long long)row->id,
                         (long long)(row->created_at / NS_PER_US), STR_ARG(domain)),
        .asked_at_ns = clock_real_of_civil_ns(row->created_at),
    };
}

static enum err claim(struct work_ctx *ctx, const struct dao_inquiry_due_row *rows,
                      size_t n, int64_t until)
{
    int64_t *ids = ARENA_ARRAY(&ctx->arena, int64_t, n);

    for (size_t i = 0; i < n; i++)
        ids[i] = rows[i].id;
    return dao_inquiry_claim(ctx->db,
                             &(struct dao_inquiry_claim_in){.has_next_attempt_at = true,
                                                            .next_attempt_at = until,
                                                            .ids = ids,
                                                            .n_ids = n},
                             NULL);
}

/* BEGIN was said; the caller commits or rolls back. */
static enum err take(struct work_ctx *ctx, uint32_t max, struct arena *a,
                     struct dao_inquiry_due_row **rows_out, size_t *n_out)
{
    int64_t now = clock_civil_ns(clock_real_ns());
    enum err rc =
        dao_inquiry_due(ctx->db, &(struct dao_inquiry_due_in){.now = now, .limit = max},
                        a, rows_out, n_out);

    if (rc == ERR_OK)
        rc = claim(ctx, *rows_out, *n_out, now + INQUIRY_CLAIM_S * NS_PER_S);
    return rc;
}

enum err inquiry_take(struct work_ctx *ctx, uint32_t max, struct str domain,
                      struct arena *a, struct inquiry_mail **mails_out, size_t *n_out)
{
    struct dao_inquiry_due_row *rows;
    size_t n = 0;
    enum err rc = db_begin(ctx->db);

    *n_out = 0;
    if (rc != ERR_OK)
        return rc;
    rc = take(ctx, max, a, &rows, &n);
    rc = db_end(ctx->db, rc);
    if (rc != ERR_OK)
        return rc;
    *mails_out = ARENA_ARRAY(a, struct inquiry_mail, n);
    for (size_t i = 0; i < n; i++)
        (*mails_out)[i] = mail_of(&rows[i], domain, a);
    *n_out = n;
    return ERR_OK;
}

enum err inquiry_sent(struct work_ctx *ctx, int64_t id)
{
    return dao_inquiry_sent(
        ctx->db,
        &(struct dao_inquiry_sent_in){
            .has_sent_at = true, .sent_at = clock_civil_ns(clock_real_ns()), .id = id},
        NULL);
}

/* A mail server may say anything; the column takes UTF-8. */
static struct str printable(struct str why, struct arena *a)
{
    size_t n = why.n < WHY_BYTES_MAX ? why.n : WHY_BYTES_MAX;
    char *text = arena_alloc(a, n);

    for (size_t i = 0; i < n; i++)
        text[i] = why.p[i] >= ' ' && why.p[i] <= '~' ? why.p[i] : '?';
    return (struct str){text, n};
}

enum err inquiry_not_sent(struct work_ctx *ctx, int64_t id, int32_t attempt,
                          bool is_final, struct str why, bool *is_given_up)
{
    int64_t now = clock_civil_ns(clock_real_ns());
    struct db_result result;
    enum err rc;

    *is_given_up = is_final || attempt >= INQUIRY_ATTEMPTS_MAX;
    rc = dao_inquiry_not_sent(
        ctx->db,
        &(struct dao_inquiry_not_sent_in){
            .id = id,
            .attempts = attempt,
            .state = *is_given_up ? STR("failed") : STR("queued"),
            .has_next_attempt_at = !*is_given_up,
            .next_attempt_at = now + inquiry_pause_s(attempt) * NS_PER_S,
            .last_error = printable(why, &ctx->arena)},
        &result);
    *is_given_up = *is_given_up && rc == ERR_OK && result.affected > 0;
    return rc;
}

enum err inquiry_waiting(struct work_ctx *ctx, int64_t *n_out)
{
    struct dao_inquiry_waiting_row row;
    enum err rc = dao_inquiry_waiting(
        ctx->db, &(struct dao_inquiry_waiting_in){.limit = WAITING_MAX}, &ctx->arena,
        &row);

    if (rc == ERR_OK)
        *n_out = row.waiting;
    return rc;
}
