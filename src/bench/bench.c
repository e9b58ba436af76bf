/* SPDX-License-Identifier: MIT */
#include "bench/bench.h"

#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/str.h"
#include "bench/modes.h"

#include "base/banned.h"

enum {
    OUTPUT_BYTES = 1 << 20
};

static mode_fn *const modes[] = {
    [BENCH_CHAT] = mode_chat,    [BENCH_TYPING] = mode_chat,
    [BENCH_IDLE] = mode_idle,    [BENCH_HISTORY] = mode_history,
    [BENCH_PAGE] = mode_history, [BENCH_START] = mode_start,
    [BENCH_SLOW] = mode_slow,
};

static void print(const struct buf *text)
{
    fwrite(text->p, 1, text->n, stdout);
}

static int print_help(void)
{
    struct buf out;

    buf_init(&out, OUTPUT_BYTES);
    options_help(&out);
    print(&out);
    buf_release(&out);
    return 0;
}

/* Thousands of connections, and waits that end when they should. */
static void prepare_process(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    prctl(PR_SET_TIMERSLACK, 1);
}

static bool write_json(const char *path, const struct buf *text)
{
    FILE *f = fopen(path, "we");
    bool is_written;

    if (!f)
        return false;
    is_written = fwrite(text->p, 1, text->n, f) == text->n;
    return fclose(f) == 0 && is_written;
}

static bool tell(const struct options *options, const struct results *results)
{
    struct buf out;
    bool is_told = true;

    buf_init(&out, OUTPUT_BYTES);
    results_table(results, &out);
    print(&out);
    buf_reset(&out);
    results_json(results, &out);
    if (options->json && !write_json(options->json, &out)) {
        fprintf(stderr, "reuse-chat bench: %s cannot be written\n", options->json);
        is_told = false;
    }
    buf_release(&out);
    return is_told;
}

static int run_mode(const struct options *options)
{
    struct run run = {.options = options};
    struct why why = {.text = ""};
    bool is_measured;

    prepare_process();
    results_text(&run.results, "mode", options_mode_name(options->mode));
    is_measured =
        world_init(&run.world, options, &why) && modes[options->mode](&run, &why);
    world_release(&run.world);
    if (!is_measured) {
        fprintf(stderr, "reuse-chat bench: %s\n", why.text);
        return BENCH_EXIT_UNAVAILABLE;
    }
    if (!tell(options, &run.results))
        return BENCH_EXIT_UNAVAILABLE;
    return run.has_faults ? BENCH_EXIT_FAULTS : 0;
}

int bench_main(const char *const *flags)
{
    struct options options;
    struct why why = {.text = ""};

    for (const char *const *flag = flags; *flag; flag++) {
        if (str_eq(str_of(*flag), STR("--help")))
            return print_help();
    }
    if (!options_parse(flags, &options, &why)) {
        fprintf(stderr, "reuse-chat bench: %s\n", why.text);
        return BENCH_EXIT_USAGE;
    }
    return run_mode(&options);
}
