/*
 * What a chat message costs in the JSON codec: a ChatDto of four members and 100 bytes of content,
 * written and read, best of several rounds.
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "../unit/codec_tables.h"
#include "base/clock.h"
#include "codec/json.h"

#include "base/banned.h"

enum {
    ROUNDS = 7,
    REPEATS = 200000,
};

static const struct chat message = {
    .room_uuid = {"017f22e2-79b0-7cc3-98c4-dc0c0c07398f", 36},
    .sender = {"kim@example.com", 15},
    .content = {"Is the desk lamp still there? I could come by on Saturday at ten, if "
                "that suits "
                "you; cash in hand.  ",
                100},
    .has_timestamp = true,
    .timestamp = INT64_C(1737369000123456000),
};

typedef void measured_fn(struct buf *text, struct arena *a);

static void encode(struct buf *text, struct arena *a)
{
    (void)a;
    buf_reset(text);
    json_encode(&chat_type, &message, text);
}

static void decode(struct buf *text, struct arena *a)
{
    struct chat out;

    BUG_ON(json_decode(&chat_type, a, buf_str(text), &out, NULL) != ERR_OK);
    arena_reset(a);
}

static void scan(struct buf *text, struct arena *a)
{
    (void)a;
    BUG_ON(json_scan(buf_str(text), NULL) != ERR_OK);
}

static void measure(const char *name, measured_fn *fn, struct buf *text, struct arena *a)
{
    int64_t best = INT64_MAX;

    for (int round = 0; round < ROUNDS; round++) {
        int64_t start = clock_mono_ns(), took;

        for (int i = 0; i < REPEATS; i++)
            fn(text, a);
        took = clock_mono_ns() - start;
        best = took < best ? took : best;
    }
    printf("%-8s %5lld ns\n", name, (long long)(best / REPEATS));
}

int main(void)
{
    struct buf text;
    struct arena a;

    buf_init(&text, 4096);
    arena_init(&a, SIZE_MAX);
    encode(&text, &a);
    printf("%zu bytes\n", text.n);
    measure("encode", encode, &text, &a);
    measure("scan", scan, &text, &a);
    measure("decode", decode, &text, &a);
    arena_release(&a);
    buf_release(&text);
    return 0;
}
