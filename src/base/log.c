/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/utf8.h"

#include "base/banned.h"

enum {
    LOG_LINE_MAX = 4096 /* PIPE_BUF: longer writes of two threads could mix in a pipe */
};

static const char *const level_names[] = {"DEBUG", "INFO", "WARN", "ERROR"};

const char *log_level_name(enum log_level level)
{
    return level_names[level];
}

bool log_level_of(struct str name, enum log_level *out)
{
    for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
        if (!str_eq_nocase(name, str_of(level_names[i])))
            continue;
        *out = (enum log_level)i;
        return true;
    }
    return false;
}

/*
 * Length of what must be escaped at u: controls of ASCII and of Latin-1 (a terminal obeys both),
 * each byte of text that is not UTF-8. 0: nothing.
 */
static size_t unsafe(const unsigned char *u, size_t n, bool is_utf8)
{
    if (u[0] < 0x20 || u[0] == 0x7f || (u[0] >= 0x80 && !is_utf8))
        return 1;
    return n > 1 && u[0] == 0xc2 && u[1] < 0xa0 ? 2 : 0;
}

static void put_quoted(struct buf *b, struct str s)
{
    bool is_utf8 = utf8_valid(s);

    buf_putc(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        const unsigned char *u = (const unsigned char *)s.p + i;
        size_t length = unsafe(u, s.n - i, is_utf8);

        if (length > 0) {
            i += length - 1;
            buf_printf(b, "\\u%04X", u[length - 1]);
            continue;
        }
        if (*u == '"' || *u == '\\')
            buf_putc(b, '\\');
        buf_putc(b, (char)*u);
    }
    buf_putc(b, '"');
}

/* Needs no quotes in a text line. */
static bool is_plain(struct str s)
{
    bool is_utf8 = utf8_valid(s);

    for (size_t i = 0; i < s.n; i++) {
        const unsigned char *u = (const unsigned char *)s.p + i;

        if (*u == ' ' || *u == '"' || *u == '\\' || unsafe(u, s.n - i, is_utf8) > 0)
            return false;
    }
    return s.n > 0;
}

static void put_value(struct buf *b, const struct log_field *f, bool is_json)
{
    if (!f->text.p)
        buf_append_i64(b, f->number);
    else if (!is_json && is_plain(f->text))
        buf_append_str(b, f->text);
    else
        put_quoted(b, f->text);
}

static void put_text(struct buf *b, const struct log *log, enum log_level level,
                     const char *event, const struct log_field *fields)
{
    instant_format(b, clock_real_ns(), 6);
    buf_printf(b, " %-5s", level_names[level]);
    if (log->server_id)
        buf_printf(b, " %s", log->server_id);
    buf_printf(b, " %s", event);
    for (const struct log_field *f = fields; f->name; f++) {
        buf_printf(b, " %s=", f->name);
        put_value(b, f, false);
    }
}

static void put_json(struct buf *b, const struct log *log, enum log_level level,
                     const char *event, const struct log_field *fields)
{
    buf_append_c(b, "{\"time\":\"");
    instant_format(b, clock_real_ns(), 6);
    buf_printf(b, "\",\"level\":\"%s\"", level_names[level]);
    if (log->server_id) {
        buf_append_c(b, ",\"server\":");
        put_quoted(b, str_of(log->server_id));
    }
    buf_printf(b, ",\"event\":\"%s\"", event);
    for (const struct log_field *f = fields; f->name; f++) {
        buf_printf(b, ",\"%s\":", f->name);
        put_value(b, f, true);
    }
    buf_putc(b, '}');
}

static void put_line(struct buf *b, const struct log *log, enum log_level level,
                     const char *event, const struct log_field *fields)
{
    if (log->format == LOG_FORMAT_JSON)
        put_json(b, log, level, event, fields);
    else
        put_text(b, log, level, event, fields);
    buf_putc(b, '\n');
}

void log_event(const struct log *log, enum log_level level, const char *event,
               const struct log_field *fields)
{
    const struct log_field too_long[] = {LOG_C("of", event), LOG_END};
    struct buf b;
    ssize_t written;

    buf_init(&b, LOG_LINE_MAX);
    put_line(&b, log, level, event, fields);
    if (!buf_ok(&b)) {
        buf_reset(&b);
        put_line(&b, log, level, "log.line_too_long", too_long);
    }
    /* A log that cannot be written has nowhere to complain to. */
    written = write(log->fd, b.p, b.n);
    (void)written;
    buf_release(&b);
}
