/* SPDX-License-Identifier: MIT */
#include "codec/setting_value.h"

#include "base/banned.h"

/* Offset of needle in s, or s.n. */
static size_t find_text(struct str s, struct str needle)
{
    size_t at = 0;

    while (at < s.n && !str_starts(str_from(s, at), needle))
        at++;
    return at;
}

static size_t find_last(struct str s, char c)
{
    size_t at = s.n;

    while (at > 0 && s.p[at - 1] != c)
        at--;
    return at > 0 ? at - 1 : s.n;
}

/*
 * A URL's password is what stands between the ':' behind the user and the last '@': a password
 * that was not encoded as it should be is hidden too.
 */
static void put_without_password(struct buf *out, struct str url)
{
    size_t authority = find_text(url, STR("://")) + 3, at = find_last(url, '@');
    size_t colon;

    if (authority >= url.n || at == url.n || at < authority) {
        buf_append_str(out, url);
        return;
    }
    colon = authority + str_find(str_from(url, authority), ':');
    if (colon > at) {
        buf_append_str(out, url);
        return;
    }
    buf_append(out, url.p, colon + 1);
    buf_append_str(out, STR("***"));
    buf_append_str(out, str_from(url, at));
}

static void put_public_value(const struct setting *s, const void *settings,
                             struct buf *out)
{
    struct str text;

    if (s->kind != SETTING_TEXT) {
        setting_format(s, settings, out);
        return;
    }
    memcpy(&text, (const char *)settings + s->offset, sizeof(text));
    if (s->is_secret)
        buf_append_c(out, str_is_empty(text) ? "" : "***");
    else
        put_without_password(out, text);
}

void setting_print(const struct setting_table *table, const void *settings,
                   const char *const *origins, struct buf *out)
{
    for (size_t i = 0; i < table->n; i++) {
        buf_printf(out, "%s = ", table->settings[i].key);
        put_public_value(&table->settings[i], settings, out);
        if (origins)
            buf_printf(out, "  # %s", origins[i]);
        buf_putc(out, '\n');
    }
}

static const char *value_word(const struct setting *s)
{
    switch (s->kind) {
    case SETTING_TEXT:
        return "TEXT";
    case SETTING_INT:
        return "NUMBER";
    case SETTING_BOOL:
        return "true|false";
    case SETTING_MS:
        return "TIME";
    case SETTING_BYTES:
        return "BYTES";
    case SETTING_CHOICE:
        return s->choices;
    }
    bug_abort(__FILE__, __LINE__, s->key);
}

void setting_help(const struct setting_table *table, struct buf *out)
{
    for (size_t i = 0; i < table->n; i++) {
        const struct setting *s = &table->settings[i];

        buf_printf(out, "  --%s=%s\n      %s", s->key, value_word(s), s->help);
        if (s->default_text[0])
            buf_printf(out, " [%s]", s->is_secret ? "***" : s->default_text);
        if (s->env && s->env[0])
            buf_printf(out, "\n      environment: %s", s->env);
        buf_putc(out, '\n');
    }
}

void setting_sample(const struct setting_table *table, struct buf *out)
{
    for (size_t i = 0; i < table->n; i++) {
        const struct setting *s = &table->settings[i];

        buf_printf(out, "\n# %s", s->help);
        if (s->kind == SETTING_CHOICE)
            buf_printf(out, " (%s)", s->choices);
        buf_printf(out, "\n#%s =%s%s\n", s->key, s->default_text[0] ? " " : "",
                   s->default_text);
    }
}
