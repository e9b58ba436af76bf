/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "db/statement.h"

#include "base/banned.h"

static bool is_text(const struct db_param *p)
{
    return p->type == DB_TEXT || p->type == DB_BYTES;
}

static size_t size_of(const struct db_param *p)
{
    switch (p->type) {
    case DB_I64:
    case DB_U64:
    case DB_DATETIME:
        return sizeof(int64_t);
    case DB_I32:
    case DB_U32:
        return sizeof(int32_t);
    case DB_TEXT:
    case DB_BYTES:
        break;
    }
    return sizeof(struct str);
}

/* The values of a parameter in an in-struct: n of a list, else one. */
static const char *values_of(const struct db_param *p, const void *in, size_t *n_out)
{
    const char *at = (const char *)in + p->offset;
    const char *list;

    *n_out = 1;
    if (!p->is_list)
        return at;
    BUG_ON(p->type != DB_I64 && p->type != DB_TEXT);
    memcpy(&list, at, sizeof(list));
    memcpy(n_out, (const char *)in + p->has_offset, sizeof(*n_out));
    return list;
}

static struct str text_at(const char *at)
{
    struct str s;

    memcpy(&s, at, sizeof(s));
    return s;
}

static union db_value number_at(const struct db_param *p, const char *at)
{
    union db_value v = {0};

    memcpy(&v, at, size_of(p));
    return v;
}

/* A scalar whose has_<name> is false; text is NULL by itself. */
static bool is_absent(const struct db_param *p, const void *in)
{
    bool has;

    if (is_text(p) || p->is_list || p->has_offset == DB_NO_OFFSET)
        return false;
    memcpy(&has, (const char *)in + p->has_offset, sizeof(has));
    return !has;
}

static const char *text_fault(const struct db_param *p, struct str s)
{
    if (!s.p)
        return p->is_nullable ? NULL : "no value";
    if (p->type == DB_BYTES)
        return p->max_chars > 0 && s.n > p->max_chars ? "too many bytes" : NULL;
    if (!utf8_valid(s))
        return "not UTF-8";
    /* A character has one byte at least: most texts need no counting. */
    if (p->max_chars > 0 && s.n > p->max_chars && utf8_chars(s) > p->max_chars)
        return "too many characters";
    return NULL;
}

static const char *number_fault(const struct db_param *p, union db_value v)
{
    int64_t number = v.i64;

    if (p->min == 0 && p->max == 0)
        return NULL;
    if (p->type == DB_U64 && v.u64 > INT64_MAX)
        number = INT64_MAX;
    if (p->type == DB_I32)
        number = v.i32;
    if (p->type == DB_U32)
        number = v.u32;
    return number < p->min || number > p->max ? "out of range" : NULL;
}

static const char *fault_of(const struct db_param *p, const void *in)
{
    const char *fault = NULL;
    size_t n;
    const char *at = values_of(p, in, &n);

    if (is_absent(p, in))
        return NULL;
    if (p->is_list && n > DB_LIST_MAX)
        return "too many values";
    for (size_t i = 0; i < n && !fault; i++, at += size_of(p))
        fault =
            is_text(p) ? text_fault(p, text_at(at)) : number_fault(p, number_at(p, at));
    return fault;
}

enum err params_check(struct db *db, const struct db_query *q, const void *in)
{
    BUG_ON(q->n_params > 0 && !in);
    for (size_t i = 0; i < q->n_params; i++) {
        const char *fault = fault_of(&q->params[i], in);

        if (!fault)
            continue;
        db->error_code = 0;
        why_set(&db->error, "%s: %s: %s", q->name, q->params[i].name, fault);
        return ERR_DB_RANGE;
    }
    return ERR_OK;
}

size_t params_list_n(const struct db_query *q, const void *in)
{
    size_t longest = 1, n;

    for (size_t i = 0; i < q->n_params; i++) {
        values_of(&q->params[i], in, &n);
        if (n == 0)
            return 0; /* IN () is never true, whatever the other lists hold */
        longest = n > longest ? n : longest;
    }
    return longest;
}

size_t params_bytes(const struct db_query *q, const void *in)
{
    size_t sum = 0, n;

    for (size_t i = 0; i < q->n_params; i++) {
        const char *at = values_of(&q->params[i], in, &n);

        sum += is_text(&q->params[i]) ? text_at(at).n : sizeof(int64_t);
    }
    return sum;
}

size_t params_count(const struct db_query *q, size_t width)
{
    size_t n = 0;

    for (size_t i = 0; i < q->n_params; i++)
        n += q->params[i].is_list ? width : 1;
    return n;
}

static void bind_number(MYSQL_BIND *to, union db_value *value, const struct db_param *p,
                        const char *at)
{
    *value = number_at(p, at);
    to->buffer = value;
    to->is_unsigned = p->type == DB_U64 || p->type == DB_U32;
}

/* As text: the engine inside (10.11) takes every MYSQL_TIME for 0000-00-00. */
static void bind_time(MYSQL_BIND *to, union db_value *value, const char *at)
{
    int64_t civil_ns;
    struct civil c;
    int n;

    memcpy(&civil_ns, at, sizeof(civil_ns));
    c = civil_split(civil_ns);
    n = snprintf(value->text, sizeof(value->text), "%04d-%02d-%02d %02d:%02d:%02d.%06d",
                 c.year, c.month, c.day, c.hour, c.minute, c.second,
                 (int)(c.ns / NS_PER_US));
    to->buffer_type = MYSQL_TYPE_STRING;
    to->buffer = value->text;
    to->buffer_length = (unsigned long)n;
}

static void bind_text(MYSQL_BIND *to, struct str s)
{
    /* The library only reads it; its struct serves both directions and has no const. */
    to->buffer = (void *)(uintptr_t)s.p;
    to->buffer_length = (unsigned long)s.n;
    to->is_null_value = !s.p;
}

void params_bind(struct statement *st, const struct db_query *q, const void *in,
                 size_t first, size_t width)
{
    size_t to = first;

    for (size_t i = 0; i < q->n_params; i++) {
        const struct db_param *p = &q->params[i];
        size_t n, repeat = p->is_list ? width : 1;
        const char *values = values_of(p, in, &n);

        for (size_t k = 0; k < repeat; k++, to++) {
            const char *at = values + (k < n ? k : n - 1) * size_of(p);
            MYSQL_BIND *bind = &st->params[to];

            BUG_ON(to >= st->n_params);
            *bind = (MYSQL_BIND){.buffer_type = statement_wire_type(p->type),
                                 .is_null_value = is_absent(p, in)};
            bind->is_null = &bind->is_null_value;
            if (is_text(p))
                bind_text(bind, text_at(at));
            else if (p->type == DB_DATETIME)
                bind_time(bind, &st->values[to], at);
            else
                bind_number(bind, &st->values[to], p, at);
        }
    }
}
