/*
 * WebSocket frames: each input is read whole, and by single bytes, with the same outcome; and the proof
 * of the opening handshake.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/bug.h"
#include "net/sha1.h"
#include "net/ws_reader.h"

#include "base/banned.h"

enum {
    FRAME_MAX = 70000
};

/* What was read, as text: data as it is, '|' behind a message, "<ping …>", "<broken 1002>". */
static void note(struct buf *heard, const struct ws_event *e)
{
    static const char *const names[] = {
        [WS_EVENT_PING] = "ping", [WS_EVENT_PONG] = "pong", [WS_EVENT_CLOSE] = "close"};

    if (e->kind == WS_EVENT_DATA) {
        buf_append_str(heard, e->payload);
        if (e->is_last)
            buf_putc(heard, '|');
    } else if (e->kind == WS_EVENT_BROKEN) {
        buf_printf(heard, "<broken %u>", e->code);
    } else if (e->kind != WS_EVENT_NONE) {
        buf_printf(heard, "<%s ", names[e->kind]);
        buf_append_str(heard, e->payload);
        buf_putc(heard, '>');
    }
}

static void read_in(struct str in, size_t step, struct buf *heard)
{
    struct ws_reader r = {0};
    struct ws_event e = {.kind = WS_EVENT_NONE};

    buf_init(heard, SIZE_MAX);
    while (in.n > 0 && e.kind != WS_EVENT_BROKEN) {
        size_t n = step < in.n ? step : in.n, used = 0;
        char *copy = mem_alloc(n); /* of its own size, for the sanitizer */

        memcpy(copy, in.p, n);
        while (used < n && e.kind != WS_EVENT_BROKEN) {
            used += ws_reader_read(&r, copy + used, n - used, FRAME_MAX, &e);
            note(heard, &e);
        }
        free(copy);
        in = str_from(in, n);
    }
}

static void assert_hears(struct str in, const char *want)
{
    struct buf heard;

    for (size_t step = 1; step <= in.n; step += step < 20 ? 1 : 999) {
        read_in(in, step, &heard);
        if (!str_eq(buf_str(&heard), str_of(want)))
            fail_msg("by %zu: \"" STR_FMT "\" and not \"%s\"", step,
                     STR_ARG(buf_str(&heard)), want);
        buf_release(&heard);
    }
}

#define BYTES(literal) ((struct str){(literal), sizeof(literal) - 1})
#define NO_MASK        "\0\0\0\0"

