/* SPDX-License-Identifier: MIT */
#include "codegen/emit.h"
#include "codegen/name.h"

#include "base/banned.h"

static const struct model_message *settings_of(const struct model *m)
{
    for (size_t i = 0; i < m->n_files; i++)
        for (size_t j = 0; j < m->files[i].n_messages; j++)
            if (m->files[i].messages[j].is_settings)
                return &m->files[i].messages[j];
    return NULL;
}

static const char *c_type(enum setting_kind kind)
{
    switch (kind) {
    case SETTING_TEXT:
        return "struct str ";
    case SETTING_BOOL:
        return "bool ";
    case SETTING_CHOICE:
        return "int ";
    case SETTING_INT:
    case SETTING_MS:
    case SETTING_BYTES:
        break;
    }
    return "int64_t ";
}

static const char *kind_name(enum setting_kind kind)
{
    switch (kind) {
    case SETTING_TEXT:
        return "SETTING_TEXT";
    case SETTING_INT:
        return "SETTING_INT";
    case SETTING_BOOL:
        return "SETTING_BOOL";
    case SETTING_MS:
        return "SETTING_MS";
    case SETTING_BYTES:
        return "SETTING_BYTES";
    case SETTING_CHOICE:
        return "SETTING_CHOICE";
    }
    return "";
}

static void put_choices(struct out *o, const struct model_field *f)
{
    struct str rest = str_of(f->setting->choices), choice;

    if (rest.n == 0)
        return;
    out_set(o, "c", name_snake(&o->arena, str_of(f->setting->key)));
    out_set(o, "C", name_upper(&o->arena, str_of(f->setting->key)));
    out_put(o, "enum settings_$c$ {\n");
    while (str_split(&rest, '|', &choice)) {
        out_set(o, "choice", name_upper(&o->arena, choice));
        out_put(o, "    SETTINGS_$C$_$choice$,\n");
    }
    out_put(o, "};\n\n");
}

static void put_member(struct out *o, const struct model_field *f)
{
    const Reuse__SettingRule *rule = f->setting;
    struct buf text;

    buf_init(&text, 65536);
    buf_append_str(&text, f->comment);
    buf_printf(&text, " [%s%s%s%s%s%s]", rule->key, rule->unit[0] ? ", in " : "",
               rule->unit, rule->choices[0] ? ": enum settings_" : "",
               rule->choices[0] ? name_snake(&o->arena, str_of(rule->key)).p : "",
               rule->secret ? ", secret" : "");
    out_comment(o, 4, buf_str(&text));
    buf_release(&text);
    out_set(o, "c", name_snake(&o->arena, str_of(rule->key)));
    out_set_c(o, "type", c_type(model_setting_kind(f)));
    out_put(o, "    $type$$c$;\n");
}

static void put_header(struct out *o, const struct model_message *settings)
{
    out_head(o, settings->file->shown);
    out_put(o, "#ifndef GENERATED_SETTINGS_H\n"
               "#define GENERATED_SETTINGS_H\n"
               "\n");
    out_comment(o, 0, settings->file->comment);
    out_put(o, "\n"
               "#include \"codec/setting.h\"\n"
               "\n");
    for (size_t i = 0; i < settings->n_fields; i++)
        put_choices(o, &settings->fields[i]);
    out_comment(o, 0, settings->comment);
    out_put(o, "struct settings {\n");
    for (size_t i = 0; i < settings->n_fields; i++)
        put_member(o, &settings->fields[i]);
    out_put(o, "};\n"
               "\n"
               "/* For setting_load of codec/setting.h: it fills a struct settings. */\n"
               "extern const struct setting_table settings_table;\n"
               "\n"
               "#endif\n");
}

/* "REUSE_CHAT_SERVER_PORT SERVER_PORT": our own name first, it wins. */
static struct str environment_names(struct out *o, const Reuse__SettingRule *rule)
{
    struct str upper = name_upper(&o->arena, str_of(rule->key));
    struct str names = arena_printf(&o->arena, "REUSE_CHAT_" STR_FMT, STR_ARG(upper));

    for (size_t i = 0; i < rule->n_env; i++)
        names = arena_printf(&o->arena, STR_FMT " %s", STR_ARG(names), rule->env[i]);
    return names;
}

static struct str one_line(struct out *o, struct str text)
{
    struct str line, all = STR("");

    while (str_split(&text, '\n', &line)) {
        line = str_trim(line);
        all = arena_printf(&o->arena, STR_FMT "%s" STR_FMT, STR_ARG(all),
                           all.n > 0 ? " " : "", STR_ARG(line));
    }
    return all;
}

static void put_row(struct out *o, const struct model_field *f)
{
    const Reuse__SettingRule *rule = f->setting;
    int64_t max = f->kind == RECORD_STRING ? (int64_t)f->max_chars : f->rule->max;

    out_set_quoted(o, "key", str_of(rule->key));
    out_set_c(o, "kind", kind_name(model_setting_kind(f)));
    out_set(o, "c", name_snake(&o->arena, str_of(rule->key)));
    out_set_quoted(o, "default", str_of(rule->default_));
    out_set_quoted(o, "env", environment_names(o, rule));
    out_set_quoted(o, "choices", str_of(rule->choices));
    out_set_int(o, "min", f->rule->min);
    out_set_int(o, "max", max);
    out_set_quoted(o, "help", one_line(o, f->comment));
    out_put(o, "    {\n"
               "        .key = $key$,\n"
               "        .kind = $kind$,\n"
               "        .offset = offsetof(struct settings, $c$),\n"
               "        .default_text = $default$,\n"
               "        .env = $env$,\n");
    if (rule->choices[0])
        out_put(o, "        .choices = $choices$,\n");
    if (f->rule->min != 0)
        out_put(o, "        .min = INT64_C($min$),\n");
    if (max != 0)
        out_put(o, "        .max = INT64_C($max$),\n");
    if (rule->secret)
        out_put(o, "        .is_secret = true,\n");
    out_put(o, "        .help = $help$,\n"
               "    },\n");
}

static void put_source(struct out *o, const struct model_message *settings)
{
    out_head(o, settings->file->shown);
    out_put(o, "#include \"generated/c/settings.h\"\n"
               "\n"
               "#include \"base/banned.h\"\n"
               "\n"
               "static const struct setting rows[] = {\n");
    for (size_t i = 0; i < settings->n_fields; i++)
        put_row(o, &settings->fields[i]);
    out_put(o, "};\n"
               "\n"
               "const struct setting_table settings_table = {\n"
               "    .settings = rows,\n"
               "    .n = sizeof(rows) / sizeof(rows[0]),\n"
               "    .size = sizeof(struct settings),\n"
               "};\n");
}

void emit_settings(const struct model *m, const char *dir, struct diag *d)
{
    const struct model_message *settings = settings_of(m);
    struct out o;

    if (!settings)
        return;
    out_init(&o);
    put_header(&o, settings);
    out_write(&o, dir, "c/settings.h", d);
    put_source(&o, settings);
    out_write(&o, dir, "c/settings.c", d);
    out_release(&o);
}
