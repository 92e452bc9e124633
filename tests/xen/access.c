/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * access.c - reads or runs a file in each of the ways that Linux has, for
 * 70-coverage.sh.
 *
 *   access FILE WAY...
 *
 * Overview: FILE is an absolute path.  One line for each WAY: "WAY allowed",
 * "WAY denied" (EPERM from the step that reaches the content), "WAY
 * unsupported" (the kernel or the filesystem does not have that way) or "WAY
 * error: TEXT".  A program that is run has been allowed when the kernel has
 * loaded it; what it does then does not matter.  Exit status 0; 2 usage.
 *
 *   access dead-fuse FOLDER
 *
 * Mounts a FUSE filesystem that no process serves, so that a look into FOLDER
 * waits for ever; says "ready" and keeps it until its standard input ends.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a way returns beside 0 and -errno of the access itself. */
enum { UNSUPPORTED = 1, SET_UP_FAILED };

static int set_up_failed(const char *step)
{
    fprintf(stderr, "access: %s: %s\n", step, strerror(errno));
    return SET_UP_FAILED;
}

/* Reads an octet of the file @fd, which is closed; @fd may be -errno. */
static int read_one(int fd)
{
    char octet;
    int rc = 0;

    if (fd < 0)
        return fd;
    if (read(fd, &octet, 1) < 0)
        rc = -errno;
    close(fd);
    return rc;
}

static int open_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

static int way_open(const char *path)
{
    int fd = open_file(path);

    if (fd < 0)
        return fd;
    close(fd);
    return 0;
}

static int way_read(const char *path)
{
    return read_one(open_file(path));
}

static int way_openat2(const char *path)
{
    struct open_how how = { .flags = O_RDONLY | O_CLOEXEC };
    long fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));

    if (fd < 0 && errno == ENOSYS)
        return UNSUPPORTED;
    return read_one(fd < 0 ? -errno : (int)fd);
}

