/*
 * How a generated message struct is laid out: tables that the JSON codec, the validation and
 * the log walk. Generated code is tables and thin typed wrappers; behaviour is written once here.
 *
 * In-struct form of a field, by kind and shape:
 *   STRING  struct str (p == NULL: null)      INT64 int64_t  INT32 int32_t  UINT32 uint32_t
 *   BOOL    bool      ENUM int                MESSAGE const struct x * (NULL: null)
 *   optional scalar: additionally bool has_<name>
 *   repeated: pointer to contiguous elements of the above (MESSAGE: structs, not pointers)
 *             additionally size_t n_<name>; pointer NULL with nullable: JSON null
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEC_RECORD_H
#define CODEC_RECORD_H

#include "base/str.h"

enum record_kind {
    RECORD_STRING,
    RECORD_BYTES, /* struct str of any bytes; JSON: base64; max_chars counts bytes */
    RECORD_INT64,
    RECORD_INT32,
    RECORD_UINT32,
    RECORD_BOOL,
    RECORD_ENUM,
    RECORD_MESSAGE,
};

enum record_form {
    RECORD_PLAIN,
    RECORD_LOCAL_DATETIME, /* INT64 civil nanoseconds <-> "2025-01-20T10:30:00.123" */
    RECORD_UUID,           /* STRING that must be a UUID */
    RECORD_MAP,            /* repeated MESSAGE {key string, value}: JSON object */
    RECORD_SPRING_INSTANT, /* INT64 real nanoseconds <-> "2026-11-23T07:23:41.695+00:00" */
};

enum record_flag {
    RECORD_REPEATED = 1,
    RECORD_HAS = 2,       /* scalar with a has_ flag; unset: null */
    RECORD_REQUIRED = 4,  /* must be there and not null */
    RECORD_OMIT_NULL = 8, /* left out of the JSON when null, instead of null */
    RECORD_NULLABLE = 16, /* repeated: NULL pointer is null, not [] */
    RECORD_OPTIONAL = 32, /* STRING: no value is written as null; without it: as "" */
};

struct record_enum {
    const char *name;
    const struct record_enum_value {
        int number;
        struct str json; /* text in JSON */
    } * values;
    size_t n_values;
};

struct record_type;

struct record_field {
    const char *name;    /* C and .proto name: "room_uuid" */
    struct str json;     /* JSON name: "roomUUID" */
    struct str json_key; /* ready to append: "\"roomUUID\":" */
    enum record_kind kind;
    enum record_form form;
    unsigned flags;                /* enum record_flag */
    size_t offset;                 /* of the value (or pointer) in the struct */
    size_t extra_offset;           /* of has_<name> or n_<name>, by the flags */
    uint32_t min_chars, max_chars; /* STRING: code points; max 0: no limit of its own */
    uint32_t max_items;            /* repeated; 0: no limit of its own */
    int64_t min, max;              /* integers; both 0: the type's range */
    const struct record_type *message;     /* MESSAGE */
    const struct record_enum *enumeration; /* ENUM */
};

/* Initialises name, json and json_key of a field. */
#define RECORD_NAMES(c_name, json_name)                                                  \
    .name = (c_name), .json = {json_name, sizeof(json_name) - 1},                        \
    .json_key = {"\"" json_name "\":", sizeof(json_name) + 2}

struct record_type {
    const char *name;                  /* "ChatDto" */
    size_t size;                       /* sizeof the struct */
    const struct record_field *fields; /* in declaration order = JSON order */
    size_t n_fields;
    bool is_unwrapped; /* JSON form is the bare value of the single field */
};

#endif
