/*
 * The numbers of a batch: each room gives as many as it gets messages, if it is still what its card
 * says. One room is one statement; several are locked in the order of their ids by one, and written
 * by another, however many they are.
 * SPDX-License-Identifier: MIT
 */
#include "base/buf.h"
#include "generated/c/dao_chat.h"
#include "service/store_batch.h"

#include "base/banned.h"

struct numbering {
    struct work_ctx *ctx;
    struct store_unit **units;
    int64_t civil_ns;
    struct store_numbers *out;
};

/* The room's card was older than the room: read it again in the next round. The loop's own card
 * stays the loop's; a missing fresh one makes store_admit read. */
static void drop_cards(const struct numbering *g, const struct store_run *run)
{
    for (size_t i = run->from; i < run->to; i++) {
        card_unref(&g->units[i]->fresh);
        g->units[i]->card = NULL;
    }
}

/* The run of units that share the room of units[from]. */
static struct store_run run_from(const struct numbering *g, size_t from, size_t n)
{
    struct store_run run = {.from = from, .to = from, .card = store_card(g->units[from])};
    int64_t room_id = run.card->room_id;

    for (; run.to < n && store_card(g->units[run.to])->room_id == room_id; run.to++) {
        run.n += (uint32_t)g->units[run.to]->n_messages;
        if (store_card(g->units[run.to])->access_version > run.card->access_version)
            run.card = store_card(g->units[run.to]);
    }
    return run;
}

/* false: an older card admitted somebody who is no member any more. */
static bool note_sides(const struct numbering *g, struct store_run *run)
{
    uint32_t n = 0;

    for (size_t i = run->from; i < run->to; i++) {
        const struct card_member *sender = card_member(run->card, g->units[i]->sender);

        if (!sender)
            return false;
        n += (uint32_t)g->units[i]->n_messages;
        if (sender->side == 0)
            run->from_0 = n;
        else
            run->from_1 = n;
    }
    return true;
}

static enum err make_runs(const struct numbering *g, size_t n)
{
    struct store_numbers *out = g->out;
    enum err rc = ERR_OK;

    *out =
        (struct store_numbers){.runs = ARENA_ARRAY(&g->ctx->arena, struct store_run, n)};
    for (size_t from = 0; from < n; from = out->runs[out->n_runs++].to) {
        struct store_run *run = &out->runs[out->n_runs];

        *run = run_from(g, from, n);
        if (note_sides(g, run))
            continue;
        drop_cards(g, run);
        rc = ERR_NOT_FOUND;
    }
    return rc;
}

static enum err take_one(const struct numbering *g)
{
    struct store_run *run = &g->out->runs[0];
    const struct dao_room_take_seq_in in = {
        .id = run->card->room_id,
        .access_version = run->card->access_version,
        .n = run->n,
        .from_0 = run->from_0,
        .from_1 = run->from_1,
        .has_updated_at = true,
        .updated_at = g->civil_ns,
    };
    struct db_result result;
    enum err rc = dao_room_take_seq(g->ctx->db, &in, &result);

    if (rc != ERR_OK)
        return rc;
    if (result.affected == 0) {
        drop_cards(g, run);
        return ERR_NOT_FOUND;
    }
    run->last_seq = (int64_t)result.insert_id - run->n;
    return ERR_OK;
}

/* Both are sorted by id, and a room that is gone has no row. */
static enum err match(const struct numbering *g, const struct dao_rooms_lock_row *rows,
                      size_t n)
{
    enum err rc = ERR_OK;

    for (size_t i = 0, at = 0; i < g->out->n_runs; i++) {
        struct store_run *run = &g->out->runs[i];
        const struct dao_rooms_lock_row *row = &rows[at];

        if (at < n && row->id == run->card->room_id) {
            at++;
            run->last_seq = row->last_seq;
            if (row->access_version == run->card->access_version &&
                str_eq(row->state, STR("open")))
                continue;
        }
        drop_cards(g, run);
        rc = ERR_NOT_FOUND;
    }
    return rc;
}

static enum err lock_all(const struct numbering *g, struct buf *json)
{
    const struct store_numbers *numbers = g->out;
    struct dao_rooms_lock_row *rows;
    size_t n;
    enum err rc;

    for (size_t i = 0; i < numbers->n_runs; i++) {
        buf_putc(json, i == 0 ? '[' : ',');
        buf_append_i64(json, numbers->runs[i].card->room_id);
    }
    buf_putc(json, ']');
    rc = dao_rooms_lock(g->ctx->db, &(struct dao_rooms_lock_in){.ids = buf_str(json)},
                        &g->ctx->arena, &rows, &n);
    return rc == ERR_OK ? match(g, rows, n) : rc;
}

static enum err put_all(const struct numbering *g, struct buf *json)
{
    const struct store_numbers *numbers = g->out;

    for (size_t i = 0; i < numbers->n_runs; i++) {
        const struct store_run *run = &numbers->runs[i];
        const int64_t cells[] = {run->card->room_id, run->last_seq + run->n,
                                 run->from_0 > 0 ? run->last_seq + run->from_0 : 0,
                                 run->from_1 > 0 ? run->last_seq + run->from_1 : 0};

        buf_append_c(json, i == 0 ? "[" : ",");
        for (size_t k = 0; k < sizeof(cells) / sizeof(cells[0]); k++) {
            buf_putc(json, k == 0 ? '[' : ',');
            buf_append_i64(json, cells[k]);
        }
        buf_putc(json, ']');
    }
    buf_putc(json, ']');
    return dao_rooms_put_seqs(g->ctx->db,
                              &(struct dao_rooms_put_seqs_in){.rooms = buf_str(json),
                                                              .updated_at = g->civil_ns},
                              NULL);
}

static enum err take_all(const struct numbering *g)
{
    struct buf json;
    enum err rc;

    buf_init(&json, SIZE_MAX);
    rc = lock_all(g, &json);
    buf_reset(&json);
    if (rc == ERR_OK)
        rc = put_all(g, &json);
    buf_release(&json);
    return rc;
}

static void give(const struct numbering *g, const struct store_run *run)
{
    int64_t seq = run->last_seq;

    for (size_t i = run->from; i < run->to; i++)
        for (size_t j = 0; j < g->units[i]->n_messages; j++) {
            g->units[i]->messages[j].seq = ++seq;
            g->units[i]->messages[j].timestamp = g->civil_ns;
        }
}

enum err store_number(struct work_ctx *ctx, struct store_unit **units, size_t n,
                      int64_t civil_ns, struct store_numbers *out)
{
    const struct numbering g = {
        .ctx = ctx, .units = units, .civil_ns = civil_ns, .out = out};
    enum err rc = make_runs(&g, n);

    if (rc == ERR_OK)
        rc = out->n_runs == 1 ? take_one(&g) : take_all(&g);
    for (size_t i = 0; rc == ERR_OK && i < out->n_runs; i++)
        give(&g, &out->runs[i]);
    return rc;
}
