/*
 * Tests of the engine inside: how it starts, whom it shuts out, and what it leaves alone.
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "db_fixture.h"

#include "base/banned.h"

/* A second process, forked before the engine starts here; it tries when it is told to. */
struct second {
    pid_t pid;
    int go, answer; /* our ends of its pipes */
};

static void second_main(const char *dir, int go, int answer)
{
    struct why why = {""};
    char byte;
    enum err rc;

    if (read(go, &byte, 1) != 1)
        _exit(1);
    rc = db_library_start(dir, &why);
    if (write(answer, why.text, strlen(why.text)) < 0)
        _exit(1);
    _exit(rc == ERR_DB_FAILED ? 0 : 1);
}

static struct second second_fork(const char *dir)
{
    struct second s;
    int go[2], answer[2];

    assert_int_equal(pipe(go), 0);
    assert_int_equal(pipe(answer), 0);
    s.pid = fork();
    assert_true(s.pid >= 0);
    if (s.pid == 0) {
        close(go[1]); /* so that it ends with us */
        close(answer[0]);
        second_main(dir, go[0], answer[1]);
    }
    close(go[0]);
    close(answer[1]);
    s.go = go[1];
    s.answer = answer[0];
    return s;
}

static void assert_second_is_told_who_has_it(struct second *s)
{
    char text[512] = "", ours[32];
    int status;

    assert_int_equal(write(s->go, "x", 1), 1);
    assert_true(read(s->answer, text, sizeof(text) - 1) > 0);
    assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
    assert_int_equal(status, 0);
    snprintf(ours, sizeof(ours), "(pid %d)", getpid());
    assert_non_null(strstr(text, ours));
    close(s->go);
    close(s->answer);
}

static void assert_no_engine_in(const char *dir, const char *text)
{
    struct why why = {""};

    assert_int_equal(db_library_start(dir, &why), ERR_DB_FAILED);
    if (!strstr(why.text, text))
        fail_msg("%s: %s", dir, why.text);
}

/* What a library has no business to change. SIGPIPE it ignores, as we do ourselves. */
struct process_state {
    mode_t mask;
    char cwd[PATH_MAX];
    struct sigaction actions[NSIG];
};

static void look(struct process_state *p)
{
    *p = (struct process_state){.mask = umask(0)};
    umask(p->mask);
    assert_non_null(getcwd(p->cwd, sizeof(p->cwd)));
    for (int i = 1; i < NSIG; i++)
        sigaction(i, NULL, &p->actions[i]);
}

static void assert_untouched(const struct process_state *before)
{
    struct process_state after;

    look(&after);
    assert_int_equal(after.mask, before->mask);
    assert_string_equal(after.cwd, before->cwd);
    for (int i = 1; i < NSIG; i++) {
        if (i != SIGPIPE)
            assert_ptr_equal(after.actions[i].sa_handler, before->actions[i].sa_handler);
    }
}

static void assert_database_is_there(const char *dir)
{
    char url[PATH_MAX + 16];
    struct db *db, *elsewhere = db_new(&(struct db_config){.url = STR("embedded:/tmp")});
    struct arena a;

    snprintf(url, sizeof(url), "embedded:%s", dir);
    db = db_new(&(struct db_config){.url = str_of(url)});
    arena_init(&a, SIZE_MAX);
    assert_true(str_eq(db_fixture_value(db, &a, "SELECT DATABASE()"), STR("reuse_chat")));
    assert_true(str_eq(
        db_fixture_value(db, &a, "SELECT @@innodb_flush_log_at_trx_commit"), STR("1")));
    assert_int_equal(db_connect(elsewhere), ERR_DB_FAILED);
    assert_non_null(strstr(db_error_text(elsewhere), "/tmp"));
    arena_release(&a);
    db_free(&elsewhere);
    db_free(&db);
}

/* @@tmpdir says /tmp whatever it was told, so look at what is open. */
static bool has_file_open_in(const char *dir)
{
    char path[64], target[PATH_MAX];
    size_t n = strlen(dir);

    for (int fd = 3; fd < 256; fd++) {
        ssize_t got;

        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        got = readlink(path, target, sizeof(target));
        if (got > (ssize_t)n && memcmp(target, dir, n) == 0 && target[n] == '/')
            return true;
    }
    return false;
}

static void assert_temporary_files_are_in(const char *dir)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/.tmp", dir);
    assert_true(has_file_open_in(path));
}

static void start_and_stop(const char *dir, const char *relative)
{
    struct second second = second_fork(dir);
    struct process_state before;
    struct stat st;
    struct why why;
    mode_t mask = umask(022);

    look(&before);
    assert_no_engine_in("/proc/nowhere", "/proc/nowhere");
    if (db_library_start(relative, &why) != ERR_OK)
        fail_msg("%s", why.text);
    assert_untouched(&before);
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_database_is_there(dir);
    assert_temporary_files_are_in(dir);
    assert_second_is_told_who_has_it(&second);
    assert_no_engine_in(dir, "second time");
    db_library_stop();
    assert_no_engine_in(dir, "second time");
    umask(mask);
}

static void test_the_engine_lives_once_and_alone_in_its_directory(void **state)
{
    char parent[] = "/tmp/reuse-db.XXXXXX", dir[64], command[128];
    int cwd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    (void)state;
    assert_true(db_library_has_engine());
    assert_non_null(mkdtemp(parent));
    snprintf(dir, sizeof(dir), "%s/data/chat", parent);
    assert_int_equal(chdir(parent), 0);

    start_and_stop(dir, "data/chat");

    assert_int_equal(fchdir(cwd), 0);
    close(cwd);
    snprintf(command, sizeof(command), "rm -rf %s", parent);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_engine_lives_once_and_alone_in_its_directory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
