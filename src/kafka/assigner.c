/* SPDX-License-Identifier: MIT */
#include "kafka/assigner.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/banned.h"

enum {
    REFRESH_MS = 5000, /* between looks for new partitions */
    RETRY_MS = 100,    /* while something has no position yet */
    ABSENT_MS = 500,   /* while a topic does not exist */
    CALL_TIMEOUT_MS = 2000,
    PARTITIONS_MAX = 10000
};

/* From where a partition is to be read, until it is. */
enum partition_state {
    PARTITION_AT_END,       /* there when we started */
    PARTITION_AT_BEGINNING, /* made since: all of it is news */
    PARTITION_LOST,         /* its position is no longer in the log */
    PARTITION_ASSIGNED,
};

struct partition {
    enum partition_state state;
    int32_t leader;      /* broker id; -1: none now */
    int64_t lost_offset; /* LOST: where we were */
};

struct topic {
    char *name;
    rd_kafka_topic_t *handle;
    bool is_known; /* the broker told once whether and how it exists */
    struct partition *partitions;
    int n_partitions;
};

struct lost {
    char *topic;
    int32_t partition;
    int64_t offset;
    struct lost *next;
};

struct assigner {
    struct kafka_link *link;
    rd_kafka_t *rk;
    struct topic *topics; /* thread: the assigner's */
    size_t n_topics;
    pthread_t thread;
    pthread_mutex_t lock; /* of what is below */
    pthread_cond_t is_changed;
    bool is_stopping, is_up, must_look;
    struct lost *lost;
    struct assigner_state state;
};

static void take_lost(struct assigner *a, struct lost *lost)
{
    struct lost *next;

    for (; lost; lost = next) {
        next = lost->next;
        for (size_t i = 0; i < a->n_topics; i++) {
            struct topic *t = &a->topics[i];

            if (strcmp(t->name, lost->topic) != 0 || lost->partition >= t->n_partitions)
                continue;
            t->partitions[lost->partition].state = PARTITION_LOST;
            t->partitions[lost->partition].lost_offset = lost->offset;
        }
        free(lost->topic);
        free(lost);
    }
}

/* Takes over what the broker says of a topic's partitions; new ones are read from the beginning,
 * unless this is the first we hear of the topic. */
static void learn(struct topic *t, const struct rd_kafka_metadata_topic *md)
{
    enum partition_state state = t->is_known ? PARTITION_AT_BEGINNING : PARTITION_AT_END;
    int n = md->partition_cnt < PARTITIONS_MAX ? md->partition_cnt : PARTITIONS_MAX;

    if (n > t->n_partitions) {
        t->partitions = mem_realloc(t->partitions, (size_t)n * sizeof(*t->partitions));
        for (int i = t->n_partitions; i < n; i++)
            t->partitions[i] = (struct partition){.state = state, .leader = -1};
        t->n_partitions = n;
    }
    for (int i = 0; i < n; i++) {
        int32_t id = md->partitions[i].id;

        if (id >= 0 && id < t->n_partitions)
            t->partitions[id].leader = md->partitions[i].leader;
    }
    t->is_known = true;
}

/* A topic that is gone keeps its partitions: if it was only a broker that has not caught up yet,
 * reading goes on; if it is made anew, their positions turn out to be lost. */
static bool is_absent(rd_kafka_resp_err_t err)
{
    return err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
           err == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
}

static bool look(struct assigner *a, struct topic *t)
{
    const struct rd_kafka_metadata *md;
    rd_kafka_resp_err_t err;

    err = rd_kafka_metadata(a->rk, 0, t->handle, &md, CALL_TIMEOUT_MS);
    if (err) {
        link_error(a->link, err, "metadata request failed");
        return false;
    }
    if (md->topic_cnt == 1) {
        err = md->topics[0].err;
        if (is_absent(err) || (!err && md->topics[0].partition_cnt > 0))
            learn(t, &md->topics[0]);
        else if (err)
            link_error(a->link, err, "topic cannot be read");
    }
    rd_kafka_metadata_destroy(md);
    return t->is_known;
}

/* which: RD_KAFKA_OFFSET_BEGINNING or RD_KAFKA_OFFSET_END, as a definite offset. */
static bool ask_offset(struct assigner *a, const struct topic *t, int32_t id,
                       int64_t which, int64_t *offset_out)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_resp_err_t err;

    /* The protocol's two special timestamps are these numbers. Not query_watermark_offsets(),
     * which overruns its time-out when a broker hangs. */
    rd_kafka_topic_partition_list_add(list, t->name, id)->offset = which;
    err = rd_kafka_offsets_for_times(a->rk, list, CALL_TIMEOUT_MS);
    if (!err)
        err = list->elems[0].err;
    *offset_out = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    if (err)
        link_error(a->link, err, "offset request failed");
    return !err && *offset_out >= 0;
}

