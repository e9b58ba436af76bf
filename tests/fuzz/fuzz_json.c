/*
 * Fuzzes the JSON codec. The first byte chooses a record type: '0' and on those of the codec's own tests,
 * then the messages of the schema; the rest is a body. What the scan
 * lets through must be read by cJSON in the same way; what was decoded must be written, read again
 * and be equal, and be written as the same bytes.
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#include "../unit/codec_tables.h"
#include "codec/json.h"
#include "generated/c/examples.h"

#include "base/banned.h"

enum {
    MEMORY_MAX = 1 << 24
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(const struct record_type *type, struct arena *a,
                             const void *record)
{
    void *again = arena_alloc(a, type->size);
    struct buf one, two;

    buf_init(&one, MEMORY_MAX);
    buf_init(&two, MEMORY_MAX);
    json_encode(type, record, &one);
    BUG_ON(!buf_ok(&one));
    BUG_ON(json_scan(buf_str(&one), NULL) != ERR_OK);
    BUG_ON(json_decode(type, a, buf_str(&one), again, NULL) != ERR_OK);
    BUG_ON(!record_equal(type, record, again));
    json_encode(type, again, &two);
    BUG_ON(!str_eq(buf_str(&one), buf_str(&two)));
    buf_release(&one);
    buf_release(&two);
}

static const struct record_type *type_of(size_t choice)
{
    static const struct record_type *const types[] = {&chat_type, &sample_type,
                                                      &limits_type, &envelope_type};
    const size_t n = sizeof(types) / sizeof(types[0]);

    choice %= n + example_table.n;
    return choice < n ? types[choice] : example_table.examples[choice - n].type->record;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct record_type *type;
    struct why why = {""};
    struct arena a;
    struct str in;
    void *record;
    enum err scanned, decoded;

    if (size == 0)
        return 0;
    type = type_of((uint8_t)(data[0] - '0'));
    in = (struct str){(const char *)data + 1, size - 1};
    arena_init(&a, MEMORY_MAX);
    record = arena_alloc(&a, type->size);
    scanned = json_scan(in, NULL);
    decoded = json_decode(type, &a, in, record, &why);
    BUG_ON(scanned != ERR_OK && decoded != scanned);
    BUG_ON(decoded != ERR_OK && why.text[0] == '\0');
    BUG_ON(str_starts(str_of(why.text), STR("a number is too long")) && size < 64);
    if (decoded == ERR_OK)
        check_round_trip(type, &a, record);
    arena_release(&a);
    return 0;
}
