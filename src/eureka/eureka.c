/* SPDX-License-Identifier: MIT */
#include "eureka/eureka.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/why.h"
#include "eureka/instance.h"

#include "base/banned.h"

enum {
    PATH_BYTES_MAX = 8192,
    URL_BYTES_MAX =
        8192 + PATH_BYTES_MAX, /* with a character of eureka.url in four bytes */
    BODY_BYTES_MAX = 65536,
    CONNECT_TIMEOUT_MS = 3000,
    TIMEOUT_MS = 5000,
    REMOVE_TIMEOUT_MS = 1500, /* the end of the server waits for it */
    RETRY_MS = 5000,          /* after a registry that did not answer */
    NOT_FOUND = 404
};

/* What the registry knows. */
enum registration {
    REGISTRATION_NONE,
    REGISTRATION_UNSURE, /* it was told, and did not answer */
    REGISTRATION_MADE,
};

struct eureka {
    struct eureka_config config;
    pthread_t thread;
    pthread_mutex_t lock; /* of the three below it */
    pthread_cond_t is_changed;
    bool has_status;
    enum eureka_status wanted;
    atomic_bool is_stopping; /* also read while curl waits */
    /* thread: the registry's, as what follows */
    CURL *easy;
    enum registration registration;
    enum eureka_status told;
    char address[INET6_ADDRSTRLEN + 8]; /* ours, as the registry sees it */
    char error[CURL_ERROR_SIZE];
    bool is_failing; /* and that was logged */
};

/* A call to the registry. */
struct call {
    const char *method;
    struct str path; /* after the registry's URL */
    struct str body; /* JSON; no value: none */
    int64_t timeout_ms;
    bool is_last; /* goes on while the server stops */
};

/* --- one call ----------------------------------------------------------------------------- */

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
    (void)p, (void)arg;
    return size * n;
}

static int on_progress(void *arg, curl_off_t down_all, curl_off_t down, curl_off_t up_all,
                       curl_off_t up)
{
    const struct eureka *e = arg;

    (void)down_all, (void)down, (void)up_all, (void)up;
    return atomic_load(&e->is_stopping);
}

static void set_options(struct eureka *e, const struct call *call, const char *url,
                        struct curl_slist *headers)
{
    curl_easy_reset(e->easy); /* connections are kept */
    curl_easy_setopt(e->easy, CURLOPT_URL, url);
    curl_easy_setopt(e->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e->easy, CURLOPT_CUSTOMREQUEST, call->method);
    curl_easy_setopt(e->easy, CURLOPT_HTTPHEADER, headers);
    if (call->body.p) {
        curl_easy_setopt(e->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.n);
        curl_easy_setopt(e->easy, CURLOPT_POSTFIELDS, call->body.p);
    }
    curl_easy_setopt(e->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e->easy, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)(call->timeout_ms < CONNECT_TIMEOUT_MS ? call->timeout_ms
                                                                  : CONNECT_TIMEOUT_MS));
    curl_easy_setopt(e->easy, CURLOPT_TIMEOUT_MS, (long)call->timeout_ms);
    curl_easy_setopt(e->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e->easy, CURLOPT_ERRORBUFFER, e->error);
    curl_easy_setopt(e->easy, CURLOPT_NOPROGRESS, call->is_last ? 1L : 0L);
    curl_easy_setopt(e->easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(e->easy, CURLOPT_XFERINFODATA, e);
}

static void keep_address(struct eureka *e)
{
    char *address = NULL;

    if (curl_easy_getinfo(e->easy, CURLINFO_LOCAL_IP, &address) == CURLE_OK && address)
        snprintf(e->address, sizeof(e->address), "%s", address);
}

