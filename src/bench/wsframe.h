/*
 * WebSocket frames as a client writes and reads them (RFC 6455, section 5): masked outwards, read in
 * place inwards. Pieces of messages are not put together: no server sends a STOMP frame in pieces.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_WSFRAME_H
#define BENCH_WSFRAME_H

#include "base/buf.h"

enum wsframe_kind {
    WSFRAME_TEXT = 1,
    WSFRAME_BINARY = 2,
    WSFRAME_CLOSE = 8,
    WSFRAME_PING = 9,
    WSFRAME_PONG = 10,
};

struct wsframe {
    enum wsframe_kind kind;
    struct str payload; /* in the bytes that were read */
};

/* wsframe_append — a whole frame, its payload masked with mask. thread: owner, as all here */
void wsframe_append(struct buf *out, enum wsframe_kind kind, struct str payload,
                    uint32_t mask);

/*
 * wsframe_read — the frame at the start of in.
 * out:    bytes it takes, *out set; 0: not there as a whole yet; -1: none that a server may send
 */
int64_t wsframe_read(struct str in, struct wsframe *out);

#endif
