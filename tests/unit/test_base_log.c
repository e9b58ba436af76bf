/*
 * src/base/log.c: one line an event, escaped, in both forms, from any thread.
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/utf8.h"

#include "base/banned.h"

struct fixture {
    struct log log;
    int from; /* read end */
    struct buf text;
};

static void open_log(struct fixture *f, enum log_format format)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    *f =
        (struct fixture){.log = {ends[1], LOG_LEVEL_INFO, format, "s1"}, .from = ends[0]};
    buf_init(&f->text, 1 << 24);
}

/* All that was written; nothing can be logged after it. */
static struct str read_log(struct fixture *f)
{
    ssize_t got = 1;

    if (f->log.fd >= 0)
        close(f->log.fd);
    f->log.fd = -1;
    while (got > 0) {
        got = read(f->from, buf_reserve(&f->text, 4096), 4096);
        buf_commit(&f->text, got > 0 ? (size_t)got : 0);
    }
    return buf_str(&f->text);
}

static void close_log(struct fixture *f)
{
    close(f->from);
    buf_release(&f->text);
}

/* The line without its time, which must have the form of one. */
static struct str behind(struct str line, size_t time_at)
{
    static const char form[] = "0000-00-00T00:00:00.000000Z";

    assert_true(line.n > time_at + sizeof(form));
    for (size_t i = 0; i < sizeof(form) - 1; i++) {
        char c = line.p[time_at + i];

        assert_true(form[i] == '0' ? c >= '0' && c <= '9' : c == form[i]);
    }
    return str_from(line, time_at + sizeof(form) - 1);
}

static void assert_line(enum log_format format, struct str value, const char *want)
{
    struct fixture f;
    struct str line;

    open_log(&f, format);
    LOG_WARN(&f.log, "room.created", LOG_STR("room", value), LOG_INT("seq", -7));
    line = read_log(&f);
    line = behind(line, format == LOG_FORMAT_JSON ? sizeof("{\"time\":\"") - 1 : 0);
    if (!str_eq(line, str_of(want)))
        fail_msg("want %s got " STR_FMT, want, STR_ARG(line));
    close_log(&f);
}

static void test_text_lines_quote_what_is_not_one_plain_word(void **state)
{
    (void)state;

    assert_line(LOG_FORMAT_TEXT, STR("r-1"), " WARN  s1 room.created room=r-1 seq=-7\n");
    assert_line(LOG_FORMAT_TEXT, STR("한"), " WARN  s1 room.created room=한 seq=-7\n");
    assert_line(LOG_FORMAT_TEXT, STR(""), " WARN  s1 room.created room=\"\" seq=-7\n");
    assert_line(LOG_FORMAT_TEXT, STR("a b"),
                " WARN  s1 room.created room=\"a b\" seq=-7\n");
    assert_line(LOG_FORMAT_TEXT, STR("a\"\\"),
                " WARN  s1 room.created room=\"a\\\"\\\\\" seq=-7\n");
}

static void test_no_value_can_begin_a_line_or_drive_a_terminal(void **state)
{
    (void)state;

    assert_line(LOG_FORMAT_TEXT, STR("a\n2025 forged"),
                " WARN  s1 room.created room=\"a\\u000A2025 forged\" seq=-7\n");
    assert_line(LOG_FORMAT_TEXT, STR("\x1b[31m"),
                " WARN  s1 room.created room=\"\\u001B[31m\" seq=-7\n");
    assert_line(LOG_FORMAT_TEXT, STR("\xc2\x9b"),
                " WARN  s1 room.created room=\"\\u009B\" seq=-7\n");
    assert_line(LOG_FORMAT_TEXT, STR("\x7f"),
                " WARN  s1 room.created room=\"\\u007F\" seq=-7\n");
}

static void test_json_lines_are_json(void **state)
{
    (void)state;

    assert_line(LOG_FORMAT_JSON, STR("한 \"q\" \\ \t"),
                "\",\"level\":\"WARN\",\"server\":\"s1\",\"event\":\"room.created\","
                "\"room\":\"한 \\\"q\\\" \\\\ \\u0009\",\"seq\":-7}\n");
    assert_line(LOG_FORMAT_JSON, STR("\xff\xc2"),
                "\",\"level\":\"WARN\",\"server\":\"s1\",\"event\":\"room.created\","
                "\"room\":\"\\u00FF\\u00C2\",\"seq\":-7}\n");
}

