/* SPDX-License-Identifier: MIT */
#include "base/why.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/banned.h"

void why_set(struct why *why, const char *fmt, ...)
{
    va_list args;

    if (!why)
        return;
    va_start(args, fmt);
    vsnprintf(why->text, sizeof(why->text), fmt, args);
    va_end(args);
}
