/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sandbox.c - see sandbox.h.
 *
 * Overview: a role is a row of steps, taken in order; each step is one
 * function that returns 0 or -errno.  What a process sees of the file systems
 * is made in sandbox-root.c; its filter of system calls, which comes last, in
 * sandbox-seccomp.c.
 */
#define _GNU_SOURCE
#include "sandbox.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "log.h"
#include "sandbox-root.h"
#include "sandbox-seccomp.h"

#define WORKER_FILES            1024
#define WORKER_CPU_S            3600
#define LINK_FILES              4096

struct step {
    const char *name;
    int (*take)(void);
    int (*take_room)(const struct sandbox_room *room);      /* or this */
};

static int result(long r)
{
    return r < 0 ? -errno : 0;
}

static int no_new_privs(void)
{
    return result(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

static int no_dump(void)
{
    return result(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
}

static int no_network(void)
{
    return result(unshare(CLONE_NEWNET));
}

static int own_ipc(void)
{
    return result(unshare(CLONE_NEWIPC));
}

/* Nobody else's: no two processes have the same number at a time. */
static uid_t own_id(void)
{
    return (uid_t)SANDBOX_FIRST_ID + (uid_t)getpid();
}

static int scratch_root(const struct sandbox_room *room)
{
    return sandbox_root_scratch(own_id(), room);
}

static int set_limit(int resource, rlim_t value)
{
    struct rlimit limit = { value, value };

    return result(setrlimit((__rlimit_resource_t)resource, &limit));
}

static int no_core(void)
{
    return set_limit(RLIMIT_CORE, 0);
}

/* Octets that count against RLIMIT_DATA now. */
static int data_in_use(rlim_t *octets_r)
{
    unsigned long long pages;
    FILE *file = fopen("/proc/self/statm", "re");
    int n;

    if (!file)
        return -errno;
    n = fscanf(file, "%*u %*u %*u %*u %*u %llu", &pages);
    fclose(file);
    if (n != 1)
        return -EIO;
    *octets_r = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
    return 0;
}

/*
 * Memory is bounded from where it stands: a worker is born with the loader's
 * signatures, of any size, and under a sanitizer with terabytes of shadow.
 * A write beyond the size of a file is an error, not the end.
 */
static int worker_limits(const struct sandbox_room *room)
{
    rlim_t data = 0;
    int rc = data_in_use(&data);

    if (rc)
        return rc;
    if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
        return -errno;
    rc = set_limit(RLIMIT_DATA, data + room->memory);
    if (!rc)
        rc = set_limit(RLIMIT_FSIZE, room->temp_octets);
    if (!rc)
        rc = set_limit(RLIMIT_NOFILE, WORKER_FILES);
    /* One that is not at work any more, and never rests: all its scans together
     * have less (proc-pool-private.h). */
    if (!rc)
        rc = set_limit(RLIMIT_CPU, WORKER_CPU_S);
    if (!rc)
        rc = set_limit(RLIMIT_NPROC, 0);
    if (!rc)
        rc = set_limit(RLIMIT_MSGQUEUE, 0);
    return rc ? rc : set_limit(RLIMIT_MEMLOCK, 0);
}

static int link_limits(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit))
        return -errno;
    if (limit.rlim_max <= LINK_FILES)
        return 0;
    return set_limit(RLIMIT_NOFILE, LINK_FILES);
}

/* Snapshots in the queue, and workers' sockets, are open files. */
static int all_open_files(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit))
        return -errno;
    limit.rlim_cur = limit.rlim_max;
    return result(setrlimit(RLIMIT_NOFILE, &limit));
}

static int set_caps(uint64_t caps)
{
    struct __user_cap_header_struct header = {
        .version = _LINUX_CAPABILITY_VERSION_3,
    };
    struct __user_cap_data_struct data[2];

    memset(data, 0, sizeof(data));
    for (int i = 0; i < 2; i++)
        data[i].effective = data[i].permitted = (uint32_t)(caps >> 32 * i);
    return result(syscall(SYS_capset, &header, data));
}

/*
 * The bounding set limits what exec can give, not what there is now; it needs
 * a capability itself, so it goes before those.
 */
static int bound_caps(uint64_t caps)
{
    for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
        if (caps & (uint64_t)1 << cap)
            continue;
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
            return -errno;
    }
    return result(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
}

static int keep_caps(uint64_t caps)
{
    int rc = bound_caps(caps);

    return rc ? rc : set_caps(caps);
}

#define CAP(name) ((uint64_t)1 << CAP_##name)
/* What a child needs on its way into its sandbox, and to be killed there. */
#define CAPS_FOR_CHILDREN (CAP(SYS_ADMIN) | CAP(SETUID) | CAP(SETGID) | \
                           CAP(SETPCAP) | CAP(KILL))

/* Signatures are read whoever owns them. */
static int parent_caps(void)
{
    return keep_caps(CAPS_FOR_CHILDREN | CAP(DAC_READ_SEARCH));
}

static int loader_caps(void)
{
    return keep_caps(CAPS_FOR_CHILDREN);
}

/*
 * The kernel forgets the signal on the parent's death when the user changes;
 * the parent may have died in between.
 */
