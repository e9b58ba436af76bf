/*
 * What goes to a SockJS client: messages as JSON strings, frames, and how each transport wraps them.
 * Pure functions over buffers. Private to src/sockjs.
 * SPDX-License-Identifier: MIT
 */
#ifndef SOCKJS_FRAMING_INTERNAL_H
#define SOCKJS_FRAMING_INTERNAL_H

#include "base/buf.h"

enum sockjs_transport {
    SOCKJS_WEBSOCKET,
    SOCKJS_XHR,
    SOCKJS_XHR_STREAMING,
    SOCKJS_EVENTSOURCE,
    SOCKJS_HTMLFILE,
    SOCKJS_XHR_SEND, /* client to server only */
};

/* sockjs_transport_of — by the last part of its path; false: none of ours. */
bool sockjs_transport_of(struct str word, enum sockjs_transport *out);

/*
 * sockjs_put_string — head and tail as one JSON string with quotes. Escaped are what JSON demands
 * and what browsers mangle (SockJS, "JSON Unicode Encoding"), as the replaced service did:
 * U+200C-200F, U+2028-202F, U+2060-206F, U+FFF0-FFFF, and all beyond the BMP as surrogates. What is
 * no UTF-8 becomes U+FFFD.
 */
void sockjs_put_string(struct buf *out, struct str head, struct str tail);

/* sockjs_put_close — the frame c[code,"reason"]. */
void sockjs_put_close(struct buf *out, unsigned code, struct str reason);

/* sockjs_put_frame — a frame as the transport wraps it. */
void sockjs_put_frame(struct buf *out, enum sockjs_transport transport, struct str frame);

/* sockjs_put_prelude — what a streaming response begins with; callback is htmlfile's. */
void sockjs_put_prelude(struct buf *out, enum sockjs_transport transport,
                        struct str callback);

#endif
