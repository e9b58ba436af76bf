/*
 * src/codec/setting.c, setting_value.c and setting_print.c: which source wins, what a value may
 * be, what an error tells and what is never shown.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "codec/setting.h"

#include "base/banned.h"

struct settings {
    int64_t port;
    struct str id;
    struct str url;
    struct str secret;
    int64_t timeout_ms;
    int64_t frame_bytes;
    bool is_quiet;
    int format; /* text, json */
    int64_t free;
};

#define AT(c) .offset = offsetof(struct settings, c)

static const struct setting rows[] = {
    {.key = "server.port",
     .kind = SETTING_INT,
     AT(port),
     .default_text = "8070",
     .env = "REUSE_CHAT_SERVER_PORT SERVER_PORT",
     .min = 1,
     .max = 65535,
     .help = "TCP port"},
    {.key = "server.id",
     .kind = SETTING_TEXT,
     AT(id),
     .default_text = "chat-server-1",
     .env = "REUSE_CHAT_SERVER_ID",
     .max = 20,
     .help = "name of this server"},
    {.key = "database.url",
     .kind = SETTING_TEXT,
     AT(url),
     .default_text = "",
     .env = "REUSE_CHAT_DATABASE_URL",
     .help = "where the data is"},
    {.key = "auth.secret",
     .kind = SETTING_TEXT,
     AT(secret),
     .default_text = "",
     .env = "REUSE_CHAT_AUTH_SECRET",
     .max = 10,
     .is_secret = true,
     .help = "key of HS256"},
    {.key = "drain.timeout",
     .kind = SETTING_MS,
     AT(timeout_ms),
     .default_text = "30s",
     .env = "REUSE_CHAT_DRAIN_TIMEOUT",
     .min = 0,
     .max = 600000,
     .help = "time to leave"},
    {.key = "limits.frame_bytes",
     .kind = SETTING_BYTES,
     AT(frame_bytes),
     .default_text = "64k",
     .env = "",
     .help = "largest frame"},
    {.key = "log.quiet",
     .kind = SETTING_BOOL,
     AT(is_quiet),
     .default_text = "false",
     .env = "REUSE_CHAT_LOG_QUIET",
     .help = "say less"},
    {.key = "log.format",
     .kind = SETTING_CHOICE,
     AT(format),
     .default_text = "text",
     .env = "REUSE_CHAT_LOG_FORMAT",
     .choices = "text|json",
     .help = "form of lines"},
    {.key = "free.number",
     .kind = SETTING_INT,
     AT(free),
     .default_text = "",
     .env = NULL,
     .help = "no default"},
};
static const struct setting_table table = {rows, sizeof(rows) / sizeof(rows[0]),
                                           sizeof(struct settings)};

struct fixture {
    struct arena a;
    struct settings s;
    const char **origins;
    struct why why;
    char path[32];
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    arena_init(&f->a, SIZE_MAX);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    if (f->path[0])
        unlink(f->path);
    arena_release(&f->a);
    free(f);
    return 0;
}

