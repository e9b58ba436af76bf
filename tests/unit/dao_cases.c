/* SPDX-License-Identifier: MIT */
#include "tests/unit/dao_cases.h"

#include <dirent.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
/* after the four above */
#include <cmocka.h>

#include "base/clock.h"
#include "codegen/sql_token.h"

#include "base/banned.h"

enum {
    FILE_MAX_BYTES = 1 << 20,
    LONGEST_BYTES = 16 << 20, /* of a LONGTEXT or LONGBLOB; more is no packet */
    RANDOM_ROUNDS = 8,
    RANDOM_CHARS = 64
};

/* The engine is one per process, so is its directory. */
static char data_dir[] = "/tmp/test-dao-XXXXXX";

static void run_sql(struct dao_test *t, struct str sql)
{
    if (db_run_text(t->db, sql, &t->arena, NULL) != ERR_OK)
        fail_msg("%s: " STR_FMT, db_error_text(t->db), STR_ARG(sql));
}

static void apply_file(struct dao_test *t, const char *name)
{
    char path[512], *text = mem_alloc(FILE_MAX_BYTES);
    struct str rest = {text, 0};
    FILE *f;

    snprintf(path, sizeof(path), "migrations/%s", name);
    f = fopen(path, "rb");
    assert_non_null(f);
    rest.n = fread(text, 1, FILE_MAX_BYTES, f);
    fclose(f);
    while (rest.n > 0) {
        struct str statement = {rest.p, sql_statement_length(rest)};

        if (sql_tokens_of(&t->arena, statement, 1).n > 0)
            run_sql(t, statement);
        rest = str_from(rest, statement.n + 1);
    }
    free(text);
}

static int is_sql(const struct dirent *entry)
{
    return strlen(entry->d_name) > 4 &&
           strcmp(entry->d_name + strlen(entry->d_name) - 4, ".sql") == 0;
}

