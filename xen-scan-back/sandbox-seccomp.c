/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sandbox-seccomp.c - see sandbox-seccomp.h.
 *
 * Overview: a table of calls for each thing that a process does, and a table
 * of these for each role.  A process has the filters of its ancestors, too:
 * parent and loader may make all the calls that their children make and that
 * lead into their sandboxes, and are held by their capabilities instead.
 *
 * Where a value decides whether a call is harmless it is compared; what a
 * pointer points to cannot be.  Several rows of one call are alternatives.
 */
#define _GNU_SOURCE
#include "sandbox-seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xen/xen.h>

#include <xen/sys/evtchn.h>
#include <xen/sys/gntdev.h>

#define MAX_ARGS        4

struct rule {
    int call;
    int error;                          /* 0: allowed; else its errno */
    unsigned int nr_args;
    struct scmp_arg_cmp arg[MAX_ARGS];
};

/* The end of a table: no call has this number. */
#define END             { .call = -1 }
#define ANY(name)       { .call = SCMP_SYS(name) }
#define ONE(name, a)    { .call = SCMP_SYS(name), .nr_args = 1, .arg = { a } }
#define TWO(name, a, b) { .call = SCMP_SYS(name), .nr_args = 2, \
                          .arg = { a, b } }
/* The lower half alone: the kernel looks at no more of an int. */
#define IS(n, value)    { .arg = (n), .op = SCMP_CMP_MASKED_EQ, \
                          .datum_a = 0xffffffff, \
                          .datum_b = (uint32_t)(value) }
#define HAS_NO(n, bits) { .arg = (n), .op = SCMP_CMP_MASKED_EQ, \
                          .datum_a = (bits), .datum_b = 0 }
#define IS_NULL(n)      { .arg = (n), .op = SCMP_CMP_EQ, .datum_a = 0 }
/* Its own process; the value is put in when the filter is made. */
#define IS_SELF(n)      { .arg = (n), .op = SCMP_CMP_EQ, \
                          .datum_a = OWN_PID }
#define OWN_PID         UINT64_MAX

/* glibc: memory, time, its end; the log; what fork() hands on. */
static const struct rule common[] = {
    ANY(read), ANY(write), ANY(writev), ANY(close), ANY(lseek),
    /* fstat(); where there may be a name, there is nothing of that name. */
    ONE(newfstatat, IS(3, AT_EMPTY_PATH)),
    /* The log writes to a socket, which has a peer. */
    ONE(sendto, IS_NULL(4)), ANY(sendmsg), ANY(recvmsg), ANY(poll),
    /* Memory that is shared counts in no limit, so it has a descriptor. */
    TWO(mmap, HAS_NO(2, PROT_EXEC), HAS_NO(3, MAP_ANONYMOUS)),
    TWO(mmap, HAS_NO(2, PROT_EXEC), HAS_NO(3, MAP_SHARED)),
    ONE(mprotect, HAS_NO(2, PROT_EXEC)),
    ANY(munmap), ANY(mremap), ANY(brk), ANY(madvise), ANY(futex),
    ANY(getrandom), ANY(clock_gettime), ANY(gettimeofday), ANY(time),
    ANY(clock_nanosleep), ANY(restart_syscall), ANY(sched_yield),
    /* qsort() asks for the size of memory, malloc() for processors. */
    ANY(sysinfo), ANY(sched_getaffinity),
    ANY(getpid), ANY(gettid), ANY(exit), ANY(exit_group),
    ANY(rt_sigaction), ANY(rt_sigprocmask), ANY(rt_sigreturn),
    /* abort() */
    ONE(tgkill, IS_SELF(0)),
    TWO(prlimit64, IS(0, 0), IS_NULL(2)),
    /* stdio: is this a terminal? */
    ONE(ioctl, IS(1, TCGETS)),
    ONE(fcntl, IS(1, F_GETFD)), ONE(fcntl, IS(1, F_SETFD)),
    ONE(fcntl, IS(1, F_GETFL)), ONE(fcntl, IS(1, F_SETFL)),
    ONE(fcntl, IS(1, F_GET_SEALS)),
    END
};

#if defined(__SANITIZE_ADDRESS__)
/*
 * AddressSanitizer's own: the bounds and the signal stack of a thread, and,
 * when it has found something, the maps and symbols for its report.  The check
 * for leaks is made by exit(), which no process calls in its sandbox.
 */
