/*
 * Tests of the STOMP parser. Each input is fed whole, byte by byte and cut at every position, and
 * must give the same transcript: frames as they come, then the error and the failed receipt.
 * SPDX-License-Identifier: MIT
 */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stomp/frame.h"

#include "base/banned.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const struct stomp_limits usual = {.frame_bytes = 65536,
                                          .connect_frame_bytes = 8192,
                                          .headers = 64,
                                          .header_bytes = 4096};
/* Small enough to be crossed in a table row. */
static const struct stomp_limits tight = {
    .frame_bytes = 40, .connect_frame_bytes = 24, .headers = 2, .header_bytes = 10};

enum {
    UNVERSIONED = -1
};

struct sentence {
    const char *why;
    int version; /* enum stomp_version, or UNVERSIONED: before CONNECT */
    struct str input;
    const char *transcript;
};

/* --- transcript --------------------------------------------------------------------------- */

struct run {
    struct stomp_parser *parser;
    struct buf text;
};

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
    struct run *run = ctx;
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

static void run_start(struct run *run, const struct stomp_limits *limits, int version)
{
    *run = (struct run){.parser = stomp_parser_new(limits, on_frame, run)};
    buf_init(&run->text, 1 << 20);
    if (version != UNVERSIONED)
        stomp_parser_set_version(run->parser, (enum stomp_version)version);
}

static void run_end(struct run *run)
{
    stomp_parser_free(&run->parser);
    assert_null(run->parser);
    stomp_parser_free(&run->parser); /* NULL is a no-op */
    buf_release(&run->text);
}

/* Feeds a copy of its own size, so that a sanitizer sees a read beyond it or after the feed. */
static enum err feed_copy(struct run *run, struct str piece)
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

static void put_end(struct run *run, enum err rc)
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
    assert_int_equal(feed_copy(run, STR("SEND\n\n\0")), rc);
}

static void check_text(const struct run *run, const char *expected, const char *why,
                       size_t cut)
{
    struct str got = buf_str(&run->text);

    if (!str_eq(got, str_of(expected)))
        fail_msg("%s\ncut at %zu\nexpected:\n%sgot:\n" STR_FMT, why, cut, expected,
                 STR_ARG(got));
}

/* cut: offset of the second feed; SIZE_MAX: each byte is a feed of its own */
static void check_cut(const struct stomp_limits *limits, const struct sentence *s,
                      size_t cut)
{
    struct run run;
    enum err rc = ERR_OK;

    run_start(&run, limits, s->version);
    if (cut == SIZE_MAX) {
        for (size_t i = 0; i < s->input.n && rc == ERR_OK; i++)
            rc = feed_copy(&run, (struct str){s->input.p + i, 1});
    } else {
        rc = feed_copy(&run, (struct str){s->input.p, cut});
        if (rc == ERR_OK)
            rc = feed_copy(&run, str_from(s->input, cut));
    }
    put_end(&run, rc);
    check_text(&run, s->transcript, s->why, cut);
    run_end(&run);
}

static void check_all(const struct stomp_limits *limits, const struct sentence *rows,
                      size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t cut = 0; cut <= rows[i].input.n; cut++)
            check_cut(limits, &rows[i], cut);
        check_cut(limits, &rows[i], SIZE_MAX);
    }
}

/* --- what is read ------------------------------------------------------------------------- */