static const char *file_of(struct fixture *f, const char *text)
{
    int fd;

    if (f->path[0])
        unlink(f->path);
    snprintf(f->path, sizeof(f->path), "/tmp/setting-XXXXXX");
    fd = mkstemp(f->path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    return f->path;
}

static enum err load(struct fixture *f, const char *file, const char *const *env,
                     const char *const *flags)
{
    struct setting_sources sources = {file, env, flags};

    f->why = (struct why){""};
    return setting_load(&table, &sources, &f->a, &f->s, &f->origins, &f->why);
}

static void test_defaults_fill_what_nobody_set(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(load(f, NULL, NULL, NULL), ERR_OK);

    assert_int_equal(f->s.port, 8070);
    assert_true(str_eq(f->s.id, STR("chat-server-1")));
    assert_true(str_eq(f->s.url, STR("")));
    assert_int_equal(f->s.timeout_ms, 30000);
    assert_int_equal(f->s.frame_bytes, 65536);
    assert_false(f->s.is_quiet);
    assert_int_equal(f->s.format, 0);
    assert_int_equal(f->s.free, 0);
    for (size_t i = 0; i < table.n; i++)
        assert_string_equal(f->origins[i], "default");
}

static void test_each_source_overrides_the_one_before(void **state)
{
    static const char text[] =
        "# a comment\n\nserver.port = 1\nserver.id=from-file\r\n"
        "  log.format =  json  # behind a blank\nauth.secret = a#b";
    static const char *const env[] = {"SERVER_PORT=2", "REUSE_CHAT_SERVER_PORT_X=9",
                                      "REUSE_CHAT_LOG_FORMAT=", "HOME=/", NULL};
    static const char *const flags[] = {"--server.id=from-flag", "--log.quiet", NULL};
    struct fixture *f = *state;

    assert_int_equal(load(f, file_of(f, text), env, flags), ERR_OK);

    assert_int_equal(f->s.port, 2);
    assert_string_equal(f->origins[0], "env SERVER_PORT");
    assert_true(str_eq(f->s.id, STR("from-flag")));
    assert_string_equal(f->origins[1], "flag");
    assert_true(str_eq(f->s.secret, STR("a#b")));
    assert_string_equal(f->origins[3], "file:6");
    assert_true(f->s.is_quiet);
    assert_int_equal(f->s.format, 1); /* an empty variable is no value */
    assert_string_equal(f->origins[7], "file:5");
}

static void test_the_first_name_of_the_environment_wins(void **state)
{
    static const char *const env[] = {"SERVER_PORT=2", "REUSE_CHAT_SERVER_PORT=3", NULL};
    struct fixture *f = *state;

    assert_int_equal(load(f, NULL, env, NULL), ERR_OK);

    assert_int_equal(f->s.port, 3);
    assert_string_equal(f->origins[0], "env REUSE_CHAT_SERVER_PORT");
}

static void test_flags_take_their_value_in_both_ways(void **state)
{
    static const char *const flags[] = {"--server.port",
                                        "5",
                                        "--log.quiet",
                                        "no",
                                        "--database.url=a=b",
                                        "--server.port",
                                        "6",
                                        "--server.id=",
                                        "--free.number",
                                        "-7",
                                        "--log.quiet",
                                        "--log.format",
                                        "json",
                                        NULL};
    struct fixture *f = *state;

    assert_int_equal(load(f, NULL, NULL, flags), ERR_OK);

    assert_int_equal(f->s.port, 6);
    assert_true(str_eq(f->s.url, STR("a=b")));
    assert_true(str_eq(f->s.id, STR("")));
    assert_int_equal(f->s.free, -7);
    assert_true(f->s.is_quiet);
    assert_int_equal(f->s.format, 1);
}

static void test_an_error_in_a_file_names_line_key_and_cause(void **state)
{
    static const struct {
        const char *text, *why;
    } errors[] = {
        {"\nserver.port = x", ":2: server.port: \"x\" is not a number"},
        {"server.port = 0", ":1: server.port: must be between 1 and 65535"},
        {"server.port =", ":1: server.port: \"\" is not a number"},
        {"drain.timeout = 11m", ":1: drain.timeout: must be between 0 and 10m"},
        {"drain.timeout = 5x",
         ":1: drain.timeout: \"5x\" is not a time (500ms 30s 2m 1h)"},
        {"limits.frame_bytes = 1t",
         ":1: limits.frame_bytes: \"1t\" is not a size (4096 64k 1m 1g)"},
        {"limits.frame_bytes = 9999999999999g",
         ":1: limits.frame_bytes: \"9999999999999g\" is not a size (4096 64k 1m 1g)"},
        {"log.quiet = maybe",
         ":1: log.quiet: \"maybe\" is not one of true, false, on, off, yes, no, 1, 0"},
        {"log.format = xml", ":1: log.format: \"xml\" is not one of text|json"},
        {"server.id = 123456789012345678901", ":1: server.id: the value is too long"},
        {"server.id = \xff", ":1: server.id: the value is not UTF-8"},
        {"auth.secret = do-not-repeat-me", ":1: auth.secret: the value is too long"},
        {"server.prot = 1",
         ":1: unknown setting \"server.prot\"; did you mean \"server.port\"?"},
        {"SERVER_PORT = 1", ":1: unknown setting \"SERVER_PORT\""},
        {"server_port = 1",
         ":1: unknown setting \"server_port\"; did you mean \"server.port\"?"},
        {"zzz = 1", ":1: unknown setting \"zzz\""},
        {"server.port 1", ":1: \"key = value\" expected"},
        {"[server]", ":1: \"key = value\" expected"},
        {"= 1", ":1: unknown setting \"\""},
        {"server.port = 1\n\nserver.port = 1",
         ":3: server.port was set before in line 1"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        char want[256];

        assert_int_equal(load(f, file_of(f, errors[i].text), NULL, NULL),
                         ERR_PARAMETER_INVALID);
        snprintf(want, sizeof(want), "%s%s", f->path, errors[i].why);
        assert_string_equal(f->why.text, want);
    }
}

static void test_an_error_elsewhere_names_its_origin(void **state)
{
    static const char *const env[] = {"SERVER_PORT=x", NULL};
    static const struct {
        const char *flags[3];
        const char *why;
    } errors[] = {
        {{"--server.port=x"}, "flag: server.port: \"x\" is not a number"},
        {{"--server.port"}, "flag --server.port: value missing"},
        {{"--server.port", "--log.quiet"}, "flag --server.port: value missing"},
        {{"--sever.port", "1"},
         "flag: unknown setting \"sever.port\"; did you mean \"server.port\"?"},
        {{"-v"}, "unexpected argument \"-v\""},
        {{"--"}, "unexpected argument \"--\""},
        {{"--=1"}, "flag: unknown setting \"\""},
        {{"serve"}, "unexpected argument \"serve\""},
    };
    struct fixture *f = *state;

    assert_int_equal(load(f, NULL, env, NULL), ERR_PARAMETER_INVALID);
    assert_string_equal(f->why.text,
                        "env SERVER_PORT: server.port: \"x\" is not a number");
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        assert_int_equal(load(f, NULL, NULL, errors[i].flags), ERR_PARAMETER_INVALID);
        assert_string_equal(f->why.text, errors[i].why);
    }
}

static void test_a_file_that_cannot_be_read_is_not_found(void **state)
{
    struct fixture *f = *state;
    char *large = calloc(1, 2 << 20);

    assert_non_null(large);
    assert_int_equal(load(f, "/nowhere/x.conf", NULL, NULL), ERR_NOT_FOUND);
    assert_string_equal(f->why.text, "/nowhere/x.conf: No such file or directory");
    assert_int_equal(load(f, "/tmp", NULL, NULL), ERR_NOT_FOUND);
    assert_string_equal(f->why.text, "/tmp: Is a directory");
    memset(large, '#', (2 << 20) - 1);
    assert_int_equal(load(f, file_of(f, large), NULL, NULL), ERR_NOT_FOUND);
    assert_non_null(strstr(f->why.text, "larger than 1 MiB"));
    free(large);
}

static void test_times_and_sizes_have_units(void **state)
{
    static const struct {
        const char *key, *text;
        int64_t value;
    } good[] = {
        {"drain.timeout", "500ms", 500},
        {"drain.timeout", "2m", 120000},
        {"drain.timeout", "10 s", 10000},
        {"drain.timeout", "7", 7},
        {"limits.frame_bytes", "1m", 1 << 20},
        {"limits.frame_bytes", "4096", 4096},
        {"limits.frame_bytes", "3K", 3 * 1024},
        {"limits.frame_bytes", "2g", INT64_C(2) << 30},
    };
    struct fixture *f = *state;

    assert_int_equal(load(f, NULL, NULL, NULL), ERR_OK);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(setting_set(&table, &f->s, &f->a, str_of(good[i].key),
                                     str_of(good[i].text), &f->why),
                         ERR_OK);
        assert_int_equal(i < 4 ? f->s.timeout_ms : f->s.frame_bytes, good[i].value);
    }
    assert_int_equal(setting_set(&table, &f->s, &f->a, STR("nope"), STR("1"), &f->why),
                     ERR_PARAMETER_INVALID);
}

