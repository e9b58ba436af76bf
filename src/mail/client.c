/*
 * curl's multi interface on our loop: a watch for each of its sockets, one timer.
 * SPDX-License-Identifier: MIT
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

#include "mail/message.h"

#include "base/banned.h"

enum {
    MESSAGE_BYTES_MAX = 64 << 20,
    URL_BYTES_MAX = 1024,
    CONNECT_TIMEOUT_MS = 10000,
    TIMEOUT_MS = 60000,
    SMTP_TAKEN = 250,
    SMTP_REFUSED = 400,
};

/* A mail under way. */
struct mail_transfer {
    struct mail_transfer *prev, *next;
    struct mail_client *client;
    CURL *easy;
    struct curl_slist *recipients;
    struct buf text;
    size_t sent;       /* bytes of text that curl has taken */
    struct why answer; /* the server's last line */
    char error[CURL_ERROR_SIZE];
    mail_done_fn *done;
    void *ctx;
};

/* A socket of curl's. */
struct mail_socket {
    struct mail_socket *prev, *next;
    struct mail_client *client;
    curl_socket_t fd;
    struct loop_watch *watch;
};

struct mail_client {
    struct loop *loop;
    CURLM *multi;
    struct loop_timer *timer;
    struct mail_transfer *transfers;
    struct mail_socket *sockets;
    char url[URL_BYTES_MAX + 1], ca_file[URL_BYTES_MAX + 1];
    long connect_timeout_ms, timeout_ms;
};

/* --- the end of a mail -------------------------------------------------------------------- */

static void transfer_free(struct mail_transfer *t)
{
    DL_DELETE(t->client->transfers, t);
    curl_easy_cleanup(t->easy);
    curl_slist_free_all(t->recipients);
    buf_release(&t->text);
    free(t);
}

static void transfer_end(struct mail_transfer *t, enum err rc, const char *why)
{
    mail_done_fn *done = t->done;
    void *ctx = t->ctx;
    struct why text;

    why_set(&text, "%s", why);
    curl_multi_remove_handle(t->client->multi, t->easy);
    transfer_free(t);
    done(ctx, rc, text.text);
}

static void on_transfer_over(struct mail_transfer *t, CURLcode code)
{
    long status = 0;

    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK && status == SMTP_TAKEN)
        transfer_end(t, ERR_OK, t->answer.text);
    else if (status >= SMTP_REFUSED && t->answer.text[0])
        transfer_end(t, ERR_UNAVAILABLE, t->answer.text);
    else
        transfer_end(t, ERR_UNAVAILABLE,
                     t->error[0] ? t->error : curl_easy_strerror(code));
}

static void take_results(struct mail_client *client)
{
    struct mail_transfer *t;
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(client->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
        on_transfer_over(t, message->data.result);
    }
}

/* --- curl's sockets and its timer --------------------------------------------------------- */

static void act(struct mail_client *client, curl_socket_t fd, int events)
{
    int running;

    curl_multi_socket_action(client->multi, fd, events, &running);
    take_results(client);
}

static void on_timer(void *arg)
{
    act(arg, CURL_SOCKET_TIMEOUT, 0);
}

static void on_socket_event(void *arg, int events, bool is_error)
{
    const struct mail_socket *s = arg;
    int curl_events = is_error ? CURL_CSELECT_ERR : 0;

    if (events & LOOP_READABLE)
        curl_events |= CURL_CSELECT_IN;
    if (events & LOOP_WRITABLE)
        curl_events |= CURL_CSELECT_OUT;
    act(s->client, s->fd, curl_events);
}

static void socket_free(struct mail_socket *s)
{
    DL_DELETE(s->client->sockets, s);
    loop_watch_free(&s->watch);
    free(s);
}

static struct mail_socket *socket_new(struct mail_client *client, curl_socket_t fd)
{
    struct mail_socket *s = mem_zalloc(sizeof(*s));

    s->client = client;
    s->fd = fd;
    s->watch = loop_watch_new(client->loop, fd, on_socket_event, s);
    DL_APPEND(client->sockets, s);
    curl_multi_assign(client->multi, fd, s);
    return s;
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
    struct mail_socket *s = known;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (s)
            socket_free(s);
        return 0;
    }
    if (!s)
        s = socket_new(arg, fd);
    loop_watch_set(s->watch, (what & CURL_POLL_IN ? LOOP_READABLE : 0) |
                                 (what & CURL_POLL_OUT ? LOOP_WRITABLE : 0));
    return 0;
}

static int on_curl_timer(CURLM *multi, long timeout_ms, void *arg)
{
    struct mail_client *client = arg;

    (void)multi;
    if (timeout_ms < 0)
        loop_timer_stop(client->timer);
    else
        loop_timer_start(client->timer, timeout_ms, 0);
    return 0;
}

/* --- one mail ----------------------------------------------------------------------------- */

