/* SPDX-License-Identifier: MIT */
#include "codegen/image.h"

#include <errno.h>

#include "base/buf.h"
#include "codec/pb.h"

#include "base/banned.h"

enum {
    IMAGE_MAX = 64 << 20
};

static bool read_file(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "rb");
    size_t n = 1;

    while (f && n > 0) {
        char *to = buf_reserve(out, 65536);

        if (!to) {
            errno = EFBIG;
            break;
        }
        n = fread(to, 1, 65536, f);
        buf_commit(out, n);
    }
    if (f)
        fclose(f);
    return f && n == 0;
}

const Google__Protobuf__FileDescriptorSet *image_load(struct arena *a, const char *path,
                                                      struct diag *d)
{
    const void *set = NULL;
    struct buf bytes;

    buf_init(&bytes, IMAGE_MAX);
    if (!read_file(path, &bytes))
        diag_at(d, (struct pos){path, 0}, "cannot be read: %s", strerror(errno));
    else if (!(set = pb_unpack(&google__protobuf__file_descriptor_set__descriptor, a,
                               buf_str(&bytes))))
        diag_at(d, (struct pos){path, 0}, "is no image of protoc");
    buf_release(&bytes);
    return set;
}

struct image_note image_note(const image_file *file, const int32_t *path, size_t n)
{
    const Google__Protobuf__SourceCodeInfo *info = file->source_code_info;

    for (size_t i = 0; info && i < info->n_location; i++) {
        const Google__Protobuf__SourceCodeInfo__Location *at = info->location[i];

        if (at->n_path != n || memcmp(at->path, path, n * sizeof(*path)) != 0)
            continue;
        return (struct image_note){
            at->n_span > 0 ? at->span[0] + 1 : 0,
            str_trim(str_of(at->leading_comments ? at->leading_comments
                                                 : at->trailing_comments)),
        };
    }
    return (struct image_note){0, STR_NULL};
}

/* The bytes behind the length that a length-delimited unknown field's data begins with. */
static struct str without_length(const ProtobufCMessageUnknownField *field)
{
    struct str data = {(const char *)field->data, field->len};

    while (data.n > 0 && (unsigned char)data.p[0] >= 0x80)
        data = str_from(data, 1);
    return str_from(data, 1);
}

const void *image_option(struct arena *a, const ProtobufCMessage *options,
                         unsigned number, const ProtobufCMessageDescriptor *type)
{
    struct buf bytes;
    const void *option;
    bool is_there = false;

    if (!options)
        return NULL;
    buf_init(&bytes, IMAGE_MAX);
    for (size_t i = 0; i < options->n_unknown_fields; i++) {
        if (options->unknown_fields[i].tag != number)
            continue;
        buf_append_str(&bytes, without_length(&options->unknown_fields[i]));
        is_there = true;
    }
    option = is_there ? pb_unpack(type, a, buf_str(&bytes)) : NULL;
    buf_release(&bytes);
    return option;
}
