/*
 * Tests of the printer of JSON for people.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codegen/jsonw.h"

#include "base/banned.h"

static void assert_text(const struct buf *text, const char *want)
{
    assert_int_equal(text->n, strlen(want));
    assert_memory_equal(text->p, want, text->n);
}

static void test_members_and_elements_stand_on_lines_of_their_own(void **state)
{
    static const char *const few[] = {"a", "b"};
    struct jsonw w;
    struct buf text;

    (void)state;
    buf_init(&text, 4096);
    jsonw_init(&w, &text);

    jsonw_open(&w, NULL, '{');
    jsonw_c(&w, "text", "\"quoted\"\n");
    jsonw_int(&w, "number", -5);
    jsonw_open(&w, "list", '[');
    jsonw_bool(&w, NULL, true);
    jsonw_null(&w, NULL);
    jsonw_open(&w, NULL, '{');
    jsonw_close(&w, '}');
    jsonw_close(&w, ']');
    jsonw_strs(&w, "few", few, 2);
    jsonw_raw(&w, "raw", STR("{\"x\":1}"));
    jsonw_open(&w, "empty", '[');
    jsonw_close(&w, ']');
    jsonw_close(&w, '}');
    jsonw_end(&w);

    assert_text(&text, "{\n"
                       "  \"text\": \"\\\"quoted\\\"\\n\",\n"
                       "  \"number\": -5,\n"
                       "  \"list\": [\n"
                       "    true,\n"
                       "    null,\n"
                       "    {}\n"
                       "  ],\n"
                       "  \"few\": [\"a\", \"b\"],\n"
                       "  \"raw\": {\"x\":1},\n"
                       "  \"empty\": []\n"
                       "}\n");
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members_and_elements_stand_on_lines_of_their_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
