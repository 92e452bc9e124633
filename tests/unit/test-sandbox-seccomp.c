/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-sandbox-seccomp.c - xen-scan-back/sandbox-seccomp.c: what becomes of a
 * system call in each role's sandbox.
 *
 * Each call is made by a child of its own that has entered the sandbox.  Were
 * one let through by mistake, no harm would come of it: it has arguments that
 * the kernel refuses, or that mean nothing.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <xen/xen.h>

#include <xen/sys/evtchn.h>
#include <xen/sys/gntdev.h>

#include <openssl/evp.h>
#include <xentoollog.h>

#include "child.h"
#include "history.h"
#include "ipc.h"
#include "log.h"
#include "proc.h"
#include "sandbox.h"
#include "snapshot.h"

#define ROLES           5
#define NO_FD           (-1)
#define PAGE            4096

/* Under AddressSanitizer its runtime may open files: of an empty root. */
#if defined(__SANITIZE_ADDRESS__)
#define FILES_OF_SANITIZER "f"
#define OLD_FILES_OF_SANITIZER "wffff"
#else
#define FILES_OF_SANITIZER "D"
#define OLD_FILES_OF_SANITIZER "DDDDD"
#endif

static pid_t test_pid;
static int test_ends[2];
static char page[2 * PAGE] __attribute__((aligned(PAGE)));

static long own_page_executable(void)
{
    return mprotect(page, PAGE, PROT_READ | PROT_EXEC);
}

