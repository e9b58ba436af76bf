/*
 * A frame is its head, collected byte by byte, and its payload, taken by the piece.
 * SPDX-License-Identifier: MIT
 */
#include "net/ws_reader.h"

#include "base/banned.h"

enum {
    FIN = 0x80,
    RESERVED = 0x70,
    OPCODE = 0x0f,
    CONTROL = 0x08, /* bit of the opcodes of control frames */
    MASKED = 0x80,
    OP_CONTINUATION = 0,
    OP_TEXT = 1,
    OP_BINARY = 2,
    OP_CLOSE = 8,
    OP_PING = 9,
    OP_PONG = 10
};

static unsigned opcode(const struct ws_reader *r)
{
    return r->head[0] & OPCODE;
}

static bool is_control(const struct ws_reader *r)
{
    return (r->head[0] & CONTROL) != 0;
}

static bool is_final(const struct ws_reader *r)
{
    return (r->head[0] & FIN) != 0;
}

/* What the first two bytes say can be wrong at once. */
static bool is_start_right(const struct ws_reader *r)
{
    unsigned short_length = r->head[1] & ~(unsigned)MASKED;

    if (r->head[0] & RESERVED || !(r->head[1] & MASKED))
        return false;
    switch (opcode(r)) {
    case OP_CONTINUATION:
        return r->is_in_message;
    case OP_TEXT:
    case OP_BINARY:
        return !r->is_in_message;
    case OP_CLOSE:
    case OP_PING:
    case OP_PONG:
        return is_final(r) && short_length <= WS_CONTROL_MAX;
    default:
        return false;
    }
}

static size_t length_bytes(const struct ws_reader *r)
{
    unsigned short_length = r->head[1] & ~(unsigned)MASKED;

    return short_length == 127 ? 8 : short_length == 126 ? 2 : 0;
}

static uint64_t announced(const struct ws_reader *r)
{
    size_t bytes = length_bytes(r);
    uint64_t n = bytes == 0 ? r->head[1] & ~(unsigned)MASKED : 0;

    for (size_t i = 0; i < bytes; i++)
        n = n << 8 | r->head[2 + i];
    return n;
}

/* out: 0, or the code of what is wrong with a head that is complete */
static unsigned begin_payload(struct ws_reader *r, size_t frame_max)
{
    size_t bytes = length_bytes(r);

    r->left = announced(r);
    if (r->left >> 63 || (bytes == 8 && r->left < 65536) || (bytes == 2 && r->left < 126))
        return 1002; /* RFC 6455, 5.2: the shortest form */
    if (r->left > frame_max)
        return 1009;
    r->is_in_payload = true;
    r->turn = 0;
    r->n_control = 0;
    if (opcode(r) == OP_TEXT || opcode(r) == OP_BINARY) {
        r->is_in_message = true;
        r->is_text = opcode(r) == OP_TEXT;
        r->utf8 = (struct utf8_stream){0};
    }
    return 0;
}

/* out: bytes taken; *code_out: 0, or what is wrong */
static size_t read_head(struct ws_reader *r, const char *bytes, size_t n,
                        size_t frame_max, unsigned *code_out)
{
    size_t at = 0;

    *code_out = 0;
    while (at < n && !r->is_in_payload && *code_out == 0) {
        r->head[r->n_head++] = (unsigned char)bytes[at++];
        if (r->n_head == 2 && !is_start_right(r))
            *code_out = 1002;
        else if (r->n_head >= 2 && r->n_head == 2 + length_bytes(r) + 4)
            *code_out = begin_payload(r, frame_max);
    }
    return at;
}

static void unmask(struct ws_reader *r, char *bytes, size_t n)
{
    const unsigned char *key = r->head + r->n_head - 4;
    char mask[8];
    uint64_t word, mask8;
    size_t at = 0;

    for (size_t i = 0; i < sizeof(mask); i++)
        mask[i] = (char)key[(r->turn + i) % 4];
    memcpy(&mask8, mask, sizeof(mask8));
    for (; n - at >= sizeof(word); at += sizeof(word)) {
        memcpy(&word, bytes + at, sizeof(word));
        word ^= mask8;
        memcpy(bytes + at, &word, sizeof(word));
    }
    for (size_t i = 0; at < n; i++, at++)
        bytes[at] = (char)(bytes[at] ^ mask[i]);
    r->turn = (unsigned)((r->turn + n) % 4);
}

/* RFC 6455, 7.4. */
static bool is_code_allowed(unsigned code)
{
    return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 &&
            code != 1006) ||
           (code >= 3000 && code <= 4999);
}

static struct ws_event broken(unsigned code)
{
    return (struct ws_event){.kind = WS_EVENT_BROKEN, .code = code};
}

static struct ws_event close_event(struct str payload)
{
    const unsigned char *p = (const unsigned char *)payload.p;

    if (payload.n == 1 || (payload.n > 1 && !is_code_allowed((unsigned)p[0] << 8 | p[1])))
        return broken(1002);
    if (!utf8_valid(str_from(payload, 2)))
        return broken(1007);
    return (struct ws_event){.kind = WS_EVENT_CLOSE, .payload = payload};
}

/* A piece of a control frame's payload was unmasked. */
static struct ws_event take_control(struct ws_reader *r, struct str piece)
{
    struct str payload = {(const char *)r->control, 0};

    if (piece.n)
        memcpy(r->control + r->n_control, piece.p, piece.n);
    r->n_control = (unsigned char)(r->n_control + piece.n);
    if (r->left > 0)
        return (struct ws_event){.kind = WS_EVENT_NONE};
    payload.n = r->n_control;
    if (opcode(r) == OP_CLOSE)
        return close_event(payload);
    return (struct ws_event){.kind = opcode(r) == OP_PING ? WS_EVENT_PING : WS_EVENT_PONG,
                             .payload = payload};
}

static struct ws_event take_data(struct ws_reader *r, struct str piece)
{
    bool is_last = r->left == 0 && is_final(r);

    if (r->is_text &&
        (!utf8_feed(&r->utf8, piece) || (is_last && !utf8_is_whole(&r->utf8))))
        return broken(1007);
    if (is_last)
        r->is_in_message = false;
    return (struct ws_event){.kind = WS_EVENT_DATA, .payload = piece, .is_last = is_last};
}

size_t ws_reader_read(struct ws_reader *r, char *bytes, size_t n, size_t frame_max,
                      struct ws_event *event_out)
{
    size_t at = 0;

    *event_out = (struct ws_event){.kind = WS_EVENT_NONE};
    while (event_out->kind == WS_EVENT_NONE) {
        unsigned code;
        size_t taken;

        at += read_head(r, bytes + at, n - at, frame_max, &code);
        if (code != 0)
            *event_out = broken(code);
        /* An empty payload is complete with its head; of any other one at least a byte is here. */
        if (code != 0 || !r->is_in_payload || (at == n && r->left > 0))
            break;
        taken = r->left < n - at ? (size_t)r->left : n - at;
        unmask(r, bytes + at, taken);
        r->left -= taken;
        *event_out = is_control(r) ? take_control(r, (struct str){bytes + at, taken})
                                   : take_data(r, (struct str){bytes + at, taken});
        at += taken;
        if (r->left == 0) {
            r->is_in_payload = false;
            r->n_head = 0;
        }
    }
    return at;
}
