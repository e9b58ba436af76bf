/*
 * One mail, one connection, one easy handle of curl's.
 * SPDX-License-Identifier: MIT
 */
#include <curl/curl.h>
#include <stdio.h>

#include "mail/message.h"

#include "base/banned.h"

enum {
    MESSAGE_BYTES_MAX = 64 << 20,
    URL_BYTES_MAX = 1024,
    ADDRESS_TEXT = 300,
    CONNECT_TIMEOUT_MS = 10000,
    TIMEOUT_MS = 60000,
    SMTP_TAKEN = 250,
    SMTP_REFUSED = 400,
};

/* A mail under way. */
struct sending {
    CURL *easy;
    const atomic_bool *is_cancelled;
    struct curl_slist *recipients;
    struct str left;    /* of the message */
    struct why refusal; /* the server's last line of 4xx or 5xx */
    char error[CURL_ERROR_SIZE];
};

/* --- what curl calls ---------------------------------------------------------------------- */

static size_t on_read(char *to, size_t size, size_t n, void *arg)
{
    struct sending *s = arg;
    size_t bytes = size * n < s->left.n ? size * n : s->left.n;

    if (bytes > 0)
        memcpy(to, s->left.p, bytes);
    s->left = str_from(s->left, bytes);
    return bytes;
}

/* A line of the server's. QUIT is answered too: only a refusal says why there was one. */
static size_t on_answer(char *p, size_t size, size_t n, void *arg)
{
    struct str line = str_trim((struct str){p, size * n});
    struct sending *s = arg;
    int64_t status;

    if (line.n >= 3 && str_to_i64((struct str){line.p, 3}, &status) &&
        status >= SMTP_REFUSED)
        why_set(&s->refusal, STR_FMT, STR_ARG(line));
    return size * n;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
    (void)p, (void)arg;
    return size * n; /* a mail has none, but nothing may reach stdout */
}

static int on_progress(void *arg, curl_off_t down_all, curl_off_t down, curl_off_t up_all,
                       curl_off_t up)
{
    const struct sending *s = arg;

    (void)down_all, (void)down, (void)up_all, (void)up;
    return s->is_cancelled && atomic_load(s->is_cancelled);
}

/* --- one mail ----------------------------------------------------------------------------- */

static void set_time_limits(CURL *easy, const struct mail_config *config)
{
    int connect_ms =
        config->connect_timeout_ms ? config->connect_timeout_ms : CONNECT_TIMEOUT_MS;
    int all_ms = config->timeout_ms ? config->timeout_ms : TIMEOUT_MS;

    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)all_ms);
}

static void set_server(CURL *easy, const struct mail_config *config)
{
    char text[URL_BYTES_MAX + 1];

    snprintf(text, sizeof(text), STR_FMT, STR_ARG(config->url));
    curl_easy_setopt(easy, CURLOPT_URL, text);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)CURLUSESSL_TRY);
    snprintf(text, sizeof(text), STR_FMT, STR_ARG(config->ca_file));
    if (text[0])
        curl_easy_setopt(easy, CURLOPT_CAINFO, text);
}

/* Addresses in brackets: curl takes what is in them as it is. */
static void set_envelope(struct sending *s, const struct mail *mail)
{
    char address[ADDRESS_TEXT];

    snprintf(address, sizeof(address), "<" STR_FMT ">", STR_ARG(mail->from));
    curl_easy_setopt(s->easy, CURLOPT_MAIL_FROM, address);
    snprintf(address, sizeof(address), "<" STR_FMT ">", STR_ARG(mail->to));
    s->recipients = curl_slist_append(NULL, address);
    curl_easy_setopt(s->easy, CURLOPT_MAIL_RCPT, s->recipients);
}

static void set_calls(struct sending *s)
{
    curl_easy_setopt(s->easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(s->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)s->left.n);
    curl_easy_setopt(s->easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(s->easy, CURLOPT_READDATA, s);
    curl_easy_setopt(s->easy, CURLOPT_HEADERFUNCTION, on_answer);
    curl_easy_setopt(s->easy, CURLOPT_HEADERDATA, s);
    curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(s->easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(s->easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(s->easy, CURLOPT_XFERINFODATA, s);
    curl_easy_setopt(s->easy, CURLOPT_ERRORBUFFER, s->error);
}

static enum err perform(struct sending *s, struct why *why)
{
    CURLcode code = curl_easy_perform(s->easy);
    long status = 0;

    curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK && status == SMTP_TAKEN)
        return ERR_OK;
    if (s->refusal.text[0])
        *why = s->refusal;
    else
        why_set(why, "%s", s->error[0] ? s->error : curl_easy_strerror(code));
    return ERR_UNAVAILABLE;
}

static enum err send_text(const struct mail_config *config, const struct mail *mail,
                          const atomic_bool *is_cancelled, struct str text,
                          struct why *why)
{
    struct sending s = {.is_cancelled = is_cancelled, .left = text};
    enum err rc;

    BUG_ON(curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK); /* counted; locks itself */
    s.easy = curl_easy_init();
    BUG_ON(!s.easy); /* out of memory */
    set_server(s.easy, config);
    set_time_limits(s.easy, config);
    set_envelope(&s, mail);
    set_calls(&s);
    rc = perform(&s, why);
    curl_easy_cleanup(s.easy);
    curl_slist_free_all(s.recipients);
    curl_global_cleanup();
    return rc;
}

enum err mail_send(const struct mail_config *config, const struct mail *mail,
                   const atomic_bool *is_cancelled, struct why *why)
{
    struct buf text;
    enum err rc;

    if (!mail_url_is_valid(config->url) || config->ca_file.n > URL_BYTES_MAX) {
        why_set(why, "not an address of a mail server");
        return ERR_BODY_INVALID;
    }
    buf_init(&text, MESSAGE_BYTES_MAX);
    rc = mail_message_put(mail, &text, why);
    if (rc == ERR_OK)
        rc = send_text(config, mail, is_cancelled, buf_str(&text), why);
    else if (rc == ERR_TOO_LARGE)
        why_set(why, "the mail is too large");
    buf_release(&text);
    return rc;
}

/* --- addresses of servers ----------------------------------------------------------------- */

static bool has_part(CURLU *url, CURLUPart part, const char *a, const char *b)
{
    char *text = NULL;
    bool has = curl_url_get(url, part, &text, 0) == CURLUE_OK &&
               (!a || str_eq(str_of(text), str_of(a)) || str_eq(str_of(text), str_of(b)));

    curl_free(text);
    return has;
}

bool mail_url_is_valid(struct str s)
{
    CURLU *url = curl_url();
    char text[URL_BYTES_MAX + 1];
    bool is_valid;

    BUG_ON(!url); /* out of memory */
    snprintf(text, sizeof(text), STR_FMT, STR_ARG(s));
    is_valid = s.n <= URL_BYTES_MAX && str_find(s, '\0') == s.n &&
               curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
               has_part(url, CURLUPART_SCHEME, "smtp", "smtps") &&
               has_part(url, CURLUPART_HOST, NULL, NULL);
    curl_url_cleanup(url);
    return is_valid;
}
