/*
 * An image of descriptors as protoc writes it, and what it knows of places and comments.
 * protobuf-c's descriptor structs are used here and in model.c only.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEGEN_IMAGE_H
#define CODEGEN_IMAGE_H

#include "codegen/diag.h"

#include "google/protobuf/descriptor.pb-c.h"

typedef Google__Protobuf__FileDescriptorProto image_file;

/* image_load — the descriptors in file path, in arena a; NULL after a diagnostic. */
const Google__Protobuf__FileDescriptorSet *image_load(struct arena *a, const char *path,
                                                      struct diag *d);

struct image_note {
    int line; /* from 1 */
    struct str comment;
};

/* image_note — line and comment of the element at path (as descriptor.proto numbers them). */
struct image_note image_note(const image_file *file, const int32_t *path, size_t n);

/*
 * image_option — our option with that number among a descriptor's options, in a.
 * Custom options are unknown fields to protobuf-c: each entry's data begins with its length, and
 * `(o).a = 1, (o).b = 2` are two entries that together make one message.
 * out: a struct of the given type; NULL if the option is not there, or broken
 */
const void *image_option(struct arena *a, const ProtobufCMessage *options,
                         unsigned number, const ProtobufCMessageDescriptor *type);

#endif
