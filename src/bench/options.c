/* SPDX-License-Identifier: MIT */
#include "bench/options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/stamp.h"

#include "base/banned.h"

enum option_kind {
    OPTION_COUNT,  /* int64_t, from least up */
    OPTION_NUMBER, /* double, from least up */
    OPTION_SWITCH, /* bool: on, off */
    OPTION_TEXT,   /* const char * */
    OPTION_MODE,
    OPTION_SPREAD,
    OPTION_URLS,
    OPTION_WATCH,
};

struct option_row {
    const char *name, *value,
        *help; /* value: its default, parsed like any other; "": none */
    enum option_kind kind;
    size_t offset;
    int64_t least;
};

#define AT(field) offsetof(struct options, field)

static const struct option_row rows[] = {
    {"mode", "chat", "chat, typing, history, page, idle, start or slow", OPTION_MODE,
     AT(mode), 0},
    {"urls", "http://127.0.0.1:8070", "servers, with commas between", OPTION_URLS,
     AT(urls), 0},
    {"spread", "users", "users: k-th user of a room at server k; rooms: whole rooms",
     OPTION_SPREAD, AT(spread), 0},
    {"rooms", "100", "rooms, of two users each", OPTION_COUNT, AT(rooms), 1},
    {"users", "2", "connections in a room; from the third on further tabs of the two",
     OPTION_COUNT, AT(users), 1},
    {"senders", "2", "connections of a room that send: 1 or 2", OPTION_COUNT, AT(senders),
     1},
    {"rate", "0", "messages a second in all, each due at its time; 0: --inflight counts",
     OPTION_NUMBER, AT(rate), 0},
    {"inflight", "4", "unanswered messages of each sender", OPTION_COUNT, AT(inflight),
     1},
    {"seconds", "10", "length of the measurement", OPTION_NUMBER, AT(seconds), 0},
    {"warmup", "2", "seconds of load before it", OPTION_NUMBER, AT(warmup_seconds), 0},
    {"deadline", "60", "seconds for each preparation and for what is still on its way",
     OPTION_NUMBER, AT(deadline_seconds), 1},
    {"content", "100", "bytes of a message's text, at least 28", OPTION_COUNT,
     AT(content_bytes), STAMP_BYTES},
    {"receipts", "off", "on: a SEND is answered by its RECEIPT, not by its own MESSAGE",
     OPTION_SWITCH, AT(has_receipts), 0},
    {"idle", "0", "further subscribed connections, two in a room", OPTION_COUNT, AT(idle),
     0},
    {"slow", "10", "subscribers that stop reading, in mode slow", OPTION_COUNT, AT(slow),
     1},
    {"clients", "8", "HTTP clients, in modes history and page", OPTION_COUNT, AT(clients),
     1},
    {"messages", "1000", "messages in each room, in modes history and page", OPTION_COUNT,
     AT(messages), 1},
    {"page", "50", "messages in a page, in mode page", OPTION_COUNT, AT(page), 1},
    {"exec", "", "command line of the server, in mode start", OPTION_TEXT, AT(exec), 0},
    {"exec-log", "/dev/null", "where that server writes to", OPTION_TEXT, AT(exec_log),
     0},
    {"kill", "0", "in mode start: the process to kill -9 first", OPTION_COUNT,
     AT(kill_pid), 0},
    {"watch", "", "NAME:PID,…: tell their processor time and memory", OPTION_WATCH,
     AT(watched), 0},
    {"json", "", "file for the results", OPTION_TEXT, AT(json), 0},
    {"name", "", "of the run, in the users' names; else made up", OPTION_TEXT, AT(name),
     0},
};

enum {
    ROWS = sizeof(rows) / sizeof(rows[0])
};

static const char *const modes[] = {"chat", "typing", "history", "page",
                                    "idle", "start",  "slow"};

const char *options_mode_name(enum bench_mode mode)
{
    return modes[mode];
}

static bool parse_mode(struct str value, enum bench_mode *out)
{
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (!str_eq(value, str_of(modes[i])))
            continue;
        *out = (enum bench_mode)i;
        return true;
    }
    return false;
}

static bool parse_urls(struct str value, struct options *out, struct why *why)
{
    struct str url;

    out->n_urls = 0;
    while (str_split(&value, ',', &url)) {
        if (out->n_urls == OPTIONS_URLS_MAX)
            return false;
        if (!target_parse(url, &out->urls[out->n_urls++], why))
            return false;
    }
    return out->n_urls > 0;
}

