/* SPDX-License-Identifier: MIT */
#include "codegen/emit.h"
#include "codegen/name.h"

#include "base/banned.h"

static const char *scalar_type(enum record_kind kind)
{
    switch (kind) {
    case RECORD_STRING:
    case RECORD_BYTES:
        return "struct str ";
    case RECORD_INT64:
        return "int64_t ";
    case RECORD_INT32:
        return "int32_t ";
    case RECORD_UINT32:
        return "uint32_t ";
    case RECORD_BOOL:
        return "bool ";
    case RECORD_ENUM:
        return "int ";
    case RECORD_MESSAGE:
        break;
    }
    return "";
}

static bool has_flag(const struct model_field *f)
{
    return (model_field_flags(f) & RECORD_HAS) != 0;
}

static void add_fact(struct buf *facts, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void add_fact(struct buf *facts, const char *fmt, ...)
{
    char text[400];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (facts->n > 0)
        buf_append_c(facts, "; ");
    buf_append_c(facts, text);
}

/* What a reader of the struct wants to know of a field: JSON name, limits, column. */
static void collect_facts(const struct model_field *f, struct buf *facts)
{
    if (!str_eq(f->json, f->name))
        add_fact(facts, STR_FMT, STR_ARG(f->json));
    if (f->rule->required)
        add_fact(facts, "required");
    if (f->form == RECORD_UUID)
        add_fact(facts, "UUID");
    if (f->rule->min_chars > 0)
        add_fact(facts, "at least %u", f->rule->min_chars);
    if (f->max_chars > 0)
        add_fact(facts, "at most %u %s", f->max_chars,
                 f->kind == RECORD_BYTES ? "bytes" : "characters");
    if (f->rule->max_items > 0)
        add_fact(facts, "at most %u items", f->rule->max_items);
    if (f->rule->min != 0 || f->rule->max != 0)
        add_fact(facts, "%lld to %lld", (long long)f->rule->min, (long long)f->rule->max);
    if (f->rule->column[0])
        add_fact(facts, "%s", f->rule->column);
}

static void put_field_comment(struct out *o, const struct model_field *f)
{
    struct buf text, facts;

    buf_init(&text, 65536);
    buf_init(&facts, 65536);
    buf_append_str(&text, f->comment);
    collect_facts(f, &facts);
    if (facts.n > 0)
        buf_printf(&text, " [" STR_FMT "]", STR_ARG(buf_str(&facts)));
    out_comment(o, 4, buf_str(&text));
    buf_release(&facts);
    buf_release(&text);
}

static void put_member(struct out *o, const struct model_field *f)
{
    out_set(o, "name", f->name);
    out_set_c(o, "type", scalar_type(f->kind));
    if (f->kind == RECORD_MESSAGE)
        out_set(
            o, "type",
            arena_printf(&o->arena, "struct " STR_FMT " ", STR_ARG(f->message->c_name)));
    put_field_comment(o, f);
    if (has_flag(f))
        out_put(o, "    bool has_$name$;\n");
    if (f->is_repeated)
        out_put(o, "    const $type$*$name$;\n"
                   "    size_t n_$name$;\n");
    else if (f->kind == RECORD_MESSAGE)
        out_put(o, "    const $type$*$name$;\n");
    else
        out_put(o, "    $type$$name$;\n");
}

static void put_limits(struct out *o, const struct model_message *message)
{
    bool is_any = false;

    for (size_t i = 0; i < message->n_fields; i++) {
        const struct model_field *f = &message->fields[i];

        if (f->max_chars == 0)
            continue;
        out_set(o, "limit", name_upper(&o->arena, f->name));
        out_set_int(o, "max", f->max_chars);
        out_put(o, "#define $C$_$limit$_MAX $max$\n");
        is_any = true;
    }
    if (is_any)
        out_put(o, "\n");
}

static void put_struct(struct out *o, const struct model_message *message)
{
    out_set(o, "c", message->c_name);
    out_set(o, "C", message->c_upper);
    put_limits(o, message);
    out_comment(o, 0, message->comment);
    out_put(o, "struct $c$ {\n");
    for (size_t i = 0; i < message->n_fields; i++)
        put_member(o, &message->fields[i]);
    if (message->n_fields == 0)
        out_put(o, "    char unused; /* C has no empty struct */\n");
    out_put(o, "};\n"
               "\n"
               "extern const struct record_type $c$_type;\n"
               "\n"
               "NODISCARD enum err $c$_json_decode(struct arena *a, struct str in,\n"
               "                                   struct $c$ *out, struct why *why);\n"
               "void $c$_json_encode(const struct $c$ *in, struct buf *out);\n"
               "NODISCARD enum err $c$_check(const struct $c$ *in, struct why *why);\n"
               "\n");
}

static void put_enum(struct out *o, const struct model_enum *e)
{
    out_set(o, "c", e->c_name);
    out_comment(o, 0, e->comment);
    out_put(o, "enum $c$ {\n");
    for (size_t i = 0; i < e->n_values; i++) {
        out_comment(o, 4, e->values[i].comment);
        out_set(o, "name", e->values[i].name);
        out_set_int(o, "number", e->values[i].number);
        out_put(o, "    $name$ = $number$,\n");
    }
    out_put(o, "};\n"
               "\n"
               "extern const struct record_enum $c$_enum;\n"
               "\n");
}

static void put_imports(struct out *o, const struct model_file *file)
{
    for (size_t i = 0; i < file->n_imports; i++) {
        if (!model_file_uses(file, file->imports[i]))
            continue;
        out_set(o, "import", file->imports[i]->stem);
        out_put(o, "#include \"generated/c/$import$.h\"\n");
    }
}

static void put_header(struct out *o, const struct model_file *file)
{
    out_head(o, file->shown);
    out_set(o, "stem", file->stem);
    out_set(o, "STEM", name_upper(&o->arena, file->stem));
    out_put(o, "#ifndef GENERATED_$STEM$_H\n"
               "#define GENERATED_$STEM$_H\n"
               "\n");
    out_comment(o, 0, file->comment);
    out_put(o, "\n"
               "#include \"base/arena.h\"\n"
               "#include \"base/buf.h\"\n"
               "#include \"base/bug.h\"\n"
               "#include \"base/why.h\"\n"
               "#include \"codec/record.h\"\n");
    put_imports(o, file);
    out_put(o,
            "#include \"generated/c/err.h\"\n"
            "\n"
            "/*\n"
            " * Of each message x here:\n"
            " * x_json_decode, x_json_encode, x_check are json_decode, json_encode and\n"
            " * record_check of codec/json.h for that type.\n"
            " */\n"
            "\n");
    for (size_t i = 0; i < file->n_enums; i++)
        if (!file->enums[i].is_errors)
            put_enum(o, &file->enums[i]);
    for (size_t i = 0; i < file->n_messages; i++)
        if (model_is_data(&file->messages[i]))
            put_struct(o, &file->messages[i]);
    out_put(o, "#endif\n");
}

static const char *kind_name(enum record_kind kind)
{
    switch (kind) {
    case RECORD_STRING:
        return "RECORD_STRING";
    case RECORD_BYTES:
        return "RECORD_BYTES";
    case RECORD_INT64:
        return "RECORD_INT64";
    case RECORD_INT32:
        return "RECORD_INT32";
    case RECORD_UINT32:
        return "RECORD_UINT32";
    case RECORD_BOOL:
        return "RECORD_BOOL";
    case RECORD_ENUM:
        return "RECORD_ENUM";
    case RECORD_MESSAGE:
        return "RECORD_MESSAGE";
    }
    return "";
}

static const char *form_name(enum record_form form)
{
    switch (form) {
    case RECORD_PLAIN:
        return "RECORD_PLAIN";
    case RECORD_LOCAL_DATETIME:
        return "RECORD_LOCAL_DATETIME";
    case RECORD_UUID:
        return "RECORD_UUID";
    case RECORD_MAP:
        return "RECORD_MAP";
    case RECORD_SPRING_INSTANT:
        return "RECORD_SPRING_INSTANT";
    }
    return "";
}

static void put_flags(struct out *o, const struct model_field *f)
{
    static const struct {
        enum record_flag flag;
        const char *name;
    } flags[] = {
        {RECORD_REPEATED, "RECORD_REPEATED"}, {RECORD_HAS, "RECORD_HAS"},
        {RECORD_REQUIRED, "RECORD_REQUIRED"}, {RECORD_OMIT_NULL, "RECORD_OMIT_NULL"},
        {RECORD_NULLABLE, "RECORD_NULLABLE"}, {RECORD_OPTIONAL, "RECORD_OPTIONAL"},
    };
    const char *before = ", .flags = ";

    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (!(model_field_flags(f) & flags[i].flag))
            continue;
        out_put(o, before);
        out_put(o, flags[i].name);
        before = " | ";
    }
}

