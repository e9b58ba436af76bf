/* SPDX-License-Identifier: MIT */
#include "support/kafka_real.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bug.h"

#include "base/banned.h"

struct kafka_real {
    char dir[64];
    char brokers[32];
    int port, partitions;
};

int free_port(void)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(in);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    BUG_ON(bind(fd, (struct sockaddr *)&in, size) != 0);
    BUG_ON(getsockname(fd, (struct sockaddr *)&in, &size) != 0);
    close(fd);
    return ntohs(in.sin_port);
}

static int broker(const struct kafka_real *k, const char *command, const char *more)
{
    char line[256];

    snprintf(line, sizeof(line), "tools/kafka/broker %s %s %s", command, k->dir, more);
    return system(line);
}

static int start(struct kafka_real *k)
{
    char more[32];

    snprintf(more, sizeof(more), "%d %d", k->port, k->partitions);
    return broker(k, "start", more);
}

struct kafka_real *kafka_real_new(int partitions)
{
    struct kafka_real *k;

    if (system("tools/kafka/broker install") != 0)
        return NULL;
    k = mem_zalloc(sizeof(*k));
    snprintf(k->dir, sizeof(k->dir), "/tmp/reuse-kafka-XXXXXX");
    BUG_ON(!mkdtemp(k->dir));
    k->port = free_port();
    k->partitions = partitions;
    snprintf(k->brokers, sizeof(k->brokers), "127.0.0.1:%d", k->port);
    if (start(k) == 0)
        return k;
    kafka_real_free(&k);
    return NULL;
}

struct str kafka_real_brokers(const struct kafka_real *k)
{
    return str_of(k->brokers);
}

void kafka_real_stop(struct kafka_real *k)
{
    BUG_ON(broker(k, "stop", "") != 0);
}

void kafka_real_kill(struct kafka_real *k)
{
    BUG_ON(broker(k, "kill", "") != 0);
}

void kafka_real_start(struct kafka_real *k)
{
    BUG_ON(start(k) != 0);
}

void kafka_real_free(struct kafka_real **k_inout)
{
    struct kafka_real *k = *k_inout;
    char line[128];

    if (!k)
        return;
    kafka_real_kill(k);
    snprintf(line, sizeof(line), "rm -rf %s", k->dir);
    BUG_ON(system(line) != 0);
    free(k);
    *k_inout = NULL;
}