static int own_user(void)
{
    pid_t parent = getppid();
    uid_t id = own_id();
    int sig, rc;

    rc = bound_caps(0);
    if (rc)
        return rc;
    if (prctl(PR_GET_PDEATHSIG, &sig, 0, 0, 0) ||
        prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) || setgroups(0, NULL) ||
        setresgid(id, id, id) || setresuid(id, id, id) ||
        prctl(PR_SET_PDEATHSIG, sig, 0, 0, 0))
        return -errno;
    if (getppid() != parent)
        return -ESRCH;
    return set_caps(0);
}

/*
 * What libraries read when they are first used, and could not read any more:
 * libcrypto its configuration; glibc the library for pthread_cancel(), with
 * which libxenstore ends its thread.
 */
static int load_late_parts(void)
{
    if (OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL) != 1)
        return -ENOMEM;
    return dlopen("libgcc_s.so.1", RTLD_NOW) ? 0 : -ELIBACC;
}

/* The rows differ where the table in sandbox.h does. */
static const struct step parent_steps[] = {
    { "core file", no_core, NULL },
    { "no new privileges", no_new_privs, NULL },
    { "network namespace", no_network, NULL },
    { "IPC namespace", own_ipc, NULL },
    { "capabilities", parent_caps, NULL },
    { "not dumpable", no_dump, NULL },
    { NULL, NULL, NULL }
};

static const struct step loader_steps[] = {
    { "open files", all_open_files, NULL },
    { "core file", no_core, NULL },
    { "no new privileges", no_new_privs, NULL },
    { "network namespace", no_network, NULL },
    { "IPC namespace", own_ipc, NULL },
    { "read-only file systems", sandbox_root_read_only, NULL },
    { "capabilities", loader_caps, NULL },
    { "not dumpable", no_dump, NULL },
    { NULL, NULL, NULL }
};

static const struct step pool_steps[] = {
    { "libraries", load_late_parts, NULL },
    { "open files", all_open_files, NULL },
    { "core file", no_core, NULL },
    { "no new privileges", no_new_privs, NULL },
    { "network namespace", no_network, NULL },
    { "IPC namespace", own_ipc, NULL },
    { "empty root", sandbox_root_empty, NULL },
    { "own user, no capabilities", own_user, NULL },
    { "not dumpable", no_dump, NULL },
    { NULL, NULL, NULL }
};

static const struct step link_steps[] = {
    { "libraries", load_late_parts, NULL },
    { "open files", link_limits, NULL },
    { "core file", no_core, NULL },
    { "no new privileges", no_new_privs, NULL },
    { "network namespace", no_network, NULL },
    { "IPC namespace", own_ipc, NULL },
    { "empty root", sandbox_root_empty, NULL },
    { "own user, no capabilities", own_user, NULL },
    { "not dumpable", no_dump, NULL },
    { NULL, NULL, NULL }
};

static const struct step worker_steps[] = {
    { "private memory and file limits", NULL, worker_limits },
    { "core file", no_core, NULL },
    { "no new privileges", no_new_privs, NULL },
    { "network namespace", no_network, NULL },
    { "IPC namespace", own_ipc, NULL },
    { "root with a private " SANDBOX_TEMP_DIR, NULL, scratch_root },
    { "own user, no capabilities", own_user, NULL },
    { "not dumpable", no_dump, NULL },
    { NULL, NULL, NULL }
};

static const struct step *const steps_of[] = {
    [SANDBOX_PARENT] = parent_steps,
    [SANDBOX_LOADER] = loader_steps,
    [SANDBOX_POOL] = pool_steps,
    [SANDBOX_LINK] = link_steps,
    [SANDBOX_WORKER] = worker_steps,
};

static int privileged(void)
{
    struct __user_cap_header_struct header = {
        .version = _LINUX_CAPABILITY_VERSION_3,
    };
    struct __user_cap_data_struct data[2];

    if (syscall(SYS_capget, &header, data))
        return 0;
    return (data[0].effective & (uint32_t)CAP(SYS_ADMIN)) != 0;
}

struct sandbox_room sandbox_room_for(uint64_t octets, uint64_t files)
{
    struct sandbox_room room = SANDBOX_ROOM_DEFAULT;

    if (room.temp_octets < octets / 2 * 5)
        room.temp_octets = octets / 2 * 5;
    if (room.temp_files < files * 6)
        room.temp_files = files * 6;
    if (room.memory < octets * 5)
        room.memory = octets * 5;
    return room;
}

static int enter(enum sandbox_role role, const struct sandbox_room *room)
{
    const struct step *step = steps_of[role];
    int rc;

    if (!privileged())
        return -EPERM;
    for (; step->name; step++) {
        rc = step->take ? step->take() : step->take_room(room);
        if (rc)
            goto fail;
    }
    rc = sandbox_seccomp(role);
    if (!rc)
        return 0;
fail:
    log_error("sandbox: %s: %s", step->name ? step->name : "system calls",
              strerror(-rc));
    return rc;
}

int sandbox_enter(enum sandbox_role role)
{
    const struct sandbox_room room = SANDBOX_ROOM_DEFAULT;

    return enter(role, &room);
}

int sandbox_enter_worker(const struct sandbox_room *room)
{
    return enter(SANDBOX_WORKER, room);
}

int sandbox_keep_only(int fd)
{
    if (fd != SANDBOX_FD && dup3(fd, SANDBOX_FD, O_CLOEXEC) < 0)
        return -errno;
    return result(close_range(SANDBOX_FD + 1, ~0U, 0));
}
