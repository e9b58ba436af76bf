/*
 * Tests of the reader of SQL files: where a statement ends, and which changes do not count.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "db/sql_reader.h"

#include "base/banned.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static void test_statements_end_where_sql_says(void **state)
{
    const struct {
        const char *why, *file, *statements; /* joined by | */
    } rows[] = {
        {"none", "", ""},
        {"only blanks and comments", " \n-- a;\n# b;\n/* c; */\t;;\n", ""},
        {"two", "SELECT 1;\nSELECT 2;\n", "SELECT 1|SELECT 2"},
        {"the last without ;", "SELECT 1; SELECT 2", "SELECT 1|SELECT 2"},
        {"; in quotes", "SELECT 'a;b', \"c;d\", `e;f`;x",
         "SELECT 'a;b', \"c;d\", `e;f`|x"},
        {"doubled quotes", "SELECT 'a'';b'';';x", "SELECT 'a'';b'';'|x"},
        {"escaped quotes", "SELECT 'a\\';b\\\\';x", "SELECT 'a\\';b\\\\'|x"},
        {"no escapes in a name", "SELECT `a\\`;x", "SELECT `a\\`|x"},
        {"a comment inside stays in the text", "SELECT -- a;\n 1;x",
         "SELECT -- a;\n 1|x"},
        {"a comment at the end does not", "SELECT 1 -- a\n;x", "SELECT 1|x"},
        {"minus minus is no comment", "SELECT 1--1;x", "SELECT 1--1|x"},
        {"a comment without an end", "SELECT 1 /* a; b", "SELECT 1"},
        {"-- at the very end", "SELECT 1 --", "SELECT 1"},
        {"a quote without an end", "SELECT 'a; b", "SELECT 'a; b"},
        {"a quote in a comment", "-- it's\nSELECT 1;/* it's */ x", "SELECT 1|x"},
    };

    (void)state;

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct sql_reader r = sql_reader_of(str_of(rows[i].file));
        struct sql_statement statement;
        struct buf tokens, got;

        buf_init(&tokens, 4096);
        buf_init(&got, 4096);
        while (sql_next(&r, &statement, &tokens)) {
            if (got.n > 0)
                buf_putc(&got, '|');
            buf_append_str(&got, statement.text);
        }
        if (!str_eq(buf_str(&got), str_of(rows[i].statements)))
            fail_msg("%s: " STR_FMT, rows[i].why, STR_ARG(buf_str(&got)));
        buf_release(&got);
        buf_release(&tokens);
    }
}

static void test_lines_are_counted(void **state)
{
    struct sql_reader r =
        sql_reader_of(STR("-- head\n\nSELECT\n1;\r\n/* a\nb */ SELECT 'x\ny'; SELECT 3"));
    const int lines[] = {3, 6, 7};
    struct sql_statement statement;
    struct buf tokens;

    (void)state;
    buf_init(&tokens, 4096);
    for (size_t i = 0; i < LENGTH(lines); i++) {
        assert_true(sql_next(&r, &statement, &tokens));
        assert_int_equal(statement.line, lines[i]);
    }
    assert_false(sql_next(&r, &statement, &tokens));
    buf_release(&tokens);
}

static void read_tokens(const char *file, struct buf *tokens)
{
    struct sql_reader r = sql_reader_of(str_of(file));
    struct sql_statement statement;

    buf_init(tokens, 4096);
    while (sql_next(&r, &statement, tokens))
        continue;
}

static void test_only_what_matters_is_in_the_tokens(void **state)
{
    const struct {
        const char *why, *a, *b;
        bool is_same;
    } rows[] = {
        {"blanks", "SELECT a FROM b", "  SELECT\n\ta  FROM b ", true},
        {"line ends", "SELECT a\nFROM b;\n", "SELECT a\r\nFROM b;\r\n", true},
        {"comments", "SELECT a; x", "SELECT /* y */ a; -- z\nx", true},
        {"blanks around signs", "f(a,b)", "f ( a , b )", true},
        {"a last ;", "SELECT 1", "SELECT 1;", true},
        {"a word", "SELECT a", "SELECT b", false},
        {"two words", "SELECT ab", "SELECT a b", false},
        {"blanks in quotes", "SELECT 'a b'", "SELECT 'a  b'", false},
        {"a ; less", "a; b", "a b", false},
        {"a statement more", "a", "a; b", false},
    };

    (void)state;

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct buf a, b;

        read_tokens(rows[i].a, &a);
        read_tokens(rows[i].b, &b);
        if (str_eq(buf_str(&a), buf_str(&b)) != rows[i].is_same)
            fail_msg("%s", rows[i].why);
        buf_release(&a);
        buf_release(&b);
    }
}

static void test_first_words(void **state)
{
    (void)state;

    assert_true(sql_starts(STR("CREATE TABLE t (a INT)"), "CREATE TABLE"));
    assert_true(sql_starts(STR("create\n /* x */ Table t"), "CREATE TABLE"));
    assert_false(sql_starts(STR("CREATE TABLES"), "CREATE TABLE"));
    assert_false(sql_starts(STR("CREATE"), "CREATE TABLE"));
    assert_false(sql_starts(STR(""), "CREATE"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statements_end_where_sql_says),
        cmocka_unit_test(test_lines_are_counted),
        cmocka_unit_test(test_only_what_matters_is_in_the_tokens),
        cmocka_unit_test(test_first_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
