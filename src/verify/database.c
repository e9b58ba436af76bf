/*
 * Checks of the database alone. Each statement sees one moment, so servers may go on meanwhile.
 * SPDX-License-Identifier: MIT
 */
#include "generated/c/dao_chat.h"
#include "service/outbox.h"
#include "verify/run_internal.h"

#include "base/banned.h"

enum {
    HOLES_A_ROOM = 10,
    OUTBOX_PAGE = 8, /* a row has up to 15 MB */
    REPEATS_MAX = 1000
};

/* --- numbers ------------------------------------------------------------------------------ */

static void find_hole(struct verify *v, struct str room, int64_t first, int64_t last)
{
    if (first == last)
        verify_find(v, VERIFY_SEQ, room, "message %lld is missing", (long long)first);
    else
        verify_find(v, VERIFY_SEQ, room, "messages %lld to %lld are missing",
                    (long long)first, (long long)last);
}

/* The hole behind a message. */
static enum err measure_hole(struct verify *v, const struct dao_verify_rooms_row *room,
                             int64_t before)
{
    struct chat_row *next;
    size_t n;
    enum err rc = dao_chat_after(
        v->db,
        &(struct dao_chat_after_in){.room_id = room->id, .after = before, .limit = 1},
        &v->page, &next, &n);

    if (rc == ERR_OK && n == 1)
        find_hole(v, room->roomuuid, before + 1, next->seq - 1);
    return rc;
}

static enum err look_for_holes(struct verify *v, const struct dao_verify_rooms_row *room)
{
    struct dao_verify_holes_row *holes;
    size_t n;
    enum err rc;

    if (room->messages == 0 || room->messages == room->last)
        return ERR_OK;
    if (room->first > 1)
        find_hole(v, room->roomuuid, 1, room->first - 1);
    rc = dao_verify_holes(v->db,
                          &(struct dao_verify_holes_in){.room_id = room->id,
                                                        .last = room->last,
                                                        .limit = HOLES_A_ROOM},
                          &v->page, &holes, &n);
    for (size_t i = 0; rc == ERR_OK && i < n; i++)
        rc = measure_hole(v, room, holes[i].seq);
    if (rc == ERR_OK && n == HOLES_A_ROOM)
        verify_find(v, VERIFY_SEQ, room->roomuuid, "%lld messages are missing in all",
                    (long long)(room->last - room->messages));
    return rc;
}

static void compare_side(struct verify *v, const struct dao_verify_rooms_row *room,
                         int side, int64_t stored, int64_t sent)
{
    if (stored != sent)
        verify_find(v, VERIFY_LAST_SEQ, room->roomuuid,
                    "last_seq_%d is %lld, the last message of that side is %lld", side,
                    (long long)stored, (long long)sent);
}

static enum err look_at_room(struct verify *v, const struct dao_verify_rooms_row *room)
{
    v->checks[VERIFY_SEQ].examined += room->messages;
    v->checks[VERIFY_LAST_SEQ].examined++;
    if (str_eq(room->state, STR("closed")))
        return ERR_OK; /* it is being removed */
    if (room->last_seq != room->last)
        verify_find(v, VERIFY_LAST_SEQ, room->roomuuid,
                    "last_seq is %lld, the last message is %lld",
                    (long long)room->last_seq, (long long)room->last);
    compare_side(v, room, 0, room->last_seq_0, room->from_0);
    compare_side(v, room, 1, room->last_seq_1, room->from_1);
    return look_for_holes(v, room);
}

static enum err page_rooms(struct verify *v, int64_t *after, bool *more_out, void *ctx)
{
    int64_t *n_without_members = ctx;
    struct dao_verify_rooms_row *rows;
    size_t n;
    enum err rc = dao_verify_rooms(
        v->db, &(struct dao_verify_rooms_in){.after = *after, .limit = VERIFY_PAGE},
        &v->page, &rows, &n);

    for (size_t i = 0; rc == ERR_OK && i < n; i++) {
        rc = look_at_room(v, &rows[i]);
        *n_without_members += rows[i].has_members == 0;
        *after = rows[i].id;
    }
    *more_out = rc == ERR_OK && n == VERIFY_PAGE;
    return rc;
}

static enum err check_rooms(struct verify *v)
{
    int64_t n_without_members = 0;
    enum err rc = verify_pages(v, page_rooms, &n_without_members);

    if (n_without_members >
        0) /* a taken-over database has such rooms: no fault of ours */
        verify_note(v, VERIFY_LAST_SEQ, "%lld rooms have no members",
                    (long long)n_without_members);
    return rc;
}

