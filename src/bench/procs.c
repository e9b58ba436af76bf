/* SPDX-License-Identifier: MIT */
#include "bench/procs.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

#include "base/banned.h"

enum {
    STAT_STATE = 0, /* fields are counted from behind the name, which may hold blanks */
    STAT_UTIME = 11,
    STAT_STIME = 12,
    STAT_RSS = 21, /* in pages */
};

/* One field of /proc/PID/stat as a number (the state: its letter); -1: none. */
static int64_t stat_field(int pid, unsigned field)
{
    char path[64], text[1024];
    const char *at;
    size_t n = 0;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    f = fopen(path, "re");
    if (f) {
        n = fread(text, 1, sizeof(text) - 1, f);
        fclose(f);
    }
    text[n] = '\0';
    at = strrchr(text, ')');
    for (unsigned i = 0; at && i <= field; i++)
        at = strchr(at + 1, ' ');
    if (!at)
        return -1;
    return field == STAT_STATE ? at[1] : strtoll(at + 1, NULL, 10);
}

int64_t procs_cpu_ns(int pid)
{
    int64_t user = stat_field(pid, STAT_UTIME), kernel = stat_field(pid, STAT_STIME);

    if (user < 0 || kernel < 0)
        return -1;
    return (user + kernel) * (NS_PER_S / sysconf(_SC_CLK_TCK));
}

/* cpu  user nice system idle iowait irq softirq steal …, in ticks; what was stolen is not ours. */
int64_t procs_busy_ns(void)
{
    int64_t ticks[7] = {0};
    char text[256] = "";
    FILE *f = fopen("/proc/stat", "re");
    char *at = text, *end;

    if (f) {
        at = fgets(text, sizeof(text), f) ? text + strlen("cpu") : text;
        fclose(f);
    }
    for (size_t i = 0; i < sizeof(ticks) / sizeof(ticks[0]); i++, at = end)
        ticks[i] = strtoll(at, &end, 10);
    return (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]) *
           (NS_PER_S / sysconf(_SC_CLK_TCK));
}

int64_t procs_rss_bytes(int pid)
{
    int64_t pages = stat_field(pid, STAT_RSS);

    return pages < 0 ? -1 : pages * sysconf(_SC_PAGESIZE);
}

bool procs_is_running(int pid)
{
    int64_t state = stat_field(pid, STAT_STATE);

    return state >= 0 && state != 'Z' && state != 'X';
}
