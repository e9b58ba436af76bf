/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include "base/buf.h"
#include "codegen/query.h"

#include "base/banned.h"

/* room(id BIGINT, name VARCHAR(20) NULL, side INT), note(room_id BIGINT, seq BIGINT UNSIGNED,
 * side BIGINT, body VARCHAR(10)) */
static struct catalog_column room_columns[] = {
    {.table = {"room", 4},
     .name = {"id", 2},
     .sql_type = {"bigint(20)", 10},
     .type = CATALOG_I64},
    {.table = {"room", 4},
     .name = {"name", 4},
     .sql_type = {"varchar(20)", 11},
     .type = CATALOG_TEXT,
     .chars = 20,
     .is_nullable = true},
    {.table = {"room", 4},
     .name = {"side", 4},
     .sql_type = {"int(11)", 7},
     .type = CATALOG_I32},
};

static struct catalog_column note_columns[] = {
    {.table = {"note", 4},
     .name = {"room_id", 7},
     .sql_type = {"", 0},
     .type = CATALOG_I64},
    {.table = {"note", 4}, .name = {"seq", 3}, .sql_type = {"", 0}, .type = CATALOG_U64},
    {.table = {"note", 4}, .name = {"side", 4}, .sql_type = {"", 0}, .type = CATALOG_I64},
    {.table = {"note", 4},
     .name = {"body", 4},
     .sql_type = {"varchar(10)", 11},
     .type = CATALOG_TEXT,
     .chars = 10},
};

static struct catalog_table tables[] = {
    {.name = {"room", 4}, .columns = room_columns, .n_columns = 3},
    {.name = {"note", 4}, .columns = note_columns, .n_columns = 4},
};

static const struct catalog catalog = {tables, 2};

/* "name:type[chars](min..max)" of each parameter; '?' may be NULL, '*' a list. */
static void show_params(const struct query *q, struct buf *to)
{
    static const char *const types[] = {"i64",  "u64",   "i32",      "u32",
                                        "text", "bytes", "datetime", "other"};

    for (size_t i = 0; i < q->n_params; i++) {
        const struct query_param *p = &q->params[i];

        buf_printf(to, "%s" STR_FMT "%s:%s", i ? " " : "", STR_ARG(p->name),
                   p->is_list ? "*" : "", types[p->type]);
        if (p->chars)
            buf_printf(to, "[%u]", p->chars);
        if (p->min || p->max)
            buf_printf(to, "(%lld..%lld)", (long long)p->min, (long long)p->max);
        if (p->is_nullable)
            buf_putc(to, '?');
    }
}

static const struct {
    const char *notes, *sql, *params, *why;
} cases[] = {
    {"", "SELECT 1 FROM room WHERE id = :x", "x:i64", "the column on the other side"},
    {"", "SELECT 1 FROM room r, note AS n WHERE n.seq = :x AND r.name = :y",
     "x:u64 y:text[20]", "behind an alias"},
    {"", "SELECT 1 FROM room WHERE id > :id", "id:i64", "the column of the same name"},
    {"", "SELECT 1 FROM room r JOIN note n ON n.side = :side", "side:i64",
     "the equation before the name"},
    {"", "SELECT 1 FROM room WHERE id IN (:ids*)", "ids*:i64", "a list"},
    {"", "SELECT 1 FROM room r WHERE r.name IN (:names*)", "names*:text[20]",
     "a list of text"},
    {"", "SELECT 1 FROM room WHERE f(id) IN (:ids*)", "ids*:i64", "a list of whatever"},
    {"", "INSERT INTO note (seq, body) VALUES (:a, CONCAT(:b, 'x'))", "a:u64 b:text[10]",
     "the column of the same place"},
    {"", "INSERT INTO room (id, name) VALUES (:id, :name)", "id:i64 name:text[20]?",
     "a nullable column takes NULL"},
    {"", "INSERT INTO room (name) SELECT :name FROM note n WHERE n.seq = :seq",
     "name:text[20]? seq:u64", "in a select list as well"},
    {"", "INSERT INTO room (name) VALUES (CONCAT(:name))", "name:text[20]",
     "but not inside of an expression"},
    {"", "UPDATE room SET name = :name, side = :side WHERE id = :id",
     "name:text[20]? side:i32 id:i64", "so does an assignment"},
    {"", "UPDATE room SET side = 1 WHERE name = :name", "name:text[20]",
     "but not a comparison"},
    {"", "UPDATE room SET side = (SELECT 1 FROM note WHERE note.body = :b), name = :b",
     "b:text[10]?", "the narrower limit of two"},
    {"-- @param x note.seq 1..9\n", "SELECT 1 FROM room WHERE id + 1 > :x", "x:u64(1..9)",
     "an annotation by column, with a range"},
    {"-- @param x i32 -5..5\n-- @param y? text(3)\n-- @param z bytes(4)\n-- @param b "
     "bool\n"
     "-- @param t datetime\n",
     "SELECT 1 FROM room WHERE f(:x, :y, :z, :b, :t)",
     "x:i32(-5..5) y:text[3]? z:bytes[4] b:i32(0..1) t:datetime", "plain types"},
    {"-- @param name? \n", "SELECT 1 FROM room WHERE name <=> :name", "name:text[20]?",
     "NULL without a type"},
};

static void test_parameters_get_their_types(void **state)
{
    struct arena a;
    struct buf shown;

    (void)state;
    arena_init(&a, SIZE_MAX);
    buf_init(&shown, 1000);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct str text = arena_printf(&a, "-- A test.\n-- @query q many\n%s%s;",
                                       cases[i].notes, cases[i].sql);
        struct query_file file = {0};
        struct diag d;

        diag_init(&d);
        assert_true(query_file_parse(&a, "q.sql", text, &file, &d));
        query_write_sql(&a, &file.queries[0], &d);

        query_type_params(&a, &file.queries[0], &catalog, &d);

        buf_reset(&shown);
        show_params(&file.queries[0], &shown);
        if (!diag_ok(&d) || !str_eq(buf_str(&shown), str_of(cases[i].params)))
            fail_msg("%s: " STR_FMT " %s", cases[i].why, STR_ARG(buf_str(&shown)),
                     d.n ? d.lines[0].text : "");
        diag_release(&d);
    }
    buf_release(&shown);
    arena_release(&a);
}

static void test_a_name_in_two_tables_needs_an_alias(void **state)
{
    struct query_file file = {0};
    struct arena a;
    struct diag d;

    (void)state;
    arena_init(&a, SIZE_MAX);
    diag_init(&d);
    assert_true(query_file_parse(&a, "q.sql",
                                 STR("-- A test.\n-- @query q many\n"
                                     "SELECT 1 FROM room, note\nWHERE side = :side;"),
                                 &file, &d));
    query_write_sql(&a, &file.queries[0], &d);

    query_type_params(&a, &file.queries[0], &catalog, &d);

    assert_int_equal(d.n, 1);
    assert_int_equal(d.lines[0].pos.line, 4);
    diag_release(&d);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parameters_get_their_types),
        cmocka_unit_test(test_a_name_in_two_tables_needs_an_alias),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
