/*
 * Fuzzes what SockJS clients send and are sent. The first byte chooses the cuts; the rest is read as
 * a payload, whole and cut, with the same strings; and written as a message, which must be one string
 * again, whatever its bytes are, and never end htmlfile's script.
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#include "base/bug.h"
#include "base/utf8.h"
#include "sockjs/framing_internal.h"
#include "sockjs/reader_internal.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_string(void *ctx, struct str piece, bool is_last)
{
    buf_append_str(ctx, piece);
    if (is_last)
        buf_append(ctx, "\xff|", 2); /* no UTF-8, so no part of an escaped string */
}

/* step 0: whole */
static enum sockjs_payload read_in(struct str in, size_t step, struct buf *strings)
{
    struct sockjs_reader reader = {0};

    buf_init(strings, SIZE_MAX);
    while (in.n > 0) {
        size_t n = step == 0 || step > in.n ? in.n : step;
        char *copy = mem_alloc(n); /* of its own size, for the sanitizer */

        memcpy(copy, in.p, n);
        sockjs_reader_feed(&reader, (struct str){copy, n}, on_string, strings);
        free(copy);
        in = str_from(in, n);
    }
    return sockjs_reader_payload(&reader);
}

static void check_read(struct str in, size_t step)
{
    struct buf whole, cut;
    enum sockjs_payload payload = read_in(in, 0, &whole);

    BUG_ON(read_in(in, step, &cut) != payload);
    if (payload == SOCKJS_PAYLOAD_ARRAY)
        BUG_ON(!str_eq(buf_str(&whole), buf_str(&cut)));
    buf_release(&whole);
    buf_release(&cut);
}

static void check_page(struct str frame)
{
    struct buf page;

    buf_init(&page, SIZE_MAX / 2);
    sockjs_put_frame(&page, SOCKJS_HTMLFILE, frame);
    BUG_ON(memmem(page.p, page.n - strlen("</script>\r\n"), "</", 2) != NULL);
    buf_release(&page);
}

static void check_written(struct str message)
{
    struct buf frame, strings;

    buf_init(&frame, SIZE_MAX / 2);
    buf_putc(&frame, '[');
    sockjs_put_string(&frame, message, STR(""));
    buf_putc(&frame, ']');
    BUG_ON(!utf8_valid(buf_str(&frame)));
    BUG_ON(read_in(buf_str(&frame), 0, &strings) != SOCKJS_PAYLOAD_ARRAY);
    buf_truncate(&strings, strings.n - 2);
    if (utf8_valid(message))
        BUG_ON(!str_eq(buf_str(&strings), message));
    check_page(buf_str(&frame));
    buf_release(&frame);
    buf_release(&strings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in;

    if (size == 0)
        return 0;
    in = (struct str){(const char *)data + 1, size - 1};
    check_read(in, 1);
    check_read(in, 2 + data[0] % 32);
    check_written(in);
    return 0;
}
