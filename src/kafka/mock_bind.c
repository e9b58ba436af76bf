/* SPDX-License-Identifier: MIT */
#include "kafka/mock_bind.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/banned.h"

static _Thread_local int next_port;

void mock_bind_next_port(int port)
{
    next_port = port;
}

static int bind_to(int fd, const void *address, socklen_t size)
{
    return (int)syscall(SYS_bind, fd, address, size);
}

/* Declared with a transparent union in glibc, so the parameter must be of its type. */
int bind(int fd, __CONST_SOCKADDR_ARG address, socklen_t size)
{
    struct sockaddr_in in;
    const struct sockaddr *plain = address.__sockaddr__;
    int port = next_port;

    if (port == 0 || size != sizeof(in) || plain->sa_family != AF_INET)
        return bind_to(fd, plain, size);
    memcpy(&in, plain, sizeof(in));
    if (in.sin_port != 0)
        return bind_to(fd, plain, size);
    next_port = 0;
    in.sin_port = htons((uint16_t)port);
    if (bind_to(fd, &in, sizeof(in)) == 0)
        return 0;
    return bind_to(fd, plain, size);
}
