/* SPDX-License-Identifier: MIT */
#include "codec/pb.h"

#include <protobuf-c/protobuf-c.h>

#include "codec/field.h"
#include "codec/json.h"

#include "base/banned.h"

struct unpack_memory {
    struct arena *arena;
    bool is_full; /* an allocation was refused: too large, rather than malformed */
};

static void *memory_alloc(void *ctx, size_t n)
{
    struct unpack_memory *memory = ctx;
    void *p = arena_alloc(memory->arena, n);

    memory->is_full |= p == NULL;
    return p;
}

static void memory_free(void *ctx, void *p)
{
    (void)ctx; /* the arena frees all at once */
    (void)p;
}

static ProtobufCMessage *unpack(const ProtobufCMessageDescriptor *type,
                                struct unpack_memory *memory, struct str in)
{
    ProtobufCAllocator allocator = {memory_alloc, memory_free, memory};

    return protobuf_c_message_unpack(type, &allocator, in.n, (const uint8_t *)in.p);
}

const void *pb_unpack(const struct ProtobufCMessageDescriptor *type, struct arena *a,
                      struct str in)
{
    struct unpack_memory memory = {.arena = a};

    return unpack(type, &memory, in);
}

/* Both sides of one field: ours and protobuf-c's. */
struct field_pair {
    const struct record_field *ours;
    const ProtobufCFieldDescriptor *theirs;
};

static struct field_pair pair_of(const struct record_field *f,
                                 const ProtobufCMessageDescriptor *type)
{
    struct field_pair pair = {
        f, protobuf_c_message_descriptor_get_field_by_name(type, f->name)};

    BUG_ON(!pair.theirs); /* both sides are generated from the same schema */
    return pair;
}

static size_t their_size(const struct record_field *f)
{
    switch (f->kind) {
    case RECORD_STRING:
    case RECORD_BYTES:
        return sizeof(ProtobufCBinaryData);
    case RECORD_INT64:
        return sizeof(int64_t);
    case RECORD_INT32:
    case RECORD_UINT32:
    case RECORD_ENUM:
        return sizeof(int32_t);
    case RECORD_BOOL:
        return sizeof(protobuf_c_boolean);
    case RECORD_MESSAGE:
        return sizeof(ProtobufCMessage *);
    }
    BUG_ON(true);
}

static ProtobufCMessage *message_to_pb(const struct record_type *type,
                                       const ProtobufCMessageDescriptor *descriptor,
                                       const void *record, struct arena *a);

/* One value that is there; from points to our element (a message: to the struct itself). */
static void value_to_pb(struct field_pair f, const void *from, void *to, struct arena *a)
{
    switch (f.ours->kind) {
    case RECORD_STRING:
    case RECORD_BYTES: {
        const struct str *s = from;

        *(ProtobufCBinaryData *)to =
            (ProtobufCBinaryData){s->n, (uint8_t *)(uintptr_t)s->p};
        return;
    }
    case RECORD_BOOL:
        *(protobuf_c_boolean *)to = *(const bool *)from;
        return;
    case RECORD_MESSAGE:
        *(ProtobufCMessage **)to =
            message_to_pb(f.ours->message, f.theirs->descriptor, from, a);
        return;
    case RECORD_INT64:
    case RECORD_INT32:
    case RECORD_UINT32:
    case RECORD_ENUM:
        memcpy(to, from, field_item_size(f.ours));
    }
}

/* proto3: a scalar without `optional` is written unless it is zero. */
static bool is_present(const struct record_field *f, const void *record)
{
    const char *value = field_slot(f, record);
    const struct str *s = (const void *)value;

    if (f->flags & RECORD_HAS)
        return field_has(f, record);
    if (field_is_text(f))
        return s->p && (s->n > 0 || (f->flags & RECORD_OPTIONAL));
    for (size_t i = 0; i < field_item_size(f); i++)
        if (value[i] != 0)
            return true;
    return false;
}

static void repeated_to_pb(struct field_pair f, const void *record, char *m,
                           struct arena *a)
{
    const char *from = field_pointer(f.ours, record);
    size_t n = from ? field_count(f.ours, record) : 0;
    char *to = arena_array(a, n, their_size(f.ours));

    BUG_ON(!to);
    *(size_t *)(void *)(m + f.theirs->quantifier_offset) = n;
    *(void **)(void *)(m + f.theirs->offset) = to;
    for (size_t i = 0; i < n; i++)
        value_to_pb(f, from + i * field_item_size(f.ours), to + i * their_size(f.ours),
                    a);
}

static void field_to_pb(struct field_pair f, const void *record, char *m, struct arena *a)
{
    const void *value = field_value(f.ours, record);

    if (f.ours->flags & RECORD_REPEATED) {
        repeated_to_pb(f, record, m, a);
        return;
    }
    if (f.ours->kind == RECORD_MESSAGE) {
        if (value)
            value_to_pb(f, value, m + f.theirs->offset, a);
        return;
    }
    if (!is_present(f.ours, record))
        return;
    *(protobuf_c_boolean *)(void *)(m + f.theirs->quantifier_offset) = 1;
    value_to_pb(f, value, m + f.theirs->offset, a);
}

