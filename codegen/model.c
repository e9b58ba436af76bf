/* SPDX-License-Identifier: MIT */
#include "codegen/model.h"

#include "codegen/image.h"
#include "codegen/name.h"

#include "base/banned.h"

enum {
    OPTION = 51000, /* as options.proto numbers them */
    OPTION_SECOND = 51001,
    PATH_MAX_DEPTH = 4,
    /* Field numbers of descriptor.proto, as SourceCodeInfo's paths use them. */
    IN_FILE_MESSAGE = 4,
    IN_FILE_ENUM = 5,
    IN_FILE_SERVICE = 6,
    IN_FILE_OPTIONS = 8,
    IN_FILE_SYNTAX = 12,
    IN_MESSAGE_FIELD = 2,
    IN_ENUM_VALUE = 2,
    IN_SERVICE_METHOD = 2,
};

/* One file on its way from descriptors to model. */
struct loader {
    struct model *model;
    const image_file *image;
    struct model_file *file;
};

static struct pos note_pos(const struct loader *l, struct image_note note)
{
    return (struct pos){l->file->shown, note.line};
}

static struct str dup_c(const struct loader *l, const char *text)
{
    return arena_dup(&l->model->arena, str_of(text));
}

static struct str full_name(const struct loader *l, const char *name)
{
    return arena_printf(&l->model->arena, ".%s%s%s",
                        l->image->package ? l->image->package : "",
                        l->image->package ? "." : "", name);
}

static void load_value(const struct loader *l, const struct model_enum *e, size_t index,
                       size_t value_index,
                       const Google__Protobuf__EnumValueDescriptorProto *from,
                       struct model_enum_value *to)
{
    int32_t path[] = {IN_FILE_ENUM, (int32_t)index, IN_ENUM_VALUE, (int32_t)value_index};
    struct image_note note = image_note(l->image, path, 4);
    struct str prefix = name_upper(&l->model->arena, e->name);
    const Reuse__EnumRule *rule;
    struct str json;

    *to = (struct model_enum_value){
        .pos = note_pos(l, note),
        .comment = arena_dup(&l->model->arena, note.comment),
        .name = dup_c(l, from->name),
        .number = from->number,
        .error = image_option(&l->model->arena, (const void *)from->options, OPTION,
                              &reuse__error_rule__descriptor),
    };
    json = str_starts(to->name, prefix) ? str_from(to->name, prefix.n + 1) : to->name;
    rule = image_option(&l->model->arena, (const void *)from->options, OPTION_SECOND,
                        &reuse__enum_rule__descriptor);
    to->json = rule ? str_of(rule->json) : name_lower(&l->model->arena, json);
}

static void reserve_names(const struct loader *l, char **names, size_t n,
                          struct model_reserved *to)
{
    to->names = ARENA_ARRAY(&l->model->arena, struct str, n);
    for (size_t i = 0; i < n; i++)
        to->names[to->n_names++] = dup_c(l, names[i]);
}

static void load_enum(const struct loader *l, size_t index,
                      const Google__Protobuf__EnumDescriptorProto *from,
                      struct model_enum *to)
{
    int32_t path[] = {IN_FILE_ENUM, (int32_t)index};
    struct image_note note = image_note(l->image, path, 2);

    *to = (struct model_enum){
        .pos = note_pos(l, note),
        .comment = arena_dup(&l->model->arena, note.comment),
        .full_name = full_name(l, from->name),
        .name = dup_c(l, from->name),
        .file = l->file,
        .n_values = from->n_value,
        .values = ARENA_ARRAY(&l->model->arena, struct model_enum_value, from->n_value),
    };
    to->c_name = name_snake(&l->model->arena, to->name);
    reserve_names(l, from->reserved_name, from->n_reserved_name, &to->reserved);
    to->reserved.ranges =
        ARENA_ARRAY(&l->model->arena, struct model_range, from->n_reserved_range);
    for (size_t i = 0; i < from->n_reserved_range; i++)
        to->reserved.ranges[to->reserved.n_ranges++] = (struct model_range){
            from->reserved_range[i]->start, from->reserved_range[i]->end};
    for (size_t i = 0; i < from->n_value; i++) {
        load_value(l, to, index, i, from->value[i], &to->values[i]);
        to->is_errors |= to->values[i].error != NULL;
    }
}

