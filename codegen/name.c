/* SPDX-License-Identifier: MIT */
#include "codegen/name.h"

#include <ctype.h>

#include "base/banned.h"

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_plain(char c)
{
    return isalnum((unsigned char)c);
}

/* A new word starts at i: after a separator, at aB, at 1B, and at the last capital of ABc. */
static bool starts_word(struct str name, size_t i)
{
    if (i == 0 || !is_upper(name.p[i]) || !is_plain(name.p[i - 1]))
        return false;
    if (!is_upper(name.p[i - 1]))
        return true;
    return i + 1 < name.n && islower((unsigned char)name.p[i + 1]);
}

struct str name_snake(struct arena *a, struct str name)
{
    char *to = arena_alloc(a, name.n * 2 + 1);
    size_t n = 0;

    for (size_t i = 0; i < name.n; i++) {
        if (starts_word(name, i))
            to[n++] = '_';
        to[n++] = is_plain(name.p[i]) ? (char)tolower((unsigned char)name.p[i]) : '_';
    }
    return (struct str){to, n};
}

struct str name_upper(struct arena *a, struct str name)
{
    struct str snake = name_snake(a, name);
    char *to = arena_alloc(a, snake.n + 1);

    for (size_t i = 0; i < snake.n; i++)
        to[i] = (char)toupper((unsigned char)snake.p[i]);
    return (struct str){to, snake.n};
}

struct str name_lower(struct arena *a, struct str name)
{
    char *to = arena_alloc(a, name.n + 1);

    for (size_t i = 0; i < name.n; i++)
        to[i] = (char)tolower((unsigned char)name.p[i]);
    return (struct str){to, name.n};
}

struct str name_stem(struct arena *a, struct str path)
{
    size_t at;

    while ((at = str_find(path, '/')) < path.n)
        path = str_from(path, at + 1);
    path.n = str_find(path, '.');
    return arena_dup(a, path);
}

bool name_is_reserved(struct str name)
{
    static const char *const words[] = {
        "auto",    "break",    "bool",     "case",     "char",   "const",   "continue",
        "default", "do",       "double",   "else",     "enum",   "errno",   "extern",
        "false",   "float",    "for",      "goto",     "if",     "inline",  "int",
        "linux",   "long",     "register", "restrict", "return", "short",   "signed",
        "sizeof",  "static",   "struct",   "switch",   "true",   "typedef", "union",
        "unix",    "unsigned", "void",     "volatile", "while",
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (str_eq(name, str_of(words[i])))
            return true;
    return false;
}