static bool find_lost_offset(struct assigner *a, const struct topic *t, int32_t id,
                             int64_t *offset_out)
{
    int64_t was = t->partitions[id].lost_offset, begin, end;

    if (!ask_offset(a, t, id, RD_KAFKA_OFFSET_BEGINNING, &begin) ||
        !ask_offset(a, t, id, RD_KAFKA_OFFSET_END, &end))
        return false;
    /* Fallen behind what is kept: the oldest that is left. Cut off or made anew: from now on. */
    *offset_out = was < begin ? begin : was > end ? end : was;
    return true;
}

static bool find_offset(struct assigner *a, const struct topic *t, int32_t id,
                        int64_t *offset_out)
{
    switch (t->partitions[id].state) {
    case PARTITION_AT_END:
        return ask_offset(a, t, id, RD_KAFKA_OFFSET_END, offset_out);
    case PARTITION_AT_BEGINNING:
        return ask_offset(a, t, id, RD_KAFKA_OFFSET_BEGINNING, offset_out);
    case PARTITION_LOST:
        return find_lost_offset(a, t, id, offset_out);
    case PARTITION_ASSIGNED:
        break;
    }
    return false;
}

/* No further call that could block: the owner waits for us, or the broker is away. */
static bool is_interrupted(struct assigner *a)
{
    bool is_interrupted;

    pthread_mutex_lock(&a->lock);
    is_interrupted = a->is_stopping || !a->is_up;
    pthread_mutex_unlock(&a->lock);
    return is_interrupted;
}

/* Finds offsets of a topic's partitions that have none; false if one is still without. */
static bool place(struct assigner *a, const struct topic *t,
                  rd_kafka_topic_partition_list_t *assign,
                  rd_kafka_topic_partition_list_t *drop)
{
    bool is_complete = true;

    for (int32_t id = 0; id < t->n_partitions; id++) {
        const struct partition *p = &t->partitions[id];
        int64_t offset;

        if (p->state == PARTITION_ASSIGNED)
            continue;
        if (p->leader < 0 || is_interrupted(a) || !find_offset(a, t, id, &offset)) {
            is_complete = false;
            continue;
        }
        if (p->state == PARTITION_LOST)
            rd_kafka_topic_partition_list_add(drop, t->name, id);
        rd_kafka_topic_partition_list_add(assign, t->name, id)->offset = offset;
    }
    return is_complete;
}

static bool is_done(struct assigner *a, rd_kafka_error_t *error)
{
    if (!error)
        return true;
    link_error(a->link, rd_kafka_error_code(error), rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    return false;
}

static void mark_assigned(struct assigner *a, const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++)
        for (size_t j = 0; j < a->n_topics; j++)
            if (strcmp(a->topics[j].name, list->elems[i].topic) == 0)
                a->topics[j].partitions[list->elems[i].partition].state =
                    PARTITION_ASSIGNED;
}

static bool assign(struct assigner *a, rd_kafka_topic_partition_list_t *list,
                   rd_kafka_topic_partition_list_t *drop)
{
    if (drop->cnt > 0 && !is_done(a, rd_kafka_incremental_unassign(a->rk, drop)))
        return false;
    if (!is_done(a, rd_kafka_incremental_assign(a->rk, list)))
        return false;
    mark_assigned(a, list);
    /* So that tools show a lag from the start; whether it arrives matters to nobody. */
    (void)rd_kafka_commit(a->rk, list, 1);
    return true;
}

/* One look at everything. true: all has a position; *is_new_out: something was assigned */
static bool look_at_all(struct assigner *a, bool *is_new_out)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(8);
    rd_kafka_topic_partition_list_t *drop = rd_kafka_topic_partition_list_new(1);
    bool is_complete = true;

    for (size_t i = 0; i < a->n_topics; i++) {
        if (is_interrupted(a) || !look(a, &a->topics[i]) ||
            !place(a, &a->topics[i], list, drop))
            is_complete = false;
    }
    *is_new_out = list->cnt > 0 && assign(a, list, drop);
    if (list->cnt > 0 && !*is_new_out)
        is_complete = false;
    rd_kafka_topic_partition_list_destroy(drop);
    rd_kafka_topic_partition_list_destroy(list);
    return is_complete;
}

static bool has_absent_topic(const struct assigner *a)
{
    for (size_t i = 0; i < a->n_topics; i++)
        if (a->topics[i].n_partitions == 0)
            return true;
    return false;
}

static void publish(struct assigner *a, bool is_complete, bool is_new)
{
    pthread_mutex_lock(&a->lock);
    /* A loss that came meanwhile is looked at next; until then it stands. */
    a->state.is_positioned = is_complete && !a->lost;
    a->state.n_assignments += is_new;
    pthread_mutex_unlock(&a->lock);
    link_wake(a->link);
}

