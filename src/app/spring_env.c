/* SPDX-License-Identifier: MIT */
#include "app/spring_env.h"

#include "base/bug.h"
#include "codec/percent.h"

#include "base/banned.h"

enum {
    URL_MAX = 64 * 1024
};

/* Value of a variable; no value if it is absent or empty. */
static struct str get(const char *const *environ, struct str name)
{
    for (; *environ; environ++) {
        struct str word = str_of(*environ);

        if (str_starts(word, name) && word.n > name.n + 1 && word.p[name.n] == '=')
            return str_from(word, name.n + 1);
    }
    return STR_NULL;
}

static bool is_true(const char *const *environ, struct str name)
{
    return str_eq_nocase(get(environ, name), STR("true"));
}

/* user:password@; nothing if there is neither. */
static void put_credentials(struct buf *out, struct str user, struct str password)
{
    if (str_is_empty(user) && str_is_empty(password))
        return;
    percent_encode(user, out);
    if (!str_is_empty(password)) {
        buf_putc(out, ':');
        percent_encode(password, out);
    }
    buf_putc(out, '@');
}

/* host[:port]; an IPv6 address in brackets. */
static void put_address(struct buf *out, struct str host, struct str port)
{
    bool is_bare_v6 = str_find(host, ':') < host.n && host.p[0] != '[';

    buf_append_c(out, is_bare_v6 ? "[" : "");
    buf_append_str(out, host);
    buf_append_c(out, is_bare_v6 ? "]" : "");
    if (!str_is_empty(port)) {
        buf_putc(out, ':');
        buf_append_str(out, port);
    }
}

/* --- the database ------------------------------------------------------------------------- */

/* Value of a parameter of a JDBC URL, as it stands there. */
static struct str parameter(struct str query, struct str name)
{
    struct str part;

    while (str_split(&query, '&', &part))
        if (str_starts(part, name) && part.n > name.n && part.p[name.n] == '=')
            return str_from(part, name.n + 1);
    return STR_NULL;
}

/* The driver is told not to speak without TLS, which this program cannot. */
static bool asks_for_tls(struct str query)
{
    struct str mode = parameter(query, STR("sslMode"));

    return str_eq_nocase(parameter(query, STR("requireSSL")), STR("true")) ||
           str_eq_nocase(mode, STR("REQUIRED")) ||
           str_eq_nocase(mode, STR("VERIFY_CA")) ||
           str_eq_nocase(mode, STR("VERIFY_IDENTITY")) ||
           str_eq_nocase(mode, STR("verify-ca")) ||
           str_eq_nocase(mode, STR("verify-full")) || str_eq_nocase(mode, STR("trust"));
}

/* As the driver does, the URL's own user and password come before those of the variables. */
static void put_database_user(struct buf *out, const char *const *environ,
                              struct str query)
{
    struct str user = parameter(query, STR("user"));
    struct str password = parameter(query, STR("password"));

    if (user.p)
        buf_append_str(out, user);
    else
        percent_encode(get(environ, STR("SPRING_DATASOURCE_USERNAME")), out);
    buf_putc(out, ':');
    if (password.p)
        buf_append_str(out, password);
    else
        percent_encode(get(environ, STR("SPRING_DATASOURCE_PASSWORD")), out);
    buf_putc(out, '@');
}

static void put_database(struct buf *out, const char *const *environ, struct str value)
{
    static const struct str kinds[] = {{"jdbc:mysql://", 13}, {"jdbc:mariadb://", 15}};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct str rest = str_from(value, kinds[i].n), query, place;

        if (!str_starts(value, kinds[i]))
            continue;
        place = (struct str){rest.p, str_find(rest, '?')};
        query = str_from(rest, place.n + 1);
        buf_append_c(out, "mysql://");
        if (str_find(place, '@') == place.n)
            put_database_user(out, environ, query);
        buf_append_str(out, asks_for_tls(query) ? rest : place);
    }
}