/* A 64-bit integer as C reads it: the least one has no literal of its own. */
static void put_integer(struct out *o, const char *member, int64_t value)
{
    if (value == 0)
        return;
    out_set_c(o, "member", member);
    out_set_int(o, "value", value);
    if (value == INT64_MIN)
        out_put(o, ", .$member$ = INT64_MIN");
    else
        out_put(o, ", .$member$ = INT64_C($value$)");
}

static void put_field_limits(struct out *o, const struct model_field *f)
{
    out_set(o, "limit", name_upper(&o->arena, f->name));
    out_set_int(o, "min_chars", f->rule->min_chars);
    out_set_int(o, "max_items", f->rule->max_items);
    if (f->rule->min_chars > 0)
        out_put(o, ", .min_chars = $min_chars$");
    if (f->max_chars > 0)
        out_put(o, ", .max_chars = $C$_$limit$_MAX");
    if (f->rule->max_items > 0)
        out_put(o, ", .max_items = $max_items$");
    put_integer(o, "min", f->rule->min);
    put_integer(o, "max", f->rule->max);
}

static void put_field_row(struct out *o, const struct model_field *f)
{
    out_set(o, "name", f->name);
    out_set(o, "json", f->json);
    out_set_c(o, "kind", kind_name(f->kind));
    out_set_c(o, "form", form_name(f->form));
    out_put(o, "    {RECORD_NAMES(\"$name$\", \"$json$\"), .kind = $kind$");
    if (f->form != RECORD_PLAIN)
        out_put(o, ", .form = $form$");
    put_flags(o, f);
    out_put(o, ", .offset = offsetof(struct $c$, $name$)");
    if (f->is_repeated)
        out_put(o, ", .extra_offset = offsetof(struct $c$, n_$name$)");
    else if (has_flag(f))
        out_put(o, ", .extra_offset = offsetof(struct $c$, has_$name$)");
    put_field_limits(o, f);
    if (f->kind == RECORD_MESSAGE)
        out_set(o, "of", f->message->c_name);
    if (f->kind == RECORD_ENUM)
        out_set(o, "of", f->enumeration->c_name);
    if (f->kind == RECORD_MESSAGE)
        out_put(o, ", .message = &$of$_type");
    if (f->kind == RECORD_ENUM)
        out_put(o, ", .enumeration = &$of$_enum");
    out_put(o, "},\n");
}