/* The status of the answer, or 0 with e->error. */
static long ask(struct eureka *e, const struct call *call, struct str url)
{
    char text[URL_BYTES_MAX];
    bool has_slash = url.n > 0 && url.p[url.n - 1] == '/';
    struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/json");
    long status = 0;
    CURLcode code;

    if (call->body.p)
        headers = curl_slist_append(headers, "Content-Type: application/json");
    BUG_ON(!headers); /* out of memory */
    snprintf(text, sizeof(text), STR_FMT "%s" STR_FMT, STR_ARG(url), has_slash ? "" : "/",
             STR_ARG(call->path));
    e->error[0] = '\0';
    set_options(e, call, text, headers);
    code = curl_easy_perform(e->easy);
    if (code == CURLE_OK)
        curl_easy_getinfo(e->easy, CURLINFO_RESPONSE_CODE, &status);
    else if (!e->error[0])
        snprintf(e->error, sizeof(e->error), "%s", curl_easy_strerror(code));
    keep_address(e);
    curl_slist_free_all(headers);
    return status;
}

/* What an answer says; if it is not yes, e->error says what it was. */
static bool is_yes(struct eureka *e, long answer)
{
    if (answer > 0 && answer / 100 != 2)
        snprintf(e->error, sizeof(e->error), "it answered %ld", answer);
    return answer / 100 == 2;
}

/* An answer of one of the registries; 0: none has one. */
static long ask_any(struct eureka *e, const struct call *call)
{
    struct str urls = e->config.urls, url;
    long status = 0;

    while (str_split(&urls, ',', &url)) {
        url = str_trim(url);
        if (url.n == 0 || (atomic_load(&e->is_stopping) && !call->is_last))
            continue;
        status = ask(e, call, url);
        if (status >= 200 && status < 500)
            return status;
    }
    (void)is_yes(e, status);
    return 0;
}

/* --- registration, renewal, removal ------------------------------------------------------- */

static void note(struct eureka *e, const char *event, bool is_done)
{
    const struct log *log = e->config.log;

    if (is_done)
        LOG_INFO(log, event, LOG_STR("app", e->config.app),
                 LOG_STR("status", eureka_status_name(e->told)));
    else if (!e->is_failing && !atomic_load(&e->is_stopping))
        LOG_WARN(log, "eureka.unavailable", LOG_C("during", event),
                 LOG_C("why", e->error));
    e->is_failing = !is_done;
}

static long call_instance(struct eureka *e, const char *method, const char *query,
                          int64_t timeout_ms, bool is_last)
{
    struct buf path;
    long status;

    buf_init(&path, PATH_BYTES_MAX);
    instance_path(&e->config, &path);
    buf_append_c(&path, query);
    BUG_ON(!buf_ok(&path)); /* all are settings with ceilings */
    status = ask_any(e, &(struct call){.method = method,
                                       .path = buf_str(&path),
                                       .timeout_ms = timeout_ms,
                                       .is_last = is_last});
    buf_release(&path);
    return status;
}

/* The application alone: "apps/CHAT". */
static struct str app_path(struct str instance)
{
    while (instance.p[instance.n - 1] != '/')
        instance.n--;
    instance.n--;
    return instance;
}

/* The registry takes the newest word of an instance for true, whatever it was told before. */
static void enrol(struct eureka *e, enum eureka_status status)
{
    struct buf path, body;
    bool is_made;

    /* The first words with a registry tell our address. */
    if (!e->address[0] && call_instance(e, "GET", "", TIMEOUT_MS, false) == 0) {
        note(e, "eureka.registered", false);
        return;
    }
    buf_init(&path, PATH_BYTES_MAX);
    buf_init(&body, BODY_BYTES_MAX);
    instance_path(&e->config, &path);
    instance_put(&e->config, str_of(e->address), status, clock_real_ns() / NS_PER_MS,
                 &body);
    BUG_ON(!buf_ok(&path) || !buf_ok(&body)); /* as above */
    e->registration = REGISTRATION_UNSURE;
    is_made = is_yes(e, ask_any(e, &(struct call){.method = "POST",
                                                  .path = app_path(buf_str(&path)),
                                                  .body = buf_str(&body),
                                                  .timeout_ms = TIMEOUT_MS}));
    if (is_made) {
        e->registration = REGISTRATION_MADE;
        e->told = status;
    }
    note(e, "eureka.registered", is_made);
    buf_release(&path);
    buf_release(&body);
}