static const struct rule sanitizer[] = {
    ANY(sigaltstack), ANY(open), ANY(openat), ANY(readlink), ANY(stat),
    ANY(fstat), ANY(lstat), ANY(newfstatat), ANY(getdents64), ANY(pread64),
    END
};
#else
static const struct rule sanitizer[] = { END };
#endif

static const struct rule events[] = {
    ANY(epoll_create1), ANY(epoll_ctl), ANY(epoll_wait), ANY(epoll_pwait),
    ANY(timerfd_create), ANY(timerfd_settime), ANY(signalfd4),
    END
};

/* Snapshots. */
static const struct rule memfd[] = {
    ANY(memfd_create), ONE(fcntl, IS(1, F_ADD_SEALS)),
    END
};

/* Within its root, which is read-only but for its own temporary folder. */
static const struct rule files[] = {
    ANY(openat), ANY(newfstatat), ANY(statx), ANY(access), ANY(faccessat),
    ANY(faccessat2), ANY(readlink), ANY(getdents64), ANY(fstatfs),
    ANY(pread64), ANY(pwrite64), ANY(ftruncate), ANY(fadvise64),
    ANY(mkdir), ANY(rmdir), ANY(unlink), ANY(unlinkat), ANY(rename),
    ANY(chmod), ANY(fchmod), ANY(umask), ANY(dup), ANY(dup2),
    ONE(fcntl, IS(1, F_DUPFD_CLOEXEC)),
    ANY(times),
    END
};

/*
 * A library's code, as ld.so maps it: iconv's converters.  What a worker can
 * write to is mounted noexec; the content of a snapshot could be mapped so, and
 * would run with this filter all the same.
 */
static const struct rule libraries[] = {
    TWO(mmap, IS(2, PROT_READ | PROT_EXEC),
        IS(3, MAP_PRIVATE | MAP_FIXED | MAP_DENYWRITE)),
    END
};

/*
 * libxenstore's reader thread, which begins with the first watch: exactly what
 * pthread_create() asks for.  It tries clone3() first, whose flags a filter
 * cannot see, and takes this answer for that of an old kernel.
 */
#define THREAD_FLAGS    (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | \
                         CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS | \
                         CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

static const struct rule thread[] = {
    ONE(clone, IS(0, THREAD_FLAGS)),
    { .call = SCMP_SYS(clone3), .error = ENOSYS },
    ANY(set_robust_list), ANY(rseq), ANY(pipe2),
    END
};

/* libxengnttab, libxenevtchn. */
static const struct rule devices[] = {
    ONE(ioctl, IS(1, IOCTL_GNTDEV_MAP_GRANT_REF)),
    ONE(ioctl, IS(1, IOCTL_GNTDEV_UNMAP_GRANT_REF)),
    ONE(ioctl, IS(1, IOCTL_GNTDEV_GET_OFFSET_FOR_VADDR)),
    ONE(ioctl, IS(1, IOCTL_GNTDEV_SET_UNMAP_NOTIFY)),
    ONE(ioctl, IS(1, IOCTL_EVTCHN_BIND_INTERDOMAIN)),
    ONE(ioctl, IS(1, IOCTL_EVTCHN_UNBIND)),
    ONE(ioctl, IS(1, IOCTL_EVTCHN_NOTIFY)),
    END
};

/* The history's memory, which the pool makes before it gives up this, too. */
static const struct rule history[] = {
    ANY(fallocate),
    END
};

/* Digests of snapshots. */
static const struct rule digests[] = {
    ANY(pread64),
    END
};

/* fork(), and the end of a child. */
static const struct rule children[] = {
    ONE(clone, IS(0, CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD)),
    ANY(set_robust_list), ANY(wait4), ANY(kill), ANY(tgkill), ANY(getppid),
    ONE(socketpair, IS(0, AF_UNIX)),
    ONE(prctl, IS(0, PR_SET_PDEATHSIG)), ONE(prctl, IS(0, PR_SET_NAME)),
    END
};