/* --- Redis and mail ----------------------------------------------------------------------- */

static bool is_url(struct str s)
{
    size_t colon = str_find(s, ':');

    return str_starts(str_from(s, colon), STR("://"));
}

static void put_redis(struct buf *out, const char *const *environ, struct str host)
{
    struct str database = get(environ, STR("SPRING_DATA_REDIS_DATABASE"));
    struct str password = get(environ, STR("SPRING_DATA_REDIS_PASSWORD"));

    if (is_url(host))
        return;
    buf_append_c(out, is_true(environ, STR("SPRING_DATA_REDIS_SSL_ENABLED"))
                          ? "rediss://"
                          : "redis://");
    if (!str_is_empty(password)) /* a user alone logs in nowhere */
        put_credentials(out, get(environ, STR("SPRING_DATA_REDIS_USERNAME")), password);
    put_address(out, host, get(environ, STR("SPRING_DATA_REDIS_PORT")));
    if (!str_is_empty(database)) {
        buf_putc(out, '/');
        buf_append_str(out, database);
    }
}

static void put_mail(struct buf *out, const char *const *environ, struct str host)
{
    bool is_tls = is_true(environ, STR("SPRING_MAIL_PROPERTIES_MAIL_SMTP_SSL_ENABLE")) ||
                  str_eq(get(environ, STR("SPRING_MAIL_PROTOCOL")), STR("smtps"));

    if (is_url(host))
        return;
    buf_append_c(out, is_tls ? "smtps://" : "smtp://");
    put_credentials(out, get(environ, STR("SPRING_MAIL_USERNAME")),
                    get(environ, STR("SPRING_MAIL_PASSWORD")));
    put_address(out, host, get(environ, STR("SPRING_MAIL_PORT")));
}

/* --- Eureka ------------------------------------------------------------------------------- */

static void put_seconds(struct buf *out, const char *const *environ, struct str seconds)
{
    int64_t number;

    (void)environ;
    if (!str_to_i64(seconds, &number))
        return;
    buf_append_str(out, seconds);
    buf_putc(out, 's');
}

/* --- the environment ---------------------------------------------------------------------- */

static const struct rewrite {
    struct str name; /* of the variable */
    /* Appends its value in the setting's form, or nothing. */
    void (*put)(struct buf *out, const char *const *environ, struct str value);
} rewrites[] = {
    {{"SPRING_DATASOURCE_URL", 21}, put_database},
    {{"SPRING_DATA_REDIS_HOST", 22}, put_redis},
    {{"SPRING_MAIL_HOST", 16}, put_mail},
    {{"EUREKA_INSTANCE_LEASERENEWALINTERVALINSECONDS", 45}, put_seconds},
};

/* "NAME=value" in the setting's form, or word itself. */
static const char *rewritten(const char *word, const char *const *environ,
                             struct arena *a)
{
    const char *out = word;

    for (size_t i = 0; i < sizeof(rewrites) / sizeof(rewrites[0]); i++) {
        const struct rewrite *r = &rewrites[i];
        struct str value = get((const char *const[]){word, NULL}, r->name);
        struct buf text;

        if (!value.p)
            continue;
        buf_init(&text, URL_MAX);
        r->put(&text, environ, value);
        if (text.n > 0 && buf_ok(&text))
            out = arena_printf(a, STR_FMT "=" STR_FMT, STR_ARG(r->name),
                               STR_ARG(buf_str(&text)))
                      .p;
        buf_release(&text);
    }
    return out;
}

const char *const *spring_env(const char *const *environ, struct arena *a)
{
    const char **out;
    size_t n = 0;

    if (!environ)
        return NULL;
    while (environ[n])
        n++;
    out = ARENA_ARRAY(a, const char *, n + 1);
    BUG_ON(!out);
    for (size_t i = 0; i < n; i++)
        out[i] = rewritten(environ[i], environ, a);
    out[n] = NULL;
    return out;
}
