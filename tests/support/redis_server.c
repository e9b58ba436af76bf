/* SPDX-License-Identifier: MIT */
#include "support/redis_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

static int free_port(void)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(in);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    BUG_ON(bind(fd, (struct sockaddr *)&in, size) != 0);
    BUG_ON(getsockname(fd, (struct sockaddr *)&in, &size) != 0);
    close(fd);
    return ntohs(in.sin_port);
}

void redis_server_init(struct redis_server *s)
{
    *s = (struct redis_server){.port = free_port(), .dir = "/tmp/reuse-redis-XXXXXX"};
    BUG_ON(!mkdtemp(s->dir));
    snprintf(s->url, sizeof(s->url), "redis://127.0.0.1:%d", s->port);
}

__attribute__((noreturn)) static void become_redis(const struct redis_server *s,
                                                   const char *password)
{
    int null = open("/dev/null", O_RDWR);
    char port[16];

    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that crashes leaves nothing behind */
    dup2(null, 1);
    dup2(null, 2);
    snprintf(port, sizeof(port), "%d", s->port);
    execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1", "--dir",
           s->dir, "--save", "", "--requirepass", password ? password : "", (char *)NULL);
    _exit(127);
}

void redis_server_start(struct redis_server *s, const char *password)
{
    BUG_ON(s->pid != 0);
    s->pid = fork();
    BUG_ON(s->pid < 0);
    if (s->pid == 0)
        become_redis(s, password);
}

void redis_server_signal(const struct redis_server *s, int signum)
{
    if (s->pid != 0)
        BUG_ON(kill(s->pid, signum) != 0);
}

void redis_server_kill(struct redis_server *s)
{
    if (s->pid == 0)
        return;
    redis_server_signal(s, SIGKILL);
    BUG_ON(waitpid(s->pid, NULL, 0) != s->pid);
    s->pid = 0;
}

void redis_server_release(struct redis_server *s)
{
    redis_server_kill(s);
    rmdir(s->dir);
}
