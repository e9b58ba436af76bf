/* SPDX-License-Identifier: MIT */
#include "codec_tables.h"

#include "base/banned.h"

/* clang-format off */
#define LITERAL(text) {text, sizeof(text) - 1}
#define NAMES(c, text) .name = #c, .json = LITERAL(text), .json_key = LITERAL("\"" text "\":")
#define AT(type, c) .offset = offsetof(struct type, c)
#define EXTRA(type, c) .extra_offset = offsetof(struct type, c)
#define COUNT(fields) (sizeof(fields) / sizeof((fields)[0]))
/* clang-format on */

static const struct record_field chat_fields[] = {
    {NAMES(room_uuid, "roomUUID"), .kind = RECORD_STRING, .flags = RECORD_OPTIONAL,
     AT(chat, room_uuid)},
    {NAMES(sender, "sender"), .kind = RECORD_STRING, .flags = RECORD_OPTIONAL,
     AT(chat, sender)},
    {NAMES(content, "content"), .kind = RECORD_STRING, .flags = RECORD_OPTIONAL,
     AT(chat, content), .max_chars = 4000},
    {NAMES(timestamp, "timestamp"), .kind = RECORD_INT64, .form = RECORD_LOCAL_DATETIME,
     .flags = RECORD_HAS, AT(chat, timestamp), EXTRA(chat, has_timestamp)},
};
const struct record_type chat_type = {"ChatDto", sizeof(struct chat), chat_fields,
                                      COUNT(chat_fields), false};

static const struct record_field sample_entry_fields[] = {
    {NAMES(key, "key"), .kind = RECORD_STRING, AT(sample_entry, key)},
    {NAMES(value, "value"), .kind = RECORD_STRING, .flags = RECORD_REPEATED,
     AT(sample_entry, value), EXTRA(sample_entry, n_value)},
};
static const struct record_type sample_entry_type = {
    "SampleEntry", sizeof(struct sample_entry), sample_entry_fields,
    COUNT(sample_entry_fields), false};

static const struct record_field sample_fields[] = {
    {NAMES(big, "big"), .kind = RECORD_INT64, .flags = RECORD_HAS, AT(sample, big),
     EXTRA(sample, has_big)},
    {NAMES(small, "small"), .kind = RECORD_INT32, .flags = RECORD_HAS, AT(sample, small),
     EXTRA(sample, has_small)},
    {NAMES(flag, "flag"), .kind = RECORD_BOOL, .flags = RECORD_HAS, AT(sample, flag),
     EXTRA(sample, has_flag)},
    {NAMES(names, "names"), .kind = RECORD_STRING,
     .flags = RECORD_REPEATED | RECORD_NULLABLE, AT(sample, names),
     EXTRA(sample, n_names)},
    {NAMES(users, "users"), .kind = RECORD_MESSAGE, .form = RECORD_MAP,
     .flags = RECORD_REPEATED | RECORD_NULLABLE, AT(sample, users),
     EXTRA(sample, n_users), .message = &sample_entry_type},
    {NAMES(chat, "chat"), .kind = RECORD_MESSAGE, AT(sample, chat),
     .message = &chat_type},
};
const struct record_type sample_type = {"Sample", sizeof(struct sample), sample_fields,
                                        COUNT(sample_fields), false};

static const struct record_enum_value color_values[] = {
    {COLOR_RED, LITERAL("red")},
    {COLOR_DARK_BLUE, LITERAL("dark-blue")},
};
static const struct record_enum color_enum = {"Color", color_values, COUNT(color_values)};

static const struct record_field count_entry_fields[] = {
    {NAMES(key, "key"), .kind = RECORD_STRING, AT(count_entry, key)},
    {NAMES(value, "value"), .kind = RECORD_INT64, AT(count_entry, value)},
};
static const struct record_type count_entry_type = {
    "CountEntry", sizeof(struct count_entry), count_entry_fields,
    COUNT(count_entry_fields), false};

static const struct record_field limits_fields[] = {
    {NAMES(id, "id"), .kind = RECORD_STRING, .form = RECORD_UUID,
     .flags = RECORD_REQUIRED, AT(limits, id)},
    {NAMES(name, "name"), .kind = RECORD_STRING, AT(limits, name), .min_chars = 2,
     .max_chars = 5},
    {NAMES(note, "note"), .kind = RECORD_STRING,
     .flags = RECORD_OPTIONAL | RECORD_OMIT_NULL, AT(limits, note)},
    {NAMES(raw, "raw"), .kind = RECORD_BYTES, .flags = RECORD_OPTIONAL, AT(limits, raw),
     .max_chars = 4},
    {NAMES(level, "level"), .kind = RECORD_INT64, .flags = RECORD_REQUIRED,
     AT(limits, level), .min = 1, .max = 10},
    {NAMES(port, "port"), .kind = RECORD_UINT32, AT(limits, port)},
    {NAMES(is_on, "isOn"), .kind = RECORD_BOOL, AT(limits, is_on)},
    {NAMES(color, "color"), .kind = RECORD_ENUM, AT(limits, color),
     .enumeration = &color_enum},
    {NAMES(shade, "shade"), .kind = RECORD_ENUM, .flags = RECORD_HAS, AT(limits, shade),
     EXTRA(limits, has_shade), .enumeration = &color_enum},
    {NAMES(at, "at"), .kind = RECORD_INT64, .form = RECORD_SPRING_INSTANT,
     .flags = RECORD_HAS | RECORD_OMIT_NULL, AT(limits, at), EXTRA(limits, has_at)},
    {NAMES(numbers, "numbers"), .kind = RECORD_INT32, .flags = RECORD_REPEATED,
     AT(limits, numbers), EXTRA(limits, n_numbers), .max_items = 3},
    {NAMES(chats, "chats"), .kind = RECORD_MESSAGE, .flags = RECORD_REPEATED,
     AT(limits, chats), EXTRA(limits, n_chats), .message = &chat_type},
    {NAMES(read, "read"), .kind = RECORD_MESSAGE, .form = RECORD_MAP,
     .flags = RECORD_REPEATED, AT(limits, read), EXTRA(limits, n_read),
     .message = &count_entry_type},
    {NAMES(flags, "flags"), .kind = RECORD_BOOL, .flags = RECORD_REPEATED,
     AT(limits, flags), EXTRA(limits, n_flags)},
};
const struct record_type limits_type = {"Limits", sizeof(struct limits), limits_fields,
                                        COUNT(limits_fields), false};

static const struct record_field chat_list_fields[] = {
    {NAMES(items, "items"), .kind = RECORD_MESSAGE, .flags = RECORD_REPEATED,
     AT(chat_list, items), EXTRA(chat_list, n_items), .message = &chat_type},
};
const struct record_type chat_list_type = {"ChatList", sizeof(struct chat_list),
                                           chat_list_fields, 1, true};

static const struct record_field envelope_fields[] = {
    {NAMES(list, "list"), .kind = RECORD_MESSAGE, AT(envelope, list),
     .message = &chat_list_type},
};
const struct record_type envelope_type = {"Envelope", sizeof(struct envelope),
                                          envelope_fields, 1, false};
