/*
 * JSON of generated messages, with Jackson's habits where the replaced service had them:
 * declaration order, nulls written, last duplicate wins, unknown members ignored.
 * cJSON parses; a scan before it refuses what cJSON would let through or cut.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEC_JSON_H
#define CODEC_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/bug.h"
#include "base/why.h"
#include "codec/record.h"
#include "generated/c/err.h"

enum {
    JSON_DEPTH_MAX = 16
};

/*
 * json_decode — one JSON text into a struct of the given type, checked against its limits.
 * in:     UTF-8, at most one value, blanks around; BOM, NUL (raw or \u0000), lone surrogates,
 *         raw controls, depth above JSON_DEPTH_MAX and trailing bytes are refused. The caller
 *         caps its size: cJSON's tree, freed before the return, takes up to 40 times of it
 * out:    *record zeroed then filled; strings and arrays live in a
 * errors: ERR_BODY_INVALID, ERR_TOO_LARGE (arena ceiling); why names member and cause
 * thread: any
 */
NODISCARD enum err json_decode(const struct record_type *type, struct arena *a,
                               struct str in, void *record, struct why *why);

/*
 * json_encode — appends the JSON text of record; never fails but by the buffer's ceiling.
 * thread: any
 */
void json_encode(const struct record_type *type, const void *record, struct buf *out);

/*
 * record_check — required members, string lengths in code points, UTF-8 without NUL, UUIDs,
 * ranges, item counts, keys of a map once. json_decode and the protobuf decoders call it.
 * errors: ERR_BODY_INVALID; why names the member. thread: any
 */
NODISCARD enum err record_check(const struct record_type *type, const void *record,
                                struct why *why);

/* record_equal — same values, deeply; null differs from "" and from []. thread: any */
bool record_equal(const struct record_type *type, const void *a, const void *b);

/* json_put_string — s as a JSON string with quotes, controls as \u001F; null for no value. */
void json_put_string(struct buf *out, struct str s);

/*
 * json_scan — the scan that json_decode runs first, for fuzzing and for other readers.
 * errors: ERR_BODY_INVALID. thread: any
 */
NODISCARD enum err json_scan(struct str in, struct why *why);

#endif
