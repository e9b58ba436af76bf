/*
 * The debug API, health, metrics and what else an operator asks.
 * SPDX-License-Identifier: MIT
 */
#include "base/clock.h"
#include "endpoint/presence.h"
#include "endpoint/rest.h"
#include "endpoint/users.h"
#include "generated/c/session.h"

#include "base/banned.h"

/* Users connected here, each once, in an array of a. */
static struct str *local_users(struct hub *hub, struct arena *a, size_t *n_out)
{
    struct str *users = ARENA_ARRAY(a, struct str, user_count(hub));
    struct user *user, *tmp;

    *n_out = 0;
    HASH_ITER(by_id, hub->users, user, tmp)
    {
        if (user->n_conns > 0)
            users[(*n_out)++] = arena_dup(a, user->id);
    }
    return users;
}

/* In the debug API the other servers' listener is closed in gateway and jwt mode. */
static bool is_hidden(const struct rest_call *call)
{
    return call->hub->settings->auth_mode != SETTINGS_AUTH_MODE_TRUST &&
           !call->match.route->is_admin && !call->is_admin;
}

static void encode_sessions(struct rest_call *call,
                            const struct session_snapshot *snapshot)
{
    struct hub *hub = call->hub;
    struct arena *a = &call->arena;
    struct user_detail *details =
        ARENA_ARRAY(a, struct user_detail, snapshot->n_sessions);
    struct server_users *servers =
        ARENA_ARRAY(a, struct server_users, snapshot->n_servers);
    struct debug_sessions answer = {
        .current_server_id = hub->settings->server_id,
        .user_details = details,
        .server_users = servers,
        .has_timestamp = true,
        .timestamp = clock_civil_ns(clock_real_ns()),
    };

    answer.current_server_users = local_users(hub, a, &answer.n_current_server_users);
    for (size_t i = 0; i < snapshot->n_sessions; i++) {
        struct session_info *info = ARENA_NEW(a, struct session_info);

        if (session_info_json_decode(a, snapshot->sessions[i].json, info, NULL) != ERR_OK)
            continue; /* of another program that writes our keys; the store logs it */
        details[answer.n_user_details++] =
            (struct user_detail){.user = snapshot->sessions[i].user_id, .info = info};
    }
    for (size_t i = 0; i < snapshot->n_servers; i++)
        if (snapshot->servers[i].n_users > 0)
            servers[answer.n_server_users++] =
                (struct server_users){.server_id = snapshot->servers[i].server_id,
                                      .users = snapshot->servers[i].users,
                                      .n_users = snapshot->servers[i].n_users};
    debug_sessions_json_encode(&answer, &call->out);
}

/* The store is away: what this server knows itself. */
static void encode_local_sessions(struct rest_call *call)
{
    struct hub *hub = call->hub;
    struct arena *a = &call->arena;
    struct session_entry *sessions =
        ARENA_ARRAY(a, struct session_entry, user_count(hub));
    struct session_server server = {.server_id = hub->settings->server_id};
    struct session_snapshot snapshot = {.servers = &server, .n_servers = 1};
    struct user *user, *tmp;

    server.users = local_users(hub, a, &server.n_users);
    HASH_ITER(by_id, hub->users, user, tmp)
    {
        struct session_info info;
        struct buf json;

        if (!user->conns)
            continue;
        buf_init(&json, 8192);
        info = presence_info(user->conns, a);
        session_info_json_encode(&info, &json);
        sessions[snapshot.n_sessions++] = (struct session_entry){
            .user_id = arena_dup(a, user->id), .json = arena_dup(a, buf_str(&json))};
        buf_release(&json);
    }
    snapshot.sessions = sessions;
    encode_sessions(call, &snapshot);
}

static void on_snapshot(void *ctx, enum err rc, const struct session_snapshot *snapshot)
{
    struct rest_call *call = ctx;

    if (rc == ERR_OK)
        encode_sessions(call, snapshot);
    else
        encode_local_sessions(call);
    rest_finish(call);
}

enum err rest_session_debug_all(struct rest_call *call)
{
    if (is_hidden(call))
        return ERR_NOT_FOUND;
    session_store_snapshot(call->hub->sessions, on_snapshot, call);
    return ERR_OK;
}