static enum record_form form_of(const Reuse__FieldRule *rule)
{
    switch (rule->json) {
    case REUSE__JSON_FORM__JSON_LOCAL_DATETIME:
        return RECORD_LOCAL_DATETIME;
    case REUSE__JSON_FORM__JSON_UUID:
        return RECORD_UUID;
    case REUSE__JSON_FORM__JSON_MAP:
        return RECORD_MAP;
    case REUSE__JSON_FORM__JSON_SPRING_INSTANT:
        return RECORD_SPRING_INSTANT;
    default:
        return RECORD_PLAIN;
    }
}

#define TYPE(name) GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_##name

static void set_kind(struct model_field *field,
                     Google__Protobuf__FieldDescriptorProto__Type type)
{
    static const struct {
        Google__Protobuf__FieldDescriptorProto__Type type;
        enum record_kind kind;
        enum model_oddity oddity;
    } kinds[] = {
        {TYPE(STRING), RECORD_STRING, MODEL_REGULAR},
        {TYPE(BYTES), RECORD_BYTES, MODEL_REGULAR},
        {TYPE(INT64), RECORD_INT64, MODEL_REGULAR},
        {TYPE(INT32), RECORD_INT32, MODEL_REGULAR},
        {TYPE(UINT32), RECORD_UINT32, MODEL_REGULAR},
        {TYPE(BOOL), RECORD_BOOL, MODEL_REGULAR},
        {TYPE(ENUM), RECORD_ENUM, MODEL_REGULAR},
        {TYPE(MESSAGE), RECORD_MESSAGE, MODEL_REGULAR},
        {TYPE(GROUP), RECORD_MESSAGE, MODEL_GROUP},
        {TYPE(DOUBLE), RECORD_INT64, MODEL_FLOAT},
        {TYPE(FLOAT), RECORD_INT64, MODEL_FLOAT},
    };

    field->oddity = MODEL_WIDTH;
    field->kind = RECORD_INT64;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (kinds[i].type == type) {
            field->kind = kinds[i].kind;
            field->oddity = kinds[i].oddity;
        }
}

/* Fields and messages without a rule have one that says nothing. */
static const Reuse__FieldRule *no_field_rule(struct arena *a)
{
    Reuse__FieldRule *rule = ARENA_NEW(a, Reuse__FieldRule);

    reuse__field_rule__init(rule);
    return rule;
}

static const Reuse__MessageRule *no_message_rule(struct arena *a)
{
    Reuse__MessageRule *rule = ARENA_NEW(a, Reuse__MessageRule);

    reuse__message_rule__init(rule);
    return rule;
}

static void load_field(const struct loader *l, size_t message_index, size_t index,
                       const Google__Protobuf__FieldDescriptorProto *from,
                       struct model_field *to)
{
    int32_t path[] = {IN_FILE_MESSAGE, (int32_t)message_index, IN_MESSAGE_FIELD,
                      (int32_t)index};
    struct image_note note = image_note(l->image, path, 4);
    const Reuse__FieldRule *rule =
        image_option(&l->model->arena, (const void *)from->options, OPTION,
                     &reuse__field_rule__descriptor);

    *to = (struct model_field){
        .pos = note_pos(l, note),
        .comment = arena_dup(&l->model->arena, note.comment),
        .name = dup_c(l, from->name),
        .json = dup_c(l, from->json_name),
        .number = from->number,
        .is_repeated = from->label ==
                       GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED,
        .is_optional = from->proto3_optional,
        .type_name = dup_c(l, from->type_name),
        .rule = rule ? rule : no_field_rule(&l->model->arena),
        .setting = image_option(&l->model->arena, (const void *)from->options,
                                OPTION_SECOND, &reuse__setting_rule__descriptor),
    };
    set_kind(to, from->type);
    if (from->has_oneof_index && !from->proto3_optional)
        to->oddity = MODEL_ONEOF;
    to->form = form_of(to->rule);
    to->max_chars = to->rule->max_chars;
}

static void load_message(const struct loader *l, size_t index,
                         const Google__Protobuf__DescriptorProto *from,
                         struct model_message *to)
{
    int32_t path[] = {IN_FILE_MESSAGE, (int32_t)index};
    struct image_note note = image_note(l->image, path, 2);
    const Reuse__MessageRule *rule =
        image_option(&l->model->arena, (const void *)from->options, OPTION,
                     &reuse__message_rule__descriptor);