static long map_writable_code(void)
{
    return mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

static long map_code(void)
{
    return mmap(NULL, PAGE, PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
           MAP_FAILED ? -1 : 0;
}

/* It would count in no limit. */
static long map_shared(void)
{
    return mmap(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0) ==
           MAP_FAILED ? -1 : 0;
}

static long fork_and_wait(void)
{
    pid_t pid = fork();
    int status;

    if (pid == 0)
        _exit(0);
    return pid > 0 && waitpid(pid, &status, 0) == pid && !status ? 0 : -1;
}

static long vfork_and_wait(void)
{
    pid_t pid = vfork();

    if (pid == 0)
        _exit(0);
    return pid < 0 ? -1 : waitpid(pid, NULL, 0);
}

static void *no_thread(void *arg)
{
    return arg;
}

static long thread_and_join(void)
{
    pthread_t thread;
    int r = pthread_create(&thread, NULL, no_thread, NULL);

    if (!r)
        r = pthread_join(thread, NULL);
    errno = r;
    return r ? -1 : 0;
}

/* getpid() of i386. */
static long call_of_i386(void)
{
    long r = 20;

    __asm__ volatile ("int $0x80" : "+a" (r) : : "memory");
    return r;
}

static long signal_the_test(void)
{
    return kill(test_pid, 0);
}

static long signal_one_thread_of_the_test(void)
{
    return syscall(SYS_tgkill, test_pid, test_pid, 0);
}

static long more_files(void)
{
    static const struct rlimit more = { RLIM_INFINITY, RLIM_INFINITY };

    return setrlimit(RLIMIT_NOFILE, &more);
}

#define CALL(...)   { .word = { __VA_ARGS__ } }
#define DO(what)    { .function = what }
#define P(pointer)  ((long)(intptr_t)(pointer))

/*
 * In the columns, by role: D, dies of SIGSYS; f, gets an error; w, works.
 * Parent, loader, pool, link, worker.
 */
static const struct attempt {
    const char *name;
    const char *ends;
    struct {
        long word[7];
        long (*function)(void);
    } how;
} attempts[] = {
    /* Names of files, devices among them. */
    { "open a device", "wf" FILES_OF_SANITIZER FILES_OF_SANITIZER "f",
      CALL(SYS_openat, AT_FDCWD, P("/dev/null"), O_RDONLY) },
    { "open, the old call", OLD_FILES_OF_SANITIZER,
      CALL(SYS_open, P("/dev/null")) },
    { "open_by_handle_at", "DDDDD", CALL(SYS_open_by_handle_at, NO_FD) },
    { "name_to_handle_at", "DDDDD", CALL(SYS_name_to_handle_at, NO_FD) },
    { "fanotify_init", "DDDDD", CALL(SYS_fanotify_init, -1) },
    { "symlink", "DDDDD", CALL(SYS_symlink, P(""), P("")) },
    { "link", "DDDDD", CALL(SYS_link, P(""), P("")) },
    { "memfd_create", "wwwwD", CALL(SYS_memfd_create, P("x"), 0) },
    /* Sockets. */
    { "socket AF_INET", "DDDDD", CALL(SYS_socket, AF_INET, SOCK_STREAM) },
    { "socket AF_UNIX", "wDDDD", CALL(SYS_socket, AF_UNIX, SOCK_STREAM) },
    { "socket AF_NETLINK", "DDDDD", CALL(SYS_socket, AF_NETLINK, SOCK_RAW) },
    { "socket AF_PACKET", "DDDDD", CALL(SYS_socket, AF_PACKET, SOCK_RAW) },
    { "socketpair AF_INET", "DDDDD",
      CALL(SYS_socketpair, AF_INET, SOCK_STREAM) },
    { "connect", "fDDDD", CALL(SYS_connect, NO_FD) },
    { "bind", "DDDDD", CALL(SYS_bind, NO_FD) },
    { "listen", "DDDDD", CALL(SYS_listen, NO_FD) },
    { "accept4", "DDDDD", CALL(SYS_accept4, NO_FD) },
    { "sendto, an address", "DDDDD",
      CALL(SYS_sendto, NO_FD, 0, 0, 0, P(page)) },
    /* Processes and threads. */
    { "execve", "DDDDD", CALL(SYS_execve, P("/bin/true")) },
    { "execveat", "DDDDD", CALL(SYS_execveat, NO_FD) },
    { "fork", "wwDDD", DO(fork_and_wait) },
    { "vfork", "DDDDD", DO(vfork_and_wait) },
    { "clone, a user namespace", "DDDDD",
      CALL(SYS_clone, CLONE_NEWUSER | SIGCHLD) },
    { "clone3", "fDDfD", CALL(SYS_clone3) },
    { "a thread", "wDDwD", DO(thread_and_join) },
    { "ptrace", "DDDDD", CALL(SYS_ptrace, -1) },
    { "process_vm_readv", "DDDDD", CALL(SYS_process_vm_readv, NO_FD) },
    { "process_vm_writev", "DDDDD", CALL(SYS_process_vm_writev, NO_FD) },
    { "pidfd_open", "DDDDD", CALL(SYS_pidfd_open, -1) },
    { "kcmp", "DDDDD", CALL(SYS_kcmp, -1) },
    { "kill", "wwDDD", DO(signal_the_test) },
    { "tgkill", "wwDDD", DO(signal_one_thread_of_the_test) },
    { "tkill", "DDDDD", CALL(SYS_tkill, -1) },
    { "setpriority", "DDDDD", CALL(SYS_setpriority, -1) },
    { "sched_setscheduler", "DDDDD", CALL(SYS_sched_setscheduler, -1) },
    /* Namespaces and mounts. */
    { "mount proc", "DDDDD",
      CALL(SYS_mount, P("x"), P("/none"), P("proc")) },
    { "mount, moving", "DDDDD",
      CALL(SYS_mount, P("/none"), P("/none"), 0, MS_MOVE) },
    { "mount, remounting", "DDDDD",
      CALL(SYS_mount, 0, P("/none"), 0, MS_REMOUNT | MS_BIND) },
    { "umount2", "DDDDD", CALL(SYS_umount2, P("/none"), 0) },
    { "open_tree", "DDDDD", CALL(SYS_open_tree, NO_FD, P("")) },
    { "move_mount", "DDDDD", CALL(SYS_move_mount, NO_FD, P("")) },
    { "fsopen", "DDDDD", CALL(SYS_fsopen, P("none")) },
    { "mount_setattr", "ffDDD", CALL(SYS_mount_setattr, NO_FD, P("")) },
    { "unshare, users", "DDDDD", CALL(SYS_unshare, CLONE_NEWUSER) },
    { "unshare, processes", "DDDDD", CALL(SYS_unshare, CLONE_NEWPID) },
    { "unshare, network", "wwDDD", CALL(SYS_unshare, CLONE_NEWNET) },
    { "setns", "DDDDD", CALL(SYS_setns, NO_FD) },
    { "pivot_root", "ffDDD", CALL(SYS_pivot_root, P("/none"), P("/none")) },
    { "chroot", "DDDDD", CALL(SYS_chroot, P("/none")) },
    /* The kernel's rarely used parts. */
    { "keyctl", "DDDDD", CALL(SYS_keyctl, -1) },
    { "add_key", "DDDDD", CALL(SYS_add_key) },
    { "request_key", "DDDDD", CALL(SYS_request_key) },
    { "bpf", "DDDDD", CALL(SYS_bpf, -1) },
    { "perf_event_open", "DDDDD", CALL(SYS_perf_event_open) },
    { "userfaultfd", "DDDDD", CALL(SYS_userfaultfd, -1) },
    { "io_uring_setup", "DDDDD", CALL(SYS_io_uring_setup) },
    { "io_setup", "DDDDD", CALL(SYS_io_setup) },
    { "seccomp, a listener", "ffDDD", CALL(SYS_seccomp, -1) },
    { "landlock_create_ruleset", "DDDDD",
      CALL(SYS_landlock_create_ruleset, 0, 0, 1) },
    { "init_module", "DDDDD", CALL(SYS_init_module) },
    { "finit_module", "DDDDD", CALL(SYS_finit_module, NO_FD) },
    { "delete_module", "DDDDD", CALL(SYS_delete_module) },
    { "reboot", "DDDDD", CALL(SYS_reboot) },
    { "swapon", "DDDDD", CALL(SYS_swapon) },
    { "kexec_load", "DDDDD",
      CALL(SYS_kexec_load, 0, KEXEC_SEGMENT_MAX + 1) },
    /* A log that is a file is not the pool's or a link's to wipe. */
    { "ftruncate", "ffDDf", CALL(SYS_ftruncate, NO_FD) },
    { "acct", "DDDDD", CALL(SYS_acct, P("/none")) },
    { "syslog", "DDDDD", CALL(SYS_syslog, -1) },
    { "settimeofday", "DDDDD", CALL(SYS_settimeofday, 1, 1) },
    { "clock_settime", "DDDDD", CALL(SYS_clock_settime, -1) },
    { "sethostname", "DDDDD", CALL(SYS_sethostname, 0, -1) },
    { "iopl", "DDDDD", CALL(SYS_iopl, 4) },
    { "personality", "DDDDD", CALL(SYS_personality, 0xffffffff) },
    { "arch_prctl", "DDDDD", CALL(SYS_arch_prctl, 0) },
    { "modify_ldt", "DDDDD", CALL(SYS_modify_ldt, -1) },
    { "shmget", "DDDDD", CALL(SYS_shmget) },
    { "msgget", "DDDDD", CALL(SYS_msgget, 1) },
    { "semget", "DDDDD", CALL(SYS_semget, 1) },
    { "mq_open", "DDDDD", CALL(SYS_mq_open, P("")) },
    /* What the process itself is. */
    { "prctl, dumpable", "DDDDD", CALL(SYS_prctl, PR_SET_DUMPABLE, 1) },
    { "prctl, keeping capabilities", "DDDDD",
      CALL(SYS_prctl, PR_SET_KEEPCAPS, 1) },
    { "prctl, memory", "DDDDD", CALL(SYS_prctl, PR_SET_MM) },
    { "setuid", "DDDDD", CALL(SYS_setuid, 0) },
    { "setreuid", "DDDDD", CALL(SYS_setreuid, -1, -1) },
    { "setresuid", "wwDDD", CALL(SYS_setresuid, -1, -1, -1) },
    { "capset", "ffDDD", CALL(SYS_capset) },
    { "more open files", "ffDDD", DO(more_files) },
    { "limits of another", "DDDDD", CALL(SYS_prlimit64, 1) },
    { "ioctl, typing", "DDDDD", CALL(SYS_ioctl, NO_FD, TIOCSTI) },
    { "ioctl, a terminal?", "fffff", CALL(SYS_ioctl, NO_FD, TCGETS) },
    { "ioctl, mapping a grant", "fDDfD",
      CALL(SYS_ioctl, NO_FD, (long)IOCTL_GNTDEV_MAP_GRANT_REF) },
    { "ioctl, exporting grants", "DDDDD",
      CALL(SYS_ioctl, NO_FD, (long)IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS) },
    { "ioctl, binding a VIRQ", "DDDDD",
      CALL(SYS_ioctl, NO_FD, (long)IOCTL_EVTCHN_BIND_VIRQ) },
    { "ioctl, another domain's channels", "fDDDD",
      CALL(SYS_ioctl, NO_FD, (long)IOCTL_EVTCHN_RESTRICT_DOMID) },
    { "fcntl, an owner", "DDDDD", CALL(SYS_fcntl, NO_FD, F_SETOWN) },
    { "fcntl, a lease", "DDDDD", CALL(SYS_fcntl, NO_FD, F_SETLEASE) },
    /* Code. */
    { "mmap, shared memory of no file", "DDDDD", DO(map_shared) },
    { "mmap, code to write", "DDDDD", DO(map_writable_code) },
    { "mmap, code of no file", "DDDDD", DO(map_code) },
    { "mprotect, code", "DDDDD", DO(own_page_executable) },
    { "pkey_mprotect", "DDDDD", CALL(SYS_pkey_mprotect, P(page)) },
    { "remap_file_pages", "DDDDD", CALL(SYS_remap_file_pages, P(page)) },
    /* By another way, and what does not exist. */
    { "int $0x80", "DDDDD", DO(call_of_i386) },
    { "x32", "DDDDD", CALL(0x40000000 | SYS_getpid) },
    { "no call", "DDDDD", CALL(4095) },
    { "no call, negative", "DDDDD", CALL(-2) },
};

/* D, f or w; E when the sandbox could not be entered. */
static char try(enum sandbox_role role, const struct attempt *attempt)
{
    const long *word = attempt->how.word;
    pid_t pid = proc_fork("test-sandbox");
    int status;

    assert_true(pid >= 0);
    if (pid == 0) {
        long r;

        if (sandbox_enter(role))
            _exit(3);
        r = attempt->how.function ? attempt->how.function() :
            syscall(word[0], word[1], word[2], word[3], word[4], word[5],
                    word[6]);
        _exit(r == -1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status))
        return WTERMSIG(status) == SIGSYS ? 'D' : '?';
    return WEXITSTATUS(status) > 1 ? 'E' : "wf"[WEXITSTATUS(status)];
}

static void each_call_ends_as_it_must(void **state)
{
    unsigned int bad = 0;

    (void)state;
    if (geteuid())
        skip();
    for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
        char got[ROLES + 1] = "";

        for (unsigned int role = 0; role < ROLES; role++)
            got[role] = try((enum sandbox_role)role, &attempts[i]);
        if (!strcmp(got, attempts[i].ends))
            continue;
        print_message("%s: %s, not %s\n", attempts[i].name, got,
                      attempts[i].ends);
        bad++;
    }
    assert_int_equal(bad, 0);
}

/* abort() is no call that a sandbox forbids: the log tells what it was. */
static void abort_is_seen_as_such(void **state)
{
    (void)state;
    if (geteuid())
        skip();
    for (unsigned int role = 0; role < ROLES; role++) {
        pid_t pid = proc_fork("test-sandbox");
        int status;

        assert_true(pid >= 0);
        if (pid == 0) {
            if (sandbox_enter((enum sandbox_role)role))
                _exit(3);
            abort();
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGABRT);
    }
}

/* The rest is seen by the tests of the processes themselves. */
static void works(enum sandbox_role role, void (*what)(int file))
{
    int file = memfd_create("history", MFD_CLOEXEC), status;
    pid_t pid;

    if (geteuid())
        skip();
    pid = proc_fork("test-sandbox");
    assert_true(pid >= 0 && file >= 0);
    assert_int_equal(ftruncate(file, 4 * PAGE), 0);
    if (pid == 0) {
        must(!sandbox_enter(role));
        what(file);
        log_error("all is well");
        _exit(0);
    }
    close(file);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void hash(void)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size;

    must(EVP_Digest(page, PAGE, digest, &size, EVP_sha256(), NULL) == 1 &&
         size == 32);
}

/* Descriptors in messages, events, time, snapshots, memory. */
static void messages_and_events(void)
{
    int snapshot, fd = -1, epoll = epoll_create1(EPOLL_CLOEXEC);
    int timer = proc_timer(), signals = proc_signals();
    struct epoll_event event = { .events = EPOLLIN };
    static char big[1 << 20];
    char c;

    must(!snapshot_make(big, sizeof(big), &snapshot));
    must(epoll >= 0 && timer >= 0 && signals >= 0);
    must(!epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event));
    must(!epoll_ctl(epoll, EPOLL_CTL_ADD, signals, &event));
    proc_timer_at(timer, 1);
    must(epoll_wait(epoll, &event, 1, -1) == 1);
    proc_timer_ack(timer);
    must(!ipc_send(test_ends[0], "x", 1, snapshot));
    must(ipc_recv(test_ends[1], &c, 1, &fd) == 1);
    must(!snapshot_check(fd, sizeof(big)));
    must(mmap(NULL, sizeof(big), PROT_READ, MAP_PRIVATE, fd, 0) != MAP_FAILED);
    must(ipc_recv(test_ends[1], &c, 1, &fd) == -EAGAIN);
    for (size_t size = 1; size < sizeof(big) * 64; size *= 3)
        free(malloc(size));
    hash();
}

