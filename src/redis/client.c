/* SPDX-License-Identifier: MIT */
#include "redis/client.h"

#include <arpa/inet.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

#include "redis/resolve.h"
#include "redis/url.h"

#include "base/banned.h"

enum {
    QUIET_MAX_MS = 5000, /* of a connection that owes a reply */
    LAST_LOOK_MS = 10,
    BACKOFF_FIRST_MS = 100,
    BACKOFF_MAX_MS = 5000,
    ERROR_LOG_EVERY_MS = 10000,
    REPLY_DEPTH_MAX = 8,
};

enum client_state {
    CLIENT_AWAY,      /* the retry timer runs */
    CLIENT_RESOLVING, /* the name is looked up */
    CLIENT_GREETING,  /* connecting; AUTH, SELECT and PING are on their way */
    CLIENT_REFUSED, /* one of them was answered with an error; hiredis ends the connection */
    CLIENT_UP,
    CLIENT_CLOSING,
};

/* A command whose reply is outstanding. Redis answers in order, so the oldest is due first. */
struct redis_pending {
    struct redis_pending *next;
    struct redis_client *client;
    redis_done_fn *done;
    void *ctx;
    int64_t sent_ms;
};

struct redis_client {
    struct loop *loop;
    const struct log *log;
    struct redis_url url;
    redis_state_fn *on_state;
    void *ctx;
    enum client_state state;
    struct redis_resolve *resolve; /* while CLIENT_RESOLVING */
    redisAsyncContext *redis;      /* NULL between connections; hiredis frees it */
    struct loop_watch *watch;
    int events;
    struct loop_timer *retry, *deadline;
    int64_t backoff_ms;
    struct redis_pending *first, **last;
    int64_t heard_ms; /* last reply */
    bool
        is_last_look; /* too quiet: what lies in the socket is read before it is given up */
    bool is_calling; /* the owner: it must not free us */
    char why[128];   /* why this connection ends; "": see hiredis */
    int64_t error_log_ms;
    int64_t n_errors; /* since then, not logged */
};

/* --- hiredis on our loop ------------------------------------------------------------------ */

/* A refused connection comes as an error of the watch: hiredis must be told, whatever it waits for. */
static void on_watch(void *arg, int events, bool is_error)
{
    struct redis_client *c = arg;
    redisAsyncContext *redis = c->redis;

    if (is_error && !(redis->c.flags & REDIS_CONNECTED)) {
        redisAsyncHandleWrite(redis);
        return;
    }
    if (events & LOOP_READABLE)
        redisAsyncHandleRead(redis);
    if (c->redis == redis && (events & LOOP_WRITABLE)) /* the read may have ended it */
        redisAsyncHandleWrite(redis);
}

static void want(struct redis_client *c, int events)
{
    c->events = events;
    if (c->watch)
        loop_watch_set(c->watch, events);
}

static void add_read(void *arg)
{
    want(arg, ((struct redis_client *)arg)->events | LOOP_READABLE);
}

static void del_read(void *arg)
{
    want(arg, ((struct redis_client *)arg)->events & ~LOOP_READABLE);
}

static void add_write(void *arg)
{
    want(arg, ((struct redis_client *)arg)->events | LOOP_WRITABLE);
}

static void del_write(void *arg)
{
    want(arg, ((struct redis_client *)arg)->events & ~LOOP_WRITABLE);
}

static void cleanup(void *arg)
{
    struct redis_client *c = arg;

    loop_watch_free(&c->watch);
}

/* --- state -------------------------------------------------------------------------------- */

static void set_state(struct redis_client *c, enum client_state to)
{
    static const bool allowed[][CLIENT_CLOSING + 1] = {
        [CLIENT_AWAY] = {[CLIENT_RESOLVING] = true, [CLIENT_GREETING] = true},
        [CLIENT_RESOLVING] = {[CLIENT_AWAY] = true, [CLIENT_GREETING] = true},
        [CLIENT_GREETING] =
            {[CLIENT_AWAY] = true, [CLIENT_REFUSED] = true, [CLIENT_UP] = true},
        [CLIENT_REFUSED] = {[CLIENT_AWAY] = true},
        [CLIENT_UP] = {[CLIENT_AWAY] = true},
    };

    BUG_ON(!allowed[c->state][to]);
    c->state = to;
}

