/* SPDX-License-Identifier: MIT */
#include "bench/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench/procs.h"

#include "base/banned.h"

enum {
    CHILD_WORDS = 128
};

extern char **environ;

/* Cuts text at its blanks; words ends with NULL. */
static bool split_words(char *text, char **words)
{
    size_t n = 0;

    for (char *at = text; *at; at++) {
        if (*at == ' ')
            *at = '\0';
        else if (at == text || at[-1] == '\0')
            words[n++] = at;
        if (n == CHILD_WORDS)
            return false;
    }
    words[n] = NULL;
    return n > 0;
}

int child_start(const char *command, const char *log, struct why *why)
{
    char *words[CHILD_WORDS + 1], *text = strdup(command);
    posix_spawn_file_actions_t actions;
    int error = EINVAL;
    pid_t pid = -1;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log,
                                     O_WRONLY | O_CREAT | O_APPEND, 0644);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    if (text && split_words(text, words))
        error = posix_spawnp(&pid, words[0], &actions, NULL, words, environ);
    if (error != 0) {
        why_set(why, "%s: %s", command, strerror(error));
        pid = -1;
    }
    posix_spawn_file_actions_destroy(&actions);
    free(text);
    return pid;
}

void child_stop(int pid, int64_t deadline_ns)
{
    kill(pid, SIGTERM);
    while (waitpid(pid, NULL, WNOHANG) == 0) {
        if (clock_mono_ns() > deadline_ns)
            kill(pid, SIGKILL);
        usleep(1000);
    }
}

bool child_kill(int pid, int64_t deadline_ns, struct why *why)
{
    if (kill(pid, SIGKILL) != 0) {
        why_set(why, "kill -9 %d: %s", pid, strerror(errno));
        return false;
    }
    while (procs_is_running(pid)) {
        if (clock_mono_ns() > deadline_ns) {
            why_set(why, "process %d is still there after kill -9", pid);
            return false;
        }
        usleep(100);
    }
    return true;
}
