/*
 * Fuzzes the protobuf codec over all messages of the schema. The first byte chooses one, the rest
 * is its bytes. What was decoded must be written and read again as equal, and be readable JSON.
 * SPDX-License-Identifier: MIT
 */
#include "codec/json.h"
#include "generated/c/examples.h"

#include "base/banned.h"

enum {
    MEMORY_MAX = 1 << 20
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(const struct pb_type *type, struct arena *a,
                             const void *record)
{
    void *again = arena_alloc(a, type->record->size);
    struct buf one, two, json;

    buf_init(&one, SIZE_MAX);
    buf_init(&two, SIZE_MAX);
    buf_init(&json, SIZE_MAX);
    pb_encode(type, record, &one);
    BUG_ON(pb_decode(type, a, buf_str(&one), again, NULL) != ERR_OK);
    BUG_ON(!record_equal(type->record, record, again));
    pb_encode(type, again, &two);
    BUG_ON(!str_eq(buf_str(&one), buf_str(&two)));
    json_encode(type->record, record, &json);
    BUG_ON(json_decode(type->record, a, buf_str(&json), again, NULL) != ERR_OK);
    buf_release(&one);
    buf_release(&two);
    buf_release(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct pb_type *type;
    struct why why = {""};
    struct arena a;
    void *record;
    enum err rc;

    if (size == 0)
        return 0;
    type = example_table.examples[data[0] % example_table.n].type;
    arena_init(&a, MEMORY_MAX);
    record = arena_alloc(&a, type->record->size);
    rc =
        pb_decode(type, &a, (struct str){(const char *)data + 1, size - 1}, record, &why);
    BUG_ON(rc != ERR_OK && rc != ERR_BODY_INVALID && rc != ERR_TOO_LARGE);
    BUG_ON(rc != ERR_OK && why.text[0] == '\0');
    a.max = SIZE_MAX; /* the ceiling was for the input, not for what follows */
    if (rc == ERR_OK)
        check_round_trip(type, &a, record);
    arena_release(&a);
    return 0;
}