static void renew(struct eureka *e)
{
    const char *query = e->told == EUREKA_UP ? "?status=UP" : "?status=DOWN";
    long answer = call_instance(e, "PUT", query, TIMEOUT_MS, false);

    bool is_renewed = is_yes(e, answer);

    if (answer == NOT_FOUND) /* it was started again, or took us for dead */
        enrol(e, e->told);
    else if (!is_renewed || e->is_failing)
        note(e, "eureka.renewed", is_renewed);
}

static void withdraw(struct eureka *e)
{
    long answer = call_instance(e, "DELETE", "", REMOVE_TIMEOUT_MS, true);

    if (is_yes(e, answer) || answer == NOT_FOUND)
        LOG_INFO(e->config.log, "eureka.removed", LOG_STR("app", e->config.app));
    else
        LOG_WARN(e->config.log, "eureka.not_removed", LOG_C("why", e->error));
}

/* --- the thread --------------------------------------------------------------------------- */

/* Something new is to be said; after a failure that waits for its time. */
static bool is_due(const struct eureka *e)
{
    return !e->is_failing &&
           (e->registration != REGISTRATION_MADE || e->wanted != e->told);
}

/* Until there is something to say or wait_ms are over. false: stop */
static bool wait_for_reason(struct eureka *e, int64_t wait_ms, enum eureka_status *out)
{
    int64_t end_ns = clock_mono_ns() + wait_ms * NS_PER_MS;
    const struct timespec end = {end_ns / NS_PER_S, end_ns % NS_PER_S};
    int rc = 0;

    pthread_mutex_lock(&e->lock);
    while (!atomic_load(&e->is_stopping) && !(e->has_status && (rc != 0 || is_due(e))))
        rc = e->has_status ? pthread_cond_timedwait(&e->is_changed, &e->lock, &end)
                           : pthread_cond_wait(&e->is_changed, &e->lock);
    *out = e->wanted;
    pthread_mutex_unlock(&e->lock);
    return !atomic_load(&e->is_stopping);
}

static void *eureka_main(void *arg)
{
    struct eureka *e = arg;
    int64_t retry_ms = e->config.renewal_ms < RETRY_MS ? e->config.renewal_ms : RETRY_MS;
    enum eureka_status wanted;

    while (wait_for_reason(e, e->is_failing ? retry_ms : e->config.renewal_ms, &wanted)) {
        if (e->registration != REGISTRATION_MADE || wanted != e->told)
            enrol(e, wanted);
        else
            renew(e);
    }
    if (e->registration != REGISTRATION_NONE)
        withdraw(e);
    return NULL;
}

struct eureka *eureka_new(const struct eureka_config *config)
{
    struct eureka *e = mem_zalloc(sizeof(*e));
    pthread_condattr_t attributes;
    sigset_t all, before;

    e->config = *config;
    BUG_ON(curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK); /* counted; locks itself */
    e->easy = curl_easy_init();
    BUG_ON(!e->easy); /* out of memory */
    BUG_ON(pthread_mutex_init(&e->lock, NULL) != 0);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    BUG_ON(pthread_cond_init(&e->is_changed, &attributes) != 0);
    pthread_condattr_destroy(&attributes);
    sigfillset(&all); /* signals are the main thread's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    BUG_ON(pthread_create(&e->thread, NULL, eureka_main, e) != 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_setname_np(e->thread, "eureka");
    return e;
}

void eureka_set_status(struct eureka *e, enum eureka_status status)
{
    pthread_mutex_lock(&e->lock);
    e->wanted = status;
    e->has_status = true;
    pthread_mutex_unlock(&e->lock);
    pthread_cond_signal(&e->is_changed);
}

void eureka_stop(struct eureka *e)
{
    pthread_mutex_lock(&e->lock);
    atomic_store(&e->is_stopping, true);
    pthread_mutex_unlock(&e->lock);
    pthread_cond_signal(&e->is_changed);
}

void eureka_free(struct eureka **e)
{
    struct eureka *old = *e;

    if (!old)
        return;
    *e = NULL;
    eureka_stop(old);
    BUG_ON(pthread_join(old->thread, NULL) != 0);
    pthread_cond_destroy(&old->is_changed);
    pthread_mutex_destroy(&old->lock);
    curl_easy_cleanup(old->easy);
    curl_global_cleanup();
    free(old);
}
