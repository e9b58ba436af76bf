/*
 * Access to one field of a record by its table entry; the rules of codec/record.h in code.
 * For the codecs of this folder, which all walk the same tables.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEC_FIELD_H
#define CODEC_FIELD_H

#include "codec/record.h"

/* field_slot — address of the field inside the struct. thread: any */
static inline const void *field_slot(const struct record_field *f, const void *record)
{
    return (const char *)record + f->offset;
}

/* field_pointer — the pointer that the struct holds: an array or a message. thread: any */
static inline const void *field_pointer(const struct record_field *f, const void *record)
{
    const void *p;

    memcpy(&p, field_slot(f, record), sizeof(p));
    return p;
}

/* field_value — address of the value: of the first item, the message, or the scalar. thread: any */
static inline const void *field_value(const struct record_field *f, const void *record)
{
    if (f->kind == RECORD_MESSAGE || (f->flags & RECORD_REPEATED))
        return field_pointer(f, record);
    return field_slot(f, record);
}

/* field_count — number of items of a repeated field. thread: any */
static inline size_t field_count(const struct record_field *f, const void *record)
{
    size_t n;

    memcpy(&n, (const char *)record + f->extra_offset, sizeof(n));
    return n;
}

/* field_has — the has_ flag of an optional scalar. thread: any */
static inline bool field_has(const struct record_field *f, const void *record)
{
    bool has;

    memcpy(&has, (const char *)record + f->extra_offset, sizeof(has));
    return has;
}

/* field_is_text — held as a struct str. thread: any */
static inline bool field_is_text(const struct record_field *f)
{
    return f->kind == RECORD_STRING || f->kind == RECORD_BYTES;
}

/* field_item_size — distance of two items of a repeated field. thread: any */
size_t field_item_size(const struct record_field *f);

/*
 * field_is_unset — no value was ever put there: no string, no message, no array, no has_ flag.
 * Scalars without a flag are never unset. thread: any
 */
bool field_is_unset(const struct record_field *f, const void *record);

/* field_is_null — unset, and unset means null rather than "" or []. thread: any */
bool field_is_null(const struct record_field *f, const void *record);

#endif
