/*
 * Settings of the program: one generated table, read from defaults, a file, the environment and
 * flags, each overriding the one before.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEC_SETTING_H
#define CODEC_SETTING_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/bug.h"
#include "base/why.h"
#include "generated/c/err.h"

enum setting_kind {
    SETTING_TEXT, /* struct str */
    SETTING_INT,  /* int64_t */
    SETTING_BOOL, /* bool: true|false|1|0|on|off|yes|no */
    SETTING_MS, /* int64_t milliseconds: 500ms 30s 2m 1h; a bare number is milliseconds */
    SETTING_BYTES,  /* int64_t bytes: 64k 1m; a bare number is bytes */
    SETTING_CHOICE, /* int: index into choices */
};

struct setting {
    const char *key; /* "server.port" */
    enum setting_kind kind;
    size_t offset;            /* in the generated struct settings */
    const char *default_text; /* as in the file; "" for none */
    const char
        *env; /* "REUSE_CHAT_SERVER_PORT SERVER_PORT …": blank-separated, first wins */
    const char *choices; /* CHOICE: "text|json" */
    int64_t min, max;    /* numbers; both 0: none. TEXT: max is a length in bytes */
    bool is_secret;      /* shown as *** */
    const char *help;    /* one line */
};

struct setting_table {
    const struct setting *settings;
    size_t n;
    size_t size; /* of struct settings */
};

/* Where values come from; any part may be NULL. */
struct setting_sources {
    const char *file; /* path of flat "key = value" lines; '#' begins a comment at the
                                 * start of a line and behind a blank; a key once only */
    const char *const
        *environ; /* "NAME=value", NULL-terminated; an empty value is no value */
    const char *const
        *flags; /* "--server.port=8070" or "--server.port" "8070", for a BOOL also
                                 * "--key" alone; NULL-terminated; the last one wins */
};

/*
 * setting_load — fills *out (a struct settings) from all sources.
 * in:     a without a ceiling
 * out:    texts live in a; *origins_out (may be NULL): n words "default", "file:12", "env NAME", "flag"
 * errors: ERR_PARAMETER_INVALID (unknown key, value out of range), ERR_NOT_FOUND (file); why says
 *         which and where
 * thread: main
 */
NODISCARD enum err setting_load(const struct setting_table *table,
                                const struct setting_sources *sources, struct arena *a,
                                void *out, const char ***origins_out, struct why *why);

/* setting_set — one value by key, as from a flag, into a filled struct. */
NODISCARD enum err setting_set(const struct setting_table *table, void *out,
                               struct arena *a, struct str key, struct str value,
                               struct why *why);

/* setting_print — "key = value  # origin" lines, secrets (and passwords in URLs) as ***. */
void setting_print(const struct setting_table *table, const void *settings,
                   const char *const *origins, struct buf *out);
/* setting_help — the flags with defaults, environment names and help lines. */
void setting_help(const struct setting_table *table, struct buf *out);
/* setting_sample — a settings file: each key with its help and default, behind '#'. */
void setting_sample(const struct setting_table *table, struct buf *out);

#endif
