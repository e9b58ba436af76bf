/* SPDX-License-Identifier: MIT */
#include <cjson/cJSON.h>
#include <stdlib.h>

#include "base/clock.h"
#include "codec/base64.h"
#include "codec/field.h"
#include "codec/json.h"
#include "codec/json_number.h"
#include "codec/json_scan.h"

#include "base/banned.h"

struct decode {
    struct arena *a;
    struct str in;
    struct buf spans; /* of struct json_span: numbers, true, false in document order */
    struct why *why;
};

static enum err decode_record(struct decode *d, const struct record_type *type,
                              const cJSON *node, void *record);
static enum err decode_field(struct decode *d, const struct record_field *f,
                             const cJSON *node, void *record);

static enum err refuse(struct decode *d, const struct record_field *f, const char *cause)
{
    why_set(d->why, STR_FMT ": %s", STR_ARG(f->json), cause);
    return ERR_BODY_INVALID;
}

static enum err too_large(struct decode *d)
{
    why_set(d->why, "more memory needed than one body may take");
    return ERR_TOO_LARGE;
}

static bool is_literal(const cJSON *node)
{
    return cJSON_IsNumber(node) || cJSON_IsBool(node);
}

/*
 * Writes into valueint of each number, true and false which span it is. A walk in document order
 * meets them in the order of the scan; afterwards they may be looked up in any order.
 */
static void index_literals(cJSON *node, int *next)
{
    for (; node; node = node->next) {
        if (is_literal(node))
            node->valueint = (*next)++;
        index_literals(node->child, next);
    }
}

/* The text of a number, true or false exactly as the input has it. */
static struct str literal_text(const struct decode *d, const cJSON *node)
{
    struct json_span span;

    memcpy(&span, d->spans.p + (size_t)node->valueint * sizeof(span), sizeof(span));
    return (struct str){d->in.p + span.at, span.n};
}

/* Text of a literal, or of a string without the blanks around it, as Jackson coerces. */
static struct str scalar_text(const struct decode *d, const cJSON *node)
{
    if (is_literal(node))
        return literal_text(d, node);
    return str_trim(str_of(node->valuestring));
}

static enum err decode_string(struct decode *d, const struct record_field *f,
                              const cJSON *node, struct str *out)
{
    struct str s;

    if (is_literal(node))
        s = literal_text(d, node);
    else if (cJSON_IsString(node))
        s = str_of(node->valuestring);
    else
        return refuse(d, f, "not a string");
    *out = arena_dup(d->a, s);
    return out->p ? ERR_OK : too_large(d);
}

static enum err decode_bytes(struct decode *d, const struct record_field *f,
                             const cJSON *node, struct str *out)
{
    struct str text = str_of(node->valuestring);
    char *bytes;
    size_t n;

    if (!cJSON_IsString(node) || !base64_size(text, &n))
        return refuse(d, f, "not base64");
    bytes = arena_alloc(d->a, n);
    if (!bytes)
        return too_large(d);
    *out = (struct str){bytes, n};
    return base64_take(text, bytes) ? ERR_OK : refuse(d, f, "not base64");
}

/* [2025,2,11,14,3,22,123456000]: five to seven numbers. */
static bool civil_of_array(const struct decode *d, const cJSON *node, int64_t *out)
{
    int64_t part[7] = {0};
    size_t n = 0;

    for (const cJSON *c = node->child; c; c = c->next, n++)
        if (n == 7 || !cJSON_IsNumber(c) || !str_to_i64(literal_text(d, c), &part[n]) ||
            part[n] < 0 || part[n] > INT32_MAX)
            return false;
    return n >= 5 && civil_join(&(struct civil){.year = (int)part[0],
                                                .month = (int)part[1],
                                                .day = (int)part[2],
                                                .hour = (int)part[3],
                                                .minute = (int)part[4],
                                                .second = (int)part[5],
                                                .ns = part[6]},
                                out);
}

static enum err decode_local_datetime(struct decode *d, const struct record_field *f,
                                      const cJSON *node, int64_t *out)
{
    if (cJSON_IsString(node) && civil_parse(str_of(node->valuestring), out))
        return ERR_OK;
    if (cJSON_IsArray(node) && civil_of_array(d, node, out))
        return ERR_OK;
    return refuse(d, f, "not a local date-time");
}

/* Milliseconds are all that is written, so they are all that is read: as java.util.Date. */
static enum err decode_spring_instant(struct decode *d, const struct record_field *f,
                                      const cJSON *node, int64_t *out)
{
    const struct str utc = STR("+00:00");
    struct str s = str_of(node->valuestring);

    if (!cJSON_IsString(node) || s.n <= utc.n || !str_eq(str_from(s, s.n - utc.n), utc))
        return refuse(d, f, "not an instant");
    s.n -= utc.n;
    if (s.p[s.n - 1] == 'Z' || !civil_parse(s, out))
        return refuse(d, f, "not an instant");
    *out -= (*out % NS_PER_MS + NS_PER_MS) % NS_PER_MS;
    return ERR_OK;
}

