/*
 * Text for a person that goes with an error, at the edges only: configuration, schemas, parsers.
 * SPDX-License-Identifier: MIT
 */
#ifndef BASE_WHY_H
#define BASE_WHY_H

#include "base/str.h"

struct why {
    char
        text[256]; /* NUL-terminated, one line, cut if longer; "" when nothing was said */
};

/* why_set — formats into why (NULL: a no-op). thread: owner */
__attribute__((format(printf, 2, 3))) void why_set(struct why *why, const char *fmt, ...);

#endif
