/*
 * Frames out. A frame's length is read from its own head when frames are handed on, so the queue
 * needs no index.
 * SPDX-License-Identifier: MIT
 */
#include "net/ws_queue.h"

#include "base/bug.h"

#include "base/banned.h"

enum {
    FIN_TEXT = 0x81,
    FIN_CLOSE = 0x88,
    REASON_MAX =
        123, /* RFC 6455, 5.5: a control frame has 125 bytes, the code takes two */
    MARK_EVERY_MS = 100 /* at first; marks thin out when there are too many */
};

static size_t head_bytes(size_t n)
{
    return n < 126 ? 2 : n < 65536 ? 4 : WS_FRAME_HEAD_MAX;
}

size_t ws_frame_bytes(size_t n)
{
    return head_bytes(n) + n;
}

static void put_head(unsigned char *p, unsigned char first, size_t n)
{
    size_t bytes = head_bytes(n);

    p[0] = first;
    p[1] = bytes == 2 ? (unsigned char)n : bytes == 4 ? 126 : 127;
    for (size_t i = bytes; i > 2; i--, n >>= 8)
        p[i - 1] = (unsigned char)n;
}

static size_t frame_at(const unsigned char *p)
{
    size_t n = p[1], bytes = p[1] < 126 ? 2 : p[1] == 126 ? 4 : WS_FRAME_HEAD_MAX;

    if (bytes > 2)
        n = 0;
    for (size_t i = 2; i < bytes; i++)
        n = n << 8 | p[i];
    return bytes + n;
}

static void mark(struct ws_queue *q, int64_t now_ms)
{
    if (q->n_marks > 0 && now_ms - q->marks[q->n_marks - 1].ms < MARK_EVERY_MS)
        return;
    if (q->n_marks == WS_QUEUE_MARKS) {
        /* Every second one goes; the first stays, so an age is never told too small. */
        for (size_t i = 1; i < WS_QUEUE_MARKS / 2; i++)
            q->marks[i] = q->marks[2 * i];
        q->n_marks = WS_QUEUE_MARKS / 2;
    }
    q->marks[q->n_marks].at = q->pushed;
    q->marks[q->n_marks].ms = now_ms;
    q->n_marks++;
}

static void drop_marks(struct ws_queue *q)
{
    size_t n = 0;

    while (n + 1 < q->n_marks && q->marks[n + 1].at <= q->gone)
        n++;
    q->n_marks -= n;
    memmove(q->marks, q->marks + n, q->n_marks * sizeof(q->marks[0]));
    if (ws_queue_waiting(q) == 0)
        q->n_marks = 0;
}

static void push(struct ws_queue *q, unsigned char first, struct str head,
                 struct str tail, int64_t now_ms)
{
    size_t n = head.n + tail.n, bytes = head_bytes(n);
    char *p = outq_reserve(&q->frames, bytes + n);

    mark(q, now_ms);
    put_head((unsigned char *)p, first, n);
    if (head.n)
        memcpy(p + bytes, head.p, head.n);
    if (tail.n)
        memcpy(p + bytes + head.n, tail.p, tail.n);
    q->pushed += bytes + n;
}

void ws_queue_push(struct ws_queue *q, struct str head, struct str tail, int64_t now_ms)
{
    push(q, FIN_TEXT, head, tail, now_ms);
}

void ws_queue_push_close(struct ws_queue *q, unsigned code, struct str reason,
                         int64_t now_ms)
{
    const char bytes[2] = {(char)(code >> 8), (char)code};

    if (reason.n > REASON_MAX)
        reason.n = REASON_MAX;
    push(q, FIN_CLOSE, (struct str){bytes, 2}, reason, now_ms);
}

struct str ws_queue_next(const struct ws_queue *q, size_t enough)
{
    struct str all = outq_str(&q->frames);
    size_t n = 0;

    if (all.n <= enough)
        return all;
    while (n < all.n) {
        size_t frame = frame_at((const unsigned char *)all.p + n);

        if (n > 0 && n + frame > enough)
            break;
        n += frame;
    }
    return (struct str){all.p, n};
}

void ws_queue_hand_on(struct ws_queue *q, size_t n)
{
    BUG_ON(q->handed != 0);
    outq_drop(&q->frames, n);
    q->handed = n;
}

void ws_queue_gone(struct ws_queue *q)
{
    q->gone += q->handed;
    q->handed = 0;
    drop_marks(q);
}

void ws_queue_drop(struct ws_queue *q)
{
    q->pushed -= q->frames.n;
    outq_release(&q->frames);
    while (q->n_marks > 1 && q->marks[q->n_marks - 1].at >= q->pushed)
        q->n_marks--;
    drop_marks(q);
}

size_t ws_queue_waiting(const struct ws_queue *q)
{
    return q->frames.n + q->handed;
}

int64_t ws_queue_since_ms(const struct ws_queue *q, int64_t now_ms)
{
    return q->n_marks > 0 ? q->marks[0].ms : now_ms;
}