static bool parse_watched(struct str value, struct options *out)
{
    struct str item;

    while (value.n > 0 && str_split(&value, ',', &item)) {
        size_t colon = str_find(item, ':');
        struct watched *w = &out->watched[out->n_watched];
        int64_t pid;

        if (out->n_watched == OPTIONS_WATCHED_MAX || colon == 0 ||
            colon >= sizeof(w->name) || !str_to_i64(str_from(item, colon + 1), &pid) ||
            pid < 1 || pid > INT32_MAX)
            return false;
        snprintf(w->name, sizeof(w->name), "%.*s", (int)colon, item.p);
        w->pid = (int)pid;
        out->n_watched++;
    }
    return true;
}

static bool parse_number(const char *value, double least, double *out)
{
    char *end;

    *out = strtod(value, &end);
    return end != value && *end == '\0' && isfinite(*out) && *out >= least;
}

static bool parse_value(const struct option_row *row, const char *value,
                        struct options *out, struct why *why)
{
    void *to = (char *)out + row->offset;
    struct str text = str_of(value);
    bool is_on = str_eq(text, STR("on"));

    switch (row->kind) {
    case OPTION_COUNT:
        return str_to_i64(text, to) && *(int64_t *)to >= row->least &&
               *(int64_t *)to <= INT32_MAX;
    case OPTION_NUMBER:
        return parse_number(value, (double)row->least, to);
    case OPTION_SWITCH:
        *(bool *)to = is_on;
        return is_on || str_eq(text, STR("off"));
    case OPTION_TEXT:
        *(const char **)to = *value ? value : NULL;
        return true;
    case OPTION_MODE:
        return parse_mode(text, to);
    case OPTION_SPREAD:
        *(enum bench_spread *)to =
            str_eq(text, STR("rooms")) ? BENCH_SPREAD_ROOMS : BENCH_SPREAD_USERS;
        return str_eq(text, STR("rooms")) || str_eq(text, STR("users"));
    case OPTION_URLS:
        return parse_urls(text, out, why);
    case OPTION_WATCH:
        return parse_watched(text, out);
    }
    return false;
}

static const struct option_row *row_of(struct str name)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (str_eq(name, str_of(rows[i].name)))
            return &rows[i];
    }
    return NULL;
}

static bool parse_flag(const char *flag, struct options *out, struct why *why)
{
    struct str text = str_from(str_of(flag), 2);
    struct str name = {text.p, str_find(text, '=')};
    const struct option_row *row = row_of(name);

    why_set(why, "%s: ", flag);
    if (!row || name.n == text.n) {
        why_set(why, "%s: not --OPTION=VALUE, see 'reuse-chat bench --help'", flag);
        return false;
    }
    why_set(why, "%s: %s", flag, row->help);
    return parse_value(row, name.p + name.n + 1, out, why);
}

static bool is_consistent(const struct options *o, struct why *why)
{
    if (o->senders > 2 || o->senders > o->users || o->users > 255)
        why_set(why, "--senders is 1 or 2, and --users at least that and below 256");
    else if (o->mode == BENCH_START && !o->exec)
        why_set(why, "--mode=start needs --exec=…");
    else if (o->mode == BENCH_PAGE && o->messages < o->page)
        why_set(why, "--messages is at least --page");
    else if (o->mode == BENCH_IDLE && (o->idle == 0 || o->rate <= 0))
        why_set(why, "--mode=idle needs --idle=… and --rate=…");
    else
        return true;
    return false;
}

bool options_parse(const char *const *flags, struct options *out, struct why *why)
{
    *out = (struct options){.mode = BENCH_CHAT};
    for (size_t i = 0; i < ROWS; i++)
        BUG_ON(!parse_value(&rows[i], rows[i].value, out, why));
    for (; *flags; flags++) {
        if (!parse_flag(*flags, out, why))
            return false;
    }
    return is_consistent(out, why);
}

void options_help(struct buf *out)
{
    buf_append_c(out, "usage: reuse-chat bench [--OPTION=VALUE …]\n\n");
    for (size_t i = 0; i < ROWS; i++)
        buf_printf(out, "  --%-9s %s%s%s%s\n", rows[i].name, rows[i].help,
                   *rows[i].value ? " (" : "", rows[i].value, *rows[i].value ? ")" : "");
}