static void work_of_the_pool(int file)
{
    void *shared;

    messages_and_events();
    must(pread(file, page, PAGE, 0) == PAGE);
    shared = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    must(shared != MAP_FAILED && !munmap(shared, 4 * PAGE));
}

static void pool_can_work(void **state)
{
    (void)state;
    works(SANDBOX_POOL, work_of_the_pool);
}

/* On its way, when it has no more than its parent's. */
static void makes_the_history(int file)
{
    struct history history;

    (void)file;
    must(!history_create(&history, HISTORY_MIN_ENTRIES));
    history_dispose(&history);
}

static void pool_can_start(void **state)
{
    (void)state;
    works(SANDBOX_PARENT, makes_the_history);
}

static void *until_cancelled(void *arg)
{
    for (;;)
        poll(NULL, 0, -1);
    return arg;
}

/* libxenstore's thread, its pipe and its end; a message of libxentoollog. */
static void work_of_a_link(int file)
{
    xentoollog_logger *logger = (xentoollog_logger *)
        xtl_createlogger_stdiostream(stderr, XTL_CRITICAL, 0);
    int ends[2];
    pthread_t thread;

    (void)file;
    messages_and_events();
    must(!pipe2(ends, O_CLOEXEC) && !fcntl(ends[0], F_SETFL, O_NONBLOCK));
    must(!pthread_create(&thread, NULL, until_cancelled, NULL));
    usleep(1);
    must(!pthread_cancel(thread) && !pthread_join(thread, NULL));
    xtl_log(logger, XTL_CRITICAL, ENOENT, "test", "nothing");
    xtl_logger_destroy(logger);
}

