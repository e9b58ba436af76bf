/*
 * Fuzzes the STOMP parser and writer. The first byte chooses version, limits and cuts; the rest is
 * what a client sends. Fed whole, byte by byte and in pieces it must give the same transcript, and
 * every frame that was read must survive being written and read again.
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>

#include "stomp/frame.h"

#include "base/banned.h"

struct run {
    struct stomp_parser *parser;
    enum stomp_version version;
    struct buf text;      /* what was read */
    struct buf rewritten; /* the last frame, written by us as a SEND */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_field(struct buf *b, struct str s)
{
    buf_printf(b, "%zu:", s.n);
    buf_append_str(b, s);
}

static void put_frame(struct buf *b, const struct stomp_frame *frame)
{
    buf_append_i64(b, frame->command);
    for (size_t i = 0; i < frame->n_headers; i++) {
        put_field(b, frame->headers[i].name);
        put_field(b, frame->headers[i].value);
    }
    put_field(b, frame->body);
}

/* Only values are written, names are ours: "h" for each. */
static void rewrite(struct run *run, const struct stomp_frame *frame)
{
    buf_reset(&run->rewritten);
    stomp_write_begin(&run->rewritten, STOMP_SEND);
    for (size_t i = 0; i < frame->n_headers; i++)
        stomp_write_header(&run->rewritten, run->version, "h", frame->headers[i].value);
    stomp_write_body(&run->rewritten, frame->body);
}

static enum err on_rewritten(void *ctx, const struct stomp_frame *frame)
{
    const struct stomp_frame *first = ctx;
    size_t n = frame->n_headers - (frame->body.n > 0 ? 1 : 0);

    BUG_ON(n != first->n_headers);
    for (size_t i = 0; i < n; i++)
        BUG_ON(!str_eq(frame->headers[i].value, first->headers[i].value));
    BUG_ON(!str_eq(frame->body, first->body));
    return ERR_OK;
}

static void check_rewritten(struct run *run, const struct stomp_frame *frame)
{
    const struct stomp_limits off = {0};
    struct stomp_frame copy = *frame;
    struct stomp_parser *p = stomp_parser_new(&off, on_rewritten, &copy);

    /* In 1.1 and 1.0 a CR at the end of a value cannot be told from CRLF. */
    for (size_t i = 0; i < frame->n_headers; i++) {
        struct str v = frame->headers[i].value;

        if (run->version != STOMP_V12 && v.n > 0 && v.p[v.n - 1] == '\r')
            goto out;
    }
    rewrite(run, frame);
    stomp_parser_set_version(p, run->version);
    BUG_ON(stomp_parser_feed(p, buf_str(&run->rewritten), NULL) != ERR_OK);
    BUG_ON(!stomp_parser_is_idle(p));
out:
    stomp_parser_free(&p);
}

static enum err on_frame(void *ctx, const struct stomp_frame *frame)
{
    struct run *run = ctx;
    enum stomp_version version;

    put_frame(&run->text, frame);
    if (frame->command == STOMP_CONNECT) {
        if (stomp_negotiate_version(stomp_header(frame, "accept-version"), &version) !=
            ERR_OK)
            return ERR_UNSUPPORTED_VERSION;
        run->version = version;
        stomp_parser_set_version(run->parser, version);
    } else {
        check_rewritten(run, frame);
    }
    return ERR_OK;
}

/* step 0: whole; else pieces of step, step + 1, … bytes */
static void run_over(struct run *run, uint8_t choice, struct str in, size_t step)
{
    const struct stomp_limits limits[] = {
        {65536, 8192, 64, 4096}, {300, 200, 3, 40}, {0, 0, 0, 0}, {64, 32, 64, 16}};
    enum err rc = ERR_OK;

    *run =
        (struct run){.parser = stomp_parser_new(&limits[choice >> 2 & 3], on_frame, run)};
    buf_init(&run->text, SIZE_MAX);
    buf_init(&run->rewritten, SIZE_MAX);
    if ((choice & 3) != 3) {
        run->version = (enum stomp_version)(choice & 3);
        stomp_parser_set_version(run->parser, run->version);
    }
    while (in.n > 0 && rc == ERR_OK) {
        size_t n = step == 0 || step > in.n ? in.n : step;
        char *copy = mem_alloc(n); /* of its own size, for the sanitizer */

        memcpy(copy, in.p, n);
        rc = stomp_parser_feed(run->parser, (struct str){copy, n}, NULL);
        free(copy);
        in = str_from(in, n);
        step += step > 1;
    }
    buf_printf(&run->text, "|%d %d ", (int)rc, stomp_parser_is_idle(run->parser));
    put_field(&run->text, stomp_parser_failed_receipt(run->parser));
    stomp_parser_free(&run->parser);
    buf_release(&run->rewritten);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const size_t steps[] = {1, 2 + (size ? data[0] >> 4 : 0)};
    struct run whole, cut;
    struct str in;

    if (size == 0)
        return 0;
    in = (struct str){(const char *)data + 1, size - 1};
    run_over(&whole, data[0], in, 0);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        run_over(&cut, data[0], in, steps[i]);
        BUG_ON(!str_eq(buf_str(&whole.text), buf_str(&cut.text)));
        buf_release(&cut.text);
    }
    buf_release(&whole.text);
    return 0;
}
