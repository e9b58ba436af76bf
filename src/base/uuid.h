/*
 * UUIDs as RFC 9562 writes them: 36 characters, lower case.
 * SPDX-License-Identifier: MIT
 */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include "base/str.h"

enum {
    UUID_CHARS = 36
};

struct uuid {
    char text[UUID_CHARS + 1]; /* NUL-terminated */
};

/* uuid_v4 — random; for rooms and sessions, whose ids must not be guessable. thread: any */
struct uuid uuid_v4(void);

/* uuid_v7 — begins with the time, so an index on it grows at its end. Its random bytes are fetched for
 * many at once: of a process that forks, only one side may go on making them. thread: any */
struct uuid uuid_v7(int64_t real_ns);

/* uuid_is_valid — 8-4-4-4-12 hexadecimal digits, either case. thread: any */
bool uuid_is_valid(struct str s);

static inline struct str uuid_str(const struct uuid *u)
{
    return (struct str){u->text, UUID_CHARS};
}

/* random_fill — n bytes from the kernel's generator. thread: any */
void random_fill(void *p, size_t n);

#endif
