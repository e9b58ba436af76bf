/*
 * What a STOMP parser makes of an input, as text: a line per frame, then the error and the failed
 * receipt. Each input is fed whole, byte by byte and cut at every position: always the same text.
 * SPDX-License-Identifier: MIT
 */
#ifndef SUPPORT_STOMP_TRANSCRIPT_H
#define SUPPORT_STOMP_TRANSCRIPT_H

#include "stomp/frame.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

enum {
    UNVERSIONED = -1
};

struct transcript_row {
    const char *why;
    int version; /* enum stomp_version, or UNVERSIONED: before CONNECT */
    struct str input;
    const char *
        expected; /* "SEND k=v [body]\n", "!malformed_frame receipt=r\n", "...\n": waits */
};

/* transcript_check — every row at every cut; fails the test with the row's why. */
void transcript_check(const struct stomp_limits *limits,
                      const struct transcript_row *rows, size_t n);

/* One run by hand. */
struct transcript {
    struct stomp_parser *parser;
    struct buf text;
};

void transcript_start(struct transcript *t, const struct stomp_limits *limits,
                      int version);
void transcript_end(struct transcript *t);

/* transcript_feed — of a copy of its own size, so that a sanitizer sees what reads beyond it or
 * after the feed. */
enum err transcript_feed(struct transcript *t, struct str piece);

#endif
