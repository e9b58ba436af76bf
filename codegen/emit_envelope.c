/* SPDX-License-Identifier: MIT */
#include "codegen/emit.h"
#include "codegen/name.h"

#include "base/banned.h"

static const char source[] = "the services in schema/proto";

typedef void (*event_fn)(struct out *o, const struct model_method *method);

static void each_event(const struct model *m, struct out *o, event_fn put)
{
    for (size_t i = 0; i < m->n_files; i++)
        for (size_t j = 0; j < m->files[i].n_services; j++)
            for (size_t k = 0; k < m->files[i].services[j].n_methods; k++) {
                const struct model_method *method = &m->files[i].services[j].methods[k];

                if (!model_is_event(method))
                    continue;
                out_set(o, "event", model_event_name(&o->arena, method));
                out_set(o, "EVENT",
                        name_upper(&o->arena, model_event_name(&o->arena, method)));
                out_set(o, "value", method->request->c_name);
                out_set_c(o, "type", method->rule->kafka->type);
                put(o, method);
            }
}

static void put_kind(struct out *o, const struct model_method *method)
{
    out_comment(o, 4,
                arena_printf(&o->arena, STR_FMT " [%s, topic %s]",
                             STR_ARG(method->comment), method->rule->kafka->type,
                             method->rule->kafka->topic));
    out_put(o, "    EVENT_$EVENT$,\n");
}

static void put_prototypes(struct out *o, const struct model_method *method)
{
    (void)method;
    out_put(
        o,
        "NODISCARD enum err event_$event$_encode(const struct event_meta *meta,\n"
        "                                        const struct $value$ *value,\n"
        "                                        enum event_form form, struct arena *a,\n"
        "                                        struct event_record *out);\n"
        "NODISCARD enum err event_$event$_decode(const struct event_record *in,\n"
        "                                        struct arena *a,\n"
        "                                        struct event_meta *meta_out,\n"
        "                                        struct $value$ *value_out,\n"
        "                                        struct why *why);\n"
        "\n");
}

/* Files whose messages are values of events. */
static void put_includes(struct out *o, const struct model *m, const char *suffix)
{
    out_set_c(o, "suffix", suffix);
    for (size_t i = 0; i < m->n_files; i++)
        if (model_file_has_event(m, &m->files[i])) {
            out_set(o, "stem", m->files[i].stem);
            out_put(o, "#include \"generated/c/$stem$$suffix$.h\"\n");
        }
}

static void put_header(struct out *o, const struct model *m)
{
    out_head(o, source);
    out_put(o,
            "#ifndef GENERATED_ENVELOPE_H\n"
            "#define GENERATED_ENVELOPE_H\n"
            "\n"
            "/*\n"
            " * Events as records of Kafka, with CloudEvents headers. Of each event x:\n"
            " * event_x_encode, event_x_decode are event_encode and event_decode of\n"
            " * codec/event.h for that type.\n"
            " */\n"
            "\n"
            "#include \"codec/event.h\"\n");
    put_includes(o, m, "");
    out_put(
        o, "\n"
           "enum event_kind {\n"
           "    EVENT_UNKNOWN, /* a ce_type that this program does not have: skip it */\n"
           "    EVENT_FOREIGN, /* no ce_ headers: the topic alone says what it is */\n");
    each_event(m, o, put_kind);
    out_put(o,
            "    EVENT_N, /* how many there are */\n"
            "};\n"
            "\n"
            "/* event_kind_of — by ce_type, nothing else is looked at. thread: any */\n"
            "enum event_kind event_kind_of(const struct event_record *record);\n"
            "\n");
    each_event(m, o, put_prototypes);
    out_put(o, "#endif\n");
}

static void put_row(struct out *o, const struct model_method *method)
{
    const Reuse__Kafka *kafka = method->rule->kafka;

    out_set_quoted(o, "source", str_of(kafka->source));
    out_set_c(o, "key", kafka->key);
    out_set_int(o, "type_n", (int64_t)str_of(kafka->type).n);
    out_put(o, "    {\n"
               "        .kind = EVENT_$EVENT$,\n"
               "        .type = {\"$type$\", $type_n$},\n"
               "        .source = $source$,\n"
               "        .key = \"$key$\",\n"
               "        .value = &$value$_pb_type,\n"
               "    },\n");
}

static void put_functions(struct out *o, const struct model_method *method)
{
    (void)method;
    out_put(
        o,
        "\n"
        "enum err event_$event$_encode(const struct event_meta *meta,\n"
        "                              const struct $value$ *value,\n"
        "                              enum event_form form, struct arena *a,\n"
        "                              struct event_record *out)\n"
        "{\n"
        "    return event_encode(type_of(EVENT_$EVENT$), meta, value, form, a, out);\n"
        "}\n"
        "\n"
        "enum err event_$event$_decode(const struct event_record *in, struct arena *a,\n"
        "                              struct event_meta *meta_out,\n"
        "                              struct $value$ *value_out, struct why *why)\n"
        "{\n"
        "    return event_decode(type_of(EVENT_$EVENT$), in, a, meta_out, value_out,\n"
        "                        why);\n"
        "}\n");
}

static void put_source(struct out *o, const struct model *m)
{
    out_head(o, source);
    out_put(o, "#include \"generated/c/envelope.h\"\n"
               "\n");
    put_includes(o, m, "_pb");
    out_put(
        o,
        "\n"
        "#include \"base/banned.h\"\n"
        "\n"
        "/* In the order of enum event_kind, which has two kinds more before them. */\n"
        "static const struct event_type types[] = {\n");
    each_event(m, o, put_row);
    out_put(o, "};\n"
               "\n"
               "static const struct event_type *type_of(enum event_kind kind)\n"
               "{\n"
               "    return &types[kind - EVENT_FOREIGN - 1];\n"
               "}\n"
               "\n"
               "enum event_kind event_kind_of(const struct event_record *record)\n"
               "{\n"
               "    struct str type = event_header(record, \"ce_type\");\n"
               "\n"
               "    if (event_is_foreign(record))\n"
               "        return EVENT_FOREIGN;\n"
               "    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)\n"
               "        if (str_eq(types[i].type, type))\n"
               "            return (enum event_kind)types[i].kind;\n"
               "    return EVENT_UNKNOWN;\n"
               "}\n");
    each_event(m, o, put_functions);
}

void emit_envelope(const struct model *m, const char *dir, struct diag *d)
{
    struct out o;
    bool is_any = false;

    for (size_t i = 0; i < m->n_files; i++)
        is_any |= model_file_has_event(m, &m->files[i]);
    if (!is_any)
        return;
    out_init(&o);
    put_header(&o, m);
    out_write(&o, dir, "c/envelope.h", d);
    put_source(&o, m);
    out_write(&o, dir, "c/envelope.c", d);
    out_release(&o);
}