    *to = (struct model_message){
        .pos = note_pos(l, note),
        .comment = arena_dup(&l->model->arena, note.comment),
        .full_name = full_name(l, from->name),
        .name = dup_c(l, from->name),
        .file = l->file,
        .n_fields = from->n_field,
        .fields = ARENA_ARRAY(&l->model->arena, struct model_field, from->n_field),
        .rule = rule ? rule : no_message_rule(&l->model->arena),
        .has_nested = from->n_nested_type > 0 || from->n_enum_type > 0,
    };
    to->is_headers = to->rule->headers[0] != '\0';
    to->c_name = name_snake(&l->model->arena, to->name);
    to->c_upper = name_upper(&l->model->arena, to->name);
    reserve_names(l, from->reserved_name, from->n_reserved_name, &to->reserved);
    to->reserved.ranges =
        ARENA_ARRAY(&l->model->arena, struct model_range, from->n_reserved_range);
    for (size_t i = 0; i < from->n_reserved_range;
         i++) /* of messages, end is behind it */
        to->reserved.ranges[to->reserved.n_ranges++] = (struct model_range){
            from->reserved_range[i]->start, from->reserved_range[i]->end - 1};
    for (size_t i = 0; i < from->n_field; i++) {
        load_field(l, index, i, from->field[i], &to->fields[i]);
        to->is_settings |= to->fields[i].setting != NULL;
    }
}

static void load_method(const struct loader *l, const struct model_service *service,
                        size_t service_index, size_t index,
                        const Google__Protobuf__MethodDescriptorProto *from,
                        struct model_method *to)
{
    int32_t path[] = {IN_FILE_SERVICE, (int32_t)service_index, IN_SERVICE_METHOD,
                      (int32_t)index};
    struct image_note note = image_note(l->image, path, 4);
    struct arena *a = &l->model->arena;
    struct str service_snake = name_snake(a, service->name);
    struct str snake = name_snake(a, str_of(from->name));

    *to = (struct model_method){
        .pos = note_pos(l, note),
        .comment = arena_dup(a, note.comment),
        .name = dup_c(l, from->name),
        .c_name =
            arena_printf(a, STR_FMT "_" STR_FMT, STR_ARG(service_snake), STR_ARG(snake)),
        .request_name = dup_c(l, from->input_type),
        .response_name = dup_c(l, from->output_type),
        .rule = image_option(a, (const void *)from->options, OPTION,
                             &reuse__method_rule__descriptor),
        .is_streaming = from->client_streaming || from->server_streaming,
    };
    to->c_upper = name_upper(a, to->c_name);
}

static void load_service(const struct loader *l, size_t index,
                         const Google__Protobuf__ServiceDescriptorProto *from,
                         struct model_service *to)
{
    int32_t path[] = {IN_FILE_SERVICE, (int32_t)index};
    struct image_note note = image_note(l->image, path, 2);

    *to = (struct model_service){
        .pos = note_pos(l, note),
        .comment = arena_dup(&l->model->arena, note.comment),
        .name = dup_c(l, from->name),
        .file = l->file,
        .n_methods = from->n_method,
        .methods = ARENA_ARRAY(&l->model->arena, struct model_method, from->n_method),
    };
    for (size_t i = 0; i < from->n_method; i++)
        load_method(l, to, index, i, from->method[i], &to->methods[i]);
}

static void load_file(const struct loader *l)
{
    struct arena *a = &l->model->arena;
    const image_file *from = l->image;
    struct model_file *to = l->file;
    const int32_t syntax[] = {IN_FILE_SYNTAX}, api[] = {IN_FILE_OPTIONS, OPTION};

    to->path = dup_c(l, from->name);
    to->shown = arena_printf(a, "schema/proto/%s", from->name).p;
    to->stem = name_stem(a, to->path);
    to->package = dup_c(l, from->package ? from->package : "");
    to->comment = arena_dup(a, image_note(from, syntax, 1).comment);
    to->api =
        image_option(a, (const void *)from->options, OPTION, &reuse__api__descriptor);
    to->api_pos = note_pos(l, image_note(from, api, 2));
    to->is_proto3 = str_eq(str_of(from->syntax), STR("proto3"));
    to->n_enums = from->n_enum_type;
    to->enums = ARENA_ARRAY(a, struct model_enum, from->n_enum_type);
    for (size_t i = 0; i < from->n_enum_type; i++)
        load_enum(l, i, from->enum_type[i], &to->enums[i]);
    to->n_messages = from->n_message_type;
    to->messages = ARENA_ARRAY(a, struct model_message, from->n_message_type);
    for (size_t i = 0; i < from->n_message_type; i++)
        load_message(l, i, from->message_type[i], &to->messages[i]);
    to->n_services = from->n_service;
    to->services = ARENA_ARRAY(a, struct model_service, from->n_service);
    for (size_t i = 0; i < from->n_service; i++)
        load_service(l, i, from->service[i], &to->services[i]);
}