/* Until there is a reason to look, or wait_ms are over and the broker is up. false: stop */
static bool wait_for_reason(struct assigner *a, int wait_ms, struct lost **lost_out)
{
    struct timespec end;
    int rc = 0;

    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += wait_ms / 1000;
    end.tv_nsec += wait_ms % 1000 * 1000000L;
    if (end.tv_nsec >= 1000000000L) {
        end.tv_nsec -= 1000000000L;
        end.tv_sec++;
    }
    pthread_mutex_lock(&a->lock);
    while (!a->is_stopping && !(a->is_up && (a->must_look || a->lost || rc != 0)))
        rc = a->is_up ? pthread_cond_timedwait(&a->is_changed, &a->lock, &end)
                      : pthread_cond_wait(&a->is_changed, &a->lock);
    a->must_look = false;
    *lost_out = a->lost;
    a->lost = NULL;
    rc = a->is_stopping;
    pthread_mutex_unlock(&a->lock);
    return !rc;
}

static void *assigner_main(void *arg)
{
    struct assigner *a = arg;
    struct lost *lost;
    int wait_ms = REFRESH_MS;
    bool is_complete, is_new;

    while (wait_for_reason(a, wait_ms, &lost)) {
        take_lost(a, lost);
        is_complete = look_at_all(a, &is_new);
        publish(a, is_complete, is_new);
        wait_ms = !is_complete ? RETRY_MS : has_absent_topic(a) ? ABSENT_MS : REFRESH_MS;
    }
    take_lost(a, lost);
    return NULL;
}

struct assigner *assigner_start(struct kafka_link *l, rd_kafka_t *rk,
                                const char *const *topics, size_t n_topics)
{
    struct assigner *a = mem_zalloc(sizeof(*a));
    pthread_condattr_t attributes;
    sigset_t all, before;

    a->link = l;
    a->rk = rk;
    a->n_topics = n_topics;
    a->topics = mem_zalloc(n_topics * sizeof(*a->topics));
    for (size_t i = 0; i < n_topics; i++) {
        a->topics[i].name = mem_alloc(strlen(topics[i]) + 1);
        memcpy(a->topics[i].name, topics[i], strlen(topics[i]) + 1);
        a->topics[i].handle = rd_kafka_topic_new(rk, topics[i], NULL);
        BUG_ON(!a->topics[i].handle);
    }
    BUG_ON(pthread_mutex_init(&a->lock, NULL) != 0);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    BUG_ON(pthread_cond_init(&a->is_changed, &attributes) != 0);
    pthread_condattr_destroy(&attributes);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    BUG_ON(pthread_create(&a->thread, NULL, assigner_main, a) != 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_setname_np(a->thread, "kafka-assign");
    return a;
}

void assigner_stop(struct assigner **a_inout)
{
    struct assigner *a = *a_inout;

    if (!a)
        return;
    pthread_mutex_lock(&a->lock);
    a->is_stopping = true;
    pthread_mutex_unlock(&a->lock);
    pthread_cond_signal(&a->is_changed);
    BUG_ON(pthread_join(a->thread, NULL) != 0);
    for (size_t i = 0; i < a->n_topics; i++) {
        rd_kafka_topic_destroy(a->topics[i].handle);
        free(a->topics[i].name);
        free(a->topics[i].partitions);
    }
    free(a->topics);
    pthread_cond_destroy(&a->is_changed);
    pthread_mutex_destroy(&a->lock);
    free(a);
    *a_inout = NULL;
}

void assigner_set_up(struct assigner *a, bool is_up)
{
    pthread_mutex_lock(&a->lock);
    a->is_up = is_up;
    a->must_look = is_up;
    pthread_mutex_unlock(&a->lock);
    pthread_cond_signal(&a->is_changed);
}

void assigner_lose(struct assigner *a, const char *topic, int32_t partition,
                   int64_t offset)
{
    struct lost *lost = mem_zalloc(sizeof(*lost));

    lost->topic = mem_alloc(strlen(topic) + 1);
    memcpy(lost->topic, topic, strlen(topic) + 1);
    lost->partition = partition;
    lost->offset = offset;
    pthread_mutex_lock(&a->lock);
    lost->next = a->lost;
    a->lost = lost;
    a->state.is_positioned = false;
    pthread_mutex_unlock(&a->lock);
    pthread_cond_signal(&a->is_changed);
}

struct assigner_state assigner_state(struct assigner *a)
{
    struct assigner_state state;

    pthread_mutex_lock(&a->lock);
    state = a->state;
    pthread_mutex_unlock(&a->lock);
    return state;
}