static void on_entry(void *ctx, enum err rc, const struct session_entry *entry)
{
    struct rest_call *call = ctx;
    struct user *user = user_find(call->hub, call->params[0]);
    struct session_info info;
    struct debug_session answer = {.session_info = &info};
    bool is_known =
        rc == ERR_OK && entry &&
        session_info_json_decode(&call->arena, entry->json, &info, NULL) == ERR_OK;

    if (rc != ERR_OK && user && user->conns) {
        info = presence_info(user->conns, &call->arena);
        is_known = true;
    }
    if (!is_known) {
        debug_error_json_encode(
            &(struct debug_error){.error = STR("User session not found")}, &call->out);
    } else {
        answer.is_on_this_server = user && user->n_conns > 0;
        answer.server_url = info.server_url;
        debug_session_json_encode(&answer, &call->out);
    }
    rest_finish(call);
}

enum err rest_session_debug_one(struct rest_call *call)
{
    if (is_hidden(call))
        return ERR_NOT_FOUND;
    session_store_get(call->hub->sessions, call->params[0], on_entry, call);
    return ERR_OK;
}

enum err rest_session_debug_server(struct rest_call *call)
{
    struct debug_server_status answer = {
        .server_id = call->hub->settings->server_id,
        .has_timestamp = true,
        .timestamp = clock_civil_ns(clock_real_ns()),
    };

    if (is_hidden(call))
        return ERR_NOT_FOUND;
    answer.active_users = local_users(call->hub, &call->arena, &answer.n_active_users);
    debug_server_status_json_encode(&answer, &call->out);
    rest_finish(call);
    return ERR_OK;
}

/* --- health ------------------------------------------------------------------------------- */

static enum err health_answer(struct rest_call *call, bool is_up)
{
    health_status_json_encode(
        &(struct health_status){.status = is_up ? STR("UP") : STR("DOWN")}, &call->out);
    call->status = is_up ? 200 : 503;
    rest_finish(call);
    return ERR_OK;
}

static enum err health_run(struct rest_call *call, struct work_ctx *ctx)
{
    bool is_up = db_answers(ctx->db);

    call->status = is_up ? 200 : 503;
    health_status_json_encode(
        &(struct health_status){.status = is_up ? STR("UP") : STR("DOWN")}, &call->out);
    return ERR_OK;
}

enum err rest_session_health(struct rest_call *call)
{
    call->content_type = STR("application/vnd.spring-boot.actuator.v3+json");
    if (call->hub->is_draining)
        return health_answer(call, false);
    return rest_work(call, health_run, NULL);
}

enum err rest_session_alive(struct rest_call *call)
{
    return health_answer(call, true);
}

static struct str word(bool is_up)
{
    return is_up ? STR("up") : STR("down");
}

static enum err ready_run(struct rest_call *call, struct work_ctx *ctx)
{
    bool *is_database_up = call->state;

    *is_database_up = db_answers(ctx->db);
    return ERR_OK;
}

static void ready_after(struct rest_call *call)
{
    struct hub *hub = call->hub;
    bool is_database_up = *(bool *)call->state;
    struct publisher_stats publisher;
    struct ready_status answer = {.database = word(is_database_up)};

    publisher_stats(hub->publisher, &publisher);
    call->rc = ERR_OK; /* a pool that is full is no reason to say nothing */
    call->status = is_database_up && !hub->is_draining ? 200 : 503;
    answer.status = call->status == 200 ? STR("UP") : STR("DOWN");
    answer.kafka =
        hub->producer ? word(publisher.is_up && hub->is_consumer_positioned) : STR("off");
    answer.sessions = word(session_store_is_up(hub->sessions));
    answer.is_relaying = publisher.is_relaying;
    answer.outbox_waiting = (int64_t)publisher.waiting;
    answer.write_queue = (int64_t)writer_queued(hub->writer);
    ready_status_json_encode(&answer, &call->out);
}

enum err rest_session_ready(struct rest_call *call)
{
    call->state = ARENA_NEW(&call->arena, bool);
    return rest_work(call, ready_run, ready_after);
}

enum err rest_session_disconnect(struct rest_call *call)
{
    stomp_close_user(call->hub, call->params[0], ERR_REPLACED);
    call->status = 204;
    call->content_type = STR_NULL;
    rest_finish(call);
    return ERR_OK;
}

/* --- log level ---------------------------------------------------------------------------- */

enum err rest_session_log_level(struct rest_call *call)
{
    struct str level = str_of(log_level_name(call->hub->log->level));

    logger_level_json_encode(
        &(struct logger_level){.configured_level = level, .effective_level = level},
        &call->out);
    rest_finish(call);
    return ERR_OK;
}