static int way_mmap(const char *path)
{
    int fd = open_file(path);
    volatile char *octets;

    if (fd < 0)
        return fd;
    octets = mmap(NULL, 1, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (octets == MAP_FAILED)
        return -errno;
    (void)octets[0];
    munmap((void *)octets, 1);
    return 0;
}

static int way_sendfile(const char *path)
{
    int fd = open_file(path), ends[2], rc = 0;

    if (fd < 0)
        return fd;
    if (pipe2(ends, O_CLOEXEC)) {
        close(fd);
        return set_up_failed("pipe");
    }
    if (sendfile(ends[1], fd, NULL, 1) < 0)
        rc = -errno;
    close(ends[0]);
    close(ends[1]);
    close(fd);
    return rc;
}

/* The child: runs the file with nothing to read and nowhere to write. */
static void run(int fd, const char *path, int told)
{
    char *const argv[] = { (char *)"access-child", NULL };
    char *const env[] = { NULL };
    int null = open("/dev/null", O_RDWR), error;

    for (int i = 0; i < 3 && null >= 0; i++)
        dup2(null, i);
    syscall(SYS_execveat, fd, path, argv, env, *path ? 0 : AT_EMPTY_PATH);
    error = errno;
    if (write(told, &error, sizeof(error)) < 0)
        _exit(126);
    _exit(127);
}

/* The pipe closes itself when the program has been loaded. */
static int exec_file(int fd, const char *path)
{
    int ends[2], error = 0;
    pid_t child;
    ssize_t n;

    if (pipe2(ends, O_CLOEXEC))
        return set_up_failed("pipe");
    child = fork();
    if (child == 0)
        run(fd, path, ends[1]);
    close(ends[1]);
    n = child < 0 ? -1 : read(ends[0], &error, sizeof(error));
    close(ends[0]);
    if (child < 0)
        return set_up_failed("fork");
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return n == (ssize_t)sizeof(error) ? -error : 0;
}

static int way_exec(const char *path)
{
    return exec_file(AT_FDCWD, path);
}

static int way_fexecve(const char *path)
{
    int fd = open(path, O_PATH | O_CLOEXEC), rc;

    if (fd < 0)
        return set_up_failed("open O_PATH");
    rc = exec_file(fd, "");
    close(fd);
    return rc;
}

static int way_opath(const char *path)
{
    int fd = open(path, O_PATH | O_CLOEXEC), rc;
    char again[64];

    if (fd < 0)
        return set_up_failed("open O_PATH");
    snprintf(again, sizeof(again), "/proc/self/fd/%d", fd);
    rc = way_read(again);
    close(fd);
    return rc;
}

/* Another process has it, and this one goes through /proc/PID/fd. */
static int way_procfd(const char *path)
{
    int fd = open(path, O_PATH | O_CLOEXEC), rc;
    char theirs[64];
    pid_t child;

    if (fd < 0)
        return set_up_failed("open O_PATH");
    child = fork();
    if (child == 0)
        for (;;)
            pause();
    close(fd);
    if (child < 0)
        return set_up_failed("fork");
    snprintf(theirs, sizeof(theirs), "/proc/%d/fd/%d", (int)child, fd);
    rc = way_read(theirs);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return rc;
}

static int way_handle(const char *path)
{
    union {
        struct file_handle handle;
        char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
    } h;
    char copy[4096];
    int mount, id, fd;

    h.handle.handle_bytes = MAX_HANDLE_SZ;
    snprintf(copy, sizeof(copy), "%s", path);
    if (name_to_handle_at(AT_FDCWD, path, &h.handle, &id, 0))
        return errno == EOPNOTSUPP ? UNSUPPORTED :
                                     set_up_failed("name_to_handle_at");
    mount = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (mount < 0)
        return set_up_failed("open of the folder");
    fd = open_by_handle_at(mount, &h.handle, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        fd = -errno;
    close(mount);
    return read_one(fd);
}

struct uring {
    struct io_uring_params params;
    int fd;
    char *rings;
    struct io_uring_sqe *sqe;
};

static int uring_open(struct uring *u)
{
    struct io_uring_params *p = &u->params;
    size_t submitted, completed;

    memset(p, 0, sizeof(*p));
    u->fd = (int)syscall(SYS_io_uring_setup, 1, p);
    if (u->fd < 0)
        /* EPERM: switched off by the administrator. */
        return errno == ENOSYS || errno == EPERM ?
               UNSUPPORTED : set_up_failed("io_uring_setup");
    submitted = p->sq_off.array + p->sq_entries * sizeof(uint32_t);
    completed = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);
    u->rings = mmap(NULL, submitted > completed ? submitted : completed,
                    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, u->fd,
                    IORING_OFF_SQ_RING);
    u->sqe = mmap(NULL, sizeof(*u->sqe), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_POPULATE, u->fd, IORING_OFF_SQES);
    if (u->rings == MAP_FAILED || u->sqe == MAP_FAILED ||
        !(p->features & IORING_FEAT_SINGLE_MMAP))
        return set_up_failed("mmap of the io_uring");
    return 0;
}

static uint32_t *uring_at(const struct uring *u, uint32_t offset)
{
    return (uint32_t *)(void *)(u->rings + offset);
}

/* One operation, submitted and waited for; *@result_r is what it returns. */
static int uring_do(struct uring *u, const struct io_uring_sqe *sqe,
                    int *result_r)
{
    uint32_t *tail = uring_at(u, u->params.sq_off.tail);
    uint32_t *head = uring_at(u, u->params.cq_off.head);
    uint32_t slot = *tail & *uring_at(u, u->params.sq_off.ring_mask);
    const struct io_uring_cqe *cqes =
        (void *)(u->rings + u->params.cq_off.cqes);

    u->sqe[slot] = *sqe;
    uring_at(u, u->params.sq_off.array)[slot] = slot;
    __atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
    if (syscall(SYS_io_uring_enter, u->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL,
                0) < 0 ||
        __atomic_load_n(uring_at(u, u->params.cq_off.tail),
                        __ATOMIC_ACQUIRE) == *head)
        return set_up_failed("io_uring_enter");
    *result_r = cqes[*head & *uring_at(u, u->params.cq_off.ring_mask)].res;
    __atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
    return 0;
}

static int way_io_uring(const char *path)
{
    struct uring u;
    char octet;
    struct io_uring_sqe opens = {
        .opcode = IORING_OP_OPENAT, .fd = AT_FDCWD,
        .addr = (uintptr_t)path, .open_flags = O_RDONLY,
    };
    struct io_uring_sqe reads = {
        .opcode = IORING_OP_READ, .addr = (uintptr_t)&octet, .len = 1,
    };
    int rc = uring_open(&u), fd = -1, got = 0;

    if (!rc)
        rc = uring_do(&u, &opens, &fd);
    if (!rc && fd < 0)
        rc = fd;
    reads.fd = fd;
    if (!rc)
        rc = uring_do(&u, &reads, &got);
    if (!rc && got < 0)
        rc = got;
    if (fd >= 0)
        close(fd);
    if (u.fd >= 0)
        close(u.fd);
    return rc;
}

/* The dynamic loader's own open; it says in words what went wrong. */
static int way_dlopen(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const char *why;

    if (library) {
        dlclose(library);
        return 0;
    }
    why = dlerror();
    if (why && strstr(why, strerror(EPERM)))
        return -EPERM;
    fprintf(stderr, "access: %s\n", why ? why : "dlopen");
    return SET_UP_FAILED;
}

static const struct way {
    const char *name;
    int (*go)(const char *path);
} ways[] = {
    { "open", way_open }, { "read", way_read }, { "openat2", way_openat2 },
    { "mmap", way_mmap }, { "sendfile", way_sendfile },
    { "exec", way_exec }, { "fexecve", way_fexecve },
    { "opath", way_opath }, { "procfd", way_procfd },
    { "handle", way_handle }, { "io_uring", way_io_uring },
    { "dlopen", way_dlopen },
};

#define NR_WAYS (sizeof(ways) / sizeof(ways[0]))

static int usage(void)
{
    fprintf(stderr, "usage: access FILE WAY...\n"
                    "       access dead-fuse FOLDER\nWAY:");
    for (size_t i = 0; i < NR_WAYS; i++)
        fprintf(stderr, " %s", ways[i].name);
    fputc('\n', stderr);
    return 2;
}

static void tell(const char *name, int rc)
{
    if (!rc)
        printf("%s allowed\n", name);
    else if (rc == -EPERM)
        printf("%s denied\n", name);
    else if (rc == UNSUPPORTED)
        printf("%s unsupported\n", name);
    else
        printf("%s error: %s\n", name,
               rc < 0 ? strerror(-rc) : "cannot be tried");
    fflush(stdout);
}

static int dead_fuse(const char *folder)
{
    int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    char options[96], octet;

    snprintf(options, sizeof(options),
             "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
    if (fd < 0 || mount("dead", folder, "fuse", 0, options)) {
        set_up_failed("mount of a FUSE filesystem");
        return 1;
    }
    puts("ready");
    fflush(stdout);
    while (read(STDIN_FILENO, &octet, 1) > 0)
        ;
    umount2(folder, MNT_DETACH);
    return 0;
}

int main(int argc, char **argv)
{
    size_t way;

    if (argc == 3 && !strcmp(argv[1], "dead-fuse"))
        return dead_fuse(argv[2]);
    if (argc < 3 || argv[1][0] != '/')
        return usage();
    for (int i = 2; i < argc; i++) {
        for (way = 0; way < NR_WAYS && strcmp(ways[way].name, argv[i]); way++)
            ;
        if (way == NR_WAYS)
            return usage();
        tell(argv[i], ways[way].go(argv[1]));
    }
    return 0;
}
