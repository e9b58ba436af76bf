/* SPDX-License-Identifier: MIT */
#include "app/mailer.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "mail/mail.h"
#include "service/inquiry.h"

#include "base/banned.h"

enum {
    LOOK_EVERY_MS = 10000,
    SETTLE_AGAIN_MS = 200,
    MAILS_A_ROUND = 20
};

struct mailer {
    struct hub *hub;
    struct mail_config config;
    struct work_pool *pool; /* one thread; NULL: nothing is sent */
    struct loop_timer *timer;
    bool is_looking, must_look, is_failing;
    atomic_bool is_stopping, is_dropped; /* also read by the worker */
};

struct round {
    struct work_job job;
    struct mailer *mailer;
    enum err rc;
    size_t n_taken;
    uint64_t n_sent, n_failed;
    int64_t waiting;
};

/* --- on the worker ------------------------------------------------------------------------ */

/* A claimed inquiry and what became of it. */
struct letter {
    const struct inquiry_mail *mail;
    bool is_sent, is_final; /* is_final: no attempt can do better */
    bool is_given_up;
    struct why why;
};

static void send_letter(const struct mailer *m, struct letter *l)
{
    const struct settings *settings = m->hub->settings;
    const struct mail mail = {
        .from = settings->mail_from,
        .to = settings->inquiry_to,
        .reply_to = mail_address_is_valid(l->mail->email) ? l->mail->email : STR(""),
        .subject = l->mail->subject,
        .body = l->mail->body,
        .id = l->mail->message_id,
        .date_ns = l->mail->asked_at_ns,
    };
    enum err rc = mail_send(&m->config, &mail, &m->is_dropped, &l->why);

    l->is_sent = rc == ERR_OK;
    l->is_final = rc != ERR_OK && rc != ERR_UNAVAILABLE;
}

static enum err settle_once(struct work_ctx *ctx, struct letter *l)
{
    if (l->is_sent)
        return inquiry_sent(ctx, l->mail->id);
    return inquiry_not_sent(ctx, l->mail->id, l->mail->attempt, l->is_final,
                            str_of(l->why.text), &l->is_given_up);
}

/* Until the database takes it: forgotten, a mail that was sent would go out again. */
static enum err settle(const struct mailer *m, struct work_ctx *ctx, struct letter *l)
{
    const struct timespec pause = {0, SETTLE_AGAIN_MS * NS_PER_MS};
    bool is_told = false;
    enum err rc;

    while ((rc = settle_once(ctx, l)) != ERR_OK && !atomic_load(&m->is_dropped)) {
        if (!is_told)
            LOG_WARN(ctx->log, "inquiry.not_settled", LOG_INT("inquiry", l->mail->id),
                     LOG_C("error", err_info(rc)->code));
        is_told = true;
        nanosleep(&pause, NULL);
    }
    return rc;
}

static void tell(const struct log *log, const struct letter *l)
{
    if (l->is_sent)
        LOG_INFO(log, "inquiry.sent", LOG_INT("inquiry", l->mail->id),
                 LOG_INT("attempt", l->mail->attempt));
    else if (l->is_given_up)
        LOG_ERROR(log, "inquiry.failed", LOG_INT("inquiry", l->mail->id),
                  LOG_INT("attempt", l->mail->attempt), LOG_C("why", l->why.text));
    else
        LOG_WARN(log, "inquiry.not_sent", LOG_INT("inquiry", l->mail->id),
                 LOG_INT("attempt", l->mail->attempt), LOG_C("why", l->why.text));
}

/* One mail from its row to the mail server and back. */
static enum err send_next(struct round *round, struct work_ctx *ctx, size_t *n_out)
{
    struct str from = round->mailer->hub->settings->mail_from;
    struct inquiry_mail *mails;
    struct letter l = {.why = {.text = ""}};
    enum err rc;

