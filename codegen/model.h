/*
 * What the generator knows of the .proto files: our own view of the descriptors, with names of C,
 * options read, references resolved and a place for every diagnostic.
 * Everything lives in the model's arena.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEGEN_MODEL_H
#define CODEGEN_MODEL_H

#include "codec/record.h"
#include "codec/setting.h"
#include "codegen/diag.h"

#include "reuse/options.pb-c.h"

struct catalog;

/* What `reserved` says: numbers and names that must not come back. */
struct model_reserved {
    struct model_range {
        int32_t first, last;
    } * ranges;
    size_t n_ranges;
    struct str *names;
    size_t n_names;
};

struct model_enum_value {
    struct pos pos;
    struct str comment;
    struct str name; /* "ROOM_STATE_OPEN" */
    struct str json; /* "open" */
    int32_t number;
    const Reuse__ErrorRule *error; /* NULL: none */
};

struct model_enum {
    struct pos pos;
    struct str comment;
    struct str full_name; /* ".reuse.room.RoomState" */
    struct str name;      /* "RoomState" */
    struct str c_name;    /* "room_state" */
    const struct model_file *file;
    struct model_enum_value *values;
    size_t n_values;
    struct model_reserved reserved;
    bool is_errors; /* its values carry (reuse.error): it becomes enum err */
};

/* Types that the schemas may not use; found by the check. */
enum model_oddity {
    MODEL_REGULAR,
    MODEL_FLOAT,
    MODEL_GROUP,
    MODEL_ONEOF,
    MODEL_WIDTH, /* uint64, fixed, sint: no C form here */
};

struct model_field {
    struct pos pos;
    struct str comment;
    struct str name; /* "room_uuid", as in .proto and C */
    struct str json; /* "roomUUID" */
    int32_t number;
    enum record_kind kind;
    enum record_form form;
    enum model_oddity oddity;
    bool is_repeated;
    bool is_optional;     /* said `optional` */
    struct str type_name; /* of an enum or message: ".reuse.chat.ChatDto" */
    const struct model_message *message;  /* MESSAGE; NULL: not found */
    const struct model_enum *enumeration; /* ENUM; NULL: not found */
    const Reuse__FieldRule *rule;         /* never NULL */
    const Reuse__SettingRule *setting;    /* NULL: none */
    uint32_t max_chars;                   /* of the rule, else of its column; 0: none */
};

struct model_message {
    struct pos pos;
    struct str comment;
    struct str full_name; /* ".reuse.chat.ChatDto" */
    struct str name;      /* "ChatDto" */
    struct str c_name;    /* "chat_dto" */
    struct str c_upper;   /* "CHAT_DTO" */
    const struct model_file *file;
    struct model_field *fields; /* in declaration order */
    size_t n_fields;
    struct model_reserved reserved;
    const Reuse__MessageRule *rule; /* never NULL */
    bool is_settings; /* its fields carry (reuse.setting): it becomes struct settings */
    bool is_headers;  /* header lines of a frame or a record: no C form */
    bool has_nested;  /* messages or enums inside, or a map: refused */
};

struct model_method {
    struct pos pos;
    struct str comment;
    struct str name;   /* "History" */
    struct str c_name; /* "chat_history": service and method */
    struct str c_upper;
    const struct model_message *request, *response; /* NULL: not found */
    struct str request_name, response_name;
    const Reuse__MethodRule *rule;       /* NULL: none */
    const struct model_message *instead; /* of http; NULL: none, or not found */
    bool is_streaming;                   /* refused */
};

struct model_service {
    struct pos pos;
    struct str comment;
    struct str name;
    const struct model_file *file;
    struct model_method *methods;
    size_t n_methods;
};

struct model_file {
    struct str path;    /* as protoc knows it: "chat.proto" */
    const char *shown;  /* "schema/proto/chat.proto" */
    struct str stem;    /* "chat" */
    struct str package; /* "reuse.chat" */
    struct str comment; /* above `syntax` */
    struct pos api_pos;
    const Reuse__Api *api; /* NULL: none */
    bool is_proto3;
    const struct model_file **imports; /* those of the model only */
    size_t n_imports;
    struct model_enum *enums;
    size_t n_enums;
    struct model_message *messages;
    size_t n_messages;
    struct model_service *services;
    size_t n_services;
};

struct model {
    struct arena arena;
    struct model_file *files; /* by path; without options.proto and Google's own */
    size_t n_files;
};

/*
 * model_load — reads an image made by `protoc --include_source_info --include_imports -o`.
 * errors: diagnostics; *m is released by model_release in any case. thread: main
 */
void model_load(struct model *m, const char *image_path, struct diag *d);

/* model_release — frees all. */
void model_release(struct model *m);

/* model_message_by_name, model_enum_by_name — by full name; NULL if there is none. */
const struct model_message *model_message_by_name(const struct model *m,
                                                  struct str full_name);
const struct model_enum *model_enum_by_name(const struct model *m, struct str full_name);

/* model_has_reserved_name, model_has_reserved_number — it may not come back. */
bool model_has_reserved_name(const struct model_reserved *reserved, struct str name);
bool model_has_reserved_number(const struct model_reserved *reserved, int32_t number);

/* model_errors — the enum of the errors; NULL if there is none. */
const struct model_enum *model_errors(const struct model *m);

/* model_field_by_json, model_field_by_name — a field of the message, or NULL. */
const struct model_field *model_field_by_json(const struct model_message *message,
                                              struct str json);
const struct model_field *model_field_by_name(const struct model_message *message,
                                              struct str name);

/* model_is_data — the message has a C struct, JSON and protobuf: all but Settings and headers. */
bool model_is_data(const struct model_message *message);

/* model_field_flags — enum record_flag as the field's table row has them. */
unsigned model_field_flags(const struct model_field *field);

/* model_setting_kind — how a field that has a setting is read. */
enum setting_kind model_setting_kind(const struct model_field *field);

/* model_event_name — of an event, from its ce_type: reuse.chat.message.v1 -> chat_message. */
struct str model_event_name(struct arena *a, const struct model_method *method);

/* model_is_event — the method's record is one of ours, not the plain text of others. */
bool model_is_event(const struct model_method *method);

/* model_file_has_event — a message of the file is the value of an event. */
bool model_file_has_event(const struct model *m, const struct model_file *file);

/* model_file_uses — a field of file has a type of the other file. */
bool model_file_uses(const struct model_file *file, const struct model_file *other);

/* model_file_has_messages, model_file_has_data — one at least that model_is_data; or an enum. */
bool model_file_has_messages(const struct model_file *file);
bool model_file_has_data(const struct model_file *file);

/*
 * model_apply_catalog — limits of fields that name a column. in: catalog NULL: they have none
 * errors: diagnostics for unknown columns and limits wider than their column
 */
void model_apply_catalog(struct model *m, const struct catalog *catalog, struct diag *d);

#endif