static void test_good_frames_are_read(void **state)
{
    const struct sentence rows[] = {
        {"no headers, no body", STOMP_V12, STR("DISCONNECT\n\n\0"), "DISCONNECT\n"},
        {"headers and a body up to NUL", STOMP_V12,
         STR("SEND\ndestination:/a\nreceipt:r\n\n{\"x\":1}\0"),
         "SEND destination=/a receipt=r [{\"x\":1}]\n"},
        {"content-length octets are read whatever they hold", STOMP_V12,
         STR("SEND\ncontent-length:5\n\na\0\n\0b\0"),
         "SEND content-length=5 [a<00><0a><00>b]\n"},
        {"content-length 0", STOMP_V12, STR("SEND\ncontent-length:0\n\n\0"),
         "SEND content-length=0\n"},
        {"content-length with leading zeros is a number", STOMP_V12,
         STR("SEND\ncontent-length:0001\n\nx\0"), "SEND content-length=0001 [x]\n"},
        {"content-length of an empty body on a frame without one", STOMP_V12,
         STR("SUBSCRIBE\ncontent-length:0\n\n\0"), "SUBSCRIBE content-length=0\n"},
        {"the first of repeated headers counts, also of content-length", STOMP_V12,
         STR("SEND\ncontent-length:1\ncontent-length:1\ncontent-length:7\n\nx\0"),
         "SEND content-length=1 content-length=1 content-length=7 [x]\n"},
        {"a body may begin with an EOL and hold lines", STOMP_V12,
         STR("SEND\n\n\na:b\n\nc\0"), "SEND [<0a>a:b<0a><0a>c]\n"},
        {"several frames in one piece", STOMP_V12,
         STR("BEGIN\ntransaction:t\n\n\0COMMIT\ntransaction:t\n\n\0"),
         "BEGIN transaction=t\nCOMMIT transaction=t\n"},
        {"heart-beats before, between and behind frames", STOMP_V12,
         STR("\n\r\n\nABORT\n\n\0\n\r\n\n\nABORT\n\n\0\n\n"), "ABORT\nABORT\n"},
        {"a heart-beat alone", STOMP_V12, STR("\n"), ""},
        {"half a CRLF between frames is not a frame", STOMP_V12, STR("\n\r"), ""},
        {"STOMP is CONNECT", UNVERSIONED, STR("STOMP\n\n\0"), "CONNECT\n"},
        {"every client command", STOMP_V12,
         STR("SEND\n\n\0SUBSCRIBE\n\n\0UNSUBSCRIBE\n\n\0ACK\n\n\0NACK\n\n\0BEGIN\n\n\0"
             "COMMIT\n\n\0ABORT\n\n\0DISCONNECT\n\n\0"),
         "SEND\nSUBSCRIBE\nUNSUBSCRIBE\nACK\nNACK\nBEGIN\nCOMMIT\nABORT\nDISCONNECT\n"},
        {"header names are case sensitive", STOMP_V12,
         STR("SEND\nContent-Length:99\nDESTINATION:/a\n\nx\0"),
         "SEND Content-Length=99 DESTINATION=/a [x]\n"},
        {"a value may be empty", STOMP_V12, STR("SEND\nk:\n\n\0"), "SEND k=\n"},
        {"blanks are never trimmed (1.2)", STOMP_V12, STR("SEND\n k : v \t\n\n\0"),
         "SEND  k = v <09>\n"},
        {"blanks are never trimmed (1.0)", STOMP_V10, STR("SEND\n k : v \n\n\0"),
         "SEND  k = v \n"},
        {"only the first colon ends the name: old clients do not escape", STOMP_V11,
         STR("SEND\nk:a:b\n\n\0"), "SEND k=a:b\n"},
        {"names and values are UTF-8", STOMP_V12, STR("SEND\nключ:값😀\n\n한글\0"),
         "SEND ключ=값😀 [한글]\n"},
        {"a body is octets: its bad UTF-8 is somebody else's", STOMP_V12,
         STR("SEND\n\n\xff\xfe\0"), "SEND [\xff\xfe]\n"},
        {"an incomplete frame waits", STOMP_V12, STR("SEND\nk:v\n\nbody"), "...\n"},
        {"half a command waits", STOMP_V12, STR("SEN"), "...\n"},
        {"a counted body waits for its NUL", STOMP_V12,
         STR("SEND\ncontent-length:1\n\nx"), "...\n"},
    };

    (void)state;

    check_all(&usual, rows, LENGTH(rows));
}

