/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * load.c - files that are written and opened for as long as it is told, for
 * 68-lifecycle.sh and 69-moves.sh.
 *
 *   load FOLDER THREADS
 *
 * Overview: each thread makes a file with a content that nobody has seen, opens
 * it, compares what it reads, and removes it, again and again: a round.  In
 * each fifth round the content is the test file of eicar.org, with something
 * behind it.  All opens, the one that makes the file too, are to be allowed but
 * the second one of an infected file.  The program obeys words on standard
 * input, a line each, and starts no program and opens no other file meanwhile:
 * what is tried may leave no way to do so.
 *
 *   go           the threads go on; says "gone"
 *   more N       waits until each thread has begun and ended N rounds, so that
 *                what was open before has ended, too; says "more", or "held M"
 *                when M threads have not, for PATIENCE_S
 *   hold         waits until each thread is in an open, and stays there; says
 *                "held M", M threads; for when nobody answers
 *   stop         has them stop after their rounds; says "stopped", or "held M"
 *   tell         says "opens A denied D found F infected I wrong W longest MS",
 *                since it was last told: how many opens have ended; clean ones
 *                that were denied (EPERM); infected ones that were, and that
 *                were not; other errors, and contents that were not as written;
 *                the longest open in milliseconds
 *
 * Says "ready" first.  Ends when standard input does.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_THREADS     16
#define INFECTED_EACH   5
#define PATIENCE_S      240
/* Who is in the same open for as long waits for an answer. */
#define STAYS_MS        500
/* The first thread's files, and four times as much for each further one: what
 * goes in the page pool, and what is large for it. */
#define LEAST_OCTETS    4096u
#define MAX_OCTETS      (LEAST_OCTETS << 8)

struct counts {
    uint64_t opens, denied, found, infected, wrong, longest_ms;
};

struct load;

struct thread {
    struct load *load;
    pthread_t id;
    char path[4096];
    char *content, *read;       /* of as many octets */
    size_t octets;
    uint64_t rounds;            /* that have ended */
    int64_t open_since_ms;      /* 0: it is in no open */
    bool rests;
};

