/*
 * STOMP 1.0, 1.1 and 1.2 frames: a parser that is fed bytes and owns no socket, and a writer.
 * Resumable at any byte. It knows the grammar and the ceilings, not what a frame is for.
 *
 * Where the versions differ, or stock clients do, it reads:
 *   CRLF      ends a line in every version (1.2 says so, the replaced service took it in all)
 *   bare CR   an octet of a header in 1.0 and 1.1, malformed in 1.2
 *   escapes   1.2: \r \n \c \\   1.1: \n \c \\   1.0 and CONNECT: none; any other is malformed
 *   colons    the first one ends the name; further raw ones are taken (old clients do not escape)
 *   blanks    never trimmed
 *   body      of SEND only, content-length octets whatever they hold, else up to the first NUL
 *   NUL       before the body is malformed
 * SPDX-License-Identifier: MIT
 */
#ifndef STOMP_FRAME_H
#define STOMP_FRAME_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/bug.h"
#include "base/why.h"
#include "generated/c/err.h"

enum stomp_version {
    STOMP_V10,
    STOMP_V11,
    STOMP_V12,
};

enum stomp_command {
    /* client */
    STOMP_CONNECT, /* also the command STOMP */
    STOMP_SEND,
    STOMP_SUBSCRIBE,
    STOMP_UNSUBSCRIBE,
    STOMP_ACK,
    STOMP_NACK,
    STOMP_BEGIN,
    STOMP_COMMIT,
    STOMP_ABORT,
    STOMP_DISCONNECT,
    /* server */
    STOMP_CONNECTED,
    STOMP_MESSAGE,
    STOMP_RECEIPT,
    STOMP_ERROR,
};

struct stomp_header {
    struct str name, value; /* unescaped as the version says */
};

struct stomp_frame {
    enum stomp_command command;
    const struct stomp_header *headers;
    size_t n_headers;
    struct str body; /* "" if none */
};

/* stomp_header — value of the first header of that name (repeated ones do not count, STOMP 1.2
 * "Repeated Header Entries"); no value if absent. */
struct str stomp_header(const struct stomp_frame *f, const char *name);

struct stomp_limits {           /* 0: no limit but 1 GiB a frame */
    size_t frame_bytes;         /* whole frame on the wire, with its NUL */
    size_t connect_frame_bytes; /* before stomp_parser_set_version: 8 KiB */
    size_t headers;             /* count, repeated ones too */
    size_t header_bytes;        /* one header line without its EOL */
};

/* The frame and all in it are valid until on_frame returns, which must not free the parser. A value
 * other than ERR_OK stops the parser for good and is returned by feed. */
typedef enum err stomp_frame_fn(void *ctx, const struct stomp_frame *frame);

struct stomp_parser;

/* stomp_parser_new — speaks 1.0 without escapes until a version is set. thread: loop, as all */
struct stomp_parser *stomp_parser_new(const struct stomp_limits *limits,
                                      stomp_frame_fn *on_frame, void *ctx);
void stomp_parser_free(struct stomp_parser **p);
/* stomp_parser_set_version — after CONNECT was answered; may be called inside on_frame. */
void stomp_parser_set_version(struct stomp_parser *p, enum stomp_version version);

/*
 * stomp_parser_feed — takes all of in, calling on_frame for each whole frame.
 * Empty lines between frames are heart-beats and are skipped. Memory is held only while a frame is
 * incomplete.
 * in:     why may be NULL
 * errors: ERR_MALFORMED_FRAME, ERR_FRAME_TOO_LARGE, ERR_HEADER_LIMIT, ERR_UNSUPPORTED_COMMAND (case
 *         counts; also a server's command, and NACK in 1.0), or what on_frame said; the same however
 *         the bytes are cut, and again at each further feed: nothing is parsed after an error
 */
NODISCARD enum err stomp_parser_feed(struct stomp_parser *p, struct str in,
                                     struct why *why);

/* stomp_parser_failed_receipt — receipt header of the frame that failed, no value if none was whole
 * before the fault. out: lives as long as the parser */
struct str stomp_parser_failed_receipt(const struct stomp_parser *p);

/* stomp_parser_is_idle — no part of a frame is held. */
bool stomp_parser_is_idle(const struct stomp_parser *p);

/* --- writing ------------------------------------------------------------------------------ */

/*
 * stomp_write_begin, _header, _body — one frame into b; escapes as the version says (never in
 * CONNECTED), content-length written by _body when the body is not empty.
 * A value's NUL, and in 1.0 and CONNECTED its LF, cannot be written and become '?'; names are ours
 * and need no escape.
 */
void stomp_write_begin(struct buf *b, enum stomp_command command);
void stomp_write_header(struct buf *b, enum stomp_version version, const char *name,
                        struct str value);
void stomp_write_header_i64(struct buf *b, const char *name, int64_t value);
void stomp_write_body(struct buf *b, struct str body); /* ends the frame with NUL */

/* --- negotiation -------------------------------------------------------------------------- */

/*
 * stomp_negotiate_version — highest common version of a CONNECT's accept-version.
 * in:     no value: 1.0 (STOMP 1.1, "Protocol Negotiation"); blanks around commas do not matter
 * errors: ERR_UNSUPPORTED_VERSION
 */
NODISCARD enum err stomp_negotiate_version(struct str accept, enum stomp_version *out);
const char *stomp_version_text(enum stomp_version version);

struct stomp_heartbeat {
    int64_t send_ms;   /* we send at least that often; 0: never */
    int64_t expect_ms; /* the peer sends at least that often; 0: not promised */
};
/*
 * stomp_negotiate_heartbeat — STOMP 1.2, "Heart-beating".
 * in:     header of CONNECT (no value: 0,0; above 2^31 - 1 ms: that); what the server can do and
 *         wants, 0: nothing
 * errors: ERR_MALFORMED_FRAME
 */
NODISCARD enum err stomp_negotiate_heartbeat(struct str header, int64_t can_ms,
                                             int64_t want_ms,
                                             struct stomp_heartbeat *out);

#endif