static void test_versions_differ_as_the_texts_say(void **state)
{
    const struct sentence rows[] = {
        {"1.2 decodes all four escapes, in names too", STOMP_V12,
         STR("SEND\na\\cb:\\r\\n\\c\\\\\n\n\0"), "SEND a:b=<0d><0a>:\\\n"},
        {"1.1 decodes three", STOMP_V11, STR("SEND\na\\cb:\\n\\c\\\\\n\n\0"),
         "SEND a:b=<0a>:\\\n"},
        {"1.1 has no \\r", STOMP_V11, STR("SEND\nk:\\r\n\n\0"), "!malformed_frame\n"},
        {"1.0 has no escapes", STOMP_V10, STR("SEND\na\\cb:\\r\\n\\t\\\n\n\0"),
         "SEND a\\cb=\\r\\n\\t\\\n"},
        {"no escapes before a version", UNVERSIONED, STR("SEND\nk:\\n\\q\n\n\0"),
         "SEND k=\\n\\q\n"},
        {"no escapes in CONNECT, even when a version is set", STOMP_V12,
         STR("CONNECT\nk:\\n\\q\n\n\0"), "CONNECT k=\\n\\q\n"},
        {"an escaped backslash hides what follows", STOMP_V12, STR("SEND\nk:\\\\n\n\n\0"),
         "SEND k=\\n\n"},
        {"CRLF ends lines (1.2)", STOMP_V12, STR("SEND\r\nk:v\r\n\r\n\r\nx\0\r\n"),
         "SEND k=v [<0d><0a>x]\n"},
        {"CRLF ends lines (1.1: as the replaced service)", STOMP_V11,
         STR("SEND\r\nk:v\r\n\r\nx\0\r\n"), "SEND k=v [x]\n"},
        {"CRLF ends lines (1.0)", STOMP_V10, STR("SEND\r\nk:v\r\n\r\nx\0"),
         "SEND k=v [x]\n"},
        {"CRLF ends lines (before a version)", UNVERSIONED,
         STR("CONNECT\r\naccept-version:1.2\r\n\r\n\0"), "CONNECT accept-version=1.2\n"},
        {"LF and CRLF may be mixed", STOMP_V12, STR("SEND\r\na:b\nc:d\r\n\nx\0"),
         "SEND a=b c=d [x]\n"},
        {"a bare CR is an octet in 1.1", STOMP_V11, STR("SEND\nk:a\rb\n\n\0"),
         "SEND k=a<0d>b\n"},
        {"only one CR belongs to the EOL", STOMP_V10, STR("SEND\nk:a\r\r\n\n\0"),
         "SEND k=a<0d>\n"},
        {"a bare CR is malformed in 1.2", STOMP_V12, STR("SEND\nk:a\rb\n\n\0"),
         "!malformed_frame\n"},
        {"NACK came with 1.1", STOMP_V10, STR("NACK\n\n\0"), "!unsupported_command\n"},
        {"NACK in 1.1", STOMP_V11, STR("NACK\n\n\0"), "NACK\n"},
        {"the version set inside on_frame holds for the next frame of the same feed",
         UNVERSIONED,
         STR("CONNECT\naccept-version:1.1,1.2\nk:\\q\n\n\0SEND\nk:\\r\n\n\0"),
         "CONNECT accept-version=1.1,1.2 k=\\q\nSEND k=<0d>\n"},
        {"and 1.0 keeps having none", UNVERSIONED, STR("CONNECT\n\n\0SEND\nk:\\q\n\n\0"),
         "CONNECT\nSEND k=\\q\n"},
    };

    (void)state;

    check_all(&usual, rows, LENGTH(rows));
}

/* --- what is refused ---------------------------------------------------------------------- */