enum err rest_session_set_log_level(struct rest_call *call)
{
    struct log *log = call->hub->log;
    enum log_level level = (enum log_level)call->hub->settings->log_level;
    struct logger_change change;
    enum err rc = logger_change_json_decode(&call->arena, net_request_body(call->req),
                                            &change, &call->why);

    if (rc != ERR_OK)
        return rc;
    if (change.configured_level.p && !log_level_of(change.configured_level, &level)) {
        why_set(&call->why, "configuredLevel is DEBUG, INFO, WARN or ERROR");
        return ERR_PARAMETER_INVALID;
    }
    log->level = level;
    log_event(log, LOG_LEVEL_INFO, "log.level",
              (struct log_field[]){LOG_C("level", log_level_name(level)), LOG_END});
    call->status = 204;
    call->content_type = STR_NULL;
    rest_finish(call);
    return ERR_OK;
}

/* --- metrics ------------------------------------------------------------------------------ */

static void put_metric(struct buf *out, const char *name, const char *type, double value)
{
    buf_printf(out, "# TYPE reuse_chat_%s %s\nreuse_chat_%s %.0f\n", name, type, name,
               value);
}

static void put_hub_metrics(struct hub *hub, struct buf *out)
{
    const struct hub_stats *s = &hub->stats;

    put_metric(out, "connections", "gauge", (double)hub->n_conns);
    put_metric(out, "users", "gauge", (double)user_count(hub));
    put_metric(out, "connects_total", "counter", (double)s->connects);
    put_metric(out, "connects_refused_total", "counter", (double)s->connects_refused);
    put_metric(out, "frames_in_total", "counter", (double)s->frames_in);
    put_metric(out, "messages_in_total", "counter", (double)s->messages_in);
    put_metric(out, "deliveries_total", "counter", (double)s->messages_out);
    put_metric(out, "receipts_total", "counter", (double)s->receipts_out);
    put_metric(out, "errors_soft_total", "counter", (double)s->errors_soft);
    put_metric(out, "errors_fatal_total", "counter", (double)s->errors_fatal);
    put_metric(out, "errors_dropped_total", "counter", (double)s->errors_dropped);
    put_metric(out, "slow_consumers_total", "counter", (double)s->slow_consumers);
    put_metric(out, "kafka_records_in_total", "counter", (double)s->records_in);
    put_metric(out, "kafka_records_malformed_total", "counter",
               (double)s->records_malformed);
    put_metric(out, "users_deleted_total", "counter", (double)s->users_deleted);
    put_metric(out, "inquiry_queued", "gauge", (double)s->inquiries_queued);
    put_metric(out, "inquiry_sent_total", "counter", (double)s->inquiries_sent);
    put_metric(out, "inquiry_failed_total", "counter", (double)s->inquiries_failed);
}

static void put_flow_metrics(struct hub *hub, struct buf *out)
{
    struct publisher_stats publisher;
    struct feed_stats feed;

    publisher_stats(hub->publisher, &publisher);
    feed_stats(hub->feed, &feed);
    put_metric(out, "rooms", "gauge", (double)feed.rooms);
    put_metric(out, "subscriptions", "gauge", (double)feed.subs);
    put_metric(out, "feed_hole_reads_total", "counter", (double)feed.hole_reads);
    put_metric(out, "feed_dropped_records_total", "counter",
               (double)feed.dropped_records);
    put_metric(out, "write_queue", "gauge", (double)writer_queued(hub->writer));
    put_metric(out, "work_queue", "gauge", (double)work_queued(hub->pool));
    put_metric(out, "kafka_produced_total", "counter", (double)publisher.produced);
    put_metric(out, "kafka_stored_total", "counter", (double)publisher.stored);
    put_metric(out, "kafka_failed_total", "counter", (double)publisher.failed);
    put_metric(out, "outbox_relayed_total", "counter", (double)publisher.relayed);
    put_metric(out, "outbox_waiting", "gauge", (double)publisher.waiting);
    put_metric(out, "outbox_unreadable", "gauge", (double)publisher.unreadable);
    put_metric(out, "outbox_relaying", "gauge", publisher.is_relaying ? 1 : 0);
    put_metric(out, "kafka_up", "gauge", publisher.is_up ? 1 : 0);
    put_metric(out, "sessions_up", "gauge", session_store_is_up(hub->sessions) ? 1 : 0);
}

enum err rest_session_metrics(struct rest_call *call)
{
    put_hub_metrics(call->hub, &call->out);
    put_flow_metrics(call->hub, &call->out);
    call->content_type = STR("text/plain; version=0.0.4");
    rest_finish(call);
    return ERR_OK;
}
