/*
 * src/codec/route.c: which route a path takes, what its placeholders hold, what Allow says.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/buf.h"
#include "codec/route.h"

#include "base/banned.h"

static const struct route routes[] = {
    {.name = "room", .method = "GET", .pattern = "/room/{roomUUID}"},
    {.name = "room_list", .method = "GET", .pattern = "/room/list"},
    {.name = "room_create", .method = "POST", .pattern = "/room/create"},
    {.name = "room_delete", .method = "DELETE", .pattern = "/room/delete/{roomUUID}"},
    {.name = "room_leave", .method = "POST", .pattern = "/room/{roomUUID}/leave"},
    {.name = "enter", .method = "GET", .pattern = "/room/enter/{roomUUID}"},
    {.name = "test", .method = "GET", .pattern = "/test/"},
    {.name = "test_local", .method = "GET", .pattern = "/test/local"},
    {.name = "block", .method = "PUT", .pattern = "/user/blocks/{user}"},
    {.name = "unblock", .method = "DELETE", .pattern = "/user/blocks/{user}"},
    {.name = "two", .method = "GET", .pattern = "/a/{x}/b/{y}"},
    {.name = "mixed", .method = "GET", .pattern = "/a/{x}/{z}/c"},
    {.name = "same", .method = "GET", .pattern = "/user/blocks/{other}"},
    {.name = "same_too", .method = "PUT", .pattern = "/user/{kind}/me"},
    {.name = "metrics", .method = "GET", .pattern = "/metrics", .is_admin = true},
    {.name = "poke", .method = "PATCH", .pattern = "/test/", .is_admin = true},
};
static const struct route_table table = {routes, sizeof(routes) / sizeof(routes[0])};

static void test_a_path_takes_its_most_literal_route(void **state)
{
    static const struct {
        const char *method, *path;
        const char *name; /* NULL: none */
        const char *params[2];
        bool is_other_method;
        const char *why;
    } rows[] = {
        {"GET", "/room/list", "room_list", {0}, false, "literal before placeholder"},
        {"GET", "/room/listed", "room", {"listed"}, false, "whole segments only"},
        {"GET",
         "/room/create",
         "room",
         {"create"},
         false,
         "as the replaced service does"},
        {"POST", "/room/create", "room_create", {0}, false, "method chooses"},
        {"HEAD", "/room/x", "room", {"x"}, false, "HEAD is looked up as GET"},
        {"GET", "/room/enter/r", "enter", {"r"}, false, ""},
        {"GET", "/room/enter", "room", {"enter"}, false, ""},
        {"GET", "/room/", NULL, {0}, false, "a placeholder is not empty"},
        {"GET", "/room", NULL, {0}, false, "segment missing"},
        {"GET", "/room/x/", NULL, {0}, false, "an empty segment more"},
        {"GET", "room/x", NULL, {0}, false, "no slash in front"},
        {"GET", "//room/x", NULL, {0}, false, ""},
        {"GET", "", NULL, {0}, false, ""},
        {"GET", "/test/", "test", {0}, false, "a slash at the end counts"},
        {"GET", "/test", NULL, {0}, false, ""},
        {"get", "/test/", NULL, {0}, true, "methods have case"},
        {"POST", "/test/", NULL, {0}, true, ""},
        {"PATCH", "/room/create", NULL, {0}, true, ""},
        {"DELETE", "/room/delete/r", "room_delete", {"r"}, false, ""},
        {"DELETE", "/room/r", NULL, {0}, true, ""},
        {"GET", "/Room/list", NULL, {0}, false, "paths have case"},
        {"GET", "/a/1/b/2", "two", {"1", "2"}, false, "placeholders in order"},
        {"GET", "/a/1/b/c", "two", {"1", "c"}, false, "the first difference decides"},
        {"GET", "/a/%2F/b/{y}", "two", {"%2F", "{y}"}, false, "views, not decoded"},
        {"PUT", "/user/blocks/me", "block", {"me"}, false, "literal earlier wins"},
        {"PUT", "/user/x/me", "same_too", {"x"}, false, ""},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct route_match match = {0};
        bool is_other = !rows[i].is_other_method;
        bool found = route_find(&table, str_of(rows[i].method), str_of(rows[i].path),
                                &match, &is_other);

        if (found != (rows[i].name != NULL) || is_other != rows[i].is_other_method ||
            (found && strcmp(match.route->name, rows[i].name) != 0))
            fail_msg("%s %s: %s", rows[i].method, rows[i].path, rows[i].why);
        for (size_t k = 0; k < 2 && rows[i].params[k]; k++)
            assert_true(k < match.n_params &&
                        str_eq(match.params[k], str_of(rows[i].params[k])));
        assert_int_equal(match.n_params,
                         (rows[i].params[0] != NULL) + (rows[i].params[1] != NULL));
    }
}

static void test_the_other_method_need_not_be_asked_for(void **state)
{
    struct route_match match;
    (void)state;

    assert_false(route_find(&table, STR("POST"), STR("/test/"), &match, NULL));
}

static void test_allow_names_each_method_once(void **state)
{
    static const struct {
        const char *path, *allow;
        bool is_admin;
    } rows[] = {
        {"/test/", "GET,HEAD,OPTIONS", false},
        {"/room/create", "GET,HEAD,POST,OPTIONS", false},
        {"/room/r/leave", "POST,OPTIONS", false},
        {"/user/blocks/kim", "PUT,DELETE,GET,HEAD,OPTIONS", false},
        {"/user/blocks/me", "PUT,DELETE,GET,HEAD,OPTIONS", false},
        {"/nowhere", "", false},
        {"/metrics", "", false},
        {"/metrics", "GET,HEAD,OPTIONS", true},
        {"/test/", "PATCH,OPTIONS", true},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf out;

        buf_init(&out, 200);
        route_allow(&table, str_of(rows[i].path), rows[i].is_admin, &out);
        if (!str_eq(buf_str(&out), str_of(rows[i].allow)))
            fail_msg("%s: " STR_FMT, rows[i].path, STR_ARG(buf_str(&out)));
        buf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_path_takes_its_most_literal_route),
        cmocka_unit_test(test_the_other_method_need_not_be_asked_for),
        cmocka_unit_test(test_allow_names_each_method_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
