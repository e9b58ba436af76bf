/*
 * Parameters of a query or of a form body: application/x-www-form-urlencoded, split at '&' only; and
 * what a segment of a path stands for.
 * SPDX-License-Identifier: MIT
 */
#include "base/arena.h"
#include "base/bug.h"
#include "net/http_head.h"

#include "base/banned.h"

enum {
    NAME_MAX_BYTES = 64
};

static bool is_named(struct str raw, struct str name)
{
    char decoded[3 * NAME_MAX_BYTES];
    size_t n;

    if (raw.n > 3 * name.n || !percent_decode(raw, PERCENT_OF_FORM, decoded, &n))
        return false;
    return str_eq((struct str){decoded, n}, name);
}

/* errors: no value when it cannot be decoded */
static struct str decode(struct str raw, enum percent_of what, struct arena *a)
{
    char *out = arena_alloc(a, raw.n + 1);
    size_t n;

    if (!out || !percent_decode(raw, what, out, &n))
        return STR_NULL;
    return (struct str){out, n};
}

struct str net_path_segment(struct str segment, struct arena *a)
{
    return decode(segment, PERCENT_OF_SEGMENT, a);
}

struct str net_form_value(struct str form, struct arena *a, const char *name,
                          int *count_out)
{
    struct str want = str_of(name), rest = form, pair, found = STR_NULL;
    int count = 0;

    BUG_ON(want.n > NAME_MAX_BYTES);
    while (rest.p && str_split(&rest, '&', &pair)) {
        size_t equals = str_find(pair, '=');
        struct str value;

        if (!is_named((struct str){pair.p, equals}, want))
            continue;
        value = decode(str_from(pair, equals + 1), PERCENT_OF_FORM, a);
        if (!value.p) {
            found = STR_NULL;
            count = -1;
            break;
        }
        if (count++ == 0)
            found = value;
    }
    if (count_out)
        *count_out = count;
    return found;
}