static void test_frames_become_messages(void **state)
{
    (void)state;
    assert_hears(BYTES("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), "Hello|");
    assert_hears(BYTES("\x81\x80" NO_MASK "\x82\x80" NO_MASK), "||");
    assert_hears(BYTES("\x01\x81" NO_MASK "a\x89\x81" NO_MASK "p\x80\x81" NO_MASK "b"),
                 "a<ping p>b|");
    assert_hears(BYTES("\x02\x81" NO_MASK "\xff\x00\x80" NO_MASK "\x80\x81" NO_MASK "b"),
                 "\xff"
                 "b|");
    assert_hears(BYTES("\x8a\x80" NO_MASK "\x88\x80" NO_MASK), "<pong ><close >");
    assert_hears(BYTES("\x88\x84" NO_MASK "\x03\xe8ok"), "<close \x03\xe8ok>");
    assert_hears(BYTES("\x01\x82" NO_MASK "a\xed\x80\x82" NO_MASK "\x95\x9c"),
                 "a\xed\x95\x9c|");
}

static void test_long_frames(void **state)
{
    static const size_t lengths[] = {125, 126, 127, 65535, 65536, 70000};

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        size_t n = lengths[i];
        struct buf in, want;

        buf_init(&in, SIZE_MAX);
        buf_init(&want, SIZE_MAX);
        buf_putc(&in, '\x81');
        buf_putc(&in, (char)(0x80 | (n < 126 ? n : n < 65536 ? 126 : 127)));
        for (int shift = n < 126 ? 0 : n < 65536 ? 16 : 64; shift > 0; shift -= 8)
            buf_putc(&in, (char)((uint64_t)n >> (shift - 8)));
        buf_append(&in, "\x01\x02\x03\x04", 4);
        for (size_t at = 0; at < n; at++) {
            buf_putc(&in, (char)('a' ^ (at % 4 + 1)));
            buf_putc(&want, 'a');
        }
        buf_append(&want, "|", 2);
        assert_hears(buf_str(&in), want.p);
        buf_release(&in);
        buf_release(&want);
    }
}

static void test_what_breaks_a_connection(void **state)
{
    static const struct {
        struct str in;
        const char *want, *why;
    } cases[] = {
        {{"\x81\x01", 2}, "<broken 1002>", "no mask"},
        {{"\xc1\x80", 2}, "<broken 1002>", "a reserved bit"},
        {{"\x83\x80", 2}, "<broken 1002>", "a reserved opcode"},
        {{"\x8b\x80", 2}, "<broken 1002>", "a reserved control opcode"},
        {{"\x80\x80", 2}, "<broken 1002>", "a continuation of nothing"},
        {{"\x01\x80\0\0\0\0\x81\x80", 8}, "<broken 1002>", "a message within a message"},
        {{"\x09\x80", 2}, "<broken 1002>", "a ping in fragments"},
        {{"\x89\xfe", 2}, "<broken 1002>", "a long ping"},
        {{"\x88\xff", 2}, "<broken 1002>", "a long close"},
        {{"\x88\x81\0\0\0\0\x03", 7}, "<broken 1002>", "half a close code"},
        {{"\x88\x82\0\0\0\0\x03\xed", 8}, "<broken 1002>", "close 1005"},
        {{"\x88\x82\0\0\0\0\x03\xe7", 8}, "<broken 1002>", "close 999"},
        {{"\x88\x82\0\0\0\0\x13\x88", 8}, "<broken 1002>", "close 5000"},
        {{"\x88\x83\0\0\0\0\x03\xe8\xff", 9},
         "<broken 1007>",
         "a reason that is no UTF-8"},
        {{"\x81\xfe\0\x7d\0\0\0\0", 8}, "<broken 1002>", "not the shortest length"},
        {{"\x81\xff\0\0\0\0\0\0\xff\xff\0\0\0\0", 14},
         "<broken 1002>",
         "the same, longer"},
        {{"\x81\xff\x80\0\0\0\0\0\0\0\0\0\0\0", 14},
         "<broken 1002>",
         "a length of 64 bits"},
        {{"\x82\xff\0\0\0\0\0\1\x11\x71\0\0\0\0", 14},
         "<broken 1009>",
         "above the ceiling"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_hears(cases[i].in, cases[i].want);
}

/* RFC 6455 does not ask for it, but a message that is broken anyway is not waited for. */
static void test_text_that_is_no_utf8_is_told_at_its_first_wrong_byte(void **state)
{
    struct ws_reader r = {0};
    struct ws_event e;
    char frame[] = "\x81\x8a" NO_MASK "a\xed\xa0";

    (void)state;
    (void)ws_reader_read(&r, frame, 8, FRAME_MAX, &e);
    assert_int_equal(e.kind, WS_EVENT_DATA);
    (void)ws_reader_read(&r, frame + 8, 1, FRAME_MAX, &e);
    assert_int_equal(e.kind, WS_EVENT_BROKEN);
    assert_int_equal(e.code, 1007);
    assert_hears(BYTES("\x81\x81" NO_MASK "\xed"), "<broken 1007>");
    assert_hears(BYTES("\x01\x81" NO_MASK "\xed\x80\x80" NO_MASK), "\xed<broken 1007>");
}

static void test_sha1(void **state)
{
    char out[SHA1_BYTES], long_one[SHA1_INPUT_MAX];

    (void)state;
    sha1(STR("abc"), out);
    assert_memory_equal(out,
                        "\xa9\x99\x3e\x36\x47\x06\x81\x6a\xba\x3e\x25\x71\x78\x50\xc2\x6c"
                        "\x9c\xd0\xd8\x9d",
                        SHA1_BYTES);
    sha1(STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), out);
    assert_memory_equal(out,
                        "\x84\x98\x3e\x44\x1c\x3b\xd2\x6e\xba\xae\x4a\xa1\xf9\x51\x29\xe5"
                        "\xe5\x46\x70\xf1",
                        SHA1_BYTES);
    memset(long_one, 'a', sizeof(long_one));
    sha1((struct str){long_one, sizeof(long_one)}, out);
    assert_memory_equal(out,
                        "\xee\x97\x10\x65\xaa\xa0\x17\xe0\x63\x2a\x8c\xa6\xc7\x7b\xb3\xbf"
                        "\x8b\x1d\xfc\x56",
                        SHA1_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames_become_messages),
        cmocka_unit_test(test_long_frames),
        cmocka_unit_test(test_what_breaks_a_connection),
        cmocka_unit_test(test_text_that_is_no_utf8_is_told_at_its_first_wrong_byte),
        cmocka_unit_test(test_sha1),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
