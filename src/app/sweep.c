/*
 * What a former life of the fleet left half done: rooms whose deletion was cut short.
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#include "app/server_parts.h"
#include "service/room.h"

#include "base/banned.h"

struct sweep_job {
    struct work_job job;
    struct server *server;
    enum err rc;
    size_t swept;
};

static void sweep_run(struct work_job *job, struct work_ctx *ctx)
{
    struct sweep_job *sweep = (struct sweep_job *)job;

    sweep->rc = room_sweep(ctx, &sweep->swept);
}

static void sweep_done(struct work_job *job)
{
    struct sweep_job *sweep = (struct sweep_job *)job;
    const struct log *log = &sweep->server->log;

    if (sweep->rc != ERR_OK)
        LOG_WARN(log, "room.sweep_failed", LOG_C("error", err_info(sweep->rc)->code));
    else if (sweep->swept > 0)
        LOG_INFO(log, "room.swept", LOG_INT("rooms", sweep->swept));
    free(sweep);
}

void server_sweep(struct server *s)
{
    struct sweep_job *sweep = mem_zalloc(sizeof(*sweep));

    sweep->job.run = sweep_run;
    sweep->job.done = sweep_done;
    sweep->server = s;
    if (work_submit(s->pool, 0, &sweep->job) != ERR_OK)
        free(sweep); /* the next start does it */
}