static enum err decode_integer(struct decode *d, const struct record_field *f,
                               const cJSON *node, int64_t *out)
{
    static const struct {
        int64_t min, max;
    } range[] = {
        [RECORD_INT64] = {INT64_MIN, INT64_MAX},
        [RECORD_INT32] = {INT32_MIN, INT32_MAX},
        [RECORD_UINT32] = {0, UINT32_MAX},
    };

    if (f->form == RECORD_LOCAL_DATETIME)
        return decode_local_datetime(d, f, node, out);
    if (f->form == RECORD_SPRING_INSTANT)
        return decode_spring_instant(d, f, node, out);
    if (cJSON_IsNumber(node) ? !json_integer(literal_text(d, node), out)
                             : !cJSON_IsString(node) ||
                                   !str_to_i64(str_trim(str_of(node->valuestring)), out))
        return refuse(d, f, "not an integer");
    if (*out < range[f->kind].min || *out > range[f->kind].max)
        return refuse(d, f, "out of range");
    return ERR_OK;
}

static enum err decode_bool(struct decode *d, const struct record_field *f,
                            const cJSON *node, bool *out)
{
    struct str s = cJSON_IsNumber(node) ? STR("") : scalar_text(d, node);

    *out = str_eq(s, STR("true"));
    return *out || str_eq(s, STR("false")) ? ERR_OK : refuse(d, f, "not a boolean");
}

static enum err decode_enum(struct decode *d, const struct record_field *f,
                            const cJSON *node, int *out)
{
    const struct record_enum *e = f->enumeration;

    for (size_t i = 0; i < e->n_values && cJSON_IsString(node); i++)
        if (str_eq(e->values[i].json, str_of(node->valuestring))) {
            *out = e->values[i].number;
            return ERR_OK;
        }
    return refuse(d, f, "no such value");
}

/* One value that is not null into the scalar, or the struct of the message, at to. */
static enum err decode_value(struct decode *d, const struct record_field *f,
                             const cJSON *node, void *to)
{
    int64_t v = 0;
    enum err rc;

    switch (f->kind) {
    case RECORD_STRING:
        return decode_string(d, f, node, to);
    case RECORD_BYTES:
        return decode_bytes(d, f, node, to);
    case RECORD_BOOL:
        return decode_bool(d, f, node, to);
    case RECORD_ENUM:
        return decode_enum(d, f, node, to);
    case RECORD_MESSAGE:
        return decode_record(d, f->message, node, to);
    case RECORD_INT64:
        return decode_integer(d, f, node, to);
    case RECORD_INT32:
        rc = decode_integer(d, f, node, &v);
        *(int32_t *)to = (int32_t)v;
        return rc;
    case RECORD_UINT32:
        rc = decode_integer(d, f, node, &v);
        *(uint32_t *)to = (uint32_t)v;
        return rc;
    }
    bug_abort(__FILE__, __LINE__, f->name);
}

/* Room for n items, entered into the record; [] is an array of none. */
static char *new_items(struct decode *d, const struct record_field *f, size_t n,
                       void *record)
{
    char *items = arena_array(d->a, n, field_item_size(f));

    memcpy((char *)record + f->offset, &items, sizeof(items));
    memcpy((char *)record + f->extra_offset, &n, sizeof(n));
    return items;
}

static enum err decode_array(struct decode *d, const struct record_field *f,
                             const cJSON *node, void *record)
{
    size_t n = (size_t)cJSON_GetArraySize(node), size = field_item_size(f);
    char *item;

    if (!cJSON_IsArray(node))
        return refuse(d, f, "not an array");
    if (f->max_items > 0 && n > f->max_items)
        return refuse(d, f, "too many entries");
    item = new_items(d, f, n, record);
    if (!item)
        return too_large(d);
    for (const cJSON *c = node->child; c; c = c->next, item += size) {
        enum err rc = cJSON_IsNull(c) ? refuse(d, f, "null in an array")
                                      : decode_value(d, f, c, item);

        if (rc != ERR_OK)
            return rc;
    }
    return ERR_OK;
}

struct member {
    cJSON *node;
    size_t at; /* place in the object */
};

static int by_name_and_place(const void *a, const void *b)
{
    const struct member *x = a, *y = b;
    int order = strcmp(x->node->string, y->node->string);

    return order ? order : (x->at > y->at) - (x->at < y->at);
}

/*
 * Takes all but the last member of each name out of sight (type Invalid); returns how many are
 * left. Sorted, not compared pairwise: a body may hold thousands of members.
 */
static size_t drop_repeated(const cJSON *object)
{
    size_t n = (size_t)cJSON_GetArraySize(object), at = 0, left = n;
    struct member *members = mem_alloc(n * sizeof(*members));

    for (cJSON *c = object->child; c; c = c->next, at++)
        members[at] = (struct member){c, at};
    qsort(members, n, sizeof(*members), by_name_and_place);
    for (at = 0; at + 1 < n; at++)
        if (strcmp(members[at].node->string, members[at + 1].node->string) == 0) {
            members[at].node->type = cJSON_Invalid;
            left--;
        }
    free(members);
    return left;
}

