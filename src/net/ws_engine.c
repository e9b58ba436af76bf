/*
 * Making and taking down libwebsockets contexts, with what Debian's 4.1.6 needs on a foreign libuv
 * loop. Its log is silenced: what matters comes as return values and callbacks.
 * SPDX-License-Identifier: MIT
 */
#include "net/ws_engine.h"

#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/banned.h"

enum {
    SERVICE_BUF = 16384, /* a handshake, and what came early */
    FDS_MAX = 10000000   /* above, libwebsockets believes in 2,560 descriptors only */
};

static void silence(void)
{
    lws_set_log_level(0, NULL);
}

static bool has_usable_limit(struct why *why)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > FDS_MAX) {
        why_set(why, "the limit of open files is above %d: lower it", FDS_MAX);
        return false;
    }
    return true;
}

struct ws_engine *ws_engine_new(struct net_server *s, struct why *why)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT; /* the log level is the process's */
    /* No pings of its own, which would also sort a list of all connections. */
    static const lws_retry_bo_t no_pings = {.secs_since_valid_ping = 0};
    struct ws_engine *engine;
    struct lws_context_creation_info info = {0};

    if (!has_usable_limit(why))
        return NULL;
    pthread_once(&once, silence);
    engine = mem_zalloc(sizeof(*engine));
    engine->server = s;
    engine->loops[0] = loop_native(s->loop);
    info.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_VALIDATE_UTF8;
    info.foreign_loops = engine->loops;
    info.pcontext = &engine->context;
    info.port = CONTEXT_PORT_NO_LISTEN_SERVER;
    info.protocols = ws_protocols;
    info.user = engine;
    info.uid = -1;
    info.gid = -1;
    info.pt_serv_buf_size = SERVICE_BUF;
    info.max_http_header_data2 = WS_HANDSHAKE_MAX;
    info.retry_and_idle_policy = &no_pings;
    engine->context = lws_create_context(&info);
    if (!engine->context) {
        why_set(why, "libwebsockets does not start (is libwebsockets-evlib-uv there?)");
        free(engine);
        return NULL;
    }
    engine->event_fd = loop_native_last_fd(s->loop);
    return engine;
}

/*
 * 4.1.6 closes the context's event descriptor in lws_context_destroy, and some turns of the loop
 * later the same number once more, whoever has it by then. The first close goes by a pair of ints
 * in the context, {descriptor, -1}; if exactly one is found there, it is made {-1, -1}.
 */
static bool forget_event_fd(struct ws_engine *engine)
{
    const int want[2] = {engine->event_fd, -1};
    char *bytes = (char *)engine->context, *found = NULL;
    size_t n = malloc_usable_size(engine->context);

    if (strncmp(lws_get_library_version(), "4.1.6", 5) != 0)
        return false;
    for (size_t i = 0; i + sizeof(want) <= n; i += sizeof(int)) {
        if (memcmp(bytes + i, want, sizeof(want)) != 0)
            continue;
        if (found)
            return false;
        found = bytes + i;
    }
    if (found)
        memcpy(found, &want[1], sizeof(int));
    return found != NULL;
}

/* The second best: the number is taken again at once. Another thread could be faster. */
static void take_number(int fd, int spare)
{
    int taken = fcntl(spare, F_DUPFD_CLOEXEC, fd);

    if (taken >= 0 && taken != fd)
        close(taken);
}

void ws_engine_close(struct ws_engine *engine)
{
    bool is_forgotten;
    int spare;

    if (!engine)
        return;
    ws_drop_all(engine);
    is_forgotten = forget_event_fd(engine);
    spare = is_forgotten ? -1 : open("/dev/null", O_RDONLY | O_CLOEXEC);
    lws_context_destroy(engine->context);
    if (spare < 0)
        return;
    take_number(engine->event_fd, spare);
    close(spare);
}

void ws_engine_free(struct ws_engine **enginep)
{
    struct ws_engine *engine = *enginep;

    if (!engine)
        return;
    *enginep = NULL;
    if (engine->context)
        lws_context_destroy(engine->context);
    free(engine);
}
