/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * storm.c - many processes that open many files at once, for 65-storm.sh,
 * 73-mode.sh and 80-kills.sh.  A file's name tells what an open must give:
 * "clean-..." is allowed, "bad-..." denied (EPERM).
 *
 *   storm make FOLDER NUMBER BAD
 *
 * Makes NUMBER files, each with a content of its own, of which BAD have the
 * test file of eicar.org in front.
 *
 *   storm open FOLDER PROCESSES
 *
 * PROCESSES processes start at the same moment and open each file of FOLDER,
 * each process from another one on.  Says "allowed A denied D wrong W longest
 * MS": the outcomes, how many are not as the name tells, the longest open in
 * milliseconds.  Exit status 1 when any is wrong.
 *
 *   storm steady FOLDER PROCESSES
 *
 * As "open", again and again until standard input ends; the "bad-..." ones may
 * be allowed or denied.
 *
 *   storm flight FOLDER NUMBER
 *
 * Obeys words on standard input, a line each, without starting a program or
 * opening a file that is held: what is to be tried may leave no way to do so.
 * Makes NUMBER clean files and keeps each open for writing, so that nobody can
 * have them on record.
 *
 *   fly          writes to each file, then NUMBER processes open one each; says
 *                "held N" when all that have not come back wait in the kernel
 *   kill NAME    kills all processes of that name; says "killed N"
 *   land         waits for all; says "allowed A denied D wrong W longest MS",
 *                W being errors other than EPERM
 *   stuck        waits until no process of the machine is in uninterruptible
 *                sleep; says "stuck N", the number left after STUCK_MS, each
 *                named on standard error
 *   open FILE    says "allowed", "denied" or the error
 *
 * Ends, and removes its files, when standard input ends.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_FILES       20000
#define MAX_PROCESSES   1024
/* How long to wait for all opens to be held, and for "stuck". */
#define HELD_MS         30000
#define STUCK_MS        15000
#define POLL_MS         20

struct outcomes {
    uint32_t allowed, denied, wrong, longest_ms;
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void doze(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = POLL_MS * 1000000L }, NULL);
}