static enum err decode_entry(struct decode *d, const struct record_type *type,
                             const cJSON *node, char *entry)
{
    struct str key = arena_dup(d->a, str_of(node->string));

    if (!key.p)
        return too_large(d);
    memcpy(entry + type->fields[0].offset, &key, sizeof(key));
    return decode_field(d, &type->fields[1], node, entry);
}

static enum err decode_map(struct decode *d, const struct record_field *f,
                           const cJSON *node, void *record)
{
    char *entry;
    size_t n;

    if (!cJSON_IsObject(node))
        return refuse(d, f, "not an object");
    n = drop_repeated(node);
    if (f->max_items > 0 && n > f->max_items)
        return refuse(d, f, "too many entries");
    entry = new_items(d, f, n, record);
    if (!entry)
        return too_large(d);
    for (const cJSON *c = node->child; c; c = c->next) {
        enum err rc;

        if (cJSON_IsInvalid(c))
            continue;
        rc = decode_entry(d, f->message, c, entry);
        if (rc != ERR_OK)
            return rc;
        entry += f->message->size;
    }
    return ERR_OK;
}

static enum err decode_message(struct decode *d, const struct record_field *f,
                               const cJSON *node, void *record)
{
    void *message = arena_alloc(d->a, f->message->size);

    if (!message)
        return too_large(d);
    memcpy((char *)record + f->offset, &message, sizeof(message));
    return decode_record(d, f->message, node, message);
}

/* Jackson reads "" (and [] for a date) as null wherever the type is not a string. */
static bool means_null(const struct record_field *f, const cJSON *node)
{
    if (cJSON_IsNull(node))
        return true;
    if ((f->flags & RECORD_REPEATED) || f->kind == RECORD_STRING ||
        f->kind == RECORD_BYTES || f->kind == RECORD_MESSAGE || f->kind == RECORD_ENUM)
        return false;
    if (cJSON_IsArray(node))
        return f->form == RECORD_LOCAL_DATETIME && !node->child;
    return cJSON_IsString(node) && str_is_empty(str_trim(str_of(node->valuestring)));
}

static enum err decode_field(struct decode *d, const struct record_field *f,
                             const cJSON *node, void *record)
{
    static const bool yes = true;

    if (!node || means_null(f, node))
        return f->flags & RECORD_REQUIRED ? refuse(d, f, "missing") : ERR_OK;
    if (f->form == RECORD_MAP)
        return decode_map(d, f, node, record);
    if (f->flags & RECORD_REPEATED)
        return decode_array(d, f, node, record);
    if (f->kind == RECORD_MESSAGE)
        return decode_message(d, f, node, record);
    if (f->flags & RECORD_HAS)
        memcpy((char *)record + f->extra_offset, &yes, sizeof(yes));
    return decode_value(d, f, node, (char *)record + f->offset);
}

/* The last member of that very name; cJSON's own getters ignore case and take the first. */
static const cJSON *find_member(const cJSON *object, struct str name)
{
    const cJSON *found = NULL;

    for (const cJSON *c = object->child; c; c = c->next)
        if (strncmp(c->string, name.p, name.n) == 0 && c->string[name.n] == '\0')
            found = c;
    return found;
}

static enum err decode_record(struct decode *d, const struct record_type *type,
                              const cJSON *node, void *record)
{
    if (type->is_unwrapped)
        return decode_field(d, &type->fields[0], node, record);
    if (!cJSON_IsObject(node)) {
        why_set(d->why, "%s: not an object", type->name);
        return ERR_BODY_INVALID;
    }
    for (size_t i = 0; i < type->n_fields; i++) {
        const struct record_field *f = &type->fields[i];
        enum err rc = decode_field(d, f, find_member(node, f->json), record);

        if (rc != ERR_OK)
            return rc;
    }
    return ERR_OK;
}

static enum err decode_tree(struct decode *d, const struct record_type *type, cJSON *root,
                            void *record)
{
    int literals = 0;

    index_literals(root, &literals);
    if (!root || (size_t)literals * sizeof(struct json_span) != d->spans.n) {
        why_set(d->why, "a number is too long, or the text was read in two ways");
        return ERR_BODY_INVALID;
    }
    if (cJSON_IsNull(root)) {
        why_set(d->why, "null");
        return ERR_BODY_INVALID;
    }
    return decode_record(d, type, root, record);
}

enum err json_decode(const struct record_type *type, struct arena *a, struct str in,
                     void *record, struct why *why)
{
    struct decode d = {.a = a, .in = in, .why = why};
    cJSON *root;
    enum err rc;

    memset(record, 0, type->size);
    buf_init(&d.spans, in.n * sizeof(struct json_span));
    rc = json_scan_spans(in, &d.spans, why);
    if (rc == ERR_OK) {
        /* Writes a global that only cJSON_GetErrorPtr() reads, which nobody calls. */
        root = cJSON_ParseWithLengthOpts(in.p, in.n, NULL, false);
        rc = decode_tree(&d, type, root, record);
        cJSON_Delete(root);
    }
    buf_release(&d.spans);
    return rc == ERR_OK ? record_check(type, record, why) : rc;
}
