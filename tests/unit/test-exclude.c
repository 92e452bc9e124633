/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-exclude.c - tests of xen-guest-front/exclude.c with real files,
 * processes and namespaces, in a world of their own (world.h).
 *
 * Overview: another process opens a file and hands over its descriptor, as
 * fanotify does for an access.  Skipped without root.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "child.h"
#include "exclude.h"
#include "facts.h"
#include "ipc.h"
#include "need.h"
#include "world.h"

static struct policy policy;
static struct coverage *coverage;

static void set_list(enum policy_list list, const char *word, const char *next)
{
    char *out = policy.lists + 1;

    policy = policy_default();
    policy.list_at[list] = 1;
    out = stpcpy(out, word) + 1;
    if (next)
        out = stpcpy(out, next) + 1;
    *out = 0;
}

/* Only the table of mounts is of interest, not the marks. */
static void refresh(void)
{
    int status;
    pid_t pid = fork();

    if (pid == 0)
        _exit(-mounts_mark(-1, &policy, coverage));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static int setup(void **state)
{
    (void)state;
    policy = policy_default();
    if (!world_is_here())
        return 0;
    mkdir("/tmp/ok", 0755);
    put_text("/tmp/ok/file", "x");
    put_text("/tmp/evil", "x");
    refresh();
    return 0;
}

/* A process that does @what and opens @path, and the descriptor of that. */
struct actor {
    pid_t pid;
    int fd;
};

static struct actor start(void (*what)(void), const char *path)
{
    struct actor actor;
    char c = 0;
    int ends[2];

    assert_int_equal(ipc_pair(ends), 0);
    actor.pid = fork();
    assert_true(actor.pid >= 0);
    if (actor.pid == 0) {
        int fd;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        what();
        fd = open(path, O_RDONLY | O_CLOEXEC);
        must(fd >= 0 && !ipc_send(ends[1], &c, 1, fd));
        for (;;)
            pause();
    }
    close(ends[1]);
    do
        actor.fd = -1;
    while (ipc_recv(ends[0], &c, 1, &actor.fd) == -EAGAIN);
    assert_true(actor.fd >= 0);
    close(ends[0]);
    return actor;
}

static bool matches(struct actor actor)
{
    return exclude_matches(&policy, coverage, actor.pid, actor.fd);
}

static void stop(struct actor actor)
{
    close(actor.fd);
    kill(actor.pid, SIGKILL);
    assert_int_equal(waitpid(actor.pid, NULL, 0), actor.pid);
}

static bool once(void (*what)(void), const char *path)
{
    struct actor actor = start(what, path);
    bool result = matches(actor);

    stop(actor);
    return result;
}

static void any(void **state)
{
    (void)state;
    assert_false(exclude_any(&policy));
    set_list(POLICY_EXCLUDE_PATH, "/a", NULL);
    assert_true(exclude_any(&policy));
    set_list(POLICY_EXCLUDE_EXE, "/a", NULL);
    assert_true(exclude_any(&policy));
    set_list(POLICY_EXCLUDE_UID, "0", NULL);
    assert_true(exclude_any(&policy));
    set_list(POLICY_EXCLUDE_FS, "tmpfs", NULL);
    assert_false(exclude_any(&policy));
    set_list(POLICY_RUN, "/a", NULL);
    assert_false(exclude_any(&policy));
}

static void by_path(void **state)
{
    struct actor actor;

    (void)state;
    need_world();
    assert_false(once(nothing, "/tmp/ok/file"));
    set_list(POLICY_EXCLUDE_PATH, "/other/", "/tmp/ok/");
    assert_true(once(nothing, "/tmp/ok/file"));
    assert_false(once(nothing, "/tmp/evil"));
    set_list(POLICY_EXCLUDE_PATH, "/tmp/*/f?le", "/x");
    assert_true(once(nothing, "/tmp/ok/file"));
    set_list(POLICY_EXCLUDE_PATH, "/tmp/evil", NULL);
    assert_true(once(nothing, "/tmp/evil"));
    /* The caller's way to the file is of no interest. */
    assert_int_equal(symlink("/tmp/evil", "/tmp/ok/link"), 0);
    set_list(POLICY_EXCLUDE_PATH, "/tmp/ok/", NULL);
    assert_false(once(nothing, "/tmp/ok/link"));
    /* Known mounts only. */
    actor = start(nothing, "/tmp/ok/file");
    assert_true(matches(actor));
    coverage_forget_mounts(coverage);
    assert_false(matches(actor));
    stop(actor);
}

/* A name that is gone says nothing, whatever it was. */
static void deleted(void **state)
{
    struct actor actor;

    (void)state;
    need_world();
    set_list(POLICY_EXCLUDE_PATH, "/tmp/ok/", NULL);
    put_text("/tmp/ok/gone", "x");
    actor = start(nothing, "/tmp/ok/gone");
    assert_int_equal(link("/tmp/ok/gone", "/tmp/gone"), 0);
    assert_true(matches(actor));
    unlink("/tmp/ok/gone");
    assert_false(matches(actor));
    unlink("/tmp/gone");
    assert_false(matches(actor));
    stop(actor);
}

static void new_user(void)
{
    must(!unshare(CLONE_NEWUSER | CLONE_NEWNS));
    put_text("/proc/self/uid_map", "0 0 1");
    put_text("/proc/self/setgroups", "deny");
    put_text("/proc/self/gid_map", "0 0 1");
}

/* In his namespace a user gives his file the name that is excluded. */
static void bind_over(void)
{
    new_user();
    must(!mount("/tmp/evil", "/tmp/ok/file", NULL, MS_BIND, NULL));
}

static void path_of_a_users_namespace(void **state)
{
    struct actor actor;
    char path[PATH_MAX];

    (void)state;
    need_world();
    set_list(POLICY_EXCLUDE_PATH, "/tmp/ok/", "/tmp/ok/file");
    actor = start(bind_over, "/tmp/ok/file");
    assert_true(facts_path(actor.fd, path));
    assert_string_equal(path, "/tmp/ok/file");
    assert_false(matches(actor));
    refresh();
    assert_false(matches(actor));
    stop(actor);
    /* In our own namespace root decides. */
    assert_int_equal(mount("/tmp/evil", "/tmp/ok/file", NULL, MS_BIND, NULL),
                     0);
    assert_false(once(nothing, "/tmp/ok/file"));
    refresh();
    assert_true(once(nothing, "/tmp/ok/file"));
    umount2("/tmp/ok/file", MNT_DETACH);
}

/* By uid -------------------------------------------------------------------*/

static void become_user(void)
{
    must(!setresuid(1000, 1000, 1000));
}

static void become_hidden_user(void)
{
    become_user();
    must(!prctl(PR_SET_DUMPABLE, 0));
}

static void become_root_of_his_own(void)
{
    must(!setresuid(1000, 1000, 1000) && !prctl(PR_SET_DUMPABLE, 1) &&
         !unshare(CLONE_NEWUSER));
    put_text("/proc/self/uid_map", "0 1000 1");
    must(getuid() == 0);
}

static void by_uid(void **state)
{
    struct actor actor;

    (void)state;
    need_world();
    set_list(POLICY_EXCLUDE_UID, "7", "1000");
    assert_false(once(nothing, "/tmp/evil"));
    assert_true(once(become_user, "/tmp/evil"));
    assert_true(once(become_hidden_user, "/tmp/evil"));
    assert_true(once(become_root_of_his_own, "/tmp/evil"));
    set_list(POLICY_EXCLUDE_UID, "0", NULL);
    assert_true(once(nothing, "/tmp/evil"));
    assert_false(once(become_user, "/tmp/evil"));
    assert_false(once(become_hidden_user, "/tmp/evil"));
    assert_false(once(become_root_of_his_own, "/tmp/evil"));
    /* One that cannot be asked any more has no uid, also no 4294967295. */
    set_list(POLICY_EXCLUDE_UID, "4294967295", "0");
    actor = start(nothing, "/tmp/evil");
    close(actor.fd);
    kill(actor.pid, SIGKILL);
    assert_int_equal(waitpid(actor.pid, NULL, 0), actor.pid);
    assert_false(exclude_matches(&policy, coverage, actor.pid, -1));
    assert_false(exclude_matches(&policy, coverage, 0, -1));
}

/* By program ---------------------------------------------------------------*/

#ifdef __x86_64__
/* An executable that needs no other file: pause(2) for ever. */
static const unsigned char code[] = {
    0xb8, 0x22, 0, 0, 0,        /* mov $34, %eax */
    0x0f, 0x05,                 /* syscall */
    0xeb, 0xf7,                 /* jmp to the first */
};

static void make_program(const char *path, gid_t gid, mode_t mode)
{
    struct {
        Elf64_Ehdr file;
        Elf64_Phdr segment;
        unsigned char code[sizeof(code)];
    } image = {
        .file = {
            .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB,
                         EV_CURRENT },
            .e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
            .e_entry = 0x400000 + sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr),
            .e_phoff = sizeof(Elf64_Ehdr), .e_ehsize = sizeof(Elf64_Ehdr),
            .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 1,
        },
        .segment = {
            .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = 0x400000,
            .p_filesz = sizeof(image), .p_memsz = sizeof(image),
            .p_align = 0x1000,
        },
    };
    int fd;

    memcpy(image.code, code, sizeof(code));
    unlink(path);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, &image, sizeof(image)), sizeof(image));
    assert_int_equal(fchown(fd, 0, gid), 0);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static const char *program;