/* --- markers ------------------------------------------------------------------------------ */

static enum err page_markers(struct verify *v, int64_t *after, bool *more_out, void *ctx)
{
    struct dao_verify_markers_row *rows;
    size_t n;
    enum err rc = dao_verify_markers(
        v->db, &(struct dao_verify_markers_in){.after = *after, .limit = VERIFY_PAGE},
        &v->page, &rows, &n);

    (void)ctx;
    for (size_t i = 0; rc == ERR_OK && i < n; i++) {
        verify_find(
            v, VERIFY_MARKERS, rows[i].roomuuid,
            "row %lld of room_user: read_seq %lld, delivered_seq %lld, hidden_seq "
            "%lld, but the last message is %lld",
            (long long)rows[i].id, (long long)rows[i].read_seq,
            (long long)rows[i].delivered_seq, (long long)rows[i].hidden_seq,
            (long long)rows[i].last_seq);
        *after = rows[i].id;
    }
    *more_out = rc == ERR_OK && n == VERIFY_PAGE;
    return rc;
}

static enum err check_markers(struct verify *v)
{
    return verify_pages(v, page_markers, NULL);
}

/* --- references --------------------------------------------------------------------------- */

/* A reference that the schema makes, and the question whether it is kept. */
struct reference {
    const char *child, *column, *parent;
    enum err (*ask)(struct verify *v, int64_t after, struct verify_orphan **rows_out,
                    size_t *n_out);
};

static enum err ask_chat(struct verify *v, int64_t after, struct verify_orphan **rows_out,
                         size_t *n_out)
{
    const struct dao_verify_orphans_chat_in in = {.after = after, .limit = VERIFY_PAGE};

    return dao_verify_orphans_chat(v->db, &in, &v->page, rows_out, n_out);
}

static enum err ask_room_user(struct verify *v, int64_t after,
                              struct verify_orphan **rows_out, size_t *n_out)
{
    const struct dao_verify_orphans_room_user_in in = {.after = after,
                                                       .limit = VERIFY_PAGE};

    return dao_verify_orphans_room_user(v->db, &in, &v->page, rows_out, n_out);
}

static const struct reference references[] = {
    {"chat", "room_id", "room", ask_chat},
    {"room_user", "room_id", "room", ask_room_user},
};

static enum err page_orphans(struct verify *v, int64_t *after, bool *more_out, void *ctx)
{
    const struct reference *ref = ctx;
    struct verify_orphan *rows;
    size_t n;
    enum err rc = ref->ask(v, *after, &rows, &n);

    for (size_t i = 0; rc == ERR_OK && i < n; i++) {
        verify_find(v, VERIFY_ORPHANS, STR_NULL,
                    "rows of %s whose %s is %lld: no such %s", ref->child, ref->column,
                    (long long)rows[i].parent, ref->parent);
        *after = rows[i].parent;
    }
    *more_out = rc == ERR_OK && n == VERIFY_PAGE;
    return rc;
}

static bool is_known(const struct dao_verify_references_row *row)
{
    for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++)
        if (str_eq(row->child, str_of(references[i].child)) &&
            str_eq(row->child_column, str_of(references[i].column)))
            return true;
    return false;
}

/* The database names its references itself: one that nothing here follows is told. */
static enum err check_orphans(struct verify *v)
{
    const size_t n_known = sizeof(references) / sizeof(references[0]);
    struct dao_verify_references_row *rows;
    size_t n;
    enum err rc = ERR_OK;

    for (size_t i = 0; rc == ERR_OK && i < n_known; i++) {
        struct reference ref = references[i];

        rc = verify_pages(v, page_orphans, &ref);
        v->checks[VERIFY_ORPHANS].examined++;
    }
    if (rc == ERR_OK)
        rc = dao_verify_references(v->db, &v->page, &rows, &n);
    for (size_t i = 0; rc == ERR_OK && i < n; i++)
        if (!is_known(&rows[i]))
            verify_find(v, VERIFY_ORPHANS, STR_NULL,
                        STR_FMT "." STR_FMT " refers to " STR_FMT
                                ", which this program does not know",
                        STR_ARG(rows[i].child), STR_ARG(rows[i].child_column),
                        STR_ARG(rows[i].parent));
    return rc;
}

/* --- what stands once --------------------------------------------------------------------- */

static enum err check_keys(struct verify *v)
{
    struct dao_verify_repeated_keys_row *rows;
    size_t n;
    enum err rc = dao_verify_repeated_keys(
        v->db, &(struct dao_verify_repeated_keys_in){.limit = REPEATS_MAX}, &v->page,
        &rows, &n);

