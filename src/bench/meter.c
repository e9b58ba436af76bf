/* SPDX-License-Identifier: MIT */
#include "bench/meter.h"

#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "bench/procs.h"

#include "base/banned.h"

static int64_t own_cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

void meter_start(struct meter *m, const struct options *options)
{
    m->options = options;
    m->began_ns = clock_mono_ns();
    m->busy_ns = procs_busy_ns();
    m->own_cpu_ns = own_cpu_ns();
    for (size_t i = 0; i < options->n_watched; i++)
        m->cpu_ns[i] = procs_cpu_ns(options->watched[i].pid);
}

static void tell_number(struct results *r, const char *process, const char *what,
                        double value)
{
    char name[64];

    snprintf(name, sizeof(name), "%s_%s", process, what);
    results_number(r, name, value, 2);
}

void meter_tell(const struct meter *m, struct results *r, const char *unit,
                uint64_t units)
{
    double elapsed_ns = (double)(clock_mono_ns() - m->began_ns);
    double others_ns = (double)(procs_busy_ns() - m->busy_ns);
    char per_unit[32];

    snprintf(per_unit, sizeof(per_unit), "cpu_us_per_%s", unit);
    for (size_t i = 0; i <= m->options->n_watched; i++) {
        const struct watched *w =
            i < m->options->n_watched ? &m->options->watched[i] : NULL;
        const char *name = w ? w->name : "generator";
        double cpu_ns = (double)(w ? procs_cpu_ns(w->pid) - m->cpu_ns[i]
                                   : own_cpu_ns() - m->own_cpu_ns);

        others_ns -= cpu_ns;
        if (units > 0)
            tell_number(r, name, per_unit, cpu_ns / NS_PER_US / (double)units);
        tell_number(r, name, "cpu_percent", 100 * cpu_ns / elapsed_ns);
        if (w)
            tell_number(r, name, "rss_mb", (double)procs_rss_bytes(w->pid) / 1e6);
    }
    tell_number(r, "others", "cpu_percent",
                others_ns > 0 ? 100 * others_ns / elapsed_ns : 0);
}
