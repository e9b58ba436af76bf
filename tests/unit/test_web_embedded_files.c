/*
 * Tests of the embedded pages: what a path finds, and that the bytes are those of the files.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "web/embedded_files.h"

#include "base/banned.h"

static void test_a_path_finds_its_file(void **state)
{
    (void)state;
    static const struct {
        const char *asked, *found, *why;
    } cases[] = {
        {"/", "/index.html", "the site's root"},
        {"/index.html", "/index.html", "its own name"},
        {"/test/", "/test.html", "the reference's first test page"},
        {"/test/local", "/test-local.html", "the reference's second test page"},
        {"/test", NULL, "the reference answers 404"},
        {"/index.html/", NULL, "no such file"},
        {"", NULL, "no path"},
        {"/../CMakeLists.txt", NULL, "only what is in the table"},
        {"/schema/openapi.json", "/schema/openapi.json", "a contract"},
        {"/schema/ChatDto.json", "/schema/ChatDto.json", "a schema, by its message"},
        {"/docs/files.html", "/docs/files.html", "the list of contracts"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct embedded_file *f = embedded_file_find(str_of(cases[i].asked));

        print_message("%s: %s\n", cases[i].asked, cases[i].why);
        assert_int_equal(f != NULL, cases[i].found != NULL);
        if (f)
            assert_string_equal(f->path, cases[i].found);
    }
}

/* With the viewers or without: the list shows the way to them only if they are there. */
static void test_what_leads_to_the_viewers_is_shown_with_them(void **state)
{
    const struct embedded_file *docs = embedded_file_find(STR("/docs"));
    const struct embedded_file *css = embedded_file_find(STR("/docs/viewers.css"));
    bool has_viewers = str_eq(str_of(docs->path), STR("/docs/index.html"));

    (void)state;
    assert_non_null(css);
    assert_string_equal(css->path, has_viewers ? "/docs/viewers.css" : "/docs/docs.css");
    assert_non_null(memmem(
        css->bytes, css->n,
        has_viewers ? ".viewer {\n  display: rev" : ".viewer {\n  display: non", 24));
}

/* The file of the project that is served at path, or NULL for those of npm. */
static FILE *source_of(const char *path)
{
    static const struct {
        const char *at, *prefix, *suffix;
    } places[] = {
        {"/schema/", "generated/contract/", ".schema.json"},
        {"/schema/", "generated/contract/", ""},
        {"/", "web/", ""},
    };
    FILE *found = NULL;

    for (size_t i = 0; !found && i < sizeof(places) / sizeof(places[0]); i++) {
        struct str rest = str_of(path), stem;
        char name[256];

        if (!str_starts(rest, str_of(places[i].at)))
            continue;
        rest = str_from(rest, strlen(places[i].at));
        stem = (struct str){rest.p, places[i].suffix[0] ? str_find(rest, '.') : rest.n};
        assert_true(snprintf(name, sizeof(name), "%s" STR_FMT "%s", places[i].prefix,
                             STR_ARG(stem), places[i].suffix) < (int)sizeof(name));
        found = fopen(name, "rb");
    }
    return found;
}

static void test_every_file_has_the_bytes_of_its_source(void **state)
{
    (void)state;
    assert_true(embedded_files_n >= 3);
    for (size_t i = 0; i < embedded_files_n; i++) {
        const struct embedded_file *f = &embedded_files[i];
        unsigned char *bytes = malloc(f->n + 1);
        FILE *in = source_of(f->path);

        if (!in) /* a viewer's */
            assert_true(str_starts(str_of(f->path), STR("/docs/viewer/")));
        if (!in) {
            free(bytes);
            continue;
        }
        assert_int_equal(fread(bytes, 1, f->n + 1, in), f->n);
        assert_memory_equal(bytes, f->bytes, f->n);
        fclose(in);
        free(bytes);
    }
}

static void test_every_file_has_a_type_and_an_etag(void **state)
{
    (void)state;
    for (size_t i = 0; i < embedded_files_n; i++) {
        assert_non_null(strchr(embedded_files[i].content_type, '/'));
        assert_int_equal(strlen(embedded_files[i].etag), 18);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_path_finds_its_file),
        cmocka_unit_test(test_every_file_has_the_bytes_of_its_source),
        cmocka_unit_test(test_every_file_has_a_type_and_an_etag),
        cmocka_unit_test(test_what_leads_to_the_viewers_is_shown_with_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
