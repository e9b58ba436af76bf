/*
 * Fuzzes records of Kafka. Lines are headers "name:value" up to an empty line; the rest is the
 * value. What was decoded must be written as a record that decodes to the same.
 * SPDX-License-Identifier: MIT
 */
#include "codec/json.h"
#include "generated/c/envelope.h"

#include "base/banned.h"

enum {
    MEMORY_MAX = 1 << 20
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(const struct event_meta *meta, const struct chat_dto *value,
                             struct arena *a)
{
    struct event_record record;
    struct event_meta again;
    struct chat_dto dto;

    for (int form = EVENT_JSON; form <= EVENT_PROTOBUF; form++) {
        BUG_ON(event_chat_message_encode(meta, value, (enum event_form)form, a,
                                         &record) != ERR_OK);
        BUG_ON(event_chat_message_decode(&record, a, &again, &dto, NULL) != ERR_OK);
        BUG_ON(!record_equal(&chat_dto_type, value, &dto));
        BUG_ON(!str_eq(meta->id, again.id) || meta->sequence != again.sequence);
        BUG_ON(!str_eq(meta->users[0], again.users[0]) ||
               !str_eq(meta->users[1], again.users[1]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {(const char *)data, size}, line;
    struct event_record record = {.topic = STR("chat")};
    struct event_meta meta;
    struct chat_dto value;
    struct why why = {""};
    struct arena a;
    enum err rc;

    while (record.n_headers < EVENT_HEADERS_MAX && str_split(&rest, '\n', &line) &&
           line.n > 0) {
        size_t at = str_find(line, ':');

        record.headers[record.n_headers++] = (struct event_header){
            {line.p, at}, at < line.n ? str_from(line, at + 1) : STR_NULL};
    }
    record.value = rest;
    arena_init(&a, MEMORY_MAX);
    rc = event_chat_message_decode(&record, &a, &meta, &value, &why);
    BUG_ON(rc != ERR_OK && rc != ERR_BODY_INVALID && rc != ERR_TOO_LARGE);
    BUG_ON(rc != ERR_OK && why.text[0] == '\0');
    a.max = SIZE_MAX; /* the ceiling was for the input, not for what follows */
    if (rc == ERR_OK)
        check_round_trip(&meta, &value, &a);
    arena_release(&a);
    return 0;
}
