/*
 * Protobuf of generated messages: the same tables as JSON's, walked beside protobuf-c's own.
 * protobuf-c unpacks into the caller's arena, whose ceiling is the limit of what a small input may
 * become (82 MB from 2 MB were measured); then strings, enums and limits are checked.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEC_PB_H
#define CODEC_PB_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/bug.h"
#include "base/why.h"
#include "codec/record.h"
#include "generated/c/err.h"

struct ProtobufCMessageDescriptor;

/* One message: our table, and protobuf-c's of the same fields by name (strings as bytes there). */
struct pb_type {
    const struct record_type *record;
    const struct ProtobufCMessageDescriptor *descriptor;
};

/*
 * pb_decode — protobuf bytes into a struct, checked against its limits.
 * in:     no recursion in type: depth is the type's own
 * out:    *record zeroed then filled; strings and arrays live in a. A nullable repeated field
 *         without entries becomes null: protobuf cannot tell
 * errors: ERR_BODY_INVALID, ERR_TOO_LARGE (arena ceiling); why names field and cause
 * thread: any
 */
NODISCARD enum err pb_decode(const struct pb_type *type, struct arena *a, struct str in,
                             void *record, struct why *why);

/*
 * pb_encode — appends record's protobuf bytes, fields by number, the same bytes as protoc makes.
 * errors: the buffer's ceiling only. thread: any
 */
void pb_encode(const struct pb_type *type, const void *record, struct buf *out);

/*
 * pb_unpack — protobuf-c's own form of in, for programs that read descriptors.
 * out: lives in a; NULL on malformed input or at the arena's ceiling. thread: any
 */
const void *pb_unpack(const struct ProtobufCMessageDescriptor *type, struct arena *a,
                      struct str in);

#endif
