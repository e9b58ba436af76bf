/*
 * The printer of generated text, and the list of diagnostics.
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "codegen/out.h"

#include "base/banned.h"

static void assert_text(struct out *o, const char *want)
{
    buf_putc(&o->text, '\0');
    assert_string_equal(o->text.p, want);
    buf_reset(&o->text);
}

static void test_names_between_dollars_are_replaced(void **state)
{
    struct out o;

    (void)state;
    out_init(&o);
    out_set_c(&o, "c", "chat");
    out_set_int(&o, "n", INT64_MIN);
    out_set_quoted(&o, "q", STR("a\"b\\c\n\t\1"));

    out_put(&o, "$c$_$c$ $n$ $q$ 5$$\n");
    assert_text(&o, "chat_chat -9223372036854775808 \"a\\\"b\\\\c\\n\\t\\001\" 5$\n");

    out_set_c(&o, "c", "room");
    out_put(&o, "$c$");
    assert_text(&o, "room");
    out_release(&o);
}

static void test_a_value_is_kept_when_its_source_changes(void **state)
{
    char text[] = "before";
    struct out o;

    (void)state;
    out_init(&o);
    out_set_c(&o, "x", text);
    text[0] = 'X';

    out_put(&o, "$x$");
    assert_text(&o, "before");
    out_release(&o);
}

static void test_comments_are_broken_at_ninety_columns(void **state)
{
    struct out o;

    (void)state;
    out_init(&o);
    out_comment(&o, 4, STR(""));
    assert_text(&o, "");
    out_comment(&o, 4, STR("One\n line."));
    assert_text(&o, "    /* One line. */\n");
    out_comment(
        &o, 0,
        STR("A sentence that is longer than one line of ninety columns can ever hold, "
            "so it becomes a block."));
    assert_text(&o,
                "/*\n"
                " * A sentence that is longer than one line of ninety columns can ever "
                "hold, so it becomes\n"
                " * a block.\n"
                " */\n");
    out_release(&o);
}

static void test_a_blank_line_in_a_comment_starts_a_paragraph(void **state)
{
    struct out o;

    (void)state;
    out_init(&o);
    out_comment(&o, 0,
                STR("The first paragraph of a comment that is too long for a single line "
                    "of text.\n"
                    "\n"
                    "The second."));
    assert_text(&o, "/*\n"
                    " * The first paragraph of a comment that is too long for a single "
                    "line of text.\n"
                    " *\n"
                    " * The second.\n"
                    " */\n");
    out_release(&o);
}

static void test_a_file_is_written_once_and_its_folders_are_made(void **state)
{
    char dir[] = "/tmp/test_codegen_out.XXXXXX";
    char path[100];
    struct stat first, again;
    struct timespec old = {.tv_sec = 1000};
    struct diag d;
    struct out o;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/c/x.h", dir);
    diag_init(&d);
    out_init(&o);

    out_put(&o, "text\n");
    out_write(&o, dir, "c/x.h", &d);
    assert_true(diag_ok(&d));
    assert_int_equal(utimensat(AT_FDCWD, path, (struct timespec[]){old, old}, 0), 0);
    assert_int_equal(stat(path, &first), 0);
    assert_int_equal(first.st_size, 5);
    out_put(&o, "text\n");
    out_write(&o, dir, "c/x.h", &d);
    assert_int_equal(stat(path, &again), 0);
    assert_int_equal(again.st_mtim.tv_sec, 1000); /* the same bytes: not touched */
    out_put(&o, "text");
    out_write(&o, dir, "c/x.h", &d);
    assert_int_equal(stat(path, &again), 0);
    assert_int_equal(again.st_size, 4);
    out_put(&o, "text");
    out_write(&o, path, "below a file", &d);
    assert_false(diag_ok(&d));

    assert_int_equal(unlink(path), 0);
    path[strlen(path) - strlen("/x.h")] = '\0';
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(dir), 0);
    out_release(&o);
    diag_release(&d);
}

static void test_diagnostics_are_printed_by_place(void **state)
{
    struct diag d;
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);

    (void)state;
    diag_init(&d);
    assert_true(diag_ok(&d));
    diag_at(&d, (struct pos){"b.proto", 1}, "third");
    diag_at(&d, (struct pos){"a.proto", 20}, "second %d", 2);
    diag_at(&d, (struct pos){"a.proto", 3}, "first");
    diag_at(&d, (struct pos){"a.proto", 3}, "but after it");
    diag_print(&d, f);
    assert_int_equal(fclose(f), 0);

    assert_string_equal(text, "a.proto:3: first\n"
                              "a.proto:3: but after it\n"
                              "a.proto:20: second 2\n"
                              "b.proto:1: third\n");
    assert_false(diag_ok(&d));
    free(text);
    diag_release(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_between_dollars_are_replaced),
        cmocka_unit_test(test_a_value_is_kept_when_its_source_changes),
        cmocka_unit_test(test_comments_are_broken_at_ninety_columns),
        cmocka_unit_test(test_a_blank_line_in_a_comment_starts_a_paragraph),
        cmocka_unit_test(test_a_file_is_written_once_and_its_folders_are_made),
        cmocka_unit_test(test_diagnostics_are_printed_by_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