/* All but path and contents under the lock. */
struct load {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool goes;
    unsigned int nr;
    struct counts counts;
    struct thread threads[MAX_THREADS];
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void begin_open(struct thread *thread)
{
    pthread_mutex_lock(&thread->load->lock);
    thread->open_since_ms = now_ms();
    pthread_mutex_unlock(&thread->load->lock);
}

/* What it has come to: @error is 0 or its errno. */
static void end_open(struct thread *thread, bool infected, int error)
{
    struct load *load = thread->load;
    struct counts *c = &load->counts;
    int64_t took_ms;

    pthread_mutex_lock(&load->lock);
    took_ms = now_ms() - thread->open_since_ms;
    thread->open_since_ms = 0;
    c->opens++;
    if (error && error != EPERM)
        c->wrong++;
    else if (infected)
        error ? c->found++ : c->infected++;
    else if (error)
        c->denied++;
    if ((uint64_t)took_ms > c->longest_ms)
        c->longest_ms = (uint64_t)took_ms;
    pthread_mutex_unlock(&load->lock);
}

static void count_wrong(struct load *load)
{
    pthread_mutex_lock(&load->lock);
    load->counts.wrong++;
    pthread_mutex_unlock(&load->lock);
}

static int open_file(struct thread *thread, int flags, bool infected)
{
    int fd;

    begin_open(thread);
    fd = open(thread->path, flags | O_CLOEXEC, 0600);
    end_open(thread, infected, fd < 0 ? errno : 0);
    return fd;
}

/* In two parts, so that neither this file nor the program is a test file; what
 * follows is a name that no other round of any run has. */
static void fill(struct thread *thread, bool infected)
{
    struct timespec t;
    int n;

    clock_gettime(CLOCK_REALTIME, &t);
    n = snprintf(thread->content, thread->octets, "%s%s %s %ld.%09ld %lu\n",
                 infected ? "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-" : "",
                 infected ? "ANTIVIRUS-TEST-FILE!$H+H*" : "clean", thread->path,
                 (long)t.tv_sec, t.tv_nsec, (unsigned long)thread->rounds);
    for (size_t i = (size_t)n; i < thread->octets; i++)
        thread->content[i] = (char)('a' + (i / 7 + i / 4096) % 26);
}

static bool transfer_all(int fd, char *to, const char *from, size_t octets)
{
    for (size_t done = 0; done < octets;) {
        ssize_t n = to ? read(fd, to + done, octets - done) :
                         write(fd, from + done, octets - done);

        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

static void make_round(struct thread *thread, bool infected)
{
    /* The test file has to be a short one. */
    const size_t octets = infected ? strcspn(thread->content, "\n") + 1 :
                          thread->octets;
    int fd = open_file(thread, O_WRONLY | O_CREAT | O_EXCL, false);

    if (fd >= 0) {
        if (!transfer_all(fd, NULL, thread->content, octets) || close(fd))
            count_wrong(thread->load);
        fd = open_file(thread, O_RDONLY, infected);
        if (fd >= 0) {
            if (!transfer_all(fd, thread->read, NULL, octets) ||
                memcmp(thread->read, thread->content, octets))
                count_wrong(thread->load);
            close(fd);
        }
    }
    /* Made by an open that was denied, too. */
    unlink(thread->path);
}

static void *run(void *arg)
{
    struct thread *thread = arg;
    struct load *load = thread->load;

    pthread_mutex_lock(&load->lock);
    for (;;) {
        const bool infected = thread->rounds % INFECTED_EACH == 0;

        while (!load->goes) {
            thread->rests = true;
            pthread_cond_broadcast(&load->changed);
            pthread_cond_wait(&load->changed, &load->lock);
        }
        thread->rests = false;
        pthread_mutex_unlock(&load->lock);
        fill(thread, infected);
        make_round(thread, infected);
        pthread_mutex_lock(&load->lock);
        thread->rounds++;
        pthread_cond_broadcast(&load->changed);
    }
    return NULL;
}

/* Commands ----------------------------------------------------------------- */

/* A thread for which this is true is not waited for any more. */
typedef bool done_fn(const struct thread *thread, uint64_t wanted);

static bool has_ended(const struct thread *thread, uint64_t wanted)
{
    return thread->rounds >= wanted;
}

static bool rests(const struct thread *thread, uint64_t wanted)
{
    (void)wanted;
    return thread->rests;
}

/* With the lock held. */
static void wait_for_all(struct load *load, done_fn *done,
                         const uint64_t *wanted, const char *word)
{
    struct timespec end;
    unsigned int left;
    int r = 0;

    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += PATIENCE_S;
    for (;;) {
        left = 0;
        for (unsigned int i = 0; i < load->nr; i++)
            left += !done(&load->threads[i], wanted[i]);
        if (!left || r == ETIMEDOUT)
            break;
        r = pthread_cond_timedwait(&load->changed, &load->lock, &end);
    }
    if (left)
        printf("held %u\n", left);
    else
        puts(word);
}

/* The round that is under way does not count. */
static void more(struct load *load, uint64_t rounds)
{
    uint64_t wanted[MAX_THREADS];

    for (unsigned int i = 0; i < load->nr; i++)
        wanted[i] = load->threads[i].rounds + 1 + rounds;
    wait_for_all(load, has_ended, wanted, "more");
}

static unsigned int count_held(const struct load *load)
{
    const int64_t before = now_ms() - STAYS_MS;
    unsigned int n = 0;

    for (unsigned int i = 0; i < load->nr; i++)
        n += load->threads[i].open_since_ms &&
             load->threads[i].open_since_ms <= before;
    return n;
}

/* Nobody tells that he stays where he is: looks now and then. */
static void hold(struct load *load)
{
    const int64_t end = now_ms() + PATIENCE_S * 1000;
    unsigned int n;

    while ((n = count_held(load)) < load->nr && now_ms() < end) {
        pthread_mutex_unlock(&load->lock);
        nanosleep(&(struct timespec){ .tv_nsec = 20 * 1000000L }, NULL);
        pthread_mutex_lock(&load->lock);
    }
    printf("held %u\n", n);
}

static void set_going(struct load *load, bool goes)
{
    load->goes = goes;
    pthread_cond_broadcast(&load->changed);
}

static void tell(struct load *load)
{
    const struct counts *c = &load->counts;

    printf("opens %lu denied %lu found %lu infected %lu wrong %lu "
           "longest %lu\n", (unsigned long)c->opens, (unsigned long)c->denied,
           (unsigned long)c->found, (unsigned long)c->infected,
           (unsigned long)c->wrong, (unsigned long)c->longest_ms);
    load->counts = (struct counts){ .opens = 0 };
}

static void obey(struct load *load, const char *line)
{
    static const uint64_t none[MAX_THREADS];

    if (!strcmp(line, "go")) {
        set_going(load, true);
        puts("gone");
    } else if (!strcmp(line, "stop")) {
        set_going(load, false);
        wait_for_all(load, rests, none, "stopped");
    } else if (!strncmp(line, "more ", 5)) {
        more(load, strtoul(line + 5, NULL, 10));
    } else if (!strcmp(line, "hold")) {
        hold(load);
    } else if (!strcmp(line, "tell")) {
        tell(load);
    } else {
        puts("what?");
    }
    fflush(stdout);
}

static void start(struct load *load, const char *folder)
{
    pthread_condattr_t attr;

    pthread_mutex_init(&load->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&load->changed, &attr);
    for (unsigned int i = 0; i < load->nr; i++) {
        struct thread *thread = &load->threads[i];

        *thread = (struct thread){ .load = load,
                                   .octets = LEAST_OCTETS << 2 * (i % 5) };
        snprintf(thread->path, sizeof(thread->path), "%s/load-%u", folder, i);
        thread->content = malloc(MAX_OCTETS);
        thread->read = malloc(MAX_OCTETS);
        if (!thread->content || !thread->read)
            die("malloc");
        errno = pthread_create(&thread->id, NULL, run, thread);
        if (errno)
            die("pthread_create");
    }
}

int main(int argc, char **argv)
{
    static struct load load;
    char line[256];

    load.nr = argc == 3 ? (unsigned int)strtoul(argv[2], NULL, 10) : 0;
    if (load.nr < 1 || load.nr > MAX_THREADS) {
        fprintf(stderr, "usage: load FOLDER THREADS\n");
        return 2;
    }
    start(&load, argv[1]);
    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = 0;
        pthread_mutex_lock(&load.lock);
        obey(&load, line);
        pthread_mutex_unlock(&load.lock);
    }
    return 0;
}
