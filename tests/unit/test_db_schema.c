/*
 * Tests of comparing tables with what was recorded: where a run stands, which table is whose, and
 * how a difference is told.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "db/schema.h"

#include "base/banned.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* "old" may be there before the first migration; it is replaced by a table of that name. */
static const char record[] = "# a comment\n"
                             "@0001 1\n"
                             "+old: ?\n"
                             "@0001 3\n"
                             "-old: ?\n"
                             "+moved: ?\n"
                             "@0002 1\n"
                             "+old column id: bigint not null\n"
                             "+old: table InnoDB\n"
                             "@0002 2\n"
                             "-moved: ?\n"
                             "@0003 1\n"
                             "-old column id: bigint not null\n"
                             "+old column id: int not null\n"
                             "+old column note: text null\n";

#define OLD_BEFORE "old column name: varchar(9) null\nold: table MyISAM\n"
#define OLD_2      "old column id: bigint not null\nold: table InnoDB\n"
#define OLD_3                                                                            \
    "old column id: int not null\nold column note: text null\nold: table InnoDB\n"

static void test_differences_are_named(void **state)
{
    static const struct {
        unsigned version;
        size_t statements;
        const char *live, *told;
        const char *why;
    } cases[] = {
        {1, 0, "", "", "nothing is there"},
        {1, 0, OLD_BEFORE, "", "the next statement makes it only if it is not there"},
        {1, 0, OLD_BEFORE "other: table InnoDB\n", "", "the other is not ours"},
        {1, 1, OLD_BEFORE, "", "any shape will do"},
        {1, 1, "", "table old is missing, recorded is: ?\n", "it has been made"},
        {1, 3, "moved: table InnoDB\n", "", "under another name"},
        {1, 3, "moved: x\n" OLD_BEFORE, "table old is not recorded: table MyISAM\n",
         "the next one of that name is ours"},
        {2, 1, "moved: x\n" OLD_2, "", "as recorded"},
        {2, 2, OLD_2 "moved: x\n", "table moved is not recorded: x\n", "it is gone"},
        {2, SIZE_MAX, OLD_2 "old key k: (id)\n", "old key k is not recorded: (id)\n",
         "more than recorded"},
        {2, 2, "old column id: int null\nold: table InnoDB\n",
         "old column id is: int null, recorded is: bigint not null\n", "another type"},
        {2, 2, "old: table InnoDB\n",
         "old column id is missing, recorded is: bigint not null\n", "one line only"},
        {2, 2, "", "table old is missing, recorded is: table InnoDB\n",
         "its columns are not told one by one"},
        {3, 1, OLD_3, "", "a change takes a line and adds another"},
    };
    struct arena a;

    (void)state;
    arena_init(&a, SIZE_MAX);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct schema live = schema_parse(str_of(cases[i].live), &a);
        struct buf told;
        size_t n, wanted = 0;

        buf_init(&told, 1 << 16);
        n = schema_compare(str_of(record), cases[i].version, cases[i].statements, &live,
                           &told);
        for (const char *c = cases[i].told; *c; c++)
            wanted += *c == '\n';
        if (n != wanted || !str_eq(buf_str(&told), str_of(cases[i].told)))
            fail_msg("%s: %zu " STR_FMT, cases[i].why, n, STR_ARG(buf_str(&told)));
        buf_release(&told);
    }
    arena_release(&a);
}

static void test_the_tables_tell_whether_a_statement_was_applied(void **state)
{
    static const struct {
        unsigned version;
        size_t number;
        const char *live;
        enum schema_step step;
        const char *why;
    } cases[] = {
        {1, 1, "", SCHEMA_BEFORE, "not made yet"},
        {1, 1, OLD_BEFORE, SCHEMA_AFTER, "made, or there before: no need to make it"},
        {1, 2, OLD_BEFORE, SCHEMA_NO_STEP, "of rows, or without a trace"},
        {1, 3, OLD_BEFORE, SCHEMA_BEFORE, "still under its old name"},
        {1, 3, "moved: x\n", SCHEMA_AFTER, "renamed"},
        {1, 3, "moved: x\n" OLD_BEFORE, SCHEMA_NEITHER, "both names"},
        {1, 3, "", SCHEMA_NEITHER, "neither name"},
        {2, 2, OLD_BEFORE "moved: x\n", SCHEMA_BEFORE, "other tables do not count"},
        {3, 1, OLD_2, SCHEMA_BEFORE, "not altered"},
        {3, 1, OLD_3, SCHEMA_AFTER, "altered"},
        {3, 1, OLD_BEFORE, SCHEMA_NEITHER, "somebody else was here"},
        {4, 1, OLD_3, SCHEMA_NO_STEP, "not recorded at all"},
    };
    struct arena a;

    (void)state;
    arena_init(&a, SIZE_MAX);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct schema live = schema_parse(str_of(cases[i].live), &a);
        enum schema_step step;
        struct buf told;

        buf_init(&told, 1 << 16);
        step =
            schema_step(str_of(record), cases[i].version, cases[i].number, &live, &told);
        if (step != cases[i].step)
            fail_msg("%s: %d", cases[i].why, (int)step);
        buf_release(&told);
    }
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_differences_are_named),
        cmocka_unit_test(test_the_tables_tell_whether_a_statement_was_applied),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
