/*
 * Tests of the STOMP parser: what is read and what is refused, in each version.
 * SPDX-License-Identifier: MIT
 */
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

static const struct stomp_limits usual = {.frame_bytes = 65536,
                                          .connect_frame_bytes = 8192,
                                          .headers = 64,
                                          .header_bytes = 4096};

static void test_good_frames_are_read(void **state)
{
    const struct transcript_row rows[] = {
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

    transcript_check(&usual, rows, LENGTH(rows));
}

static void test_versions_differ_as_the_texts_say(void **state)
{
    const struct transcript_row rows[] = {
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

    transcript_check(&usual, rows, LENGTH(rows));
}

static void test_bad_frames_are_refused(void **state)
{
    const struct transcript_row rows[] = {
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

    transcript_check(&usual, rows, LENGTH(rows));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_frames_are_read),
        cmocka_unit_test(test_versions_differ_as_the_texts_say),
        cmocka_unit_test(test_bad_frames_are_refused),
        cmocka_unit_test(test_the_first_header_of_a_name_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
