/* SPDX-License-Identifier: MIT */
#include "codec/setting.h"

#include <errno.h>
#include <stdio.h>

#include "codec/setting_value.h"

#include "base/banned.h"

enum {
    FILE_MAX = 1 << 20,
    KEY_MAX = 64, /* longer unknown keys get no suggestion */
};

struct load {
    const struct setting_table *table;
    struct arena *a;
    void *out;
    const char **origins;
    struct why *why;
};

/* Edits (insert, delete, replace) from a to b, both at most KEY_MAX long: Levenshtein's rows. */
static size_t distance(struct str a, struct str b)
{
    size_t row[KEY_MAX + 1];

    for (size_t j = 0; j <= b.n; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t replace = diagonal + (a.p[i - 1] != b.p[j - 1]);
            size_t other = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;

            diagonal = row[j];
            row[j] = replace < other ? replace : other;
        }
    }
    return row[b.n];
}

static const struct setting *nearest(const struct setting_table *table, struct str key)
{
    const struct setting *best = NULL;
    size_t least = key.n / 2 + 1;

    for (size_t i = 0; i < table->n && key.n <= KEY_MAX; i++) {
        struct str other = str_of(table->settings[i].key);
        size_t edits = other.n <= KEY_MAX ? distance(key, other) : least;

        if (edits < least) {
            least = edits;
            best = &table->settings[i];
        }
    }
    return best;
}

static enum err refuse_key(const struct setting_table *table, struct str key,
                           struct why *why)
{
    const struct setting *guess = nearest(table, key);

    if (guess)
        why_set(why, "unknown setting \"" STR_FMT "\"; did you mean \"%s\"?",
                STR_ARG(key), guess->key);
    else
        why_set(why, "unknown setting \"" STR_FMT "\"", STR_ARG(key));
    return ERR_PARAMETER_INVALID;
}

static const struct setting *find(const struct setting_table *table, struct str key)
{
    for (size_t i = 0; i < table->n; i++)
        if (setting_is(&table->settings[i], key))
            return &table->settings[i];
    return NULL;
}

enum err setting_set(const struct setting_table *table, void *out, struct arena *a,
                     struct str key, struct str value, struct why *why)
{
    const struct setting *s = find(table, key);
    struct why cause = {""};

    if (!s)
        return refuse_key(table, key, why);
    if (setting_parse(s, value, a, out, &cause) == ERR_OK)
        return ERR_OK;
    why_set(why, "%s: %s", s->key, cause.text);
    return ERR_PARAMETER_INVALID;
}

/* setting_set with the place it came from: before the cause on failure, noted on success. */
static enum err set_from(const struct load *l, struct str key, struct str value,
                         const char *place, const char *origin)
{
    struct why cause = {""};
    enum err rc = setting_set(l->table, l->out, l->a, key, value, &cause);

    if (rc == ERR_OK)
        l->origins[find(l->table, key) - l->table->settings] = origin;
    else
        why_set(l->why, "%s: %s", place, cause.text);
    return rc;
}

static enum err load_defaults(const struct load *l)
{
    for (size_t i = 0; i < l->table->n; i++) {
        const struct setting *s = &l->table->settings[i];
        enum err rc;

        l->origins[i] = "default";
        if (s->default_text[0] == '\0' && s->kind != SETTING_TEXT)
            continue;
        rc = set_from(l, str_of(s->key), str_of(s->default_text), "default", "default");
        if (rc != ERR_OK)
            return rc;
    }
    return ERR_OK;
}

/* A comment begins with '#' at the start of the line or behind a blank. */
static struct str without_comment(struct str line)
{
    for (size_t i = 0; i < line.n; i++)
        if (line.p[i] == '#' && (i == 0 || line.p[i - 1] == ' ' || line.p[i - 1] == '\t'))
            return (struct str){line.p, i};
    return line;
}

static enum err load_line(const struct load *l, struct str line, const char *place,
                          const char *origin)
{
    struct str text = str_trim(without_comment(line)), key;
    size_t equals = str_find(text, '=');
    const struct setting *s;

    if (str_is_empty(text))
        return ERR_OK;
    if (equals == text.n) {
        why_set(l->why, "%s: \"key = value\" expected", place);
        return ERR_PARAMETER_INVALID;
    }
    key = str_trim((struct str){text.p, equals});
    s = find(l->table, key);
    if (s && str_starts(str_of(l->origins[s - l->table->settings]), STR("file:"))) {
        why_set(l->why, "%s: %s was set before in line %s", place, s->key,
                l->origins[s - l->table->settings] + 5);
        return ERR_PARAMETER_INVALID;
    }
    return set_from(l, key, str_trim(str_from(text, equals + 1)), place, origin);
}

