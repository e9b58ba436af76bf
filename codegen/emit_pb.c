/* SPDX-License-Identifier: MIT */
#include "codegen/emit.h"
#include "codegen/name.h"

#include "base/banned.h"

static void put_header(struct out *o, const struct model_file *file)
{
    out_head(o, file->shown);
    out_set(o, "stem", file->stem);
    out_set(o, "STEM", name_upper(&o->arena, file->stem));
    out_put(
        o,
        "#ifndef GENERATED_$STEM$_PB_H\n"
        "#define GENERATED_$STEM$_PB_H\n"
        "\n"
        "/*\n"
        " * Protobuf form of the messages in $stem$.h. Of each message x:\n"
        " * x_pb_decode, x_pb_encode are pb_decode and pb_encode of codec/pb.h for that\n"
        " * type.\n"
        " */\n"
        "\n"
        "#include \"codec/pb.h\"\n"
        "#include \"generated/c/$stem$.h\"\n"
        "\n");
    for (size_t i = 0; i < file->n_messages; i++) {
        if (!model_is_data(&file->messages[i]))
            continue;
        out_set(o, "c", file->messages[i].c_name);
        out_put(o, "extern const struct pb_type $c$_pb_type;\n"
                   "NODISCARD enum err $c$_pb_decode(struct arena *a, struct str in,\n"
                   "                                 struct $c$ *out, struct why *why);\n"
                   "void $c$_pb_encode(const struct $c$ *in, struct buf *out);\n"
                   "\n");
    }
    out_put(o, "#endif\n");
}

static void put_source(struct out *o, const struct model_file *file)
{
    out_head(o, file->shown);
    out_put(o, "#include \"generated/c/$stem$_pb.h\"\n"
               "\n"
               "#include \"pb/$stem$.pb-c.h\"\n"
               "\n"
               "#include \"base/banned.h\"\n");
    for (size_t i = 0; i < file->n_messages; i++) {
        if (!model_is_data(&file->messages[i]))
            continue;
        out_set(o, "c", file->messages[i].c_name);
        out_put(
            o, "\n"
               "const struct pb_type $c$_pb_type = {\n"
               "    &$c$_type,\n"
               "    &pb__$c$__descriptor,\n"
               "};\n"
               "\n"
               "enum err $c$_pb_decode(struct arena *a, struct str in, struct $c$ *out,\n"
               "                       struct why *why)\n"
               "{\n"
               "    return pb_decode(&$c$_pb_type, a, in, out, why);\n"
               "}\n"
               "\n"
               "void $c$_pb_encode(const struct $c$ *in, struct buf *out)\n"
               "{\n"
               "    pb_encode(&$c$_pb_type, in, out);\n"
               "}\n");
    }
}

static void emit_file(const struct model_file *file, const char *dir, struct diag *d)
{
    struct out o;

    out_init(&o);
    put_header(&o, file);
    out_write(&o, dir,
              arena_printf(&o.arena, "c/" STR_FMT "_pb.h", STR_ARG(file->stem)).p, d);
    put_source(&o, file);
    out_write(&o, dir,
              arena_printf(&o.arena, "c/" STR_FMT "_pb.c", STR_ARG(file->stem)).p, d);
    out_release(&o);
}

void emit_pb(const struct model *m, const char *dir, struct diag *d)
{
    for (size_t i = 0; i < m->n_files; i++)
        if (model_file_has_messages(&m->files[i]))
            emit_file(&m->files[i], dir, d);
}