    rc = inquiry_take(ctx, 1, str_from(from, str_find(from, '@') + 1), &ctx->arena,
                      &mails, n_out);
    if (rc != ERR_OK || *n_out == 0)
        return rc;
    l.mail = mails;
    send_letter(round->mailer, &l);
    rc = settle(round->mailer, ctx, &l);
    if (rc != ERR_OK)
        return rc;
    tell(ctx->log, &l);
    round->n_sent += l.is_sent;
    round->n_failed += l.is_given_up;
    return ERR_OK;
}

static void round_run(struct work_job *job, struct work_ctx *ctx)
{
    struct round *round = (struct round *)job;
    const struct mailer *m = round->mailer;
    size_t n = m->pool ? 1 : 0;

    while (round->rc == ERR_OK && n > 0 && round->n_taken < MAILS_A_ROUND &&
           !atomic_load(&m->is_stopping)) {
        round->rc = send_next(round, ctx, &n);
        round->n_taken += n;
    }
    if (round->rc == ERR_OK)
        round->rc = inquiry_waiting(ctx, &round->waiting);
}

/* --- on the loop -------------------------------------------------------------------------- */

static void note(struct mailer *m, const struct round *round)
{
    struct hub_stats *stats = &m->hub->stats;

    stats->inquiries_sent += round->n_sent;
    stats->inquiries_failed += round->n_failed;
    if (round->rc == ERR_OK)
        stats->inquiries_queued = (uint64_t)round->waiting;
    else if (!m->is_failing)
        LOG_WARN(m->hub->log, "inquiry.look_failed",
                 LOG_C("error", err_info(round->rc)->code));
    m->is_failing = round->rc != ERR_OK;
}

static void look_later(struct mailer *m)
{
    if (!m->is_looking && !atomic_load(&m->is_stopping))
        loop_timer_start(m->timer, m->must_look ? 0 : LOOK_EVERY_MS, 0);
}

static void round_done(struct work_job *job)
{
    struct round *round = (struct round *)job;
    struct mailer *m = round->mailer;

    m->is_looking = false;
    m->must_look = m->must_look || round->n_taken == MAILS_A_ROUND;
    note(m, round);
    free(round);
    look_later(m);
}

static void look(void *arg)
{
    struct mailer *m = arg;
    struct round *round = mem_zalloc(sizeof(*round));
    enum err rc;

    round->job = (struct work_job){.run = round_run, .done = round_done};
    round->mailer = m;
    m->is_looking = true;
    m->must_look = false;
    rc = work_submit(m->pool ? m->pool : m->hub->pool, 0, &round->job);
    if (rc == ERR_OK)
        return; /* the round is the worker's now */
    round->rc = rc;
    round_done(&round->job);
}

static void on_inquiry(void *ctx)
{
    struct mailer *m = ctx;

    m->must_look = true;
    look_later(m);
}

struct mailer *mailer_new(struct hub *hub)
{
    const struct settings *settings = hub->settings;
    struct mailer *m = mem_zalloc(sizeof(*m));

    m->hub = hub;
    m->config = (struct mail_config){.url = settings->mail_url,
                                     .ca_file = settings->mail_ca_file};
    if (settings->mail_url.n > 0)
        m->pool = work_pool_new(
            hub->loop,
            &(struct work_config){.threads = 1,
                                  .queue_max = 1,
                                  .name = "mailer",
                                  .db = {.url = settings->database_url, .log = hub->log},
                                  .log = hub->log});
    m->timer = loop_timer_new(hub->loop, look, m);
    hub->on_inquiry = on_inquiry;
    hub->on_inquiry_ctx = m;
    look(m);
    return m;
}

void mailer_stop(struct mailer *m)
{
    atomic_store(&m->is_stopping, true);
    loop_timer_stop(m->timer);
}

bool mailer_is_busy(const struct mailer *m)
{
    return m->is_looking;
}

void mailer_drop(struct mailer *m)
{
    if (!m)
        return;
    mailer_stop(m);
    atomic_store(&m->is_dropped, true);
    m->hub->on_inquiry = NULL;
    work_pool_free(&m->pool);
}

void mailer_free(struct mailer **m)
{
    struct mailer *old = *m;

    if (!old)
        return;
    *m = NULL;
    loop_timer_free(&old->timer);
    free(old);
}
