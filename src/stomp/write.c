/* SPDX-License-Identifier: MIT */
#include "stomp/command_internal.h"

#include "base/banned.h"

void stomp_write_begin(struct buf *b, enum stomp_command command)
{
    buf_append_str(b, stomp_command_word(command));
    buf_putc(b, '\n');
}

/* The frame being written starts behind the last NUL, or behind the EOLs of heart-beats. */
static bool is_connected_frame(const struct buf *b)
{
    const char *nul = b->n ? memrchr(b->p, '\0', b->n) : NULL;
    struct str frame = str_from(buf_str(b), nul ? (size_t)(nul - b->p) + 1 : 0);

    while (frame.n > 0 && frame.p[0] == '\n')
        frame = str_from(frame, 1);
    return str_starts(frame, STR("CONNECTED\n"));
}

/*
 * What c becomes in a value: itself, an escape ("\\c"), or '?' where the version has no way to
 * write it and it would end the line or the frame.
 */
static void put_octet(struct buf *b, char c, enum stomp_version version)
{
    bool has_escapes = version != STOMP_V10;

    if (c == '\0' || (c == '\n' && !has_escapes))
        buf_putc(b, '?');
    else if (c == '\n')
        buf_append(b, "\\n", 2);
    else if (c == '\r' && version == STOMP_V12)
        buf_append(b, "\\r", 2);
    else if (c == ':' && has_escapes)
        buf_append(b, "\\c", 2);
    else if (c == '\\' && has_escapes)
        buf_append(b, "\\\\", 2);
    else
        buf_putc(b, c);
}

static size_t plain_prefix(struct str s)
{
    size_t n = 0;

    while (n < s.n && s.p[n] != '\0' && s.p[n] != '\n' && s.p[n] != '\r' &&
           s.p[n] != ':' && s.p[n] != '\\')
        n++;
    return n;
}

void stomp_write_header(struct buf *b, enum stomp_version version, const char *name,
                        struct str value)
{
    size_t plain = plain_prefix(value);

    if (plain < value.n && is_connected_frame(b))
        version = STOMP_V10;
    buf_append_c(b, name);
    buf_putc(b, ':');
    buf_append(b, value.p, plain);
    for (size_t i = plain; i < value.n; i++)
        put_octet(b, value.p[i], version);
    buf_putc(b, '\n');
}

void stomp_write_header_i64(struct buf *b, const char *name, int64_t value)
{
    buf_append_c(b, name);
    buf_putc(b, ':');
    buf_append_i64(b, value);
    buf_putc(b, '\n');
}

void stomp_write_body(struct buf *b, struct str body)
{
    if (body.n > 0)
        stomp_write_header_i64(b, "content-length", (int64_t)body.n);
    buf_putc(b, '\n');
    buf_append_str(b, body);
    buf_putc(b, '\0');
}