const struct model_enum *model_enum_by_name(const struct model *m, struct str full_name)
{
    for (size_t i = 0; i < m->n_files; i++)
        for (size_t j = 0; j < m->files[i].n_enums; j++)
            if (str_eq(m->files[i].enums[j].full_name, full_name))
                return &m->files[i].enums[j];
    return NULL;
}

const struct model_message *model_message_by_name(const struct model *m,
                                                  struct str full_name)
{
    for (size_t i = 0; i < m->n_files; i++)
        for (size_t j = 0; j < m->files[i].n_messages; j++)
            if (str_eq(m->files[i].messages[j].full_name, full_name))
                return &m->files[i].messages[j];
    return NULL;
}

bool model_has_reserved_name(const struct model_reserved *reserved, struct str name)
{
    for (size_t i = 0; i < reserved->n_names; i++)
        if (str_eq(reserved->names[i], name))
            return true;
    return false;
}

bool model_has_reserved_number(const struct model_reserved *reserved, int32_t number)
{
    for (size_t i = 0; i < reserved->n_ranges; i++)
        if (number >= reserved->ranges[i].first && number <= reserved->ranges[i].last)
            return true;
    return false;
}

static void resolve_file(struct model *m, struct model_file *file)
{
    for (size_t i = 0; i < file->n_messages; i++)
        for (size_t j = 0; j < file->messages[i].n_fields; j++) {
            struct model_field *field = &file->messages[i].fields[j];

            field->message = model_message_by_name(m, field->type_name);
            field->enumeration = model_enum_by_name(m, field->type_name);
        }
    for (size_t i = 0; i < file->n_services; i++)
        for (size_t j = 0; j < file->services[i].n_methods; j++) {
            struct model_method *method = &file->services[i].methods[j];

            method->request = model_message_by_name(m, method->request_name);
            method->response = model_message_by_name(m, method->response_name);
            if (method->rule && method->rule->http)
                method->instead = model_message_by_name(
                    m, arena_printf(&m->arena, ".%s", method->rule->http->instead));
        }
}

static void resolve_imports(struct model *m, const image_file *image,
                            struct model_file *file)
{
    file->imports =
        ARENA_ARRAY(&m->arena, const struct model_file *, image->n_dependency);
    for (size_t i = 0; i < image->n_dependency; i++)
        for (size_t j = 0; j < m->n_files; j++)
            if (str_eq(m->files[j].path, str_of(image->dependency[i])))
                file->imports[file->n_imports++] = &m->files[j];
}

/* Files of the image that describe the schema language, not the schema. */
static bool is_ours(const image_file *file)
{
    return file->n_extension == 0 &&
           !str_starts(str_of(file->name), STR("google/protobuf/"));
}

/* In the order of their names: protoc's depends on the command line. */
static void sort_files(const image_file **files, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t j = i;
             j > 0 && str_cmp(str_of(files[j - 1]->name), str_of(files[j]->name)) > 0;
             j--) {
            const image_file *moved = files[j];

            files[j] = files[j - 1];
            files[j - 1] = moved;
        }
}

void model_load(struct model *m, const char *image_path, struct diag *d)
{
    const Google__Protobuf__FileDescriptorSet *set;
    const image_file **images;

    *m = (struct model){0};
    arena_init(&m->arena, SIZE_MAX);
    set = image_load(&m->arena, image_path, d);
    if (!set)
        return;
    images = ARENA_ARRAY(&m->arena, const image_file *, set->n_file);
    for (size_t i = 0; i < set->n_file; i++)
        if (is_ours(set->file[i]))
            images[m->n_files++] = set->file[i];
    sort_files(images, m->n_files);
    m->files = ARENA_ARRAY(&m->arena, struct model_file, m->n_files);
    for (size_t i = 0; i < m->n_files; i++)
        load_file(&(struct loader){m, images[i], &m->files[i]});
    for (size_t i = 0; i < m->n_files; i++) {
        resolve_file(m, &m->files[i]);
        resolve_imports(m, images[i], &m->files[i]);
    }
}

