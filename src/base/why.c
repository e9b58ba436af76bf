/* SPDX-License-Identifier: MIT */
#include "base/why.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/utf8.h"

#include "base/banned.h"

/* Cuts what is left of a character at the end of the n bytes: the text goes into JSON bodies. */
static void cut_character(char *text, size_t n)
{
    size_t start = n - 1;

    while (start > 0 && n - start < 4 && ((unsigned char)text[start] & 0xc0) == 0x80)
        start--;
    if (!utf8_valid((struct str){text + start, n - start}))
        text[start] = '\0';
}

void why_set(struct why *why, const char *fmt, ...)
{
    size_t n = sizeof(why->text) - 1;
    va_list args;
    int wanted;

    if (!why)
        return;
    va_start(args, fmt);
    wanted = vsnprintf(why->text, sizeof(why->text), fmt, args);
    va_end(args);
    if (wanted > (int)n)
        cut_character(why->text, n);
    for (char *c = why->text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = ' ';
}
