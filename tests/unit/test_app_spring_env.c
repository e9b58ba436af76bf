/*
 * src/app/spring_env.c: what an environment of Spring Boot becomes, down to the settings.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/spring_env.h"
#include "db/url.h"
#include "generated/c/settings.h"

#include "base/banned.h"

enum {
    WORDS_MAX = 8
};

struct test_case {
    const char *words[WORDS_MAX];
    const char *value;
    const char *why;
};

/* The value that a setting gets from these words. */
static struct str value_of(struct arena *a, const struct test_case *c, size_t offset)
{
    const struct setting_sources sources = {.environ = spring_env(c->words, a)};
    struct settings s;
    struct why why = {.text = ""};
    struct str value;

    if (setting_load(&settings_table, &sources, a, &s, NULL, &why) != ERR_OK)
        fail_msg("%s: %s", c->why, why.text);
    memcpy(&value, (const char *)&s + offset, sizeof(value));
    return value;
}

static void check(const struct test_case *cases, size_t n, size_t offset)
{
    struct arena a;

    arena_init(&a, SIZE_MAX);
    for (size_t i = 0; i < n; i++) {
        struct str value = value_of(&a, &cases[i], offset);

        if (!str_eq(value, str_of(cases[i].value)))
            fail_msg("%s: " STR_FMT, cases[i].why, STR_ARG(value));
        arena_reset(&a);
    }
    arena_release(&a);
}

#define CHECK(cases, member)                                                             \
    check(cases, sizeof(cases) / sizeof((cases)[0]), offsetof(struct settings, member))

static void test_a_jdbc_url_becomes_the_address_of_the_database(void **state)
{
    static const struct test_case cases[] = {
        {{"SPRING_DATASOURCE_URL=jdbc:mysql://db:3307/chat",
          "SPRING_DATASOURCE_USERNAME=u", "SPRING_DATASOURCE_PASSWORD=p"},
         "mysql://u:p@db:3307/chat",
         "three variables"},
        {{"SPRING_DATASOURCE_PASSWORD=p@:/%?#한", "SPRING_DATASOURCE_USERNAME=u:x",
          "SPRING_DATASOURCE_URL=jdbc:mariadb://db/chat"},
         "mysql://u%3Ax:p%40%3A%2F%25%3F%23%ED%95%9C@db/chat",
         "what would end a part is encoded; their order does not matter"},
        {{"SPRING_DATASOURCE_URL=jdbc:mysql://db/chat?useSSL=false&"
          "serverTimezone=Asia/Seoul&allowPublicKeyRetrieval=true",
          "SPRING_DATASOURCE_USERNAME=u", "SPRING_DATASOURCE_PASSWORD=p"},
         "mysql://u:p@db/chat",
         "the driver's parameters are dropped"},
        {{"SPRING_DATASOURCE_URL=jdbc:mysql://db/chat?user=a%40b&password=c",
          "SPRING_DATASOURCE_USERNAME=u", "SPRING_DATASOURCE_PASSWORD=p"},
         "mysql://a%40b:c@db/chat",
         "the URL's own user comes first, as in the driver"},
        {{"SPRING_DATASOURCE_URL=jdbc:mysql://a:b@db/chat",
          "SPRING_DATASOURCE_USERNAME=u"},
         "mysql://a:b@db/chat",
         "also before the host"},
        {{"SPRING_DATASOURCE_URL=jdbc:mysql://db/chat?sslMode=VERIFY_CA"},
         "mysql://:@db/chat?sslMode=VERIFY_CA",
         "a demand for TLS is not dropped"},
        {{"SPRING_DATASOURCE_URL=jdbc:postgresql://db/chat"},
         "jdbc:postgresql://db/chat",
         "another database stays what it is"},
        {{"SPRING_DATASOURCE_URL=mysql://a:b@db/chat", "SPRING_DATASOURCE_USERNAME=u"},
         "mysql://a:b@db/chat",
         "our own form stays"},
        {{"REUSE_CHAT_DATABASE_URL=mysql://a:b@c/d",
          "SPRING_DATASOURCE_URL=jdbc:mysql://db/chat"},
         "mysql://a:b@c/d",
         "our own name comes first"},
        {{"SPRING_DATASOURCE_USERNAME=u"}, "", "a user alone is no address"},
        {{"SPRING_DATASOURCE_URL="}, "", "empty is absent"},
    };

    (void)state;
    CHECK(cases, database_url);
}

static void test_a_demand_for_tls_is_refused_without_the_password(void **state)
{
    static const char *const words[] = {
        "SPRING_DATASOURCE_URL=jdbc:mysql://db/chat?requireSSL=true",
        "SPRING_DATASOURCE_USERNAME=u", "SPRING_DATASOURCE_PASSWORD=hunter2", NULL};
    struct db_url url;
    struct arena a;
    struct why why = {.text = ""};
    const char *word;

    (void)state;
    arena_init(&a, SIZE_MAX);
    word = spring_env(words, &a)[0];

    assert_string_equal(
        word, "SPRING_DATASOURCE_URL=mysql://u:hunter2@db/chat?requireSSL=true");
    assert_int_not_equal(db_url_parse(&a, str_from(str_of(word), 22), &url, &why),
                         ERR_OK);
    assert_null(strstr(why.text, "hunter2"));
    arena_release(&a);
}

