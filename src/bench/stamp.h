/*
 * What the generator writes into a message to know it again: who of the room sent it, which of the
 * sender's messages it is and when it was due. Of fixed width, so a ready frame is only patched.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_STAMP_H
#define BENCH_STAMP_H

#include "base/str.h"

enum {
    STAMP_BYTES = 28, /* 2 place, 10 number, 16 time: hexadecimal digits */
};

struct stamp {
    uint32_t place;  /* of the sender in its room, below 256 */
    uint64_t number; /* of the message, from 0, below 2^40 */
    int64_t due_ns;  /* monotonic; from when its latency counts */
};

/* stamp_write — STAMP_BYTES bytes, no NUL. thread: any */
void stamp_write(const struct stamp *s, char *to);

/* stamp_read — from the first STAMP_BYTES bytes; false: too short or other characters. thread: any */
bool stamp_read(struct str from, struct stamp *out);

#endif
