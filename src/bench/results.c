/* SPDX-License-Identifier: MIT */
#include "bench/results.h"

#include <stdio.h>

#include "base/bug.h"
#include "base/clock.h"

#include "base/banned.h"

static struct result *result_new(struct results *r, const char *name, bool is_number)
{
    struct result *item;

    BUG_ON(r->n == RESULTS_MAX);
    item = &r->items[r->n++];
    snprintf(item->name, sizeof(item->name), "%s", name);
    item->is_number = is_number;
    return item;
}

void results_number(struct results *r, const char *name, double value, int decimals)
{
    struct result *item = result_new(r, name, true);

    snprintf(item->value, sizeof(item->value), "%.*f", decimals, value);
}

void results_text(struct results *r, const char *name, const char *value)
{
    struct result *item = result_new(r, name, false);

    snprintf(item->value, sizeof(item->value), "%s", value);
}

void results_times(struct results *r, const char *prefix, const struct hist *h)
{
    static const struct {
        const char *name;
        double q;
    } quantiles[] = {
        {"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}, {"max", 1}};
    char name[64];

    for (size_t i = 0; h->n > 0 && i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
        snprintf(name, sizeof(name), "%s_%s_us", prefix, quantiles[i].name);
        results_number(r, name, (double)hist_quantile(h, quantiles[i].q) / NS_PER_US, 0);
    }
}

void results_table(const struct results *r, struct buf *out)
{
    for (size_t i = 0; i < r->n; i++)
        buf_printf(out, "%-36s %14s\n", r->items[i].name, r->items[i].value);
}

/* Names and values are ours or an error code: a quote or a control character becomes a blank. */
static void append_quoted(struct buf *out, const char *text)
{
    buf_putc(out, '"');
    for (; *text; text++)
        buf_putc(out, *text == '"' || *text == '\\' || (unsigned char)*text < ' '
                          ? ' '
                          : *text);
    buf_putc(out, '"');
}

void results_json(const struct results *r, struct buf *out)
{
    buf_putc(out, '{');
    for (size_t i = 0; i < r->n; i++) {
        buf_append_c(out, i > 0 ? ",\n " : "\n ");
        append_quoted(out, r->items[i].name);
        buf_append_c(out, ": ");
        if (r->items[i].is_number)
            buf_append_c(out, r->items[i].value);
        else
            append_quoted(out, r->items[i].value);
    }
    buf_append_c(out, "\n}\n");
}
