/*
 * SHA-1 (FIPS 180-4), which the opening handshake of WebSocket is proved with. No secret rests on it.
 * SPDX-License-Identifier: MIT
 */
#ifndef NET_SHA1_H
#define NET_SHA1_H

#include "base/str.h"

enum {
    SHA1_BYTES = 20,
    SHA1_INPUT_MAX = 119 /* two blocks, with what is appended */
};

/* sha1 — of at most SHA1_INPUT_MAX bytes. thread: any */
void sha1(struct str in, char out[SHA1_BYTES]);

#endif