static void die(const char *what)
{
    fprintf(stderr, "storm: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* Opens @path, and counts it as right when it is what is wanted: 0 or EPERM;
 * -1: both are. */
static void open_one(const char *path, int wanted, struct outcomes *sum)
{
    int64_t start = now_ms(), took;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int error = fd < 0 ? errno : 0;

    took = now_ms() - start;
    if (fd >= 0)
        close(fd);
    if (took > sum->longest_ms)
        sum->longest_ms = (uint32_t)took;
    if (!error)
        sum->allowed++;
    else if (error == EPERM)
        sum->denied++;
    if (wanted < 0 ? error && error != EPERM : error != wanted)
        sum->wrong++;
}

static void add(struct outcomes *sum, const struct outcomes *more)
{
    sum->allowed += more->allowed;
    sum->denied += more->denied;
    sum->wrong += more->wrong;
    if (more->longest_ms > sum->longest_ms)
        sum->longest_ms = more->longest_ms;
}

/* Reads what @count children report; each that reports nothing is wrong. */
static struct outcomes collect(int from, unsigned int count)
{
    struct outcomes sum = { .allowed = 0 }, one;
    unsigned int heard = 0;

    while (read(from, &one, sizeof(one)) == (ssize_t)sizeof(one)) {
        add(&sum, &one);
        heard++;
    }
    close(from);
    for (unsigned int i = 0; i < count; i++)
        wait(NULL);
    sum.wrong += count - heard;
    return sum;
}

static void tell(const struct outcomes *sum)
{
    printf("allowed %u denied %u wrong %u longest %u\n", sum->allowed,
           sum->denied, sum->wrong, sum->longest_ms);
}

/* The child's one report; small enough to be written whole. */
static void report(int to, const struct outcomes *sum)
{
    if (write(to, sum, sizeof(*sum)) != (ssize_t)sizeof(*sum))
        _exit(1);
    _exit(0);
}

/* In two parts, so that neither this file nor the program is a test file. */
static void put_eicar(FILE *f)
{
    fputs("X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-", f);
    fputs("ANTIVIRUS-TEST-FILE!$H+H*", f);
}

static int make_files(const char *folder, unsigned int number,
                      unsigned int bad)
{
    char path[4096];

    for (unsigned int i = 0; i < number; i++) {
        FILE *f;

        snprintf(path, sizeof(path), "%s/%s-%05u", folder,
                 i < bad ? "bad" : "clean", i);
        f = fopen(path, "wxe");
        if (!f)
            die(path);
        if (i < bad)
            put_eicar(f);
        fprintf(f, " %u\n", i);
        if (fclose(f))
            die(path);
    }
    return 0;
}

/* The names of the regular files with a name that tells. */
static unsigned int list_files(const char *folder, char **names_r)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    unsigned int n = 0;

    if (!dir)
        die(folder);
    while (n < MAX_FILES && (entry = readdir(dir))) {
        if (strncmp(entry->d_name, "clean-", 6) &&
            strncmp(entry->d_name, "bad-", 4))
            continue;
        if (asprintf(&names_r[n], "%s/%s", folder, entry->d_name) < 0)
            die("asprintf");
        n++;
    }
    closedir(dir);
    return n;
}

/* @bad: what an open of the bad ones must give. */
static void open_all(char *const *names, unsigned int count,
                     unsigned int first, int bad, struct outcomes *sum)
{
    for (unsigned int i = 0; i < count; i++) {
        const char *path = names[(first + i) % count];

        open_one(path, strncmp(strrchr(path, '/') + 1, "bad-", 4) ? 0 : bad,
                 sum);
    }
}

/* Nobody reads from it: what is there to be read is its end. */
static bool input_has_ended(void)
{
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

    return poll(&input, 1, 0) != 0;
}

static int storm_open(const char *folder, unsigned int processes, bool steady)
{
    static char *names[MAX_FILES];
    unsigned int count = list_files(folder, names), n = 0;
    int reports[2], starts[2];
    struct outcomes sum = { .allowed = 0 };
    char octet;

    if (!count) {
        fprintf(stderr, "storm: no file in %s\n", folder);
        return 2;
    }
    if (pipe(reports) || pipe(starts))
        die("pipe");
    for (; n < processes; n++) {
        pid_t pid = fork();

        if (pid < 0)
            die("fork");
        if (pid > 0)
            continue;
        close(starts[1]);
        close(reports[0]);
        /* Ends for all of them when the parent closes its end. */
        if (read(starts[0], &octet, 1) < 0)
            _exit(1);
        do
            open_all(names, count, n * count / processes, steady ? -1 : EPERM,
                     &sum);
        while (steady && !input_has_ended());
        report(reports[1], &sum);
    }
    close(starts[1]);
    close(reports[1]);
    sum = collect(reports[0], processes);
    tell(&sum);
    return sum.wrong > 0;
}

/* From /proc/PID/stat: its name, state and flags.  Returns false when it is
 * gone. */
static bool look(pid_t pid, char name_r[32], char *state_r,
                 unsigned int *flags_r)
{
    char path[64], line[512], *end, *begin;
    int fd;
    ssize_t n;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    n = read(fd, line, sizeof(line) - 1);
    close(fd);
    line[n > 0 ? n : 0] = 0;
    begin = strchr(line, '(');
    end = strrchr(line, ')');
    if (!begin || !end)
        return false;
    *end = 0;
    snprintf(name_r, 32, "%s", begin + 1);
    return sscanf(end + 1, " %c %*d %*d %*d %*d %*d %u", state_r,
                  flags_r) == 2;
}

/* The number of processes that @match, and are no kernel threads. */
static unsigned int each_process(bool (*match)(pid_t pid, const char *name,
                                               char state, const void *arg),
                                 const void *arg)
{
    DIR *dir = opendir("/proc");
    const struct dirent *entry;
    unsigned int n = 0, flags;
    char name[32], state;

    if (!dir)
        die("/proc");
    while ((entry = readdir(dir))) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

        /* PF_KTHREAD */
        if (pid > 0 && look(pid, name, &state, &flags) &&
            !(flags & 0x00200000) && match(pid, name, state, arg))
            n++;
    }
    closedir(dir);
    return n;
}

static bool kill_named(pid_t pid, const char *name, char state,
                       const void *arg)
{
    return state != 'Z' && !strcmp(name, arg) && !kill(pid, SIGKILL);
}

static bool is_stuck(pid_t pid, const char *name, char state, const void *arg)
{
    const bool *aloud = arg;

    if (state == 'D' && *aloud)
        fprintf(stderr, "storm: stuck: %s (%d)\n", name, (int)pid);
    return state == 'D';
}

static void say_stuck(void)
{
    int64_t end = now_ms() + STUCK_MS;
    bool aloud = false;

    while (each_process(is_stuck, &aloud) && now_ms() < end)
        doze();
    aloud = true;
    printf("stuck %u\n", each_process(is_stuck, &aloud));
}

