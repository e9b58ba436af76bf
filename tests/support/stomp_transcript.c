/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/stomp_transcript.h"

#include "base/banned.h"

static void put_visible(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c < 0x20 || c == 0x7f)
            buf_printf(b, "<%02x>", c);
        else
            buf_putc(b, s.p[i]);
    }
}

static const char *command_name(enum stomp_command command)
{
    static const char *const names[] = {
        [STOMP_CONNECT] = "CONNECT",
        [STOMP_SEND] = "SEND",
        [STOMP_SUBSCRIBE] = "SUBSCRIBE",
        [STOMP_UNSUBSCRIBE] = "UNSUBSCRIBE",
        [STOMP_ACK] = "ACK",
        [STOMP_NACK] = "NACK",
        [STOMP_BEGIN] = "BEGIN",
        [STOMP_COMMIT] = "COMMIT",
        [STOMP_ABORT] = "ABORT",
        [STOMP_DISCONNECT] = "DISCONNECT",
    };

    assert_in_range(command, STOMP_CONNECT, STOMP_DISCONNECT);
    return names[command];
}

/* Does what an endpoint does with accept-version; a header "refuse" makes it refuse the frame. */
static enum err on_frame(void *ctx, const struct stomp_frame *frame)
{
    struct transcript *run = ctx;
    enum stomp_version version;

    buf_append_c(&run->text, command_name(frame->command));
    for (size_t i = 0; i < frame->n_headers; i++) {
        buf_append_c(&run->text, " ");
        put_visible(&run->text, frame->headers[i].name);
        buf_append_c(&run->text, "=");
        put_visible(&run->text, frame->headers[i].value);
    }
    assert_non_null(frame->body.p);
    if (frame->body.n > 0) {
        buf_append_c(&run->text, " [");
        put_visible(&run->text, frame->body);
        buf_append_c(&run->text, "]");
    }
    buf_append_c(&run->text, "\n");
    if (stomp_header(frame, "refuse").p)
        return ERR_RATE_LIMITED;
    if (frame->command == STOMP_CONNECT &&
        stomp_negotiate_version(stomp_header(frame, "accept-version"), &version) ==
            ERR_OK)
        stomp_parser_set_version(run->parser, version);
    return ERR_OK;
}

void transcript_start(struct transcript *run, const struct stomp_limits *limits,
                      int version)
{
    *run = (struct transcript){.parser = stomp_parser_new(limits, on_frame, run)};
    buf_init(&run->text, 1 << 20);
    if (version != UNVERSIONED)
        stomp_parser_set_version(run->parser, (enum stomp_version)version);
}

void transcript_end(struct transcript *run)
{
    stomp_parser_free(&run->parser);
    assert_null(run->parser);
    stomp_parser_free(&run->parser); /* NULL is a no-op */
    buf_release(&run->text);
}

enum err transcript_feed(struct transcript *run, struct str piece)
{
    struct why why = {"nothing said"};
    char *copy = malloc(piece.n ? piece.n : 1);
    enum err rc;

    assert_non_null(copy);
    if (piece.n > 0)
        memcpy(copy, piece.p, piece.n);
    rc = stomp_parser_feed(run->parser, (struct str){copy, piece.n}, &why);
    free(copy);
    if (rc != ERR_OK && rc != ERR_RATE_LIMITED)
        assert_string_not_equal(why.text, "");
    return rc;
}

static void put_end(struct transcript *run, enum err rc)
{
    struct str receipt = stomp_parser_failed_receipt(run->parser);

    if (rc == ERR_OK) {
        buf_append_c(&run->text, stomp_parser_is_idle(run->parser) ? "" : "...\n");
        assert_null(receipt.p);
        return;
    }
    buf_printf(&run->text, "!%s", err_info(rc)->code);
    if (receipt.p) {
        buf_append_c(&run->text, " receipt=");
        put_visible(&run->text, receipt);
    }
    buf_append_c(&run->text, "\n");
    /* nothing is parsed after an error, and it stays */
    assert_int_equal(transcript_feed(run, STR("SEND\n\n\0")), rc);
}

static void check_text(const struct transcript *run, const char *expected,
                       const char *why, size_t cut)
{
    struct str got = buf_str(&run->text);

    if (!str_eq(got, str_of(expected)))
        fail_msg("%s\ncut at %zu\nexpected:\n%sgot:\n" STR_FMT, why, cut, expected,
                 STR_ARG(got));
}

/* cut: offset of the second feed; SIZE_MAX: each byte is a feed of its own */
static void check_cut(const struct stomp_limits *limits, const struct transcript_row *s,
                      size_t cut)
{
    struct transcript run;
    enum err rc = ERR_OK;

    transcript_start(&run, limits, s->version);
    if (cut == SIZE_MAX) {
        for (size_t i = 0; i < s->input.n && rc == ERR_OK; i++)
            rc = transcript_feed(&run, (struct str){s->input.p + i, 1});
    } else {
        rc = transcript_feed(&run, (struct str){s->input.p, cut});
        if (rc == ERR_OK)
            rc = transcript_feed(&run, str_from(s->input, cut));
    }
    put_end(&run, rc);
    check_text(&run, s->expected, s->why, cut);
    transcript_end(&run);
}

void transcript_check(const struct stomp_limits *limits,
                      const struct transcript_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t cut = 0; cut <= rows[i].input.n; cut++)
            check_cut(limits, &rows[i], cut);
        check_cut(limits, &rows[i], SIZE_MAX);
    }
}