static void link_can_work(void **state)
{
    (void)state;
    works(SANDBOX_LINK, work_of_a_link);
}

/* The filters of parent and loader are their children's, too. */
static int in_turn(const enum sandbox_role *roles, unsigned int nr)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        if (sandbox_enter(roles[0]))
            _exit(1);
        _exit(nr == 1 ? 0 : in_turn(roles + 1, nr - 1));
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return 98;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

static void children_enter_theirs(void **state)
{
    static const enum sandbox_role loader[] = { SANDBOX_PARENT, SANDBOX_LOADER,
                                                SANDBOX_WORKER };
    static const enum sandbox_role pool[] = { SANDBOX_PARENT, SANDBOX_POOL };
    static const enum sandbox_role link[] = { SANDBOX_PARENT, SANDBOX_LINK };
    static const enum sandbox_role none[] = { SANDBOX_WORKER, SANDBOX_WORKER };

    (void)state;
    if (geteuid())
        skip();
    assert_int_equal(in_turn(loader, 3), 0);
    assert_int_equal(in_turn(pool, 2), 0);
    assert_int_equal(in_turn(link, 2), 0);
    /* The child of a worker: it dies of fork(). */
    assert_int_equal(in_turn(none, 2), 99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_ends_as_it_must),
        cmocka_unit_test(abort_is_seen_as_such),
        cmocka_unit_test(pool_can_start),
        cmocka_unit_test(pool_can_work),
        cmocka_unit_test(link_can_work),
        cmocka_unit_test(children_enter_theirs),
    };

    test_pid = getpid();
    if (ipc_pair(test_ends))
        return 1;
    log_init("test-sandbox-seccomp", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests_name("sandbox-seccomp", tests, NULL, NULL);
}
