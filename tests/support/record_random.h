/*
 * Valid values of any message, made up from its table: a new message needs nothing here.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_SUPPORT_RECORD_RANDOM_H
#define TESTS_SUPPORT_RECORD_RANDOM_H

#include "base/arena.h"
#include "codec/record.h"
#include "tests/support/rng.h"

/*
 * record_random — fills *record, which is zeroed, with a value that keeps every limit; each optional field
 * is there or not. Text is as long as it may be now and then, up to 300 characters.
 * out: strings and arrays live in a
 */
void record_random(const struct record_type *type, struct rng *r, struct arena *a,
                   void *record);

/* record_number_key — puts i before the key of an entry of map f: keys of a map differ. */
void record_number_key(const struct record_field *f, struct arena *a, void *entry,
                       size_t i);

#endif
