/*
 * Base64 of RFC 4648 section 4, with padding: how bytes stand in JSON.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEC_BASE64_H
#define CODEC_BASE64_H

#include "base/arena.h"
#include "base/buf.h"

/* base64_put — appends the text of bytes. errors: sticky in out. thread: any */
void base64_put(struct buf *out, struct str bytes);

/*
 * base64_size — number of bytes that text of well-formed length stands for.
 * errors: false if the length or the padding is wrong. thread: any
 */
bool base64_size(struct str text, size_t *out);

/*
 * base64_take — decodes text into to, which has room for base64_size bytes.
 * errors: false on a letter outside the alphabet and on bits beyond the end; *to undefined
 * thread: any
 */
bool base64_take(struct str text, char *to);

#endif
