/* SPDX-License-Identifier: GPL-2.0-or-later */
/* status.c - see status.h. */
#define _GNU_SOURCE
#include "status.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "question.h"

static const char *const count_names[STATUS_NR_COUNTS] = {
    [COUNT_EVENTS] = "events",
    [COUNT_REQUESTS] = "requests",
    [COUNT_JOINED] = "joined",
    [COUNT_RECORD_HITS] = "record-hits",
    [COUNT_EXCLUDED] = "excluded",
    [COUNT_OWN] = "own",
    [COUNT_CLOSE_SCANS] = "close-scans",
    [COUNT_CLEAN] = "clean",
    [COUNT_INFECTED] = "infected",
    [COUNT_NOT_SCANNED] = "not-scanned",
    [COUNT_ALLOWED] = "allowed",
    [COUNT_DENIED] = "denied",
    [COUNT_WOULD_DENY] = "would-deny",
    [COUNT_QUARANTINED] = "quarantined",
    [COUNT_DELETED] = "deleted",
    [COUNT_REMEDY_FAILED] = "remedy-failed",
    [COUNT_GATE_STARTS] = "gate-starts",
    [COUNT_LINK_STARTS] = "link-starts",
};

static int create_file(const char *path)
{
    int fd, rc;

    if (unlink(path) && errno != ENOENT)
        return -errno;
    fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    /* With its space: writing to a hole of a full filesystem kills. */
    rc = posix_fallocate(fd, 0, sizeof(struct status));
    if (rc) {
        close(fd);
        unlink(path);
        return -rc;
    }
    return fd;
}

struct status *status_create(const char *path)
{
    struct status *status;
    int fd = create_file(path);
    struct stat st;

    if (fd < 0)
        log_warning("no status for people: cannot make %s: %s", path,
                    strerror(-fd));
    status = mmap(NULL, sizeof(*status), PROT_READ | PROT_WRITE,
                  MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);
    if (status != MAP_FAILED && fd >= 0 && !fstat(fd, &st)) {
        status->dev = st.st_dev;
        status->ino = st.st_ino;
    }
    if (fd >= 0)
        close(fd);
    if (status == MAP_FAILED)
        return NULL;
    status->due_ms = INT64_MAX;
    status->policy[0] = policy_default();
    status->version = STATUS_VERSION;
    status->magic = STATUS_MAGIC;
    return status;
}

void status_set_policy(struct status *status, const struct policy *policy)
{
    uint32_t other = ~status->policy_now & 1;

    status->policy[other] = *policy;
    __atomic_store_n(&status->policy_now, other, __ATOMIC_RELEASE);
}

/* A copy is printed: the gate may write over the one in force at any moment,
 * after two changes. */
static void print_policy(const struct status *s)
{
    const struct policy policy = *status_policy(s);
    char text[POLICY_TEXT_SIZE];

    printf("policy: %s\n", policy_format(&policy, text, sizeof(text)) ?
                            text : "?");
}

_Static_assert(offsetof(struct status, guard) == 24 &&
               offsetof(struct status, gate) == 28, "others rely on it");

void status_processes(const char *path, pid_t pids_r[2])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    uint32_t magic = 0;
    int32_t pids[2];

    pids_r[0] = pids_r[1] = 0;
    if (fd < 0)
        return;
    if (pread(fd, &magic, sizeof(magic), 0) == sizeof(magic) &&
        magic == STATUS_MAGIC &&
        pread(fd, pids, sizeof(pids), offsetof(struct status, guard)) ==
            sizeof(pids)) {
        pids_r[0] = pids[0];
        pids_r[1] = pids[1];
    }
    close(fd);
}

static bool is_protected(const struct status *s)
{
    return s->attached && status_policy(s)->mode == MODE_ENFORCE;
}

static void print(const struct status *s)
{
    const struct coverage *coverage = status_coverage(s);

    printf("guard: %d\ngate: %d\nlink: %d\n", s->guard, s->gate, s->link);
    printf("protected: %s\n", is_protected(s) ? "yes" : "no");
    print_policy(s);
    printf("generation: %016" PRIx64 "\n", s->generation);
    printf("held: %u\nrecords: %u\nrecords-kept: %u\n", s->held, s->records,
           s->records_kept);
    for (int i = 0; i < STATUS_NR_COUNTS; i++)
        printf("%s: %" PRIu64 "\n", count_names[i], s->count[i]);
    for (int i = 0; i < REASON_END; i++)
        if (i && strcmp(reason_text((unsigned int)i), "unknown"))
            printf("reason %s: %" PRIu64 "\n", reason_text((unsigned int)i),
                   s->reason[i]);
    printf("filesystems-covered: %u\nfilesystems-not-covered: %u\n",
           coverage->covered, coverage->uncovered);
    printf("fstab-left-out: %u\n", coverage->fstab_left_out);
    if (s->attached && !s->coverage_whole)
        puts("filesystems-unknown: the last look at the mounts did not end");
    printf("%.*s", COVERAGE_TEXT - 1, coverage->text);
}

static void add_number(struct text *answer, const char *begin,
                       const char *key, uint64_t value)
{
    char line[VSCANIF_MAX_KEY + 24];

    snprintf(line, sizeof(line), "%s%s %" PRIu64, begin, key, value);
    answer_line(answer, line);
}

void status_stats(const struct status *s, struct text *answer)
{
    const struct coverage *coverage = status_coverage(s);

    add_number(answer, "", "protected", is_protected(s));
    add_number(answer, "", "held", s->held);
    add_number(answer, "", "records", s->records);
    add_number(answer, "", "records-kept", s->records_kept);
    add_number(answer, "", "filesystems-covered", coverage->covered);
    add_number(answer, "", "filesystems-not-covered", coverage->uncovered);
    for (int i = 0; i < STATUS_NR_COUNTS; i++)
        add_number(answer, "", count_names[i], s->count[i]);
    for (unsigned int i = 0; i < REASON_END; i++)
        if (reason_exists(i) && s->reason[i])
            add_number(answer, "reason-", reason_text(i), s->reason[i]);
}

/* Of the front's version, whoever runs; NULL when it is another one's. */
static const struct status *map_file(int fd)
{
    const struct status *status;
    struct stat st;

    if (fstat(fd, &st) || st.st_size != (off_t)sizeof(*status))
        return NULL;
    status = mmap(NULL, sizeof(*status), PROT_READ, MAP_SHARED, fd, 0);
    if (status == MAP_FAILED)
        return NULL;
    if (status->magic == STATUS_MAGIC && status->version == STATUS_VERSION)
        return status;
    munmap((void *)(uintptr_t)status, sizeof(*status));
    return NULL;
}

const struct status *status_map(const char *path, const char **why_r)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    const struct status *status;

    if (fd < 0) {
        *why_r = strerror(errno);
        return NULL;
    }
    status = map_file(fd);
    close(fd);
    *why_r = "of another version";
    if (!status)
        return NULL;
    if (status->gate > 0 && !kill(status->gate, 0))
        return status;
    *why_r = "not running";
    munmap((void *)(uintptr_t)status, sizeof(*status));
    return NULL;
}

int status_print(const char *path)
{
    const char *why;
    const struct status *status = status_map(path, &why);

    if (!status) {
        fprintf(stderr, "xen-guest-front: %s: %s\n", path, why);
        return 1;
    }
    print(status);
    return 0;
}
