/* SPDX-License-Identifier: MIT */
#include "base/blob.h"

#include <stdlib.h>

#include "base/bug.h"

#include "base/banned.h"

struct blob *blob_new(struct str s)
{
    struct blob *b = mem_alloc(sizeof(*b) + s.n);

    b->refs = 1;
    b->n = s.n;
    if (s.n > 0)
        memcpy(b->bytes, s.p, s.n);
    return b;
}

struct blob *blob_ref(struct blob *b)
{
    BUG_ON(b->refs == 0 || b->refs == UINT32_MAX);
    b->refs++;
    return b;
}

void blob_unref(struct blob **b)
{
    struct blob *old = *b;

    if (!old)
        return;
    *b = NULL;
    BUG_ON(old->refs == 0);
    if (--old->refs == 0)
        free(old);
}
