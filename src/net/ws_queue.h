/*
 * Finished WebSocket frames of one connection on their way out (RFC 6455, 5.2, unmasked as a
 * server's are). Frames are handed on whole, so what is still here can be dropped at any time.
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
    size_t handed; /* bytes handed on and not yet gone */
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
/* ws_queue_next — whole frames from the front: as many as fit into enough, but at least one. */
struct str ws_queue_next(const struct ws_queue *q, size_t enough);
/* ws_queue_hand_on — the first n bytes belong to somebody else now, who has not sent them. */
void ws_queue_hand_on(struct ws_queue *q, size_t n);
/* ws_queue_gone — what was handed on has left. */
void ws_queue_gone(struct ws_queue *q);
/* ws_queue_drop — forgets what was not handed on. */
void ws_queue_drop(struct ws_queue *q);
size_t ws_queue_waiting(const struct ws_queue *q);
/* ws_queue_since_ms — when the oldest waiting byte came (not later than that); now if none. */
int64_t ws_queue_since_ms(const struct ws_queue *q, int64_t now_ms);

#endif