static void test_host_and_port_become_the_address_of_redis(void **state)
{
    static const struct test_case cases[] = {
        {{"SPRING_DATA_REDIS_HOST=redis"}, "redis://redis", "a host alone"},
        {{"SPRING_DATA_REDIS_HOST=redis", "SPRING_DATA_REDIS_PORT=6380",
          "SPRING_DATA_REDIS_PASSWORD=p@w", "SPRING_DATA_REDIS_DATABASE=2"},
         "redis://:p%40w@redis:6380/2",
         "all of it"},
        {{"SPRING_DATA_REDIS_HOST=::1", "SPRING_DATA_REDIS_PORT=6379",
          "SPRING_DATA_REDIS_USERNAME=u", "SPRING_DATA_REDIS_PASSWORD=p"},
         "redis://u:p@[::1]:6379",
         "an IPv6 address, a user"},
        {{"SPRING_DATA_REDIS_HOST=redis", "SPRING_DATA_REDIS_USERNAME=u"},
         "redis://redis",
         "a user without a password"},
        {{"SPRING_DATA_REDIS_HOST=redis", "SPRING_DATA_REDIS_SSL_ENABLED=true"},
         "rediss://redis",
         "a demand for TLS is not dropped"},
        {{"SPRING_DATA_REDIS_HOST=a", "SPRING_DATA_REDIS_URL=redis://b:1"},
         "redis://b:1",
         "a URL comes before a host, as in Spring"},
        {{"SPRING_DATA_REDIS_HOST=redis://a:1"}, "redis://a:1", "our own form stays"},
        {{"SPRING_DATA_REDIS_PORT=6380"}, "", "a port alone is no address"},
    };

    (void)state;
    CHECK(cases, redis_url);
}

static void test_host_and_user_become_the_address_of_the_mail_server(void **state)
{
    static const struct test_case cases[] = {
        {{"SPRING_MAIL_HOST=smtp", "SPRING_MAIL_PORT=587", "SPRING_MAIL_USERNAME=me@x",
          "SPRING_MAIL_PASSWORD=a b"},
         "smtp://me%40x:a%20b@smtp:587",
         "all of it"},
        {{"SPRING_MAIL_HOST=smtp"}, "smtp://smtp", "a host alone"},
        {{"SPRING_MAIL_HOST=smtp", "SPRING_MAIL_PROTOCOL=smtps"},
         "smtps://smtp",
         "TLS by protocol"},
        {{"SPRING_MAIL_HOST=smtp", "SPRING_MAIL_PORT=465",
          "SPRING_MAIL_PROPERTIES_MAIL_SMTP_SSL_ENABLE=true"},
         "smtps://smtp:465",
         "TLS by property"},
        {{"SPRING_MAIL_USERNAME=me@x"}, "", "a user alone is no address"},
    };

    (void)state;
    CHECK(cases, mail_url);
}

static void test_a_registry_is_understood(void **state)
{
    static const struct test_case urls[] = {
        {{"EUREKA_CLIENT_SERVICEURL_DEFAULTZONE=http://u:p@a:8761/eureka/,http://b/e"},
         "http://u:p@a:8761/eureka/,http://b/e",
         "as it is"},
        {{"EUREKA_INSTANCE_HOSTNAME=h"}, "", "a name alone is no address"},
    };
    static const struct test_case apps[] = {
        {{"SPRING_APPLICATION_NAME=chat"}, "chat", "Spring's name"},
        {{"PATH=/bin"}, "reuse-chat", "ours"},
    };
    static const char *const words[] = {
        "EUREKA_CLIENT_ENABLED=false", "EUREKA_INSTANCE_LEASERENEWALINTERVALINSECONDS=10",
        "EUREKA_INSTANCE_HOSTNAME=h", NULL};
    struct settings s;
    struct arena a;

    (void)state;
    CHECK(urls, eureka_url);
    CHECK(apps, eureka_app);
    arena_init(&a, SIZE_MAX);
    assert_int_equal(
        setting_load(&settings_table,
                     &(struct setting_sources){.environ = spring_env(words, &a)}, &a, &s,
                     NULL, NULL),
        ERR_OK);
    assert_false(s.eureka_enabled);
    assert_int_equal(s.eureka_renewal_interval, 10000);
    assert_true(str_eq(s.eureka_host, STR("h")));
    arena_release(&a);
}

static void test_the_other_words_stay_and_none_is_fine(void **state)
{
    static const char *const words[] = {"PATH=/bin", "SERVER_ID=chat-server-7",
                                        "SPRING_MAIL_HOST", "SPRING_MAIL_HOSTS=x", NULL};
    const char *const *out;
    struct arena a;

    (void)state;
    arena_init(&a, SIZE_MAX);
    out = spring_env(words, &a);

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        assert_ptr_equal(out[i], words[i]);
    assert_null(spring_env(NULL, &a));
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_jdbc_url_becomes_the_address_of_the_database),
        cmocka_unit_test(test_a_demand_for_tls_is_refused_without_the_password),
        cmocka_unit_test(test_host_and_port_become_the_address_of_redis),
        cmocka_unit_test(test_host_and_user_become_the_address_of_the_mail_server),
        cmocka_unit_test(test_a_registry_is_understood),
        cmocka_unit_test(test_the_other_words_stay_and_none_is_fine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
