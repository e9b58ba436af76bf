/* SPDX-License-Identifier: MIT */
#include "codec/setting.h"
#include "codegen/check_parts.h"
#include "codegen/name.h"

#include "base/banned.h"

/* The settings runtime reads the default as it would read it from the file. */
static void check_default(const struct model_field *f, struct diag *d)
{
    const Reuse__SettingRule *rule = f->setting;
    _Alignas(16) char value[sizeof(struct str)];
    struct setting row = {
        .key = rule->key,
        .kind = model_setting_kind(f),
        .default_text = rule->default_,
        .env = "",
        .choices = rule->choices[0] ? rule->choices : NULL,
        .min = f->rule->min,
        .max = f->kind == RECORD_STRING ? (int64_t)f->max_chars : f->rule->max,
        .help = "",
    };
    struct setting_table table = {&row, 1, sizeof(value)};
    struct arena scratch;
    struct why why = {""};

    if (row.kind != SETTING_TEXT && !rule->default_[0]) {
        diag_at(d, f->pos, "setting %s has no default", rule->key);
        return;
    }
    arena_init(&scratch, SIZE_MAX);
    if (setting_set(&table, value, &scratch, str_of(rule->key), str_of(rule->default_),
                    &why) != ERR_OK)
        diag_at(d, f->pos, "the default is refused: %s", why.text);
    arena_release(&scratch);
}

static void check_kind(const struct model_field *f, struct diag *d)
{
    const Reuse__SettingRule *rule = f->setting;
    struct str unit = str_of(rule->unit);

    if (f->is_repeated || f->is_optional ||
        (f->kind != RECORD_STRING && f->kind != RECORD_BOOL && f->kind != RECORD_INT64 &&
         f->kind != RECORD_INT32))
        diag_at(d, f->pos, "setting %s: only string, bool, int64 and int32 (choices)",
                rule->key);
    if ((f->kind == RECORD_INT32) != (rule->choices[0] != '\0'))
        diag_at(d, f->pos, "setting %s: choices and int32 go together", rule->key);
    if (unit.n > 0 && !str_eq(unit, STR("ms")) && !str_eq(unit, STR("bytes")))
        diag_at(d, f->pos, "setting %s: the unit is ms or bytes", rule->key);
    if (unit.n > 0 && f->kind != RECORD_INT64)
        diag_at(d, f->pos, "setting %s: a unit is for int64", rule->key);
    if (f->kind == RECORD_STRING && f->rule->max_chars == 0)
        diag_at(d, f->pos, "setting %s needs max_chars", rule->key);
}

void check_setting(const struct model_message *settings, const struct model_field *field,
                   struct diag *d)
{
    const struct model_field *other;
    struct arena scratch;

    if (!field->setting) {
        diag_at(d, field->pos, "field " STR_FMT " has no (reuse.setting)",
                STR_ARG(field->name));
        return;
    }
    arena_init(&scratch, SIZE_MAX);
    if (!str_eq(name_snake(&scratch, str_of(field->setting->key)), field->name))
        diag_at(d, field->pos, "field " STR_FMT ": key %s does not make this name",
                STR_ARG(field->name), field->setting->key);
    for (other = settings->fields; other < field; other++)
        if (other->setting &&
            str_eq(str_of(other->setting->key), str_of(field->setting->key)))
            diag_at(d, field->pos, "setting %s is there already", field->setting->key);
    check_kind(field, d);
    check_default(field, d);
    arena_release(&scratch);
}
