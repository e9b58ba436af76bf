/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bench/wsframe.h"

/* Unmasks what wsframe_append wrote, and gives it as a server's frame. */
static void as_from_a_server(struct buf *frame)
{
    unsigned char *p = (unsigned char *)frame->p;
    size_t head = (p[1] & 0x7f) == 127 ? 10 : (p[1] & 0x7f) == 126 ? 4 : 2;
    unsigned char key[4];

    assert_true(p[1] & 0x80);
    memcpy(key, p + head, 4);
    for (size_t i = head + 4; i < frame->n; i++)
        p[i - 4] = p[i] ^ key[(i - head) % 4];
    p[1] &= 0x7f;
    buf_truncate(frame, frame->n - 4);
}

static void test_lengths_of_every_form_come_back(void **state)
{
    static const size_t lengths[] = {0, 1, 7, 8, 9, 125, 126, 65535, 65536, 70001};
    struct buf frame;

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        char *text = malloc(lengths[i] + 1);
        struct wsframe back;

        for (size_t k = 0; k < lengths[i]; k++)
            text[k] = (char)('a' + k % 26);
        buf_init(&frame, 1 << 20);
        wsframe_append(&frame, WSFRAME_TEXT, (struct str){text, lengths[i]}, 0x12fe5678);
        as_from_a_server(&frame);

        assert_int_equal(wsframe_read(buf_str(&frame), &back), frame.n);
        assert_int_equal(back.kind, WSFRAME_TEXT);
        assert_int_equal(back.payload.n, lengths[i]);
        assert_memory_equal(back.payload.p, text, lengths[i]);
        buf_release(&frame);
        free(text);
    }
}

static void test_a_piece_is_no_frame_yet(void **state)
{
    struct buf frame;
    struct wsframe out;

    (void)state;
    buf_init(&frame, 1 << 20);
    wsframe_append(&frame, WSFRAME_PONG, STR("0123456789"), 1);
    as_from_a_server(&frame);

    for (size_t n = 0; n < frame.n; n++)
        assert_int_equal(wsframe_read((struct str){frame.p, n}, &out), 0);
    buf_release(&frame);
}

static void test_what_no_server_sends_is_refused(void **state)
{
    struct wsframe out;

    (void)state;
    assert_int_equal(wsframe_read(STR("\x01\x01x"), &out), -1); /* a piece of a message */
    assert_int_equal(wsframe_read(STR("\x81\x81kkkkx"), &out), -1); /* masked */
    assert_int_equal(wsframe_read(STR("\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff"), &out),
                     -1); /* longer than memory */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths_of_every_form_come_back),
        cmocka_unit_test(test_a_piece_is_no_frame_yet),
        cmocka_unit_test(test_what_no_server_sends_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