static void tell_state(struct redis_client *c, bool is_up)
{
    c->is_calling = true;
    c->on_state(c->ctx, is_up);
    c->is_calling = false;
}

/* hiredis has freed, or is freeing, its context; or there never was one. */
static void on_gone(struct redis_client *c, const char *why)
{
    bool was_up = c->state == CLIENT_UP;

    c->redis = NULL;
    if (c->state == CLIENT_CLOSING)
        return;
    if (was_up || c->backoff_ms == BACKOFF_FIRST_MS) /* once an outage */
        LOG_WARN(c->log, "redis.lost", LOG_C("host", c->url.host),
                 LOG_INT("port", c->url.port),
                 LOG_C("why", c->why[0]       ? c->why
                              : why && why[0] ? why
                                              : "connection closed"));
    if (c->state != CLIENT_AWAY)
        set_state(c, CLIENT_AWAY);
    loop_timer_start(c->retry, c->backoff_ms, 0);
    c->backoff_ms =
        c->backoff_ms * 2 < BACKOFF_MAX_MS ? c->backoff_ms * 2 : BACKOFF_MAX_MS;
    if (was_up)
        tell_state(c, false);
}

static void on_disconnect(const redisAsyncContext *redis, int status)
{
    on_gone(redis->data, status == REDIS_OK ? NULL : redis->errstr);
}

/* A wrong password or number, no password, still loading, too many clients: later again. */
static void on_greeted(void *ctx, enum err rc, const struct redis_reply *reply)
{
    struct redis_client *c = ctx;

    (void)reply;
    if (rc != ERR_INTERNAL || !c->redis)
        return;
    if (c->state == CLIENT_GREETING)
        set_state(c, CLIENT_REFUSED);
    redisAsyncDisconnect(c->redis); /* after the replies that are still to come */
}

static void on_ready(void *ctx, enum err rc, const struct redis_reply *reply)
{
    struct redis_client *c = ctx;

    on_greeted(ctx, rc, reply);
    if (rc != ERR_OK || c->state != CLIENT_GREETING)
        return;
    c->backoff_ms = BACKOFF_FIRST_MS;
    LOG_INFO(c->log, "redis.up", LOG_C("host", c->url.host),
             LOG_INT("port", c->url.port));
    set_state(c, CLIENT_UP);
    tell_state(c, true);
}

static void send_words(struct redis_client *c, const struct str *words, size_t n,
                       redis_done_fn *done, void *ctx);

/* AUTH and SELECT if asked for, then PING; commands of the owner come behind them. */
static void greet(struct redis_client *c)
{
    char db[16];
    int n = snprintf(db, sizeof(db), "%d", c->url.db);

    if (c->url.password[0] && c->url.user[0])
        send_words(
            c, (struct str[]){STR("AUTH"), str_of(c->url.user), str_of(c->url.password)},
            3, on_greeted, c);
    else if (c->url.password[0])
        send_words(c, (struct str[]){STR("AUTH"), str_of(c->url.password)}, 2, on_greeted,
                   c);
    if (c->url.db > 0)
        send_words(c, (struct str[]){STR("SELECT"), {db, (size_t)n}}, 2, on_greeted, c);
    send_words(c, (struct str[]){STR("PING")}, 1, on_ready, c);
}

static void on_connect(const redisAsyncContext *redis, int status)
{
    struct redis_client *c = redis->data;

    if (status != REDIS_OK)
        on_gone(c, redis->errstr); /* hiredis frees a context that did not connect */
}

static void attach(struct redis_client *c, redisAsyncContext *redis)
{
    c->redis = redis;
    c->events = 0;
    c->watch = loop_watch_new(c->loop, redis->c.fd, on_watch, c);
    redis->data = c;
    redis->ev.data = c;
    redis->ev.addRead = add_read;
    redis->ev.delRead = del_read;
    redis->ev.addWrite = add_write;
    redis->ev.delWrite = del_write;
    redis->ev.cleanup = cleanup;
    redisAsyncSetConnectCallback(redis, on_connect);
    redisAsyncSetDisconnectCallback(redis, on_disconnect);
}

