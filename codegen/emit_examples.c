/* SPDX-License-Identifier: MIT */
#include "codegen/emit.h"

#include "base/banned.h"

static const char source[] = "the messages in schema/proto";

static void put_header(struct out *o)
{
    out_head(o, source);
    out_put(o, "#ifndef GENERATED_EXAMPLES_H\n"
               "#define GENERATED_EXAMPLES_H\n"
               "\n"
               "/* The example of every message, for tests. */\n"
               "\n"
               "#include \"codec/pb.h\"\n"
               "\n"
               "struct example {\n"
               "    const struct pb_type *type;\n"
               "    struct str json;\n"
               "};\n"
               "\n"
               "struct example_table {\n"
               "    const struct example *examples;\n"
               "    size_t n;\n"
               "};\n"
               "\n"
               "extern const struct example_table example_table;\n"
               "\n"
               "#endif\n");
}

static void put_row(struct out *o, const struct model_message *message)
{
    struct str json = str_of(message->rule->example);

    out_set(o, "c", message->c_name);
    out_set_quoted(o, "json", json);
    out_set_int(o, "n", (int64_t)json.n);
    out_put(o, "    {&$c$_pb_type, {$json$, $n$}},\n");
}

static void put_source(struct out *o, const struct model *m)
{
    out_head(o, source);
    out_put(o, "#include \"generated/c/examples.h\"\n"
               "\n");
    for (size_t i = 0; i < m->n_files; i++) {
        if (!model_file_has_messages(&m->files[i]))
            continue;
        out_set(o, "stem", m->files[i].stem);
        out_put(o, "#include \"generated/c/$stem$_pb.h\"\n");
    }
    out_put(o, "\n"
               "#include \"base/banned.h\"\n"
               "\n"
               "static const struct example examples[] = {\n");
    for (size_t i = 0; i < m->n_files; i++)
        for (size_t j = 0; j < m->files[i].n_messages; j++)
            if (model_is_data(&m->files[i].messages[j]))
                put_row(o, &m->files[i].messages[j]);
    out_put(o, "};\n"
               "\n"
               "const struct example_table example_table = {\n"
               "    .examples = examples,\n"
               "    .n = sizeof(examples) / sizeof(examples[0]),\n"
               "};\n");
}

void emit_examples(const struct model *m, const char *dir, struct diag *d)
{
    struct out o;
    bool is_any = false;

    for (size_t i = 0; i < m->n_files; i++)
        is_any |= model_file_has_messages(&m->files[i]);
    if (!is_any)
        return;
    out_init(&o);
    put_header(&o);
    out_write(&o, dir, "c/examples.h", d);
    put_source(&o, m);
    out_write(&o, dir, "c/examples.c", d);
    out_release(&o);
}
