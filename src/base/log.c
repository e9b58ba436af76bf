/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

#include "base/banned.h"

enum {
    LOG_LINE_MAX = 8192
};

static const char *const level_names[] = {"DEBUG", "INFO", "WARN", "ERROR"};

static void put_quoted(struct buf *b, struct str s)
{
    buf_putc(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c == '"' || c == '\\')
            buf_printf(b, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            buf_printf(b, "\\u%04X", c);
        else
            buf_putc(b, (char)c);
    }
    buf_putc(b, '"');
}

static bool is_plain(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == '"' || s.p[i] == '\\' ||
            s.p[i] == 0x7f)
            return false;
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

void log_event(const struct log *log, enum log_level level, const char *event,
               const struct log_field *fields)
{
    struct buf b;
    ssize_t written;

    buf_init(&b, LOG_LINE_MAX);
    if (log->format == LOG_FORMAT_JSON)
        put_json(&b, log, level, event, fields);
    else
        put_text(&b, log, level, event, fields);
    if (!buf_ok(&b)) {
        buf_reset(&b);
        buf_printf(&b,
                   "{\"level\":\"ERROR\",\"event\":\"log.line_too_long\",\"of\":\"%s\"}",
                   event);
    }
    buf_putc(&b, '\n');
    /* A log that cannot be written has nowhere to complain to. */
    written = write(log->fd, b.p, b.n);
    (void)written;
    buf_release(&b);
}