static void connect_to(struct redis_client *c, const char *address)
{
    redisAsyncContext *redis = redisAsyncConnect(address, c->url.port);

    if (!redis || redis->err) {
        snprintf(c->why, sizeof(c->why), "%s", redis ? redis->errstr : "out of memory");
        if (redis)
            redisAsyncFree(redis);
        on_gone(c, NULL);
        return;
    }
    set_state(c, CLIENT_GREETING);
    attach(c, redis);
    greet(c);
}

static void on_resolved(void *ctx, const char *address, const char *why)
{
    struct redis_client *c = ctx;

    c->resolve = NULL;
    if (address)
        connect_to(c, address);
    else
        on_gone(c, why);
}

static void connect_now(void *arg)
{
    struct redis_client *c = arg;
    struct in6_addr ignored;

    c->why[0] = '\0';
    if (inet_pton(AF_INET, c->url.host, &ignored) == 1 ||
        inet_pton(AF_INET6, c->url.host, &ignored) == 1) {
        connect_to(c, c->url.host);
        return;
    }
    set_state(c, CLIENT_RESOLVING);
    c->resolve = redis_resolve_new(c->loop, c->url.host, on_resolved, c);
}

static void give_up(struct redis_client *c)
{
    redisAsyncContext *redis = c->redis;

    snprintf(c->why, sizeof(c->why), "no answer");
    redisAsyncFree(redis); /* answers what is outstanding, then on_disconnect */
    if (c->redis == redis) /* it had not connected yet: no callback tells */
        on_gone(c, NULL);
}

/* A peer that holds its socket but says nothing is as good as gone. One that is merely slow with
 * a long queue answers now and then. */
static void on_deadline(void *arg)
{
    struct redis_client *c = arg;
    int64_t since, due;

    if (!c->first) {
        c->is_last_look = false;
        return;
    }
    since = c->first->sent_ms > c->heard_ms ? c->first->sent_ms : c->heard_ms;
    due = since + QUIET_MAX_MS - loop_now_ms(c->loop);
    if (due > 0) {
        c->is_last_look = false;
        loop_timer_start(c->deadline, due, 0);
    } else if (!c->is_last_look) { /* it may be us who stood still */
        c->is_last_look = true;
        loop_timer_start(c->deadline, LAST_LOOK_MS, 0);
    } else {
        c->is_last_look = false;
        give_up(c);
    }
}

/* --- calls -------------------------------------------------------------------------------- */

static struct redis_reply reply_of(const redisReply *r, struct arena *a, int depth)
{
    struct redis_reply out = {.kind = REDIS_NIL};
    struct redis_reply *items;

    switch (r->type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR:
        out.kind = REDIS_TEXT;
        out.text = (struct str){r->str, (size_t)r->len};
        break;
    case REDIS_REPLY_INTEGER:
        out.kind = REDIS_NUMBER;
        out.number = r->integer;
        break;
    case REDIS_REPLY_ARRAY:
        out.kind = REDIS_LIST;
        items = ARENA_ARRAY(a, struct redis_reply, r->elements);
        for (size_t i = 0; depth < REPLY_DEPTH_MAX && i < r->elements; i++)
            items[out.n_items++] = reply_of(r->element[i], a, depth + 1);
        out.items = items;
        break;
    default:
        break;
    }
    return out;
}

/* A Redis that refuses everything (full, read-only) must not fill the log too. */
static void note_error(struct redis_client *c, const char *text)
{
    int64_t now = loop_now_ms(c->loop);

    if (c->state != CLIENT_UP) { /* on_gone logs it */
        if (!c->why[0])
            snprintf(c->why, sizeof(c->why), "%s", text);
        return;
    }
    c->n_errors++;
    if (now < c->error_log_ms)
        return;
    LOG_ERROR(c->log, "redis.error", LOG_C("text", text), LOG_INT("errors", c->n_errors));
    c->n_errors = 0;
    c->error_log_ms = now + ERROR_LOG_EVERY_MS;
}

static void answer(struct redis_pending *p, const redisReply *r)
{
    struct redis_reply reply;
    struct arena arena;

    if (!r) {
        p->done(p->ctx, ERR_UNAVAILABLE, NULL);
        return;
    }
    p->client->heard_ms = loop_now_ms(p->client->loop);
    if (r->type == REDIS_REPLY_ERROR) {
        note_error(p->client, r->str);
        p->done(p->ctx, ERR_INTERNAL, NULL);
        return;
    }
    arena_init(&arena, SIZE_MAX);
    reply = reply_of(r, &arena, 0);
    p->done(p->ctx, ERR_OK, &reply);
    arena_release(&arena);
}

