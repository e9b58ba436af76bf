/* SPDX-License-Identifier: MIT */
#include "codegen/emit.h"
#include "codegen/name.h"

#include "base/banned.h"

static void put_header(struct out *o, const struct model_enum *e)
{
    out_head(o, e->file->shown);
    out_put(o, "#ifndef GENERATED_ERR_H\n"
               "#define GENERATED_ERR_H\n"
               "\n"
               "#include <stdbool.h>\n"
               "#include <stdint.h>\n"
               "\n");
    out_comment(o, 0, e->file->comment);
    out_put(o, "enum err {\n");
    for (size_t i = 0; i < e->n_values; i++) {
        out_comment(o, 4, e->values[i].comment);
        out_set(o, "name", e->values[i].name);
        out_set_int(o, "number", e->values[i].number);
        out_put(o, "    $name$ = $number$,\n");
    }
    out_put(
        o,
        "};\n"
        "\n"
        "enum err_stomp {\n"
        "    ERR_STOMP_NONE,  /* never reaches a STOMP client */\n"
        "    ERR_STOMP_FATAL, /* ERROR frame, then close */\n"
        "    ERR_STOMP_SOFT,  /* MESSAGE on /user/queue/errors, or fatal if not "
        "subscribed there */\n"
        "};\n"
        "\n"
        "struct err_info {\n"
        "    enum err err;\n"
        "    const char *code;  /* the word on every wire: \"not_member\" */\n"
        "    const char *title; /* one line for people */\n"
        "    uint16_t status;   /* HTTP */\n"
        "    uint16_t close;    /* WebSocket close code of the fatal form; 0: none */\n"
        "    enum err_stomp stomp;\n"
        "    bool retry; /* the same request may succeed later */\n"
        "};\n"
        "\n"
        "/* err_info — what e means on each wire. out: static, never NULL. thread: any "
        "*/\n"
        "const struct err_info *err_info(enum err e);\n"
        "\n"
        "#endif\n");
}

static const char *stomp_name(Reuse__StompKind kind)
{
    switch (kind) {
    case REUSE__STOMP_KIND__STOMP_FATAL:
        return "ERR_STOMP_FATAL";
    case REUSE__STOMP_KIND__STOMP_SOFT:
        return "ERR_STOMP_SOFT";
    default:
        return "ERR_STOMP_NONE";
    }
}

static void put_row(struct out *o, const struct model_enum_value *value)
{
    Reuse__ErrorRule no_error;
    const Reuse__ErrorRule *rule = value->error ? value->error : &no_error;

    reuse__error_rule__init(&no_error);
    out_set(o, "name", value->name);
    out_set_quoted(o, "code", value->json);
    out_set_quoted(o, "title", str_of(rule->title));
    out_set_int(o, "status", value->error ? rule->status : 200);
    out_set_int(o, "close", rule->close);
    out_set_c(o, "stomp", stomp_name(rule->stomp));
    out_set_c(o, "retry", rule->retry ? "true" : "false");
    out_put(o, "    [$name$] = {$name$, $code$, $title$, $status$, $close$, $stomp$, "
               "$retry$},\n");
}

static void put_source(struct out *o, const struct model_enum *e)
{
    out_head(o, e->file->shown);
    out_put(o, "#include \"generated/c/err.h\"\n"
               "\n"
               "#include <stddef.h>\n"
               "\n"
               "#include \"base/banned.h\"\n"
               "\n"
               "/* By number; numbers that mean nothing have no code. */\n"
               "static const struct err_info table[] = {\n");
    for (size_t i = 0; i < e->n_values; i++)
        put_row(o, &e->values[i]);
    out_put(o, "};\n"
               "\n"
               "const struct err_info *err_info(enum err e)\n"
               "{\n"
               "    size_t i = (size_t)e;\n"
               "\n"
               "    if (i < sizeof(table) / sizeof(table[0]) && table[i].code)\n"
               "        return &table[i];\n"
               "    return &table[ERR_INTERNAL];\n"
               "}\n");
}

void emit_err(const struct model *m, const char *dir, struct diag *d)
{
    const struct model_enum *e = model_errors(m);
    struct out o;

    if (!e)
        return;
    out_init(&o);
    put_header(&o, e);
    out_write(&o, dir, "c/err.h", d);
    put_source(&o, e);
    out_write(&o, dir, "c/err.c", d);
    out_release(&o);
}