static ProtobufCMessage *message_to_pb(const struct record_type *type,
                                       const ProtobufCMessageDescriptor *descriptor,
                                       const void *record, struct arena *a)
{
    ProtobufCMessage *m = arena_alloc(a, descriptor->sizeof_message);

    BUG_ON(!m);
    protobuf_c_message_init(descriptor, m);
    for (size_t i = 0; i < type->n_fields; i++)
        field_to_pb(pair_of(&type->fields[i], descriptor), record, (char *)m, a);
    return m;
}

void pb_encode(const struct pb_type *type, const void *record, struct buf *out)
{
    struct arena scratch;
    ProtobufCMessage *m;
    char *to;
    size_t n;

    arena_init(&scratch, SIZE_MAX);
    m = message_to_pb(type->record, type->descriptor, record, &scratch);
    n = protobuf_c_message_get_packed_size(m);
    to = buf_reserve(out, n);
    if (to)
        buf_commit(out, protobuf_c_message_pack(m, (uint8_t *)to));
    arena_release(&scratch);
}

static bool message_from_pb(const struct record_type *type, const ProtobufCMessage *m,
                            void *record, struct arena *a);

static bool value_from_pb(struct field_pair f, const void *from, void *to,
                          struct arena *a)
{
    switch (f.ours->kind) {
    case RECORD_STRING:
    case RECORD_BYTES: {
        const ProtobufCBinaryData *data = from;

        *(struct str *)to =
            (struct str){data->len > 0 ? (const char *)data->data : "", data->len};
        return true;
    }
    case RECORD_BOOL:
        *(bool *)to = *(const protobuf_c_boolean *)from != 0;
        return true;
    case RECORD_MESSAGE:
        return message_from_pb(f.ours->message, *(const ProtobufCMessage *const *)from,
                               to, a);
    case RECORD_INT64:
    case RECORD_INT32:
    case RECORD_UINT32:
    case RECORD_ENUM:
        memcpy(to, from, field_item_size(f.ours));
    }
    return true;
}

static bool repeated_from_pb(struct field_pair f, const char *m, char *record,
                             struct arena *a)
{
    const char *from = *(const char *const *)(const void *)(m + f.theirs->offset);
    size_t n = *(const size_t *)(const void *)(m + f.theirs->quantifier_offset);
    char *to;

    if (n == 0)
        return true;
    to = arena_array(a, n, field_item_size(f.ours));
    if (!to)
        return false;
    *(size_t *)(void *)(record + f.ours->extra_offset) = n;
    *(void **)(void *)(record + f.ours->offset) = to;
    for (size_t i = 0; i < n; i++)
        if (!value_from_pb(f, from + i * their_size(f.ours),
                           to + i * field_item_size(f.ours), a))
            return false;
    return true;
}

static bool submessage_from_pb(struct field_pair f, const char *m, char *record,
                               struct arena *a)
{
    const void *from = m + f.theirs->offset;
    void *to;

    if (!*(const void *const *)from)
        return true;
    to = arena_alloc(a, f.ours->message->size);
    *(void **)(void *)(record + f.ours->offset) = to;
    return to && value_from_pb(f, from, to, a);
}

static bool field_from_pb(struct field_pair f, const char *m, char *record,
                          struct arena *a)
{
    void *to = record + f.ours->offset;

    if (f.ours->flags & RECORD_REPEATED)
        return repeated_from_pb(f, m, record, a);
    if (f.ours->kind == RECORD_MESSAGE)
        return submessage_from_pb(f, m, record, a);
    if (!*(const protobuf_c_boolean *)(const void *)(m + f.theirs->quantifier_offset)) {
        if (field_is_text(f.ours) && !(f.ours->flags & RECORD_OPTIONAL))
            *(struct str *)to = STR("");
        return true;
    }
    if (f.ours->flags & RECORD_HAS)
        *(bool *)(record + f.ours->extra_offset) = true;
    return value_from_pb(f, m + f.theirs->offset, to, a);
}

static bool message_from_pb(const struct record_type *type, const ProtobufCMessage *m,
                            void *record, struct arena *a)
{
    memset(record, 0, type->size);
    for (size_t i = 0; i < type->n_fields; i++)
        if (!field_from_pb(pair_of(&type->fields[i], m->descriptor), (const char *)m,
                           record, a))
            return false;
    return true;
}

enum err pb_decode(const struct pb_type *type, struct arena *a, struct str in,
                   void *record, struct why *why)
{
    struct unpack_memory memory = {.arena = a};
    const ProtobufCMessage *m = unpack(type->descriptor, &memory, in);

    if (!m && !memory.is_full) {
        why_set(why, "%s: not its protobuf form", type->record->name);
        return ERR_BODY_INVALID;
    }
    if (!m || !message_from_pb(type->record, m, record, a)) {
        why_set(why, "%s: too large", type->record->name);
        return ERR_TOO_LARGE;
    }
    return record_check(type->record, record, why);
}