/* A process that has done @what and executed the program. */
static pid_t execute(void (*what)(void))
{
    int done[2];
    char c;
    pid_t pid;

    assert_int_equal(pipe2(done, O_CLOEXEC), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        char name[] = "program", *argv[] = { name, NULL }, *env[] = { NULL };

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        what();
        execve(program, argv, env);
        must(write(done[1], "x", 1) == 1);
        _exit(1);
    }
    close(done[1]);
    assert_int_equal(read(done[0], &c, 1), 0);
    close(done[0]);
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static bool exe_matches(void (*what)(void))
{
    int fd = open("/tmp/evil", O_RDONLY | O_CLOEXEC);
    pid_t pid = execute(what);
    bool result = exclude_matches(&policy, coverage, pid, fd);

    end(pid);
    close(fd);
    return result;
}

static void become_user_of_group(void)
{
    must(!setresgid(1000, 1000, 1000));
    become_user();
}

static void by_program(void **state)
{
    char path[PATH_MAX];
    pid_t pid;

    (void)state;
    need_world();
    program = "/tmp/program";
    make_program("/tmp/program", 0, 0755);
    assert_false(exe_matches(nothing));
    set_list(POLICY_EXCLUDE_EXE, "/tmp/programm", "/tmp/");
    assert_false(exe_matches(nothing));
    set_list(POLICY_EXCLUDE_EXE, "/a", "/tmp/program");
    assert_true(exe_matches(nothing));
    /* What anybody may execute anybody may play. */
    assert_false(exe_matches(become_user));
    make_program("/tmp/program", 1000, 0750);
    assert_true(exe_matches(become_user_of_group));
    make_program("/tmp/program", 1000, 0751);
    assert_false(exe_matches(become_user_of_group));
    /* One that is gone, also where the policy names it so. */
    set_list(POLICY_EXCLUDE_EXE, "/tmp/program", "/tmp/program (deleted)");
    assert_int_equal(link("/tmp/program", "/tmp/link"), 0);
    pid = execute(nothing);
    assert_true(exclude_matches(&policy, coverage, pid, -1));
    unlink("/tmp/program");
    assert_true(facts_exe(pid, path));
    assert_string_equal(path, "/tmp/program (deleted)");
    assert_false(exclude_matches(&policy, coverage, pid, -1));
    end(pid);
    unlink("/tmp/link");
}

static void bind_over_program(void)
{
    new_user();
    must(!mount("/tmp/mine", "/tmp/program", NULL, MS_BIND, NULL));
}

static void program_of_a_users_namespace(void **state)
{
    char path[PATH_MAX];
    pid_t pid;

    (void)state;
    need_world();
    program = "/tmp/program";
    make_program("/tmp/program", 0, 0750);
    make_program("/tmp/mine", 0, 0750);
    set_list(POLICY_EXCLUDE_EXE, "/tmp/program", NULL);
    pid = execute(bind_over_program);
    assert_true(facts_exe(pid, path));
    assert_string_equal(path, "/tmp/program");
    assert_int_equal(facts_uid(pid), 0);
    refresh();
    assert_false(exclude_matches(&policy, coverage, pid, -1));
    end(pid);
    assert_true(exe_matches(nothing));
}
#endif

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(any, setup),
        cmocka_unit_test_setup(by_path, setup),
        cmocka_unit_test_setup(deleted, setup),
        cmocka_unit_test_setup(path_of_a_users_namespace, setup),
        cmocka_unit_test_setup(by_uid, setup),
#ifdef __x86_64__
        cmocka_unit_test_setup(by_program, setup),
        cmocka_unit_test_setup(program_of_a_users_namespace, setup),
#endif
    };

    coverage = mmap(NULL, sizeof(*coverage), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (coverage == MAP_FAILED)
        return 1;
    return cmocka_run_group_tests_name("exclude", tests, NULL, NULL);
}

int main(void)
{
    return world_run(run_all);
}