static size_t on_read(char *to, size_t size, size_t n, void *arg)
{
    struct mail_transfer *t = arg;
    struct str left = str_from(buf_str(&t->text), t->sent);
    size_t bytes = size * n < left.n ? size * n : left.n;

    if (bytes > 0)
        memcpy(to, left.p, bytes);
    t->sent += bytes;
    return bytes;
}

/* A line of the server's; the last one says why it refused. */
static size_t on_answer(char *p, size_t size, size_t n, void *arg)
{
    struct mail_transfer *t = arg;
    struct str line = str_trim((struct str){p, size * n});

    why_set(&t->answer, STR_FMT, STR_ARG(line));
    return size * n;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
    (void)p, (void)arg;
    return size * n; /* answers to commands are no body, but nothing may reach stdout */
}

/* In angle brackets, or curl may take what it finds in an address for its own syntax. */
static void bracketed(char *to, size_t size, struct str address)
{
    snprintf(to, size, "<" STR_FMT ">", STR_ARG(address));
}

static void set_options(struct mail_transfer *t, const struct mail *mail)
{
    struct mail_client *client = t->client;
    CURL *easy = t->easy;
    char address[512];

    curl_easy_setopt(easy, CURLOPT_URL, client->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)CURLUSESSL_TRY);
    if (client->ca_file[0])
        curl_easy_setopt(easy, CURLOPT_CAINFO, client->ca_file);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, client->connect_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, client->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->error);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
    bracketed(address, sizeof(address), mail->from);
    curl_easy_setopt(easy, CURLOPT_MAIL_FROM, address);
    bracketed(address, sizeof(address), mail->to);
    t->recipients = curl_slist_append(NULL, address);
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, t->recipients);
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->text.n);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(easy, CURLOPT_READDATA, t);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_answer);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
}

enum err mail_send(struct mail_client *client, const struct mail *mail,
                   mail_done_fn *done, void *ctx, struct why *why)
{
    struct mail_transfer *t = mem_zalloc(sizeof(*t));
    enum err rc;

    buf_init(&t->text, MESSAGE_BYTES_MAX);
    rc = mail_message_put(mail, &t->text, why);
    if (rc != ERR_OK) {
        buf_release(&t->text);
        free(t);
        return rc;
    }
    t->client = client;
    t->done = done;
    t->ctx = ctx;
    t->easy = curl_easy_init();
    BUG_ON(!t->easy); /* out of memory */
    set_options(t, mail);
    DL_APPEND(client->transfers, t);
    curl_multi_add_handle(client->multi, t->easy);
    return ERR_OK;
}

/* --- the client --------------------------------------------------------------------------- */

static bool url_part_is(CURLU *url, CURLUPart part, const char *a, const char *b)
{
    char *text = NULL;
    bool is_equal =
        curl_url_get(url, part, &text, 0) == CURLUE_OK &&
        (!a || str_eq(str_of(text), str_of(a)) || str_eq(str_of(text), str_of(b)));

    curl_free(text);
    return is_equal;
}

bool mail_url_is_valid(struct str s)
{
    CURLU *url = curl_url();
    char text[URL_BYTES_MAX + 1];
    bool is_valid;

    BUG_ON(!url);
    snprintf(text, sizeof(text), STR_FMT, STR_ARG(s));
    is_valid = s.n <= URL_BYTES_MAX && str_find(s, '\0') == s.n &&
               curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
               url_part_is(url, CURLUPART_SCHEME, "smtp", "smtps") &&
               url_part_is(url, CURLUPART_HOST, NULL, NULL);
    curl_url_cleanup(url);
    return is_valid;
}

struct mail_client *mail_client_new(struct loop *loop, const struct mail_config *config,
                                    struct why *why)
{
    struct mail_client *client;

    if (!mail_url_is_valid(config->url) || config->ca_file.n > URL_BYTES_MAX) {
        why_set(why, "mail.url: not smtp://[user:password@]host[:port] or smtps://…");
        return NULL;
    }
    BUG_ON(curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK); /* counted; locks itself */
    client = mem_zalloc(sizeof(*client));
    client->loop = loop;
    snprintf(client->url, sizeof(client->url), STR_FMT, STR_ARG(config->url));
    snprintf(client->ca_file, sizeof(client->ca_file), STR_FMT, STR_ARG(config->ca_file));
    client->connect_timeout_ms =
        config->connect_timeout_ms ? config->connect_timeout_ms : CONNECT_TIMEOUT_MS;
    client->timeout_ms = config->timeout_ms ? config->timeout_ms : TIMEOUT_MS;
    client->timer = loop_timer_new(loop, on_timer, client);
    client->multi = curl_multi_init();
    BUG_ON(!client->multi);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    return client;
}

void mail_client_free(struct mail_client **client)
{
    struct mail_client *old = *client;

    if (!old)
        return;
    *client = NULL;
    while (old->transfers)
        transfer_end(old->transfers, ERR_UNAVAILABLE, "the client is stopping");
    curl_multi_cleanup(old->multi);
    while (old->sockets)
        socket_free(old->sockets);
    loop_timer_free(&old->timer);
    curl_global_cleanup();
    free(old);
}