static struct str printed(struct fixture *f)
{
    struct buf out;
    struct str text;

    buf_init(&out, 1 << 16);
    setting_print(&table, &f->s, f->origins, &out);
    text = arena_dup(&f->a, buf_str(&out));
    buf_release(&out);
    return text;
}

static void test_what_is_printed_reads_back_as_the_same(void **state)
{
    static const char *const flags[] = {
        "--drain.timeout=90s", "--limits.frame_bytes=1536k", "--log.format=json",
        "--log.quiet",         "--free.number=-5",           NULL};
    struct fixture *f = *state;
    struct settings before;

    assert_int_equal(load(f, NULL, NULL, flags), ERR_OK);
    assert_string_equal(printed(f).p, "server.port = 8070  # default\n"
                                      "server.id = chat-server-1  # default\n"
                                      "database.url =   # default\n"
                                      "auth.secret =   # default\n"
                                      "drain.timeout = 90s  # flag\n"
                                      "limits.frame_bytes = 1536k  # flag\n"
                                      "log.quiet = true  # flag\n"
                                      "log.format = json  # flag\n"
                                      "free.number = -5  # flag\n");
    before = f->s;
    assert_int_equal(load(f, file_of(f, printed(f).p), NULL, NULL), ERR_OK);

    assert_int_equal(f->s.port, before.port);
    assert_int_equal(f->s.timeout_ms, before.timeout_ms);
    assert_int_equal(f->s.frame_bytes, before.frame_bytes);
    assert_int_equal(f->s.free, before.free);
    assert_int_equal(f->s.format, before.format);
    assert_int_equal(f->s.is_quiet, before.is_quiet);
    assert_true(str_eq(f->s.id, before.id));
}

