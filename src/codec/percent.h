/*
 * Percent-encoding as ECMAScript's encodeURIComponent does it.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEC_PERCENT_H
#define CODEC_PERCENT_H

#include "base/buf.h"

/* percent_encode — every byte but A-Z a-z 0-9 - _ . ! ~ * ' ( ) as %XX. thread: any, as all */
void percent_encode(struct str s, struct buf *out);

/*
 * percent_encode_header — s as it stands if it may stand in a header that stock clients neither
 * unescape nor keep blanks of; else (it holds '%', ':', '\' or blanks) percent-encoded.
 */
void percent_encode_header(struct str s, struct buf *out);

#endif