static const char *read_all(FILE *file, struct buf *out)
{
    size_t got = 1;
    char *to;

    while (got > 0 && (to = buf_reserve(out, 4096))) {
        got = fread(to, 1, 4096, file);
        buf_commit(out, got);
    }
    if (ferror(file))
        return strerror(errno);
    return buf_ok(out) ? NULL : "larger than 1 MiB";
}

static enum err read_file(const char *path, struct buf *out, struct why *why)
{
    FILE *file = fopen(path, "re");
    const char *cause = file ? read_all(file, out) : strerror(errno);

    if (file)
        (void)fclose(file);
    if (!cause)
        return ERR_OK;
    why_set(why, "%s: %s", path, cause);
    return ERR_NOT_FOUND;
}

static enum err load_file(const struct load *l, const char *path)
{
    struct buf text;
    struct str rest, line;
    enum err rc;

    buf_init(&text, FILE_MAX + 4096);
    rc = read_file(path, &text, l->why);
    rest = buf_str(&text);
    for (int n = 1; rc == ERR_OK && str_split(&rest, '\n', &line); n++) {
        struct str place = arena_printf(l->a, "%s:%d", path, n);
        struct str origin = arena_printf(l->a, "file:%d", n);

        rc = load_line(l, line, place.p, origin.p);
    }
    buf_release(&text);
    return rc;
}

/* Value of NAME in "NAME=value" words; no value if absent or empty. */
static struct str lookup(const char *const *environ, struct str name)
{
    for (; *environ; environ++) {
        struct str word = str_of(*environ);

        if (str_starts(word, name) && word.n > name.n + 1 && word.p[name.n] == '=')
            return str_from(word, name.n + 1);
    }
    return STR_NULL;
}

static enum err load_setting_env(const struct load *l, const struct setting *s,
                                 const char *const *environ)
{
    struct str names = str_of(s->env), name, value = STR_NULL, origin;

    while (!value.p && str_split(&names, ' ', &name))
        value = name.n > 0 ? lookup(environ, name) : STR_NULL;
    if (!value.p)
        return ERR_OK;
    origin = arena_printf(l->a, "env " STR_FMT, STR_ARG(name));
    return set_from(l, str_of(s->key), value, origin.p, origin.p);
}

static enum err load_env(const struct load *l, const char *const *environ)
{
    for (size_t i = 0; i < l->table->n; i++) {
        enum err rc = load_setting_env(l, &l->table->settings[i], environ);

        if (rc != ERR_OK)
            return rc;
    }
    return ERR_OK;
}

/* One flag and its value, which may be the next word; *flags moves behind them. */
static enum err load_flag(const struct load *l, const char *const **flags)
{
    struct str word = str_of(*(*flags)++), key = str_from(word, 2), value = STR_NULL;
    size_t equals = str_find(key, '=');
    const struct setting *s;

    if (!str_starts(word, STR("--")) || word.n == 2) {
        why_set(l->why, "unexpected argument \"" STR_FMT "\"", STR_ARG(word));
        return ERR_PARAMETER_INVALID;
    }
    if (equals < key.n)
        value = str_from(key, equals + 1);
    key.n = equals;
    s = find(l->table, key);
    if (!value.p && s && s->kind == SETTING_BOOL &&
        (!**flags || str_starts(str_of(**flags), STR("--"))))
        value = STR("true");
    else if (!value.p && s && **flags && !str_starts(str_of(**flags), STR("--")))
        value = str_of(*(*flags)++);
    if (s && !value.p) {
        why_set(l->why, "flag --%s: value missing", s->key);
        return ERR_PARAMETER_INVALID;
    }
    return set_from(l, key, value, "flag", "flag");
}

enum err setting_load(const struct setting_table *table,
                      const struct setting_sources *sources, struct arena *a, void *out,
                      const char ***origins_out, struct why *why)
{
    struct load l = {table, a, out, ARENA_ARRAY(a, const char *, table->n), why};
    const char *const *flags = sources->flags;
    enum err rc;

    BUG_ON(!l.origins);
    memset(out, 0, table->size);
    rc = load_defaults(&l);
    if (rc == ERR_OK && sources->file)
        rc = load_file(&l, sources->file);
    if (rc == ERR_OK && sources->environ)
        rc = load_env(&l, sources->environ);
    while (rc == ERR_OK && flags && *flags)
        rc = load_flag(&l, &flags);
    if (origins_out)
        *origins_out = l.origins;
    return rc;
}
