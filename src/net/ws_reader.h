/*
 * WebSocket frames of a client, read as they come (RFC 6455, 5 and 7.4). Fed with bytes that may be cut
 * anywhere; text is checked byte by byte, so that what is no UTF-8 is told at once. It owns no socket.
 * SPDX-License-Identifier: MIT
 */
#ifndef NET_WS_READER_H
#define NET_WS_READER_H

#include "base/utf8.h"

enum {
    WS_CONTROL_MAX = 125, /* bytes of a control frame's payload */
    WS_HEAD_MAX = 14      /* of a frame with its mask */
};

enum ws_event_kind {
    WS_EVENT_NONE, /* all bytes were read */
    WS_EVENT_DATA, /* a piece of a message */
    WS_EVENT_PING,
    WS_EVENT_PONG,
    WS_EVENT_CLOSE, /* payload: as it came, and right */
    WS_EVENT_BROKEN /* code: the connection has to be failed with it; the reader is of no use then */
};

struct ws_event {
    enum ws_event_kind kind;
    struct str
        payload; /* into the bytes that were fed, or into the reader; until the next read */
    bool is_last;  /* DATA: it ends the message */
    unsigned code; /* BROKEN: 1002, 1007 or 1009 */
};

/* Zeroed before the first byte. */
struct ws_reader {
    unsigned char head
        [WS_HEAD_MAX]; /* of the frame that comes; the last 4 bytes of it are the mask */
    unsigned char n_head; /* bytes of it that came */
    unsigned char control[WS_CONTROL_MAX];
    unsigned char n_control;
    bool is_in_payload;
    bool is_in_message; /* between the first and the last frame of one */
    bool is_text;
    uint64_t left; /* bytes of the payload still to come */
    unsigned turn; /* of the mask */
    struct utf8_stream utf8;
};

/*
 * ws_reader_read — takes bytes up to the next event; they are unmasked in place.
 * in:     frame_max: ceiling of what one frame may announce
 * out:    bytes taken; *event_out
 * thread: any
 */
size_t ws_reader_read(struct ws_reader *r, char *bytes, size_t n, size_t frame_max,
                      struct ws_event *event_out);

#endif
