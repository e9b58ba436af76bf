/*
 * The opening handshake, as far as it decides something; the answer 101 is libwebsockets'.
 * SPDX-License-Identifier: MIT
 */
#include "net/upgrade.h"

#include "net/ws.h"

#include "base/banned.h"

/* RFC 6455, 4.2.1: 16 bytes in base64. */
static bool is_key(struct str key)
{
    if (key.n != 24 || key.p[22] != '=' || key.p[23] != '=')
        return false;
    for (size_t i = 0; i < 22; i++) {
        char c = key.p[i];

        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
              (c >= '0' && c <= '9') || c == '+' || c == '/'))
            return false;
    }
    return true;
}

/* The first of the client's list that we speak; none when there is none, as Spring does. */
static const char *choose_protocol(const struct http_head *head)
{
    for (size_t i = 0; i < head->n_fields; i++) {
        struct str rest = head->fields[i].value, part;

        if (!str_eq(head->fields[i].name, STR("sec-websocket-protocol")))
            continue;
        while (str_split(&rest, ',', &part)) {
            const char *name = ws_protocol_name(str_trim(part));

            if (name)
                return name;
        }
    }
    return NULL;
}

static enum err check(const struct net_request *r, struct str *key_out)
{
    int keys, versions;
    struct str version = http_head_field(&r->parsed, "sec-websocket-version", &versions);

    *key_out = http_head_field(&r->parsed, "sec-websocket-key", &keys);
    if (!r->parsed.has_upgrade_option || http_head_has_body(&r->parsed))
        return ERR_BAD_REQUEST;
    if (versions != 1 || !str_eq(version, STR("13")))
        return ERR_UPGRADE_REQUIRED;
    return keys == 1 && is_key(*key_out) ? ERR_OK : ERR_BAD_REQUEST;
}

void upgrade_run(struct http_conn *c, struct str early)
{
    struct net_request *r = c->request;
    const struct net_handler *handler = &c->server->config.handler;
    struct ws_offer offer = {.peer = c->peer, .early = early};
    enum err e = check(r, &offer.key);

    /* An answer to an earlier request is still on its way: no client sends so far ahead. */
    if (e == ERR_OK && c->out.n > 0)
        e = ERR_BAD_REQUEST;
    http_conn_hand_out(c);
    if (e == ERR_OK)
        e = handler->on_upgrade(handler->ctx, r, &offer.tag);
    if (e != ERR_OK) {
        if (http_head_has_body(&r->parsed))
            c->is_last = true;
        net_respond_error(r, e);
        return;
    }
    offer.protocol = choose_protocol(&r->parsed);
    offer.fd = http_conn_release_fd(c);
    ws_accept(c->server->ws, &offer);
    c->request = NULL;
    request_free(r);
    http_conn_end(c);
}
