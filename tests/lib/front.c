/* SPDX-License-Identifier: GPL-2.0-or-later */
/* front.c - see front.h. */
#define _GNU_SOURCE
#include "front.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "gate-msg.h"
#include "held.h"
#include "ipc.h"
#include "log.h"
#include "memtext.h"
#include "need.h"
#include "proc-guard.h"
#include "world.h"


struct front_shared *shared;
const struct status *status;
pid_t front_pid;

/* The link -----------------------------------------------------------------*/

struct stub {
    int sock;
    uint64_t told;                  /* generation */
    uint64_t later[HELD_MAX];
    unsigned int nr_later;
};

static void tell(struct stub *stub, const struct link_msg *msg, int fd)
{
    if (ipc_send_wait(stub->sock, msg, sizeof(*msg), fd, LONG_MS))
        _exit(3);
}

static void tell_verdict(struct stub *stub, uint64_t id, struct verdict verdict)
{
    struct link_msg msg = { .id = id, .kind = LINK_VERDICT,
                            .verdict = verdict };

    tell(stub, &msg, -1);
}

static void tell_kind(struct stub *stub, uint8_t kind)
{
    const struct link_msg msg = { .kind = kind };

    tell(stub, &msg, -1);
}

static void tell_attached(struct stub *stub)
{
    const struct link_msg msg = { .id = shared->policy_id,
                                  .kind = LINK_ATTACHED };
    int fd = memfd_create("policy", MFD_CLOEXEC);

    if (fd < 0 || dprintf(fd, "fail=%s timeout-ms=%u notify=no%s%s",
                          shared->config.fail_closed ? "closed" : "open",
                          shared->config.timeout_ms,
                          shared->config.words[0] ? " " : "",
                          shared->config.words) < 0)
        _exit(3);
    tell(stub, &msg, fd);
    close(fd);
}

static void tell_generation(struct stub *stub)
{
    struct link_msg msg = { .kind = LINK_GENERATION };

    if (stub->told == shared->generation)
        return;
    stub->told = msg.verdict.generation = shared->generation;
    tell(stub, &msg, -1);
}

static struct verdict clean(uint64_t generation)
{
    struct verdict verdict = verdict_clean();

    verdict.generation = generation;
    return verdict;
}

static struct verdict infected(uint64_t generation)
{
    struct verdict verdict = verdict_infected("Test");

    verdict.generation = generation;
    return verdict;
}