static void test_bad_frames_are_refused(void **state)
{
    const struct sentence rows[] = {
        {"commands are case sensitive", STOMP_V12, STR("send\n\n\0"),
         "!unsupported_command\n"},
        {"an unknown command", STOMP_V12, STR("FOO\n\n\0"), "!unsupported_command\n"},
        {"HTTP is not STOMP", UNVERSIONED, STR("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
         "!unsupported_command\n"},
        {"a command with a blank", STOMP_V12, STR("SEND \n\n\0"),
         "!unsupported_command\n"},
        {"a blank before the command", STOMP_V12, STR(" SEND\n\n\0"),
         "!unsupported_command\n"},
        {"a beginning of a command", STOMP_V12, STR("SEN\n\n\0"),
         "!unsupported_command\n"},
        {"a long first line is refused before its end", STOMP_V12, STR("UNSUBSCRIBERS"),
         "!unsupported_command\n"},
        {"CONNECTED is a server's", STOMP_V12, STR("CONNECTED\n\n\0"),
         "!unsupported_command\n"},
        {"MESSAGE is a server's", STOMP_V12, STR("MESSAGE\n\n\0"),
         "!unsupported_command\n"},
        {"RECEIPT is a server's", STOMP_V12, STR("RECEIPT\n\n\0"),
         "!unsupported_command\n"},
        {"ERROR is a server's", STOMP_V12, STR("ERROR\n\n\0"), "!unsupported_command\n"},
        {"NUL in the command", STOMP_V12, STR("SEND\0"), "!malformed_frame\n"},
        {"NUL instead of the blank line", STOMP_V12, STR("SEND\nreceipt:r\n\0"),
         "!malformed_frame receipt=r\n"},
        {"NUL in a header", STOMP_V12, STR("SEND\nk:a\0b\n\n\0"), "!malformed_frame\n"},
        {"a header without a colon", STOMP_V12, STR("SEND\nreceipt:r\nkey\n\n\0"),
         "!malformed_frame receipt=r\n"},
        {"a header without a name", STOMP_V12, STR("SEND\n:v\n\n\0"),
         "!malformed_frame\n"},
        {"an undefined escape in a value", STOMP_V12, STR("SEND\nk:\\t\n\n\0"),
         "!malformed_frame\n"},
        {"an undefined escape in a name", STOMP_V12, STR("SEND\n\\t:v\n\n\0"),
         "!malformed_frame\n"},
        {"an undefined escape after a defined one", STOMP_V11,
         STR("SEND\nk:\\c\\C\n\n\0"), "!malformed_frame\n"},
        {"a backslash that ends the value", STOMP_V12, STR("SEND\nk:v\\\n\n\0"),
         "!malformed_frame\n"},
        {"a backslash cut off by the colon", STOMP_V12, STR("SEND\nk\\:v\n\n\0"),
         "!malformed_frame\n"},
        {"a value that is not UTF-8", STOMP_V12, STR("SEND\nk:\xff\n\n\0"),
         "!malformed_frame\n"},
        {"a name cut inside a character", STOMP_V10, STR("SEND\n\xed\x95:v\n\n\0"),
         "!malformed_frame\n"},
        {"a surrogate in UTF-8", STOMP_V12, STR("SEND\nk:\xed\xa0\x80\n\n\0"),
         "!malformed_frame\n"},
        {"a bare CR between frames", STOMP_V10, STR("\r\rSEND\n\n\0"),
         "!malformed_frame\n"},
        {"a CR that is no EOL before a command", STOMP_V12, STR("\rSEND\n\n\0"),
         "!malformed_frame\n"},
        {"a body where none may be (content-length)", STOMP_V12,
         STR("SUBSCRIBE\nreceipt:r\ncontent-length:1\n\nx\0"),
         "!malformed_frame receipt=r\n"},
        {"a body where none may be (up to NUL)", STOMP_V12,
         STR("DISCONNECT\nreceipt:r\n\nx\0"), "!malformed_frame receipt=r\n"},
        {"a body in CONNECT", UNVERSIONED, STR("CONNECT\n\nx\0"), "!malformed_frame\n"},
        {"a body longer than its content-length", STOMP_V12,
         STR("SEND\nreceipt:r\ncontent-length:1\n\nxy\0"),
         "!malformed_frame receipt=r\n"},
        {"content-length with a sign", STOMP_V12, STR("SEND\ncontent-length:+1\n\nx\0"),
         "!malformed_frame\n"},
        {"a negative content-length", STOMP_V12, STR("SEND\ncontent-length:-1\n\nx\0"),
         "!malformed_frame\n"},
        {"content-length with a blank", STOMP_V12, STR("SEND\ncontent-length: 1\n\nx\0"),
         "!malformed_frame\n"},
        {"content-length without a number", STOMP_V12, STR("SEND\ncontent-length:\n\n\0"),
         "!malformed_frame\n"},
        {"content-length in hexadecimal", STOMP_V12,
         STR("SEND\ncontent-length:0x1\n\nx\0"), "!malformed_frame\n"},
        {"content-length above the limit, at once", STOMP_V12,
         STR("SEND\nreceipt:r\ncontent-length:65536\n\n"),
         "!frame_too_large receipt=r\n"},
        {"content-length above 2^64", STOMP_V12,
         STR("SEND\ncontent-length:18446744073709551617\n\nx\0"), "!frame_too_large\n"},
        {"content-length of 2^63 and more", STOMP_V12,
         STR("SEND\ncontent-length:9223372036854775808\n\n"), "!frame_too_large\n"},
        {"the failed receipt is the first one, decoded", STOMP_V12,
         STR("SEND\nreceipt:a\\cb\nreceipt:c\nbad\n\n\0"),
         "!malformed_frame receipt=a:b\n"},
        {"frames before the bad one count", STOMP_V12,
         STR("BEGIN\nreceipt:1\n\n\0SEND\nbad\n\n\0BEGIN\n\n\0"),
         "BEGIN receipt=1\n!malformed_frame\n"},
        {"what on_frame refuses ends it", STOMP_V12,
         STR("SEND\nreceipt:r\nrefuse:1\n\n\0SEND\n\n\0"),
         "SEND receipt=r refuse=1\n!rate_limited receipt=r\n"},
    };

    (void)state;

    check_all(&usual, rows, LENGTH(rows));
}

static void test_limits_hold_at_their_byte(void **state)
{
    const struct sentence rows[] = {
        {"a header line of the limit", STOMP_V12, STR("SEND\nk:12345678\n\n\0"),
         "SEND k=12345678\n"},
        {"a header line of the limit with CRLF", STOMP_V12,
         STR("SEND\r\nk:12345678\r\n\r\n\0"), "SEND k=12345678\n"},
        {"a header line one above", STOMP_V12, STR("SEND\nk:123456789\n\n\0"),
         "!header_limit\n"},
        {"a header line one above with CRLF", STOMP_V12, STR("SEND\nk:123456789\r\n\n\0"),
         "!header_limit\n"},
        {"a header line two above, without an end", STOMP_V12, STR("SEND\nk:1234567890"),
         "!header_limit\n"},
        {"a header line above, with the receipt before it", STOMP_V12,
         STR("SEND\nreceipt:r\nk:123456789\n\n\0"), "!header_limit receipt=r\n"},
        {"a NUL in a line that is too long comes first", STOMP_V12,
         STR("SEND\nk:1\0"
             "234567890\n\n\0"),
         "!malformed_frame\n"},
        {"headers of the limit", STOMP_V12, STR("SEND\na:1\nb:2\n\n\0"),
         "SEND a=1 b=2\n"},
        {"a header too many", STOMP_V12, STR("SEND\na:1\nb:2\na:3\n\n\0"),
         "!header_limit\n"},
        {"a frame of the limit, up to NUL", STOMP_V12,
         STR("SEND\n\n012345678901234567890123456789012\0"),
         "SEND [012345678901234567890123456789012]\n"},
        {"a frame one above, up to NUL", STOMP_V12,
         STR("SEND\n\n0123456789012345678901234567890123\0"), "!frame_too_large\n"},
        {"a frame above without its end", STOMP_V12,
         STR("SEND\n\n01234567890123456789012345678901234"), "!frame_too_large\n"},
        {"EOLs around a frame do not count", STOMP_V12,
         STR("\n\nSEND\n\n012345678901234567890123456789012\0\n\n"),
         "SEND [012345678901234567890123456789012]\n"},
        {"a frame above in its headers", UNVERSIONED,
         STR("CONNECT\na:345678\nb:345678\n\n\0"), "!frame_too_large\n"},
        {"a CONNECT of its own limit", UNVERSIONED, STR("CONNECT\na:3456\nb:345\n\n\0"),
         "CONNECT a=3456 b=345\n"},
        {"behind CONNECT the larger limit holds, in the same feed", UNVERSIONED,
         STR("CONNECT\n\n\0SEND\n\n012345678901234567890123456789012\0"),
         "CONNECT\nSEND [012345678901234567890123456789012]\n"},
    };
    const struct stomp_limits counted = {.frame_bytes = 29};
    const struct sentence counted_rows[] = {
        {"a frame of the limit, counted", STOMP_V12,
         STR("SEND\ncontent-length:5\n\n12345\0"), "SEND content-length=5 [12345]\n"},
        {"a frame one above, counted", STOMP_V12, STR("SEND\ncontent-length:6\n\n"),
         "!frame_too_large\n"},
    };
    const struct stomp_limits headers_only = {.frame_bytes = 23};
    const struct sentence headers_only_rows[] = {
        {"a frame whose headers leave no room for NUL", STOMP_V12,
         STR("SEND\ncontent-length:0\n\n"), "!frame_too_large\n"},
    };

    (void)state;

    check_all(&tight, rows, LENGTH(rows));
    check_all(&counted, counted_rows, LENGTH(counted_rows));
    check_all(&headers_only, headers_only_rows, LENGTH(headers_only_rows));
}

static void test_a_limit_of_0_is_off(void **state)
{
    const struct stomp_limits off = {.header_bytes = SIZE_MAX};
    struct run run;
    struct buf in;

    (void)state;
    buf_init(&in, 1 << 20);
    buf_append_c(&in, "SEND\n");
    for (int i = 0; i < 1000; i++)
        buf_printf(&in, "header%d:%0100d\n", i, i);
    buf_append(&in, "\n", 2);
    run_start(&run, &off, STOMP_V12);

    assert_int_equal(feed_copy(&run, buf_str(&in)), ERR_OK);

    assert_true(stomp_parser_is_idle(run.parser));
    assert_true(str_starts(buf_str(&run.text), STR("SEND header0=")));
    run_end(&run);
    buf_release(&in);
}

static void test_the_first_header_of_a_name_is_found(void **state)
{
    const struct stomp_header headers[] = {
        {STR("foo"), STR("World")}, {STR("foo"), STR("Hello")}, {STR("empty"), STR("")}};
    const struct stomp_frame frame = {.headers = headers, .n_headers = LENGTH(headers)};

    (void)state;

    assert_true(str_eq(stomp_header(&frame, "foo"), STR("World")));
    assert_true(str_eq(stomp_header(&frame, "empty"), STR("")));
    assert_null(stomp_header(&frame, "Foo").p);
    assert_null(stomp_header(&frame, "fo").p);
}

/* A sender may cut a text anywhere: 40,000 bytes in pieces of every odd size. */
static void test_large_bodies_arrive_in_pieces(void **state)
{
    enum {
        BODY = 40000
    };
    struct run run;
    struct buf in;

    (void)state;
    buf_init(&in, 1 << 20);
    buf_append_c(&in, "SEND\ndestination:/a\n\n");
    for (int i = 0; i < BODY; i++)
        buf_putc(&in, (char)('a' + i % 26));
    buf_append(&in, "", 1);
    for (size_t size = 1; size < in.n; size = size * 3 + 1) {
        struct str rest = buf_str(&in);

        run_start(&run, &usual, STOMP_V11);
        for (; rest.n > 0; rest = str_from(rest, size))
            assert_int_equal(
                feed_copy(&run, (struct str){rest.p, rest.n < size ? rest.n : size}),
                ERR_OK);
        assert_int_equal(run.text.n, strlen("SEND destination=/a []\n") + BODY);
        run_end(&run);
    }
    buf_release(&in);
}

/* glibc's own count; 0 under a sanitizer, which has its own heap. */
static size_t heap_bytes(void)
{
    return mallinfo2().uordblks;
}

static void test_memory_is_held_only_for_an_incomplete_frame(void **state)
{
    enum {
        BODY = 30000,
        SLACK = 2000 /* glibc counts small freed blocks as used */
    };
    static char body[BODY];
    struct run run;
    size_t idle = heap_bytes();

    (void)state;
    if (idle == 0)
        skip();
    memset(body, 'x', BODY);
    run_start(&run, &usual, STOMP_V12);

    assert_int_equal(stomp_parser_feed(run.parser, STR("SEND\nk\\c:\\n\n\n"), NULL), 0);
    assert_int_equal(stomp_parser_feed(run.parser, (struct str){body, BODY}, NULL), 0);
    assert_in_range(heap_bytes(), idle + BODY, idle + 2 * BODY + SLACK);
    assert_false(stomp_parser_is_idle(run.parser));
    assert_int_equal(stomp_parser_feed(run.parser, STR("\0\n"), NULL), 0);
    buf_release(&run.text);
    assert_in_range(heap_bytes(), idle, idle + SLACK);

    run_end(&run);
}

static void test_a_failed_parser_holds_only_the_receipt(void **state)
{
    enum {
        BODY = 30000,
        SLACK = 6000 /* a chunk of the arena, and the above */
    };
    static char body[BODY];
    struct run run;
    size_t idle = heap_bytes();

    (void)state;
    if (idle == 0)
        skip();
    run_start(&run, &usual, STOMP_V12);

    assert_int_equal(stomp_parser_feed(run.parser,
                                       STR("SEND\nreceipt:r\ncontent-length:30000\n\n"),
                                       NULL),
                     ERR_OK);
    assert_int_equal(stomp_parser_feed(run.parser, (struct str){body, BODY}, NULL),
                     ERR_OK);
    assert_int_equal(stomp_parser_feed(run.parser, STR("x"), NULL), ERR_MALFORMED_FRAME);

    assert_true(str_eq(stomp_parser_failed_receipt(run.parser), STR("r")));
    assert_in_range(heap_bytes(), idle, idle + SLACK);
    run_end(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_frames_are_read),
        cmocka_unit_test(test_versions_differ_as_the_texts_say),
        cmocka_unit_test(test_bad_frames_are_refused),
        cmocka_unit_test(test_limits_hold_at_their_byte),
        cmocka_unit_test(test_a_limit_of_0_is_off),
        cmocka_unit_test(test_the_first_header_of_a_name_is_found),
        cmocka_unit_test(test_large_bodies_arrive_in_pieces),
        cmocka_unit_test(test_memory_is_held_only_for_an_incomplete_frame),
        cmocka_unit_test(test_a_failed_parser_holds_only_the_receipt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
