/* SPDX-License-Identifier: MIT */
#include "verify/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "verify/run_internal.h"

#include "base/banned.h"

enum {
    TEXT_MAX = 400,            /* bytes; the schema has more characters */
    READ_TIMEOUT_MS = 3600000, /* one statement counts the messages of a page of rooms */
    PAGE_BYTES_MAX = 256 << 20 /* a page of the outbox is the largest */
};

static const char *const names[VERIFY_N] = {
    [VERIFY_SEQ] = "seq",
    [VERIFY_LAST_SEQ] = "last_seq",
    [VERIFY_MARKERS] = "markers",
    [VERIFY_ORPHANS] = "orphans",
    [VERIFY_KEYS] = "idempotency_keys",
    [VERIFY_IDS] = "message_ids",
    [VERIFY_OUTBOX] = "outbox",
    [VERIFY_TO_DATABASE] = "topic_to_database",
    [VERIFY_TO_TOPIC] = "database_to_topic",
};

__attribute__((format(printf, 2, 0))) static struct str
text_of(struct verify *v, const char *fmt, va_list args)
{
    char text[TEXT_MAX];
    int n = vsnprintf(text, sizeof(text), fmt, args);
    size_t end = (size_t)n;

    BUG_ON(n < 0);
    if (end >= sizeof(text)) /* cut, with its last character whole */
        for (end = sizeof(text) - 1;
             end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80;)
            end--;
    return arena_dup(v->out, (struct str){text, end});
}

void verify_find(struct verify *v, enum verify_kind kind, struct str room,
                 const char *fmt, ...)
{
    struct verify_check *check = &v->checks[kind];
    va_list args;

    check->found++;
    if (check->n_findings == VERIFY_FINDINGS_MAX)
        return;
    va_start(args, fmt);
    v->findings[kind][check->n_findings++] =
        (struct verify_finding){.room = room.p ? arena_dup(v->out, room) : STR_NULL,
                                .text = text_of(v, fmt, args)};
    va_end(args);
}

void verify_note(struct verify *v, enum verify_kind kind, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    v->checks[kind].note = text_of(v, fmt, args);
    va_end(args);
}

void verify_fail(struct verify *v, enum verify_kind kind, const char *why)
{
    v->checks[kind].state = STR("failed");
    verify_note(v, kind, "%s", why);
}

void verify_skip(struct verify *v, enum verify_kind kind, const char *why)
{
    v->checks[kind].state = STR("skipped");
    verify_note(v, kind, "%s", why);
}

enum err verify_pages(struct verify *v, verify_page_fn *page, void *ctx)
{
    int64_t after = 0;
    bool more = true;
    enum err rc = ERR_OK;

    while (rc == ERR_OK && more) {
        arena_reset(&v->page);
        rc = page(v, &after, &more, ctx);
    }
    return rc;
}

/* Findings count more than what could not be looked at: whoever asks has something to do. */
static struct str judge(struct verify *v)
{
    struct str result = STR("sound");

    for (size_t i = 0; i < VERIFY_N; i++) {
        struct verify_check *c = &v->checks[i];

        if (c->found > 0)
            return STR("findings");
        if (str_eq(c->state, STR("failed")))
            result = STR("unchecked");
    }
    return result;
}

static void begin(struct verify *v)
{
    for (size_t i = 0; i < VERIFY_N; i++)
        v->checks[i] =
            (struct verify_check){.name = str_of(names[i]), .state = STR("sound")};
}

static void end(struct verify *v, struct verify_report *out)
{
    struct verify_check *checks = ARENA_ARRAY(v->out, struct verify_check, VERIFY_N);

    for (size_t i = 0; i < VERIFY_N; i++) {
        struct verify_finding *list =
            ARENA_ARRAY(v->out, struct verify_finding, v->checks[i].n_findings);

        checks[i] = v->checks[i];
        if (checks[i].n_findings > 0)
            memcpy(list, v->findings[i], checks[i].n_findings * sizeof(*list));
        checks[i].findings = list;
        if (checks[i].found > 0 && !str_eq(checks[i].state, STR("failed")))
            checks[i].state = STR("findings");
    }
    *out = (struct verify_report){judge(v), checks, VERIFY_N};
}

void verify_run(const struct verify_config *config, struct arena *a,
                struct verify_report *out)
{
    struct verify *v = mem_zalloc(sizeof(*v));

    v->config = config;
    v->out = a;
    arena_init(&v->page, PAGE_BYTES_MAX);
    v->db = db_new(&(struct db_config){.url = config->database_url,
                                       .read_timeout_ms = READ_TIMEOUT_MS});
    begin(v);
    verify_database(v);
    verify_topic(v);
    end(v, out);
    db_free(&v->db);
    arena_release(&v->page);
    free(v);
}

/* --- for people --------------------------------------------------------------------------- */

static void print_check(const struct verify_check *c, struct buf *out)
{
    char line[128];

    snprintf(line, sizeof(line), "%-18.*s %-8.*s", (int)c->name.n, c->name.p,
             (int)c->state.n, c->state.p);
    buf_append_c(out, line);
    if (c->examined > 0) {
        snprintf(line, sizeof(line), "%9lld examined", (long long)c->examined);
        buf_append_c(out, line);
    }
    if (c->found > 0) {
        snprintf(line, sizeof(line), ", %lld found", (long long)c->found);
        buf_append_c(out, line);
    }
    if (c->note.p) {
        buf_append_c(out, "; ");
        buf_append_str(out, c->note);
    }
    buf_putc(out, '\n');
    for (size_t i = 0; i < c->n_findings; i++) {
        buf_append_c(out, "  ");
        if (c->findings[i].room.p) {
            buf_append_c(out, "room ");
            buf_append_str(out, c->findings[i].room);
            buf_append_c(out, ": ");
        }
        buf_append_str(out, c->findings[i].text);
        buf_putc(out, '\n');
    }
}

void verify_print(const struct verify_report *report, struct buf *out)
{
    for (size_t i = 0; i < report->n_checks; i++)
        print_check(&report->checks[i], out);
    buf_append_str(out, report->result);
    buf_putc(out, '\n');
}
