/*
 * The example of every message in the schema: JSON to struct to JSON, and by protobuf and back.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "codec/json.h"
#include "generated/c/examples.h"

#include "base/banned.h"

/* Protobuf has no null list: such an example comes back with null instead of []. */
static bool has_nullable_list(const struct record_type *type)
{
    for (size_t i = 0; i < type->n_fields; i++)
        if ((type->fields[i].flags & RECORD_NULLABLE) ||
            (type->fields[i].message && has_nullable_list(type->fields[i].message)))
            return true;
    return false;
}

static void assert_same_json(const struct record_type *type, const void *record,
                             struct str want)
{
    struct buf json;

    buf_init(&json, SIZE_MAX);
    json_encode(type, record, &json);
    if (!str_eq(buf_str(&json), want))
        fail_msg("%s: " STR_FMT " became " STR_FMT, type->name, STR_ARG(want),
                 STR_ARG(buf_str(&json)));
    buf_release(&json);
}

static void check_example(const struct example *example)
{
    const struct record_type *type = example->type->record;
    void *record, *again;
    struct why why = {""};
    struct arena a;
    struct buf bytes;

    arena_init(&a, SIZE_MAX);
    buf_init(&bytes, SIZE_MAX);
    record = arena_alloc(&a, type->size);
    again = arena_alloc(&a, type->size);
    if (json_decode(type, &a, example->json, record, &why) != ERR_OK)
        fail_msg("%s: %s", type->name, why.text);
    assert_same_json(type, record, example->json);
    pb_encode(example->type, record, &bytes);
    if (pb_decode(example->type, &a, buf_str(&bytes), again, &why) != ERR_OK)
        fail_msg("%s: %s", type->name, why.text);
    if (!has_nullable_list(type)) {
        assert_same_json(type, again, example->json);
        assert_true(record_equal(type, record, again));
    }
    buf_release(&bytes);
    arena_release(&a);
}

static void test_every_example_survives_json_and_protobuf(void **state)
{
    (void)state;
    assert_true(example_table.n > 30);
    for (size_t i = 0; i < example_table.n; i++)
        check_example(&example_table.examples[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_example_survives_json_and_protobuf),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