struct flight {
    const char *folder;
    unsigned int number, round;
    int writer[MAX_PROCESSES];
    pid_t child[MAX_PROCESSES];
    int reports;        /* -1: nobody flies */
};

static char *file_name(const struct flight *flight, unsigned int i,
                       char path_r[4096])
{
    snprintf(path_r, 4096, "%s/clean-%05u", flight->folder, i);
    return path_r;
}

static void make_flight(struct flight *flight)
{
    char path[4096];

    for (unsigned int i = 0; i < flight->number; i++) {
        flight->writer[i] = open(file_name(flight, i, path), O_WRONLY |
                                 O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (flight->writer[i] < 0)
            die(path);
    }
}

/* In an open, which nothing but a held one can be for two looks. */
static bool all_wait(const struct flight *flight, unsigned int *waiting_r)
{
    char name[32], state;
    unsigned int flags;
    bool all = true;

    *waiting_r = 0;
    for (unsigned int i = 0; i < flight->number; i++) {
        if (!look(flight->child[i], name, &state, &flags) || state == 'Z')
            continue;
        if (state == 'D')
            (*waiting_r)++;
        else
            all = false;
    }
    return all;
}

static void fly(struct flight *flight)
{
    int64_t end = now_ms() + HELD_MS;
    unsigned int waiting = 0, looks = 0;
    int reports[2];
    char path[4096];

    if (flight->reports >= 0 || pipe(reports))
        die("fly");
    flight->round++;
    for (unsigned int i = 0; i < flight->number; i++) {
        struct outcomes sum = { .allowed = 0 };

        /* No open and no close: no event, but another content. */
        if (pwrite(flight->writer[i], &flight->round, sizeof(int), 0) < 0)
            die("write");
        flight->child[i] = fork();
        if (flight->child[i] < 0)
            die("fork");
        if (flight->child[i] == 0) {
            close(reports[0]);
            open_one(file_name(flight, i, path), -1, &sum);
            report(reports[1], &sum);
        }
    }
    close(reports[1]);
    flight->reports = reports[0];
    while (looks < 2 && now_ms() < end) {
        doze();
        looks = all_wait(flight, &waiting) ? looks + 1 : 0;
    }
    printf("held %u\n", waiting);
}

static void land(struct flight *flight)
{
    struct outcomes sum;

    if (flight->reports < 0)
        die("land");
    sum = collect(flight->reports, flight->number);
    flight->reports = -1;
    tell(&sum);
}

static void say_open(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd >= 0)
        close(fd);
    puts(fd >= 0 ? "allowed" : errno == EPERM ? "denied" : strerror(errno));
}

static int obey(struct flight *flight)
{
    char line[4096], path[4096];

    make_flight(flight);
    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = 0;
        if (!strcmp(line, "fly"))
            fly(flight);
        else if (!strcmp(line, "land"))
            land(flight);
        else if (!strcmp(line, "stuck"))
            say_stuck();
        else if (!strncmp(line, "kill ", 5))
            printf("killed %u\n", each_process(kill_named, line + 5));
        else if (!strncmp(line, "open ", 5))
            say_open(line + 5);
        else
            puts("what?");
        fflush(stdout);
    }
    for (unsigned int i = 0; i < flight->number; i++)
        unlink(file_name(flight, i, path));
    return 0;
}

/* A number from 0 to @max. */
static bool number(const char *text, unsigned int max, unsigned int *value_r)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    *value_r = (unsigned int)value;
    return end != text && !*end && value <= max;
}

int main(int argc, char **argv)
{
    static struct flight flight = { .reports = -1 };
    unsigned int n, bad;

    if (argc == 5 && !strcmp(argv[1], "make") &&
        number(argv[3], MAX_FILES, &n) && number(argv[4], n, &bad))
        return make_files(argv[2], n, bad);
    if (argc == 4 && !strcmp(argv[1], "open") &&
        number(argv[3], MAX_PROCESSES, &n) && n > 0)
        return storm_open(argv[2], n, false);
    if (argc == 4 && !strcmp(argv[1], "steady") &&
        number(argv[3], MAX_PROCESSES, &n) && n > 0)
        return storm_open(argv[2], n, true);
    if (argc == 4 && !strcmp(argv[1], "flight") &&
        number(argv[3], MAX_PROCESSES / 2, &flight.number)) {
        flight.folder = argv[2];
        return obey(&flight);
    }
    fprintf(stderr, "usage: storm make FOLDER NUMBER BAD\n"
                    "       storm open FOLDER PROCESSES\n"
                    "       storm steady FOLDER PROCESSES\n"
                    "       storm flight FOLDER NUMBER\n");
    return 2;
}
