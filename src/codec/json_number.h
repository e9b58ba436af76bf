/*
 * Exact integers from the text of JSON numbers; no double on the way.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEC_JSON_NUMBER_H
#define CODEC_JSON_NUMBER_H

#include "base/str.h"

/*
 * json_integer — value of a number that is integral however it is written: 5, 1.0, 1e3, 12.50e1.
 * in:     text follows the grammar of RFC 8259
 * errors: false for a fraction and above 64 bits; *out undefined
 * thread: any
 */
bool json_integer(struct str text, int64_t *out);

#endif