static void test_lines_below_the_level_are_not_written(void **state)
{
    struct fixture f;
    (void)state;

    open_log(&f, LOG_FORMAT_TEXT);
    LOG_DEBUG(&f.log, "quiet", LOG_INT("n", 1));
    f.log.level = LOG_LEVEL_ERROR;
    LOG_WARN(&f.log, "quiet", LOG_INT("n", 1));

    assert_true(str_eq(read_log(&f), STR("")));
    close_log(&f);
}

static void assert_too_long(size_t value_size, bool is_too_long)
{
    char *value = calloc(1, value_size + 1);
    struct fixture f;
    struct str text;

    assert_non_null(value);
    memset(value, 'v', value_size);
    open_log(&f, LOG_FORMAT_JSON);
    LOG_ERROR(&f.log, "big", LOG_STR("v", ((struct str){value, value_size})));
    text = read_log(&f);
    assert_int_equal(text.p[text.n - 1], '\n');
    assert_int_equal(str_find(text, '\n'), text.n - 1);
    assert_int_equal(memmem(text.p, text.n, "log.line_too_long", 17) != NULL,
                     is_too_long);
    assert_non_null(memmem(text.p, text.n, "big", 3));
    close_log(&f);
    free(value);
}

/* Each length around the limit: a line without its end would swallow the next one. */
static void test_a_line_that_is_too_long_is_replaced_by_a_note(void **state)
{
    size_t frame;
    struct fixture f;
    (void)state;

    open_log(&f, LOG_FORMAT_JSON);
    LOG_ERROR(&f.log, "big", LOG_STR("v", STR("")));
    frame = read_log(&f).n;
    close_log(&f);

    assert_too_long(4096 - frame - 1, false);
    assert_too_long(4096 - frame, false);
    assert_too_long(4096 - frame + 1, true);
    assert_too_long(4096 - frame + 2, true);
    assert_too_long(100000, true);
}

enum {
    LINES = 200,
    WRITERS = 4
};

static void *write_lines(void *arg)
{
    const struct fixture *f = arg;
    char value[3000];

    memset(value, 'x', sizeof(value));
    for (int i = 0; i < LINES; i++)
        LOG_INFO(&f->log, "line", LOG_STR("v", ((struct str){value, sizeof(value)})));
    return NULL;
}

static void *read_lines(void *arg)
{
    struct fixture *f = arg;
    ssize_t got = 1;

    while (got > 0) {
        got = read(f->from, buf_reserve(&f->text, 4096), 4096);
        buf_commit(&f->text, got > 0 ? (size_t)got : 0);
    }
    return NULL;
}

static void test_lines_of_threads_do_not_mix(void **state)
{
    pthread_t writers[WRITERS], reader;
    struct fixture f;
    struct str rest, line;
    size_t n = 0;
    (void)state;

    open_log(&f, LOG_FORMAT_TEXT);
    assert_int_equal(pthread_create(&reader, NULL, read_lines, &f), 0);
    for (size_t i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&writers[i], NULL, write_lines, &f), 0);
    for (size_t i = 0; i < WRITERS; i++)
        pthread_join(writers[i], NULL);
    close(f.log.fd);
    pthread_join(reader, NULL);

    rest = buf_str(&f.text);
    for (; str_split(&rest, '\n', &line) && line.n > 0; n++)
        assert_int_equal(line.n, sizeof("2025-01-20T10:30:00.123456Z INFO  s1 line v=") -
                                     1 + 3000);
    assert_int_equal(n, LINES * WRITERS);
    close_log(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_lines_quote_what_is_not_one_plain_word),
        cmocka_unit_test(test_no_value_can_begin_a_line_or_drive_a_terminal),
        cmocka_unit_test(test_json_lines_are_json),
        cmocka_unit_test(test_lines_below_the_level_are_not_written),
        cmocka_unit_test(test_a_line_that_is_too_long_is_replaced_by_a_note),
        cmocka_unit_test(test_lines_of_threads_do_not_mix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