static void put_type(struct out *o, const struct model_message *message)
{
    out_set(o, "c", message->c_name);
    out_set(o, "C", message->c_upper);
    out_set(o, "message", message->name);
    out_set_int(o, "n", (int64_t)message->n_fields);
    if (message->n_fields > 0)
        out_put(o, "static const struct record_field $c$_fields[] = {\n");
    for (size_t i = 0; i < message->n_fields; i++)
        put_field_row(o, &message->fields[i]);
    if (message->n_fields > 0)
        out_put(o, "};\n\n");
    out_put(o, "const struct record_type $c$_type = {\n"
               "    .name = \"$message$\",\n"
               "    .size = sizeof(struct $c$),\n");
    if (message->n_fields > 0)
        out_put(o, "    .fields = $c$_fields,\n"
                   "    .n_fields = $n$,\n");
    if (message->rule->unwrap)
        out_put(o, "    .is_unwrapped = true,\n");
    out_put(o,
            "};\n"
            "\n"
            "enum err $c$_json_decode(struct arena *a, struct str in, struct $c$ *out,\n"
            "                         struct why *why)\n"
            "{\n"
            "    return json_decode(&$c$_type, a, in, out, why);\n"
            "}\n"
            "\n"
            "void $c$_json_encode(const struct $c$ *in, struct buf *out)\n"
            "{\n"
            "    json_encode(&$c$_type, in, out);\n"
            "}\n"
            "\n"
            "enum err $c$_check(const struct $c$ *in, struct why *why)\n"
            "{\n"
            "    return record_check(&$c$_type, in, why);\n"
            "}\n"
            "\n");
}

static void put_enum_table(struct out *o, const struct model_enum *e)
{
    out_set(o, "c", e->c_name);
    out_set(o, "enum", e->name);
    out_set_int(o, "n", (int64_t)e->n_values);
    out_put(o, "static const struct record_enum_value $c$_values[] = {\n");
    for (size_t i = 0; i < e->n_values; i++) {
        out_set(o, "name", e->values[i].name);
        out_set_quoted(o, "json", e->values[i].json);
        out_set_int(o, "json_n", (int64_t)e->values[i].json.n);
        out_put(o, "    {$name$, {$json$, $json_n$}},\n");
    }
    out_put(o, "};\n"
               "\n"
               "const struct record_enum $c$_enum = {\"$enum$\", $c$_values, $n$};\n"
               "\n");
}

static void put_source(struct out *o, const struct model_file *file)
{
    out_head(o, file->shown);
    out_set(o, "stem", file->stem);
    out_put(o, "#include \"generated/c/$stem$.h\"\n"
               "\n"
               "#include \"codec/json.h\"\n"
               "\n"
               "#include \"base/banned.h\"\n"
               "\n");
    for (size_t i = 0; i < file->n_enums; i++)
        if (!file->enums[i].is_errors)
            put_enum_table(o, &file->enums[i]);
    for (size_t i = 0; i < file->n_messages; i++)
        if (model_is_data(&file->messages[i]))
            put_type(o, &file->messages[i]);
}

static void emit_file(const struct model_file *file, const char *dir, struct diag *d)
{
    struct out o;

    out_init(&o);
    put_header(&o, file);
    out_write(&o, dir, arena_printf(&o.arena, "c/" STR_FMT ".h", STR_ARG(file->stem)).p,
              d);
    put_source(&o, file);
    out_write(&o, dir, arena_printf(&o.arena, "c/" STR_FMT ".c", STR_ARG(file->stem)).p,
              d);
    out_release(&o);
}

void emit_message(const struct model *m, const char *dir, struct diag *d)
{
    for (size_t i = 0; i < m->n_files; i++)
        if (model_file_has_data(&m->files[i]))
            emit_file(&m->files[i], dir, d);
}