void model_release(struct model *m)
{
    arena_release(&m->arena);
    *m = (struct model){0};
}

const struct model_field *model_field_by_json(const struct model_message *message,
                                              struct str json)
{
    for (size_t i = 0; i < message->n_fields; i++)
        if (str_eq(message->fields[i].json, json))
            return &message->fields[i];
    return NULL;
}

const struct model_field *model_field_by_name(const struct model_message *message,
                                              struct str name)
{
    for (size_t i = 0; i < message->n_fields; i++)
        if (str_eq(message->fields[i].name, name))
            return &message->fields[i];
    return NULL;
}

bool model_is_data(const struct model_message *message)
{
    return !message->is_settings && !message->is_headers;
}

const struct model_enum *model_errors(const struct model *m)
{
    for (size_t i = 0; i < m->n_files; i++)
        for (size_t j = 0; j < m->files[i].n_enums; j++)
            if (m->files[i].enums[j].is_errors)
                return &m->files[i].enums[j];
    return NULL;
}

bool model_file_has_messages(const struct model_file *file)
{
    for (size_t i = 0; i < file->n_messages; i++)
        if (model_is_data(&file->messages[i]))
            return true;
    return false;
}

bool model_file_has_data(const struct model_file *file)
{
    for (size_t i = 0; i < file->n_enums; i++)
        if (!file->enums[i].is_errors)
            return true;
    return model_file_has_messages(file);
}

static bool field_uses(const struct model_field *field, const struct model_file *other)
{
    return (field->message && field->message->file == other) ||
           (field->enumeration && field->enumeration->file == other);
}

bool model_file_uses(const struct model_file *file, const struct model_file *other)
{
    for (size_t i = 0; i < file->n_messages; i++)
        for (size_t j = 0; j < file->messages[i].n_fields; j++)
            if (field_uses(&file->messages[i].fields[j], other))
                return true;
    return false;
}

struct str model_event_name(struct arena *a, const struct model_method *method)
{
    struct str name = str_of(method->rule->kafka->type);

    name = str_from(name, str_find(name, '.') + 1);
    if (name.n > 3 && memcmp(name.p + name.n - 3, ".v1", 3) == 0)
        name.n -= 3;
    return name_snake(a, name);
}

bool model_is_event(const struct model_method *method)
{
    return method->rule && method->rule->kafka && !method->rule->kafka->plain;
}

bool model_file_has_event(const struct model *m, const struct model_file *file)
{
    for (size_t i = 0; i < m->n_files; i++)
        for (size_t j = 0; j < m->files[i].n_services; j++)
            for (size_t k = 0; k < m->files[i].services[j].n_methods; k++) {
                const struct model_method *method = &m->files[i].services[j].methods[k];

                if (model_is_event(method) && method->request &&
                    method->request->file == file)
                    return true;
            }
    return false;
}

static bool is_text(const struct model_field *f)
{
    return f->kind == RECORD_STRING || f->kind == RECORD_BYTES;
}

unsigned model_field_flags(const struct model_field *field)
{
    bool has_flag =
        field->is_optional && !is_text(field) && field->kind != RECORD_MESSAGE;
    unsigned flags = 0;

    flags |= field->is_repeated ? RECORD_REPEATED : 0;
    flags |= has_flag ? RECORD_HAS : 0;
    flags |= field->rule->required ? RECORD_REQUIRED : 0;
    flags |= field->rule->omit_null ? RECORD_OMIT_NULL : 0;
    flags |= field->rule->nullable ? RECORD_NULLABLE : 0;
    flags |= is_text(field) && field->is_optional ? RECORD_OPTIONAL : 0;
    return flags;
}

enum setting_kind model_setting_kind(const struct model_field *field)
{
    if (field->setting->choices[0])
        return SETTING_CHOICE;
    if (field->kind == RECORD_STRING)
        return SETTING_TEXT;
    if (field->kind == RECORD_BOOL)
        return SETTING_BOOL;
    if (str_eq(str_of(field->setting->unit), STR("ms")))
        return SETTING_MS;
    return str_eq(str_of(field->setting->unit), STR("bytes")) ? SETTING_BYTES
                                                              : SETTING_INT;
}
