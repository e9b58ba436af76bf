/*
 * Tests of the database's address.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "db/url.h"

#include "base/banned.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static void test_addresses_are_taken_apart(void **state)
{
    const struct {
        const char *url, *user, *password, *host;
        unsigned port;
        const char *name, *socket;
    } rows[] = {
        {"mysql://u:p@db.example:3307/chat", "u", "p", "db.example", 3307, "chat", ""},
        {"mysql://u@h/n", "u", "", "h", 3306, "n", ""},
        {"mysql://u:@h/n", "u", "", "h", 3306, "n", ""},
        {"mysql://u:a%3Ab%2f%40%25@h/n", "u", "a:b/@%", "h", 3306, "n", ""},
        {"mysql://u@corp:p@x@h/n", "u@corp", "p@x", "h", 3306, "n", ""},
        {"mysql://u:p@[::1]:3308/n", "u", "p", "::1", 3308, "n", ""},
        {"mysql://u:p@[fe80::1%25eth0]/n", "u", "p", "fe80::1%eth0", 3306, "n", ""},
        {"mysql://u:p@/n?socket=/run/my%20sql/sock", "u", "p", "127.0.0.1", 3306, "n",
         "/run/my sql/sock"},
        {"mysql://%ED%95%9C:p@h/%ED%95%9C", "한", "p", "h", 3306, "한", ""},
    };
    struct arena a;

    (void)state;
    arena_init(&a, SIZE_MAX);

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct db_url url;
        struct why why;

        assert_int_equal(db_url_parse(&a, str_of(rows[i].url), &url, &why), ERR_OK);
        assert_false(url.is_embedded);
        assert_string_equal(url.user, rows[i].user);
        assert_string_equal(url.password, rows[i].password);
        assert_string_equal(url.host, rows[i].host);
        assert_int_equal(url.port, rows[i].port);
        assert_string_equal(url.name, rows[i].name);
        assert_string_equal(url.socket ? url.socket : "", rows[i].socket);
    }
    arena_release(&a);
}

static void test_an_embedded_address_names_a_directory(void **state)
{
    struct db_url url;
    struct arena a;
    struct why why;

    (void)state;
    arena_init(&a, SIZE_MAX);

    assert_int_equal(db_url_parse(&a, STR("embedded:data/my%20chat"), &url, &why),
                     ERR_OK);

    assert_true(url.is_embedded);
    assert_string_equal(url.dir, "data/my chat");
    arena_release(&a);
}

static void test_wrong_addresses_say_why_without_the_password(void **state)
{
    const struct {
        const char *url, *why;
    } rows[] = {
        {"", "begins neither"},
        {"jdbc:mysql://h/n", "begins neither"},
        {"embedded:", "no directory"},
        {"embedded:a%00b", "no directory"},
        {"mysql://h/n", "user:password@"},
        {"mysql://:secret@h/n", "user:password@"},
        {"mysql://u:secret%4@h/n", "user:password@"},
        {"mysql://u:secret%zz@h/n", "user:password@"},
        {"mysql://u:secret%00@h/n", "user:password@"},
        {"mysql://u:secret@h", "name of the database"},
        {"mysql://u:secret@h/", "name of the database"},
        {"mysql://u:secret@h/?socket=/s", "name of the database"},
        {"mysql://u:secret@h:0/n", "host:port"},
        {"mysql://u:secret@h:65536/n", "host:port"},
        {"mysql://u:secret@h:x/n", "host:port"},
        {"mysql://u:secret@h:/n", "host:port"},
        {"mysql://u:secret@[::1/n", "host:port"},
        {"mysql://u:secret@[::1]3306/n", "host:port"},
        {"mysql://u:secret@h/n?socket=s", "socket"},
        {"mysql://u:secret@h/n?tls=1", "socket"},
    };
    struct arena a;

    (void)state;
    arena_init(&a, SIZE_MAX);

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct db_url url;
        struct why why = {""};

        assert_int_equal(db_url_parse(&a, str_of(rows[i].url), &url, &why),
                         ERR_DB_FAILED);
        if (!strstr(why.text, rows[i].why))
            fail_msg("%s: %s", rows[i].url, why.text);
        assert_null(strstr(why.text, "secret"));
    }
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses_are_taken_apart),
        cmocka_unit_test(test_an_embedded_address_names_a_directory),
        cmocka_unit_test(test_wrong_addresses_say_why_without_the_password),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
