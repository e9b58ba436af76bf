/*
 * UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
 * SPDX-License-Identifier: MIT
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/str.h"

/* utf8_valid — s is well-formed UTF-8. thread: any */
bool utf8_valid(struct str s);

/* utf8_chars — number of code points of well-formed s. thread: any */
size_t utf8_chars(struct str s);

/* utf8_put — writes code point c (a Unicode scalar value) to out[4]; bytes written. */
size_t utf8_put(uint32_t c, char out[4]);

#endif
