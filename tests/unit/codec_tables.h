/*
 * Record tables written by hand, one field of every kind and form, as the generator would emit
 * them: for the tests, the fuzzer and the benchmark of src/codec.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_CODEC_TABLES_H
#define TESTS_CODEC_TABLES_H

#include "codec/record.h"

/* ChatDto of the replaced service. */
struct chat {
    struct str room_uuid, sender, content; /* optional */
    bool has_timestamp;
    int64_t timestamp; /* civil ns */
};
extern const struct record_type chat_type;

struct sample_entry {
    struct str key;
    const struct str *value;
    size_t n_value;
};

/* What schema/vectors/json/sample.txt reads. */
struct sample {
    bool has_big, has_small, has_flag;
    int64_t big;
    int32_t small;
    bool flag;
    const struct str *names; /* nullable */
    size_t n_names;
    const struct sample_entry *users; /* map, nullable */
    size_t n_users;
    const struct chat *chat;
};
extern const struct record_type sample_type;

enum color {
    COLOR_NONE = 0,
    COLOR_RED = 1,
    COLOR_DARK_BLUE = 2,
};

struct count_entry {
    struct str key;
    int64_t value;
};

/* Limits, flags and the rarer forms. */
struct limits {
    struct str id;   /* UUID, required */
    struct str name; /* not optional; 2 to 5 characters */
    struct str note; /* optional, left out when null */
    struct str raw;  /* bytes, optional, at most 4 */
    int64_t level;   /* 1 to 10, required */
    uint32_t port;
    bool is_on;
    int color; /* enum color */
    bool has_shade;
    int shade; /* enum color */
    bool has_at;
    int64_t at;             /* Spring's instant */
    const int32_t *numbers; /* at most 3 */
    size_t n_numbers;
    const struct chat *chats;
    size_t n_chats;
    const struct count_entry *read; /* map */
    size_t n_read;
    const bool *flags;
    size_t n_flags;
};
extern const struct record_type limits_type;

/* A bare array of chats. */
struct chat_list {
    const struct chat *items;
    size_t n_items;
};
extern const struct record_type chat_list_type;

/* Holds an unwrapped message. */
struct envelope {
    const struct chat_list *list;
};
extern const struct record_type envelope_type;

#endif
