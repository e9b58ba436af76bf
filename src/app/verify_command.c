/*
 * `reuse-chat verify`: the settings of a server, a look at everything, a report.
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "app/app.h"
#include "db/db.h"
#include "verify/verify.h"

#include "base/banned.h"

enum {
    REPORT_MAX = 16 << 20,
    TOPIC_MAX = 256
};

struct options {
    bool is_json, has_no_topic;
    int64_t tail;
};

/* Takes --json, --tail=N and --no-topic out of the flags; the rest are settings. */
static bool take_options(const char *const *flags, const char **rest, struct options *to)
{
    size_t n = 0;

    *to = (struct options){.tail = VERIFY_TAIL};
    for (; *flags; flags++) {
        if (strcmp(*flags, "--json") == 0)
            to->is_json = true;
        else if (strcmp(*flags, "--no-topic") == 0)
            to->has_no_topic = true;
        else if (strncmp(*flags, "--tail=", 7) != 0)
            rest[n++] = *flags;
        else if (!str_to_i64(str_of(*flags + 7), &to->tail) || to->tail < 1 ||
                 to->tail > VERIFY_TAIL_MAX)
            return false;
    }
    rest[n] = NULL;
    return true;
}

static struct str brokers_of(const struct settings *s, const struct options *options)
{
    /* "embedded" is a broker inside of another process, whose port is not known */
    if (options->has_no_topic || str_starts(s->kafka_brokers, STR("embedded")))
        return STR("");
    return s->kafka_brokers;
}

static int report(const struct settings *s, const struct options *options,
                  struct arena *a)
{
    struct verify_report result;
    char topic[TOPIC_MAX];
    struct buf out;

    snprintf(topic, sizeof(topic), STR_FMT, STR_ARG(s->kafka_topic));
    verify_run(&(struct verify_config){.database_url = s->database_url,
                                       .brokers = brokers_of(s, options),
                                       .client_id = s->server_id,
                                       .topic = topic,
                                       .tail = options->tail},
               a, &result);
    buf_init(&out, REPORT_MAX);
    if (options->is_json) {
        verify_report_json_encode(&result, &out);
        buf_putc(&out, '\n');
    } else {
        verify_print(&result, &out);
    }
    BUG_ON(!buf_ok(&out)); /* its lists have ceilings */
    fwrite(out.p, 1, out.n, stdout);
    buf_release(&out);
    if (str_eq(result.result, STR("findings")))
        return APP_EXIT_FINDINGS;
    return str_eq(result.result, STR("sound")) ? 0 : APP_EXIT_UNCHECKED;
}

int app_verify(const struct app_args *args)
{
    struct app_args rest = *args;
    struct settings settings;
    struct options options;
    const char **flags = app_flags_room(args);
    int status;

    rest.flags = flags;
    if (!take_options(args->flags, flags, &options)) {
        fprintf(stderr, "reuse-chat: --tail: 1 to %d records of each partition\n",
                VERIFY_TAIL_MAX);
        return APP_EXIT_USAGE;
    }
    if (!app_settings(&rest, &settings, NULL))
        return APP_EXIT_CONFIG;
    if (!app_database_open(&settings))
        return APP_EXIT_UNCHECKED;
    status = report(&settings, &options, args->arena);
    db_library_stop();
    return status;
}