static void on_reply(redisAsyncContext *redis, void *reply, void *arg)
{
    struct redis_pending *p = arg;
    struct redis_client *c = p->client;

    (void)redis;
    BUG_ON(c->first != p);
    c->first = p->next;
    if (!c->first)
        c->last = &c->first;
    c->is_calling = true;
    answer(p, reply);
    c->is_calling = false;
    free(p);
}

static void send_words(struct redis_client *c, const struct str *words, size_t n,
                       redis_done_fn *done, void *ctx)
{
    struct redis_pending *p = mem_zalloc(sizeof(*p));
    const char *argv[REDIS_SCRIPT_WORDS];
    size_t lengths[REDIS_SCRIPT_WORDS];

    BUG_ON(n > REDIS_SCRIPT_WORDS);
    for (size_t i = 0; i < n; i++) {
        argv[i] = words[i].p ? words[i].p : "";
        lengths[i] = words[i].n;
    }
    *p = (struct redis_pending){
        .client = c, .done = done, .ctx = ctx, .sent_ms = loop_now_ms(c->loop)};
    *c->last = p;
    if (redisAsyncCommandArgv(c->redis, on_reply, p, (int)n, argv, lengths) != REDIS_OK) {
        *c->last = NULL;
        free(p);
        done(ctx, ERR_UNAVAILABLE, NULL);
        return;
    }
    c->last = &p->next;
    if (!loop_timer_is_active(c->deadline))
        loop_timer_start(c->deadline, QUIET_MAX_MS, 0);
}

void redis_call(struct redis_client *c, const struct str *words, size_t n,
                redis_done_fn *done, void *ctx)
{
    if (c->state != CLIENT_UP)
        done(ctx, ERR_UNAVAILABLE, NULL);
    else
        send_words(c, words, n, done, ctx);
}

void redis_eval(struct redis_client *c, const struct redis_script *script,
                redis_done_fn *done, void *ctx)
{
    struct str words[REDIS_SCRIPT_WORDS] = {STR("EVAL"), script->text};
    char count[24];
    size_t n = 3;

    BUG_ON(n + script->n_keys + script->n_args > REDIS_SCRIPT_WORDS);
    words[2] = (struct str){
        count, (size_t)snprintf(count, sizeof(count), "%zu", script->n_keys)};
    for (size_t i = 0; i < script->n_keys; i++)
        words[n++] = script->keys[i];
    for (size_t i = 0; i < script->n_args; i++)
        words[n++] = script->args[i];
    redis_call(c, words, n, done, ctx);
}

/* --- life --------------------------------------------------------------------------------- */

struct redis_client *redis_client_new(struct loop *loop, struct str url,
                                      const struct log *log, redis_state_fn *on_state,
                                      void *ctx, struct why *why)
{
    struct redis_client *c = mem_zalloc(sizeof(*c));

    if (!redis_url_parse(url, &c->url, why)) {
        explicit_bzero(&c->url, sizeof(c->url));
        free(c);
        return NULL;
    }
    c->loop = loop;
    c->log = log;
    c->on_state = on_state;
    c->ctx = ctx;
    c->last = &c->first;
    c->backoff_ms = BACKOFF_FIRST_MS;
    c->retry = loop_timer_new(loop, connect_now, c);
    c->deadline = loop_timer_new(loop, on_deadline, c);
    connect_now(c);
    return c;
}

void redis_client_free(struct redis_client **client)
{
    struct redis_client *c = *client;

    if (!c)
        return;
    BUG_ON(c->is_calling); /* hiredis would come back to what is freed */
    *client = NULL;
    c->state = CLIENT_CLOSING;
    redis_resolve_cancel(&c->resolve);
    if (c->redis)
        redisAsyncFree(c->redis);
    BUG_ON(c->first);
    loop_watch_free(&c->watch);
    loop_timer_free(&c->retry);
    loop_timer_free(&c->deadline);
    explicit_bzero(&c->url, sizeof(c->url));
    free(c);
}

bool redis_client_is_up(const struct redis_client *c)
{
    return c->state == CLIENT_UP;
}
