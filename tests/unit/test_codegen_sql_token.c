/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include "base/buf.h"
#include "codegen/sql_token.h"

#include "base/banned.h"

static const struct {
    const char *text, *statement, *why;
} statements[] = {
    {"A;B", "A", "a semicolon ends it"},
    {"A", "A", "so does the end"},
    {"A ';' B;C", "A ';' B", "not in quotes"},
    {"A 'it''s;' B;C", "A 'it''s;' B", "a doubled quote does not end a text"},
    {"A '\\';' B;C", "A '\\';' B", "nor does one behind a backslash"},
    {"A \";\" `;` B;C", "A \";\" `;` B", "three kinds of quotes"},
    {"A -- ;\nB;C", "A -- ;\nB", "not in a comment"},
    {"A # it's;\nB;C", "A # it's;\nB", "in which a quote is none"},
    {"A /* ; ' */ B;C", "A /* ; ' */ B", "over several lines"},
    {"A '-- ;' B;C", "A '-- ;' B", "a comment in quotes is none"},
    {"A 'open;", "A 'open;", "an open quote takes all"},
};

static void test_a_statement_ends_at_its_semicolon(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        struct str text = str_of(statements[i].text);

        text.n = sql_statement_length(text);

        if (!str_eq(text, str_of(statements[i].statement)))
            fail_msg("%s: " STR_FMT, statements[i].why, STR_ARG(text));
    }
}

/* Kind and text of each token, as "w:SELECT p:id ". */
static void show_tokens(const struct sql_tokens *t, struct buf *to)
{
    static const char kinds[] = {'e', 'w', 'n', 's', '#', 'p', 'l', 'm'};

    for (size_t i = 0; i < t->n; i++)
        buf_printf(to, "%c:" STR_FMT " ", kinds[t->at[i].kind], STR_ARG(t->at[i].text));
}

static const struct {
    const char *text, *tokens, *why;
} texts[] = {
    {"a.b <= :id", "w:a m:. w:b m:<= p:id ", "two signs are one mark"},
    {"IN (:ids*)", "w:IN m:( l:ids m:) ", "a star makes a list"},
    {"':no' \":no\" `:no`", "s:':no' s:\":no\" n::no ", "quotes hide a colon"},
    {"1 :x-- :y\n:z", "#:1 p:x p:z ", "comments are left out"},
    {"a:=1", "w:a m::= #:1 ", "an assignment is no parameter"},
    {"이름 = :n", "w:이름 m:= p:n ", "names may have any letter"},
    {"", "", "nothing"},
};

static void test_texts_are_split_into_tokens(void **state)
{
    struct arena a;
    struct buf shown;

    (void)state;
    arena_init(&a, SIZE_MAX);
    buf_init(&shown, 1000);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct sql_tokens t = sql_tokens_of(&a, str_of(texts[i].text), 1);

        buf_reset(&shown);
        show_tokens(&t, &shown);

        if (!str_eq(buf_str(&shown), str_of(texts[i].tokens)))
            fail_msg("%s: " STR_FMT, texts[i].why, STR_ARG(buf_str(&shown)));
        assert_int_equal(t.at[t.n].kind, SQL_END);
        assert_int_equal(t.at[t.n + 1].kind, SQL_END);
    }
    buf_release(&shown);
    arena_release(&a);
}

static void test_tokens_know_their_lines(void **state)
{
    struct sql_tokens t;
    struct arena a;

    (void)state;
    arena_init(&a, SIZE_MAX);

    t = sql_tokens_of(&a, STR("a /* \n */ b\n'x\ny' c"), 7);

    assert_int_equal(t.n, 4);
    assert_int_equal(t.at[0].line, 7);
    assert_int_equal(t.at[1].line, 8);
    assert_int_equal(t.at[2].line, 9);
    assert_int_equal(t.at[3].line, 10);
    arena_release(&a);
}

static void test_comments_can_be_left_out(void **state)
{
    struct str kept;
    struct arena a;

    (void)state;
    arena_init(&a, SIZE_MAX);

    kept = sql_without_comments(&a, STR("a /* x */, '/* kept */' -- y\nb"));

    assert_true(str_eq(kept, STR("a, '/* kept */'\nb")));
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_statement_ends_at_its_semicolon),
        cmocka_unit_test(test_texts_are_split_into_tokens),
        cmocka_unit_test(test_tokens_know_their_lines),
        cmocka_unit_test(test_comments_can_be_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
