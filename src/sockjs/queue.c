/* SPDX-License-Identifier: MIT */
#include "sockjs/queue_internal.h"

#include "base/bug.h"
#include "sockjs/framing_internal.h"

#include "base/banned.h"

struct entry {
    int64_t came_ms;
    size_t n; /* bytes of the string behind it */
};

void sockjs_queue_init(struct sockjs_queue *q, size_t max_bytes)
{
    *q = (struct sockjs_queue){0};
    buf_init(&q->bytes, max_bytes);
}

void sockjs_queue_clear(struct sockjs_queue *q)
{
    buf_release(&q->bytes);
    q->head = q->n = 0;
}

static void compact(struct sockjs_queue *q)
{
    buf_consume(&q->bytes, q->head);
    q->head = 0;
}

static bool try_push(struct sockjs_queue *q, struct str head, struct str tail,
                     int64_t now_ms)
{
    size_t at = q->bytes.n;
    struct entry entry = {.came_ms = now_ms};

    buf_append(&q->bytes, &entry, sizeof(entry));
    sockjs_put_string(&q->bytes, head, tail);
    if (!buf_ok(&q->bytes)) {
        q->bytes.failed = false;
        buf_truncate(&q->bytes, at);
        return false;
    }
    entry.n = q->bytes.n - at - sizeof(entry);
    memcpy(q->bytes.p + at, &entry, sizeof(entry));
    q->n++;
    return true;
}

bool sockjs_queue_push(struct sockjs_queue *q, struct str head, struct str tail,
                       int64_t now_ms)
{
    /* Moving at most as much as was taken since: constant effort a byte. */
    if (q->head > 0 && q->head >= sockjs_queue_bytes(q))
        compact(q);
    if (try_push(q, head, tail, now_ms))
        return true;
    if (q->head == 0) {
        if (q->n == 0)
            sockjs_queue_clear(q);
        return false;
    }
    compact(q);
    return try_push(q, head, tail, now_ms);
}

static struct entry first_entry(const struct sockjs_queue *q)
{
    struct entry entry;

    BUG_ON(q->n == 0);
    memcpy(&entry, q->bytes.p + q->head, sizeof(entry));
    return entry;
}

struct str sockjs_queue_first(const struct sockjs_queue *q)
{
    if (q->n == 0)
        return STR_NULL;
    return (struct str){q->bytes.p + q->head + sizeof(struct entry), first_entry(q).n};
}

int64_t sockjs_queue_first_ms(const struct sockjs_queue *q)
{
    return first_entry(q).came_ms;
}

void sockjs_queue_pop(struct sockjs_queue *q)
{
    q->head += sizeof(struct entry) + first_entry(q).n;
    q->n--;
    if (q->n == 0)
        sockjs_queue_clear(q);
}
