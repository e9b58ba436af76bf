/*
 * Finished WebSocket frames of one connection on their way out (RFC 6455, 5.2, unmasked as a
 * server's are). What has begun to leave is known, so the frames behind it can be dropped at any time.
 * SPDX-License-Identifier: MIT
 */
#ifndef NET_WS_QUEUE_H
#define NET_WS_QUEUE_H

#include "net/outq.h"

enum {
    WS_QUEUE_MARKS = 16,
    WS_FRAME_HEAD_MAX = 10
};

struct ws_queue {
    struct outq frames;
    size_t begun; /* bytes at the front: the rest of a frame that has begun to leave */
    /* When bytes came: mark i is the time of those from marks[i].at up to marks[i + 1].at. */
    struct {
        uint64_t at; /* position in all that was ever queued */
        int64_t ms;
    } marks[WS_QUEUE_MARKS];
    size_t n_marks;
    uint64_t pushed, gone; /* positions */
};

/* ws_queue_push — one text message. thread: loop, as all functions here */
void ws_queue_push(struct ws_queue *q, struct str head, struct str tail, int64_t now_ms);
/* ws_queue_push_close — a close frame. in: reason cut at the 123 bytes that it may have */
void ws_queue_push_close(struct ws_queue *q, unsigned code, struct str reason,
                         int64_t now_ms);
/* ws_frame_bytes — what a message of n bytes takes in the queue. */
size_t ws_frame_bytes(size_t n);
/* ws_queue_push_empty_close — one without a code, which answers its like. */
void ws_queue_push_empty_close(struct ws_queue *q, int64_t now_ms);
/* ws_queue_push_pong — the answer to a ping. in: payload up to 125 bytes */
void ws_queue_push_pong(struct ws_queue *q, struct str payload, int64_t now_ms);
/* ws_queue_bytes — what is to leave, from its front. */
struct str ws_queue_bytes(const struct ws_queue *q);
/* ws_queue_left — the first n bytes have left. */
void ws_queue_left(struct ws_queue *q, size_t n);
/* ws_queue_drop — forgets all but the rest of a frame that has begun to leave. */
void ws_queue_drop(struct ws_queue *q);
size_t ws_queue_waiting(const struct ws_queue *q);
/* ws_queue_since_ms — when the oldest waiting byte came (not later than that); now if none. */
int64_t ws_queue_since_ms(const struct ws_queue *q, int64_t now_ms);

#endif
