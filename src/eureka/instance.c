/* SPDX-License-Identifier: MIT */
#include "eureka/instance.h"

#include "codec/json.h"
#include "codec/percent.h"

#include "base/banned.h"

enum {
    NAME_BYTES_MAX = 4096,
    MISSED_RENEWALS = 3 /* then the registry forgets the server; Eureka's own default */
};

struct str eureka_status_name(enum eureka_status status)
{
    return status == EUREKA_UP ? STR("UP") : STR("DOWN");
}

/* Unique in the fleet, as server.id is: hosts behind a proxy may all be called localhost. */
static void put_id(const struct eureka_config *c, struct buf *out)
{
    buf_printf(out, STR_FMT ":" STR_FMT ":%lld", STR_ARG(c->host), STR_ARG(c->server_id),
               (long long)c->port);
}

/* Registries know applications in upper case. */
static void put_app(const struct eureka_config *c, struct buf *out)
{
    for (size_t i = 0; i < c->app.n; i++) {
        char byte = c->app.p[i];

        buf_putc(out, byte >= 'a' && byte <= 'z' ? (char)(byte - 'a' + 'A') : byte);
    }
}

void instance_path(const struct eureka_config *config, struct buf *out)
{
    struct buf name;

    buf_init(&name, NAME_BYTES_MAX);
    put_app(config, &name);
    buf_append_c(out, "apps/");
    percent_encode(buf_str(&name), out);
    buf_reset(&name);
    put_id(config, &name);
    buf_putc(out, '/');
    percent_encode(buf_str(&name), out);
    buf_release(&name);
}

static void put_member(struct buf *out, const char *name, struct str value)
{
    buf_printf(out, ",\"%s\":", name);
    json_put_string(out, value);
}

static void put_url(struct buf *out, const char *name, const struct eureka_config *c,
                    const char *path)
{
    struct buf url;

    buf_init(&url, NAME_BYTES_MAX);
    buf_printf(&url, "http://" STR_FMT ":%lld%s", STR_ARG(c->host), (long long)c->port,
               path);
    put_member(out, name, buf_str(&url));
    buf_release(&url);
}

static void put_names(const struct eureka_config *c, struct buf *out)
{
    struct buf name;

    buf_init(&name, NAME_BYTES_MAX);
    put_id(c, &name);
    buf_append_c(out, "\"instanceId\":");
    json_put_string(out, buf_str(&name));
    buf_reset(&name);
    put_app(c, &name);
    put_member(out, "app", buf_str(&name));
    put_member(out, "hostName", c->host);
    put_member(out, "vipAddress", c->app);
    put_member(out, "secureVipAddress", c->app);
    buf_release(&name);
}

void instance_put(const struct eureka_config *config, struct str address,
                  enum eureka_status status, int64_t now_ms, struct buf *out)
{
    long long renewal_s = config->renewal_ms / 1000 > 0 ? config->renewal_ms / 1000 : 1;

    buf_append_c(out, "{\"instance\":{");
    put_names(config, out);
    put_member(out, "ipAddr", address);
    put_member(out, "status", eureka_status_name(status));
    put_member(out, "overriddenStatus", STR("UNKNOWN"));
    put_url(out, "homePageUrl", config, "/");
    put_url(out, "statusPageUrl", config, "/actuator/health");
    put_url(out, "healthCheckUrl", config, "/actuator/health");
    buf_printf(out,
               ",\"port\":{\"$\":%lld,\"@enabled\":\"true\"}"
               ",\"securePort\":{\"$\":443,\"@enabled\":\"false\"},\"countryId\":1"
               ",\"dataCenterInfo\":{\"@class\":\"com.netflix.appinfo.InstanceInfo$"
               "DefaultDataCenterInfo\",\"name\":\"MyOwn\"}"
               ",\"leaseInfo\":{\"renewalIntervalInSecs\":%lld,\"durationInSecs\":%lld}",
               (long long)config->port, renewal_s, MISSED_RENEWALS * renewal_s);
    buf_append_c(out, ",\"metadata\":{\"serverId\":");
    json_put_string(out, config->server_id);
    buf_printf(out,
               "},\"isCoordinatingDiscoveryServer\":\"false\""
               ",\"lastUpdatedTimestamp\":\"%lld\",\"lastDirtyTimestamp\":\"%lld\"}}",
               (long long)now_ms, (long long)now_ms);
}
