/*
 * How programs built with a sanitizer run, whoever starts them: what is checked beyond the default,
 * and which reports are of libraries that ThreadSanitizer cannot see into. Linked by cmake/sanitizers.cmake
 * into each program; what the environment says (TSAN_OPTIONS, ...) comes on top.
 * SPDX-License-Identifier: MIT
 */
#include "base/banned.h"

const char *__asan_default_options(void);
const char *__ubsan_default_options(void);
const char *__lsan_default_suppressions(void);
const char *__tsan_default_options(void);
const char *__tsan_default_suppressions(void);

const char *__asan_default_options(void)
{
    return "detect_stack_use_after_return=1:strict_string_checks=1:detect_leaks=1";
}

const char *__ubsan_default_options(void)
{
    return "print_stacktrace=1";
}

/* The engine inside (10.11) forgets 8 kB when a deadlock ends a SELECT that has begun to answer. */
const char *__lsan_default_suppressions(void)
{
    return "leak:Protocol::begin_dataset\n";
}

const char *__tsan_default_options(void)
{
    return "second_deadlock_stack=1:history_size=4";
}

/*
 * librdkafka counts references with atomic instructions that the sanitizer cannot see, as the library
 * is not built with it; what it frees in one thread would seem to race with our reading it before. So
 * the C library's calls made by it are ignored, but for its locks: they come by tsan_thrd.c. libuv and
 * libwebsockets open and close descriptors behind its back (raw system calls, __open64_2): to it, a
 * number that is used again is a race. Of the engine's locks it sees none.
 */
const char *__tsan_default_suppressions(void)
{
    return "called_from_lib:librdkafka.so\n"
           "called_from_lib:libmariadbd.so\n"
           "called_from_lib:libuv.so\n"
           "called_from_lib:libwebsockets.so\n";
}
