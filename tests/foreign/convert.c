/*
 * Our codecs for tests in other languages. A line of standard input is "NAME FROM TO BASE64": a value of
 * message NAME in the form FROM, json or pb. Its answer is the same value in the form TO, in base64, or
 * "error" and why it is none.
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>

#include "codec/base64.h"
#include "codec/json.h"
#include "generated/c/examples.h"

#include "base/banned.h"

enum {
    LINE_MAX_BYTES = 1 << 24,
    WORDS = 4
};

static const struct pb_type *type_of(struct str name)
{
    for (size_t i = 0; i < example_table.n; i++)
        if (str_eq(str_of(example_table.examples[i].type->record->name), name))
            return example_table.examples[i].type;
    return NULL;
}

static bool is_json(struct str form)
{
    return str_eq(form, STR("json"));
}

/* The value of text, of the line's last word, in the form asked for. */
static enum err convert(const struct str word[WORDS], struct arena *a, struct buf *out,
                        struct why *why)
{
    const struct pb_type *type = type_of(word[0]);
    struct str in;
    char *bytes;
    void *record;
    size_t n;
    enum err rc;

    if (!type || !base64_size(word[3], &n)) {
        why_set(why, "no such message, or no base64");
        return ERR_BODY_INVALID;
    }
    bytes = arena_alloc(a, n);
    BUG_ON(!base64_take(word[3], bytes));
    in = (struct str){bytes, n};
    record = arena_alloc(a, type->record->size);
    rc = is_json(word[1]) ? json_decode(type->record, a, in, record, why)
                          : pb_decode(type, a, in, record, why);
    if (rc == ERR_OK && is_json(word[2]))
        json_encode(type->record, record, out);
    else if (rc == ERR_OK)
        pb_encode(type, record, out);
    return rc;
}

static void answer(struct str line)
{
    struct str word[WORDS] = {STR_NULL}, rest = line;
    struct why why = {""};
    struct buf out, text;
    struct arena a;

    arena_init(&a, SIZE_MAX);
    buf_init(&out, SIZE_MAX);
    buf_init(&text, SIZE_MAX);
    for (size_t i = 0; i < WORDS; i++)
        if (!str_split(&rest, ' ', &word[i]))
            word[i] = STR("");
    if (convert(word, &a, &out, &why) == ERR_OK)
        base64_put(&text, buf_str(&out));
    else
        buf_printf(&text, "error %s", why.text);
    printf(STR_FMT "\n", STR_ARG(buf_str(&text)));
    buf_release(&text);
    buf_release(&out);
    arena_release(&a);
}

int main(void)
{
    static char line[LINE_MAX_BYTES];

    while (fgets(line, sizeof(line), stdin))
        answer((struct str){line, strcspn(line, "\n")});
    return ferror(stdin) || fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
