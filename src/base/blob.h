/*
 * Immutable bytes shared by many readers, counted: one encoded message body for n subscribers.
 * The counter is not atomic: a blob lives on one thread (the loop).
 * SPDX-License-Identifier: MIT
 */
#ifndef BASE_BLOB_H
#define BASE_BLOB_H

#include "base/str.h"

struct blob {
    uint32_t refs;
    size_t n;
    char bytes[];
};

/* blob_new — a copy of s with one reference. out: owned by the caller. thread: owner */
struct blob *blob_new(struct str s);

/* blob_ref — one reference more; returns b. thread: owner */
struct blob *blob_ref(struct blob *b);

/* blob_unref — one reference less, freed at zero; *b becomes NULL, NULL is a no-op. */
void blob_unref(struct blob **b);

static inline struct str blob_str(const struct blob *b)
{
    return (struct str){b->bytes, b->n};
}

#endif