/* A child's way into its own sandbox: sandbox.c. */
static const struct rule entering[] = {
    ONE(unshare, IS(0, CLONE_NEWNET)), ONE(unshare, IS(0, CLONE_NEWIPC)),
    ONE(unshare, IS(0, CLONE_NEWNS)),
    ONE(mount, IS(3, MS_REC | MS_PRIVATE)), ONE(mount, IS(3, MS_BIND)),
    ONE(mount, IS(3, MS_NOSUID | MS_NODEV | MS_NOEXEC)),
    ANY(mount_setattr), ANY(pivot_root), ONE(umount2, IS(1, MNT_DETACH)),
    ANY(chdir), ANY(mkdir), ONE(mknodat, HAS_NO(2, S_IFMT & ~S_IFREG)),
    ANY(umask), ANY(openat), ANY(newfstatat), ANY(dup3), ANY(alarm), ANY(close_range),
    ONE(prlimit64, IS(0, 0)), ANY(capget), ANY(capset),
    ANY(setgroups), ANY(setresgid), ANY(setresuid), ANY(seccomp),
    ONE(prctl, IS(0, PR_SET_NO_NEW_PRIVS)),
    TWO(prctl, IS(0, PR_SET_DUMPABLE), IS(1, 0)),
    ONE(prctl, IS(0, PR_CAPBSET_READ)), ONE(prctl, IS(0, PR_CAPBSET_DROP)),
    TWO(prctl, IS(0, PR_CAP_AMBIENT), IS(1, PR_CAP_AMBIENT_CLEAR_ALL)),
    ONE(prctl, IS(0, PR_GET_PDEATHSIG)),
    TWO(prctl, IS(0, PR_SET_KEEPCAPS), IS(1, 0)),
    END
};

/* Opening xenstore, a socket or a device, and the devices of a link. */
static const struct rule opening[] = {
    ONE(socket, IS(0, AF_UNIX)), ANY(connect), ANY(openat), ANY(newfstatat),
    ANY(access), ONE(ioctl, IS(1, IOCTL_EVTCHN_RESTRICT_DOMID)),
    END
};

/* The folder of signatures. */
static const struct rule signatures[] = {
    ANY(inotify_init1), ANY(inotify_add_watch), ANY(inotify_rm_watch),
    ANY(getuid), ANY(geteuid), ANY(getgid), ANY(getegid), ANY(uname),
    ANY(getcwd),
    END
};

#define MAX_TABLES      14

/* What is left out of a row is none. */
static const struct rule *const tables[][MAX_TABLES] = {
    [SANDBOX_PARENT] = { common, sanitizer, events, memfd, files, libraries,
                         thread, devices, history, digests, children,
                         entering, opening, signatures },
    [SANDBOX_LOADER] = { common, sanitizer, events, memfd, files, libraries,
                         children, entering, signatures },
    [SANDBOX_POOL] = { common, sanitizer, events, memfd, digests },
    [SANDBOX_LINK] = { common, sanitizer, events, memfd, thread, devices },
    [SANDBOX_WORKER] = { common, sanitizer, files, libraries },
};

static int add_rule(scmp_filter_ctx filter, const struct rule *rule)
{
    uint32_t action = rule->error ? SCMP_ACT_ERRNO((uint32_t)rule->error) :
                      SCMP_ACT_ALLOW;
    struct scmp_arg_cmp arg[MAX_ARGS];

    for (unsigned int i = 0; i < rule->nr_args; i++) {
        arg[i] = rule->arg[i];
        if (arg[i].datum_a == OWN_PID)
            arg[i].datum_a = (uint64_t)getpid();
    }
    return seccomp_rule_add_array(filter, action, rule->call, rule->nr_args,
                                  arg);
}

static int add_tables(scmp_filter_ctx filter, enum sandbox_role role)
{
    for (unsigned int i = 0; i < MAX_TABLES && tables[role][i]; i++) {
        for (const struct rule *rule = tables[role][i]; rule->call != -1;
             rule++) {
            int rc = add_rule(filter, rule);

            /* Two tables may have the same row. */
            if (rc && rc != -EEXIST)
                return rc;
        }
    }
    return 0;
}

/*
 * Other ways to call are refused as firmly as other calls.  The calls are
 * searched for by halving, as there are about a hundred.
 */
static int set_attributes(scmp_filter_ctx filter)
{
    int rc = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH,
                              SCMP_ACT_KILL_PROCESS);

    if (!rc)
        rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
    return rc ? rc : seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
}

int sandbox_seccomp(enum sandbox_role role)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int rc;

    if (!filter)
        return -ENOMEM;
    rc = set_attributes(filter);
    if (!rc)
        rc = add_tables(filter, role);
    if (!rc)
        rc = seccomp_load(filter);
    seccomp_release(filter);
    return rc;
}