static void apply_migrations(struct dao_test *t)
{
    struct dirent **entries;
    int n = scandir("migrations", &entries, is_sql, alphasort);

    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        apply_file(t, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
}

int dao_test_start(void **state, const char *const *seeds)
{
    struct dao_test *t = mem_zalloc(sizeof(*t));
    char url[sizeof(data_dir) + 16];
    struct why why;

    assert_non_null(mkdtemp(data_dir));
    if (db_library_start(data_dir, &why) != ERR_OK)
        fail_msg("%s", why.text);
    snprintf(url, sizeof(url), "embedded:%s", data_dir);
    t->db = db_new(&(struct db_config){.url = str_of(url)});
    t->at = -1;
    t->rng = rng_of_environment(0);
    arena_init(&t->arena, SIZE_MAX);
    apply_migrations(t);
    for (; *seeds; seeds++)
        run_sql(t, str_of(*seeds));
    *state = t;
    return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type,
                        struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

int dao_test_stop(void **state)
{
    struct dao_test *t = *state;

    db_free(&t->db);
    arena_release(&t->arena);
    free(t);
    db_library_stop();
    nftw(data_dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}

void dao_begin(struct dao_test *t, enum dao_case at)
{
    t->at = (int)at;
    db_rollback(t->db); /* what a failed case left open */
    assert_int_equal(db_begin(t->db), ERR_OK);
}

bool dao_next(struct dao_test *t, enum dao_may may)
{
    bool is_again = t->at == DAO_RANDOM && ++t->round < RANDOM_ROUNDS;
    int next = is_again ? DAO_RANDOM : t->at + 1;

    if (!is_again)
        t->round = 0;
    t->may = may;
    t->at = -1;
    if (next == DAO_CASES || (next == DAO_SEEDED && may == DAO_MAY_NOT_SEED))
        return false;
    dao_begin(t, (enum dao_case)next);
    return true;
}

/* JSON_TABLE was given a text that is none: ER_JSON_BAD_CHR to ER_JSON_DEPTH. */
static bool is_json_refused(const struct dao_test *t, enum err rc)
{
    unsigned code = db_error_code(t->db);

    return rc == ERR_DB_FAILED && code >= 4035 && code <= 4040;
}

static bool is_allowed(const struct dao_test *t, enum err rc)
{
    if (is_json_refused(t, rc))
        return true;
    if (rc == ERR_NOT_FOUND)
        return t->may == DAO_MAY_MISS;
    if (rc == ERR_DB_REFERENCE)
        return t->may == DAO_MAY_BE_HELD && t->at >= DAO_RANDOM;
    if (rc == ERR_DB_DUPLICATE) /* the place of a seeded row, by chance */
        return t->may == DAO_MAY_NOT_SEED && t->at == DAO_RANDOM;
    return rc == ERR_OK;
}

void dao_end(struct dao_test *t, enum err rc)
{
    struct str warnings = STR("0");

    if (!is_allowed(t, rc))
        fail_msg("case %d: error %d, %s", t->at, (int)rc, db_error_text(t->db));
    if (rc == ERR_OK)
        assert_int_equal(
            db_run_text(t->db, STR("SELECT @@warning_count"), &t->arena, &warnings),
            ERR_OK);
    if (!str_eq(warnings, STR("0")))
        fail_msg("case %d: " STR_FMT " warnings", t->at, STR_ARG(warnings));
    db_rollback(t->db);
    arena_reset(&t->arena);
}

/* One of three: NULL does not concern a number, whose flag is apart. */
static int64_t pick(struct dao_test *t, int64_t lowest, int64_t highest, int64_t seeded)
{
    if (t->at == DAO_RANDOM)
        return rng_between(&t->rng, lowest, highest);
    if (t->at == DAO_SEEDED)
        return seeded;
    return t->at == DAO_HIGHEST ? highest : lowest;
}

int64_t dao_i64(struct dao_test *t, int64_t min, int64_t max, int64_t seeded)
{
    bool is_free = min == 0 && max == 0;

    return pick(t, is_free ? INT64_MIN : min, is_free ? INT64_MAX : max, seeded);
}

uint64_t dao_u64(struct dao_test *t, int64_t min, int64_t max, uint64_t seeded)
{
    if (t->at == DAO_HIGHEST && max == 0)
        return UINT64_MAX;
    if (t->at == DAO_RANDOM && max == 0)
        return rng_next(&t->rng);
    return (uint64_t)pick(t, min, max, (int64_t)seeded);
}

int32_t dao_i32(struct dao_test *t, int64_t min, int64_t max, int32_t seeded)
{
    bool is_free = min == 0 && max == 0;

    return (int32_t)pick(t, is_free ? INT32_MIN : min, is_free ? INT32_MAX : max, seeded);
}

uint32_t dao_u32(struct dao_test *t, int64_t min, int64_t max, uint32_t seeded)
{
    return (uint32_t)pick(t, min, max ? max : UINT32_MAX, seeded);
}

int64_t dao_time(struct dao_test *t, int64_t seeded)
{
    int64_t lowest, highest, start;

    assert_true(civil_parse(STR("1678-01-01T00:00:00"), &lowest));
    assert_true(civil_parse(STR("2261-12-31T23:59:59.999999"), &highest));
    assert_true(civil_parse(STR("2025-01-01T00:00:00"), &start));
    lowest = pick(t, lowest, highest, start + seeded * NS_PER_S);
    return lowest - (lowest % NS_PER_US + NS_PER_US) % NS_PER_US; /* as a column has it */
}

bool dao_has(struct dao_test *t)
{
    return t->at == DAO_RANDOM ? rng_below(&t->rng, 2) == 1 : t->at != DAO_NULL;
}

/* n times unit, if a packet can take that. */
static struct str repeat(struct dao_test *t, struct str unit, size_t n)
{
    char *text;

    n = n < LONGEST_BYTES / unit.n ? n : LONGEST_BYTES / unit.n;
    text = arena_alloc(&t->arena, n * unit.n + 1);
    for (size_t i = 0; i < n; i++)
        memcpy(text + i * unit.n, unit.p, unit.n);
    return (struct str){text, n * unit.n};
}

/* Characters that SQL or a charset might mind; with units of one byte only those of one. */
static struct str random_text(struct dao_test *t, struct str unit, size_t n)
{
    const struct str letters[] = {
        unit,     STR("a"), STR("'"), STR("\""), STR("\\"),           STR("%"),
        STR("_"), STR(" "), STR(";"), STR("\n"), STR("\xed\x95\x9c"), STR("\xc3\xa9")};
    const size_t n_letters = unit.n == 1 ? 10 : sizeof(letters) / sizeof(letters[0]);
    struct buf text;
    struct str kept;

    buf_init(&text, SIZE_MAX);
    n = (size_t)rng_below(&t->rng, (n < RANDOM_CHARS ? n : RANDOM_CHARS) + 1);
    for (size_t i = 0; i < n; i++)
        buf_append_str(&text, letters[rng_below(&t->rng, n_letters)]);
    kept = arena_dup(&t->arena, buf_str(&text));
    buf_release(&text);
    return kept;
}

static struct str pick_text(struct dao_test *t, struct str unit, size_t n,
                            bool may_be_null, struct str seeded)
{
    if (t->at == DAO_NULL && may_be_null)
        return STR_NULL;
    if (t->at == DAO_RANDOM)
        return may_be_null && !dao_has(t) ? STR_NULL : random_text(t, unit, n);
    if (t->at == DAO_SEEDED)
        return seeded;
    return t->at == DAO_HIGHEST ? repeat(t, unit, n) : STR("");
}

struct str dao_emoji(struct dao_test *t, size_t chars, bool may_be_null,
                     struct str seeded)
{
    return pick_text(t, STR("\xf0\x9f\x8d\x89"), chars, may_be_null, seeded);
}

struct str dao_ascii(struct dao_test *t, size_t chars, bool may_be_null,
                     struct str seeded)
{
    return pick_text(t, STR("z"), chars, may_be_null, seeded);
}

struct str dao_bytes(struct dao_test *t, size_t bytes, bool may_be_null,
                     struct str seeded)
{
    return pick_text(t, STR("\xff"), bytes, may_be_null, seeded);
}

size_t dao_list_size(struct dao_test *t)
{
    if (t->at == DAO_NULL)
        return 0;
    if (t->at == DAO_RANDOM)
        return (size_t)rng_below(&t->rng, DB_LIST_MAX + 1);
    return t->at == DAO_HIGHEST ? DB_LIST_MAX : 1;
}

const int64_t *dao_ids(struct dao_test *t, int64_t seeded)
{
    int64_t *ids = ARENA_ARRAY(&t->arena, int64_t, DB_LIST_MAX);

    for (size_t i = 0; i < DB_LIST_MAX; i++)
        ids[i] = dao_i64(t, 0, 0, seeded);
    return ids;
}

const struct str *dao_texts(struct dao_test *t, size_t chars, struct str seeded)
{
    struct str *texts = ARENA_ARRAY(&t->arena, struct str, DB_LIST_MAX);

    for (size_t i = 0; i < DB_LIST_MAX; i++)
        texts[i] = dao_ascii(t, chars, false, seeded);
    return texts;
}