/* A file of its own, which nobody may hold. */
static struct verdict own_file(const struct stub *stub)
{
    int fd = open(FRONT_INFECTED, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return verdict_infected("Held");
    close(fd);
    return clean(stub->told);
}

static void tell_nonsense(struct stub *stub, uint64_t id)
{
    tell_verdict(stub, 0, verdict_infected("Test"));
    tell_verdict(stub, id + 1, verdict_infected("Test"));
    tell_verdict(stub, id + HELD_MAX, verdict_infected("Test"));
    tell_verdict(stub, UINT64_MAX, verdict_infected("Test"));
    tell_verdict(stub, id, clean(stub->told));
    tell_verdict(stub, id, verdict_infected("Test"));
}

/* The content is a command, and its argument. */
static void answer(struct stub *stub, uint64_t id, const char *content)
{
    switch (content[0]) {
    case 'I':
        tell_verdict(stub, id, infected(stub->told));
        break;
    case 'R':
        tell_verdict(stub, id, verdict_not_scanned(
                         (unsigned int)strtoul(content + 1, NULL, 10)));
        break;
    case 'S':
        shared->silent++;
        break;
    case 'L':
        if (stub->nr_later == HELD_MAX)
            _exit(6);
        stub->later[stub->nr_later++] = id;
        shared->later = stub->nr_later;
        break;
    case 'X':
        if (strncmp(content, "X5O!", 4))
            _exit(5);
        tell_verdict(stub, id, infected(stub->told));
        break;
    case 'D':
        tell_kind(stub, LINK_DETACHED);
        break;
    case 'T':
        tell_nonsense(stub, id);
        break;
    case 'O':
        tell_verdict(stub, id, own_file(stub));
        break;
    case 'G':
        tell_verdict(stub, id, clean(stub->told + 1));
        break;
    default:
        tell_verdict(stub, id, clean(stub->told));
    }
}

/* A scan takes longer than a tick of the clock by which files' times go, so
 * that what was just written can go on record. */
static void settle_file(int fd)
{
    const struct timespec tick = { 0, 20000000 };
    struct timespec now;
    struct stat st;

    if (!clock_gettime(CLOCK_REALTIME, &now) && !fstat(fd, &st) &&
        now.tv_sec - st.st_ctim.tv_sec <= 1)
        nanosleep(&tick, NULL);
}

static void on_held(struct stub *stub, const struct gate_msg *msg, int fd)
{
    char content[8] = "C";

    shared->event = msg->event;
    shared->locked += msg->locked;
    shared->held++;
    settle_file(fd);
    if (pread(fd, content, sizeof(content) - 1, 0) < 0)
        _exit(4);
    close(fd);
    answer(stub, msg->id, content);
}

static void on_given_up(struct stub *stub, uint64_t id)
{
    const struct link_msg msg = { .id = id, .kind = LINK_HEARD };

    shared->given_up++;
    if (!shared->deaf)
        tell(stub, &msg, -1);
}

static void tell_question(struct stub *stub)
{
    const struct link_msg msg = { .kind = LINK_QUESTION };
    int fd = memtext_make(shared->question);

    if (fd < 0)
        _exit(3);
    tell(stub, &msg, fd);
    close(fd);
}

/* What comes with a text. */
static void on_text(const struct gate_msg *msg, int fd)
{
    if (msg->kind == GATE_ANSWER) {
        memtext_read(fd, shared->answer, sizeof(shared->answer));
        shared->answers++;
    } else if (msg->kind == GATE_REMEDY) {
        memtext_read(fd, shared->remedy, sizeof(shared->remedy));
        shared->remedies++;
    }
    close(fd);
}

static void on_poke(struct stub *stub)
{
    tell_generation(stub);
    if (shared->ask) {
        tell_question(stub);
        shared->ask = false;
    }
    if (shared->detach) {
        tell_kind(stub, LINK_DETACHED);
        shared->detach = false;
    }
    if (shared->attach) {
        tell_attached(stub);
        shared->attach = false;
    }
    if (shared->attach_bad) {
        tell_kind(stub, LINK_ATTACHED);
        shared->attach_bad = false;
    }
    if (!shared->release)
        return;
    for (unsigned int i = 0; i < stub->nr_later; i++)
        answer(stub, stub->later[i], (char[]){ shared->release, 0 });
    stub->nr_later = shared->later = 0;
    shared->release = 0;
}

static void poked(int number)
{
    (void)number;
}

int front_stub_link(int sock)
{
    struct pollfd fd = { .fd = sock, .events = POLLIN };
    struct sigaction action = { .sa_handler = poked };
    struct stub stub = { .sock = sock };
    struct gate_msg msg;
    sigset_t poke, none;
    int file, rc;

    signal(SIGTERM, SIG_IGN);
    /* Pokes come while it waits, never before. */
    sigemptyset(&none);
    sigemptyset(&poke);
    sigaddset(&poke, SIGUSR1);
    sigprocmask(SIG_BLOCK, &poke, NULL);
    sigaction(SIGUSR1, &action, NULL);
    tell_attached(&stub);
    tell_generation(&stub);
    shared->links++;
    for (;;) {
        on_poke(&stub);
        ppoll(&fd, 1, NULL, &none);
        while ((rc = ipc_recv(sock, &msg, sizeof(msg), &file)) == 1) {
            if (msg.kind == GATE_HELD)
                on_held(&stub, &msg, file);
            else if (msg.kind == GATE_GIVEN_UP)
                on_given_up(&stub, msg.id);
            else if (msg.kind == GATE_IN_FORCE)
                shared->in_force = msg.id;
            else
                on_text(&msg, file);
        }
        if (rc != -EAGAIN)
            return 0;
    }
}

void front_poke(void)
{
    assert_true(status->link > 0);
    assert_int_equal(kill(status->link, SIGUSR1), 0);
}

void front_release(char how)
{
    shared->release = how;
    front_poke();
    WAIT_FOR(shared->release == 0);
}

void front_policy(const char *words)
{
    snprintf(shared->config.words, sizeof(shared->config.words), "%s", words);
    shared->attach = true;
    front_poke();
    WAIT_FOR(!shared->attach);
}

void front_policy_in_force(const char *words)
{
    shared->policy_id++;
    front_policy(words);
    WAIT_FOR(shared->in_force == shared->policy_id);
}

void front_generation(uint64_t generation)
{
    shared->generation = generation;
    front_poke();
    WAIT_FOR(status->generation == generation);
}

void front_ask(const char *question)
{
    snprintf(shared->question, sizeof(shared->question), "%s", question);
    shared->ask = true;
    front_poke();
    WAIT_FOR(!shared->ask);
}

const char *front_answer(const char *question)
{
    const unsigned int before = shared->answers;

    front_ask(question);
    WAIT_FOR(shared->answers > before);
    return shared->answer;
}

/* The programs -------------------------------------------------------------*/

void write_file(const char *path, const char *text)
{
    const struct timespec old[2] = { { 1000000000, 0 }, { 1000000000, 0 } };

    put_text(path, text);
    assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
}

pid_t opens(const char *path)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        int fd = open(path, O_RDONLY);