    for (size_t i = 0; rc == ERR_OK && i < n; i++)
        verify_find(v, VERIFY_KEYS, STR_NULL,
                    "room with id %lld: the key of message %lld stands %lld times",
                    (long long)rows[i].room_id, (long long)rows[i].first,
                    (long long)rows[i].times);
    return rc;
}

static enum err check_ids(struct verify *v)
{
    struct dao_verify_repeated_ids_row *rows;
    size_t n;
    enum err rc = dao_verify_repeated_ids(
        v->db,
        &(struct dao_verify_repeated_ids_in){.after = STR(""), .limit = REPEATS_MAX},
        &v->page, &rows, &n);

    for (size_t i = 0; rc == ERR_OK && i < n; i++)
        verify_find(v, VERIFY_IDS, STR_NULL, "message " STR_FMT " stands %lld times",
                    STR_ARG(rows[i].id), (long long)rows[i].times);
    return rc;
}

/* --- outbox ------------------------------------------------------------------------------- */

struct outbox_walk {
    verify_outbox_fn *on_row;
    void *ctx;
};

/* out: as verify_outbox_fn has them */
static enum err read_row(struct verify *v, const struct dao_verify_outbox_row *row,
                         struct event_record **records_out, size_t *n_out)
{
    const struct outbox_row stored = {
        .id = row->id, .server_id = row->server_id, .payload = row->payload};
    enum err rc = outbox_load(v->db, &stored, EVENT_JSON, &v->page, records_out, n_out);

    if (rc != ERR_BODY_INVALID && rc != ERR_TOO_LARGE)
        return rc;
    *records_out = NULL;
    return ERR_OK;
}

static enum err page_outbox(struct verify *v, int64_t *after, bool *more_out, void *ctx)
{
    const struct outbox_walk *walk = ctx;
    struct dao_verify_outbox_row *rows;
    size_t n;
    enum err rc = dao_verify_outbox(
        v->db, &(struct dao_verify_outbox_in){.after = *after, .limit = OUTBOX_PAGE},
        &v->page, &rows, &n);

    for (size_t i = 0; rc == ERR_OK && i < n; i++) {
        struct event_record *records;
        size_t n_records;

        rc = read_row(v, &rows[i], &records, &n_records);
        if (rc == ERR_OK)
            walk->on_row(v, &rows[i], records, n_records, walk->ctx);
        *after = rows[i].id;
    }
    *more_out = rc == ERR_OK && n == OUTBOX_PAGE;
    return rc;
}

enum err verify_outbox(struct verify *v, verify_outbox_fn *on_row, void *ctx)
{
    struct outbox_walk walk = {on_row, ctx};

    return verify_pages(v, page_outbox, &walk);
}

static void look_at_row(struct verify *v, const struct dao_verify_outbox_row *row,
                        const struct event_record *records, size_t n, void *ctx)
{
    (void)n, (void)ctx;
    v->checks[VERIFY_OUTBOX].examined++;
    if (!records)
        verify_find(v, VERIFY_OUTBOX, STR_NULL, "row %lld cannot be read",
                    (long long)row->id);
    else if (row->has_age && row->age > VERIFY_OUTBOX_AGE_S)
        verify_find(v, VERIFY_OUTBOX, STR_NULL,
                    "row %lld of server " STR_FMT " is unsent since %lld seconds",
                    (long long)row->id, STR_ARG(row->server_id), (long long)row->age);
}

static enum err check_outbox(struct verify *v)
{
    return verify_outbox(v, look_at_row, NULL);
}

/* --- all of them -------------------------------------------------------------------------- */

void verify_database(struct verify *v)
{
    static const struct {
        enum verify_kind kind;
        enum err (*run)(struct verify *v);
    } all[] = {
        {VERIFY_SEQ, check_rooms},       {VERIFY_MARKERS, check_markers},
        {VERIFY_ORPHANS, check_orphans}, {VERIFY_KEYS, check_keys},
        {VERIFY_IDS, check_ids},         {VERIFY_OUTBOX, check_outbox},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        enum err rc;

        arena_reset(&v->page);
        rc = all[i].run(v);
        if (rc == ERR_OK)
            continue;
        verify_fail(v, all[i].kind, db_error_text(v->db));
        if (all[i].kind == VERIFY_SEQ) /* both come of one question */
            verify_fail(v, VERIFY_LAST_SEQ, db_error_text(v->db));
    }
}
