/*
 * One setting: from its text into the struct and back.
 * SPDX-License-Identifier: MIT
 */
#ifndef CODEC_SETTING_VALUE_H
#define CODEC_SETTING_VALUE_H

#include "codec/setting.h"

/*
 * setting_parse — text into the setting's place in *settings.
 * out:    a text lives in a, with a NUL behind it
 * errors: ERR_PARAMETER_INVALID; why names the cause, not the key; a secret is not repeated
 * thread: main
 */
NODISCARD enum err setting_parse(const struct setting *s, struct str text,
                                 struct arena *a, void *settings, struct why *why);

/* setting_format — the text that setting_parse reads the same value from. thread: main */
void setting_format(const struct setting *s, const void *settings, struct buf *out);

/* setting_is — s has that key. thread: any */
static inline bool setting_is(const struct setting *s, struct str key)
{
    return str_eq(str_of(s->key), key);
}

#endif