        _exit(fd < 0 ? errno : 0);
    }
    return pid;
}

int open_result(const char *path)
{
    return outcome(opens(path));
}

void pause_ms(void)
{
    const struct timespec ms = { 0, 1000000 };

    nanosleep(&ms, NULL);
}

/* The front ----------------------------------------------------------------*/

void front_need_world(void)
{
    need_world();
}

/* The page is there before the gate, and so before the first access is held.
 * Until the guard has made it anew there is that of the front before. */
static void map_status(void)
{
    int fd;

    WAIT_FOR((fd = open(STATUS_FILE, O_RDONLY | O_CLOEXEC)) >= 0);
    status = mmap(NULL, sizeof(*status), PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    assert_ptr_not_equal(status, MAP_FAILED);
}

void front_start(struct front_config config)
{
    if (!config.timeout_ms)
        config.timeout_ms = LONG_MS;
    *shared = (struct front_shared){ .config = config, .policy_id = 1,
                                     .generation = config.generation };
    write_file(FRONT_CLEAN, "C");
    write_file(FRONT_INFECTED, "I");
    write_file(FRONT_SILENT, "S");
    unlink(STATUS_FILE);
    front_pid = fork();
    assert_true(front_pid >= 0);
    if (front_pid == 0)
        _exit(proc_guard(STATUS_FILE, LOCK_FILE));
    /* Protected from now on. */
    WAIT_FOR(shared->links == 1 && open_result(FRONT_INFECTED) == EPERM);
    map_status();
    WAIT_FOR(status->generation == config.generation && status->held == 0);
}

static void unmap_status(void)
{
    if (status)
        munmap((void *)(uintptr_t)status, sizeof(*status));
    status = NULL;
}

void front_taken_over(pid_t pid)
{
    pid_t pids[2];

    waitpid(front_pid, NULL, 0);
    front_pid = pid;
    WAIT_FOR((status_processes(STATUS_FILE, pids), pids[0] == pid));
    unmap_status();
    map_status();
    WAIT_FOR(status->attached && open_result(FRONT_INFECTED) == EPERM);
}

static bool is_gone(pid_t pid)
{
    return pid <= 0 || (kill(pid, 0) && errno == ESRCH);
}

/* The guard may be another than was started; the first one is our child. */
int front_stop(void **state)
{
    (void)state;
    if (front_pid > 0) {
        pid_t guard = status && status->guard > 0 ? status->guard : front_pid;

        kill(guard, SIGTERM);
        waitpid(front_pid, NULL, 0);
        front_pid = 0;
        WAIT_FOR(is_gone(guard) && (!status || is_gone(status->gate)));
    }
    unmap_status();
    return 0;
}

static int (*body_of_main)(void);

static int run(void)
{
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return 1;
    log_init("gate", LOG_LEVEL_ERROR);
    /* One test alone: FRONT_TEST=its_name. */
    if (getenv("FRONT_TEST"))
        cmocka_set_test_filter(getenv("FRONT_TEST"));
    return body_of_main();
}

int front_main(int (*body)(void))
{
    body_of_main = body;
    return world_run(run);
}