static void test_a_sample_names_every_key_and_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct buf out;

    buf_init(&out, 1 << 16);
    setting_sample(&table, &out);
    buf_putc(&out, '\0');

    assert_int_equal(load(f, file_of(f, out.p), NULL, NULL), ERR_OK);
    for (size_t i = 0; i < table.n; i++) {
        char want[100];

        snprintf(want, sizeof(want), "\n#%s =%s%s\n", rows[i].key,
                 rows[i].default_text[0] ? " " : "", rows[i].default_text);
        assert_non_null(strstr(out.p, want));
        assert_string_equal(f->origins[i], "default");
    }
    assert_non_null(strstr(out.p, "\n# TCP port\n#server.port"));
    assert_non_null(strstr(out.p, "\n# form of lines (text|json)\n#log.format"));
    buf_release(&out);
}

static void test_secrets_and_passwords_are_never_printed(void **state)
{
    static const struct {
        const char *url, *shown;
    } urls[] = {
        {"mysql://user:pw@host:3306/db", "mysql://user:***@host:3306/db"},
        {"redis://:pw@host", "redis://:***@host"},
        {"mysql://user:p@s/s@host/db", "mysql://user:***@host/db"},
        {"mysql://user:p:w@host/db", "mysql://user:***@host/db"},
        {"mysql://host:3306/db", "mysql://host:3306/db"},
        {"mysql://user@host:3306/db", "mysql://user@host:3306/db"},
        {"embedded:/var/lib/x@y", "embedded:/var/lib/x@y"},
        {"mysql://", "mysql://"},
        {"a@b://c", "a@b://c"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        char url[100], want[100];
        const char *const flags[] = {url, "--auth.secret=hunter2", NULL};
        struct str text;

        snprintf(url, sizeof(url), "--database.url=%s", urls[i].url);
        snprintf(want, sizeof(want), "database.url = %s  # flag\n", urls[i].shown);
        assert_int_equal(load(f, NULL, NULL, flags), ERR_OK);
        text = printed(f);
        assert_non_null(strstr(text.p, want));
        assert_non_null(strstr(text.p, "auth.secret = ***  # flag\n"));
        assert_null(strstr(text.p, "hunter2"));
    }
}

static void test_help_tells_form_default_and_environment(void **state)
{
    struct buf out;
    (void)state;

    buf_init(&out, 1 << 16);
    setting_help(&table, &out);
    buf_putc(&out, '\0');

    assert_non_null(strstr(out.p,
                           "  --server.port=NUMBER\n      TCP port [8070]\n"
                           "      environment: REUSE_CHAT_SERVER_PORT SERVER_PORT\n"));
    assert_non_null(
        strstr(out.p, "  --log.format=text|json\n      form of lines [text]\n"));
    assert_non_null(strstr(out.p, "  --free.number=NUMBER\n      no default\n"));
    buf_release(&out);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_defaults_fill_what_nobody_set),
        TEST(test_each_source_overrides_the_one_before),
        TEST(test_the_first_name_of_the_environment_wins),
        TEST(test_flags_take_their_value_in_both_ways),
        TEST(test_an_error_in_a_file_names_line_key_and_cause),
        TEST(test_an_error_elsewhere_names_its_origin),
        TEST(test_a_file_that_cannot_be_read_is_not_found),
        TEST(test_times_and_sizes_have_units),
        TEST(test_what_is_printed_reads_back_as_the_same),
        TEST(test_a_sample_names_every_key_and_changes_nothing),
        TEST(test_secrets_and_passwords_are_never_printed),
        TEST(test_help_tells_form_default_and_environment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
