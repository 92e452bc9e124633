/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-sandbox-root.c - xen-scan-back/sandbox-root.c: what is to be seen of the
 * file systems, and that libclamav misses nothing.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cmocka.h>

#include "child.h"
#include "log.h"
#include "room.h"
#include "sandbox.h"
#include "sandbox-root.h"
#include "signatures.h"
#include "snapshot.h"

#define FILES           "/usr/share/clamav-testfiles"
#define CONVERTERS      "/usr/lib/x86_64-linux-gnu/gconv"
#define OWNER           1879048200u
#define MAX_SAMPLES     80

static int read_only_root(void)
{
    return sandbox_root_read_only();
}

/* Not the default. */
static const struct sandbox_room scratch_room = {
    .temp_octets = (uint64_t)3 << 30, .temp_files = 100000,
};

static int scratch_root(void)
{
    return sandbox_root_scratch(OWNER, &scratch_room);
}

/* Runs @body, in a child, in the root that @enter makes. */
static void inside(int (*enter)(void), void (*body)(void))
{
    pid_t pid;

    if (geteuid())
        skip();
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        must(!enter());
        body();
        _exit(0);
    }
    assert_int_equal(outcome(pid), 0);
}

static int open_errno(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);

    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

static void find_nothing(void)
{
    must(room_names("/") == 0);
    must(open_errno("/new", O_CREAT | O_WRONLY) == EROFS);
    must(open_errno("..", O_PATH) == 0 && room_names("..") == 0);
    must(mkdir("new", 0700) && errno == EROFS);
}

static void empty_is_empty(void **state)
{
    (void)state;
    inside(sandbox_root_empty, find_nothing);
}

static void find_all_read_only(void)
{
    must(open_errno("/etc/passwd", O_RDONLY) == 0);
    must(open_errno("/etc/new", O_CREAT | O_WRONLY) == EROFS);
    must(open_errno("/tmp/new", O_CREAT | O_WRONLY) == EROFS);
    must(open_errno("/dev/null", O_RDWR) == EACCES);
}

static void read_only_is_all_but_devices(void **state)
{
    (void)state;
    inside(read_only_root, find_all_read_only);
    /* Of the child alone. */
    assert_int_equal(open_errno("/dev/null", O_RDWR), 0);
}

/* What YARA's module magic reads, and whether it is installed here. */
static const char *const magic[] = { "/etc/magic",
                                     "/usr/share/misc/magic.mgc" };
static int has_magic[2];

static void find_scratch(void)
{
    struct statvfs fs;
    struct stat st;

    must(!stat("/", &st) && (st.st_mode & 07777) == 0755);
    must(!stat("/usr/lib", &st) && (st.st_mode & 07777) == 0755);
    must(room_names("/") <= 3 && room_names("/usr") <= 2);
    must(room_names("/etc") <= 1 && room_names("/usr/lib") <= 2);
    for (unsigned int i = 0; i < 2; i++) {
        must(open_errno(magic[i], O_RDONLY) == has_magic[i]);
        must(open_errno(magic[i], O_WRONLY) ==
             (has_magic[i] ? has_magic[i] : EROFS));
    }
    must(open_errno(CONVERTERS "/KOI8-R.so", O_RDONLY) == 0);
    must(open_errno(CONVERTERS "/new", O_CREAT | O_WRONLY) == EROFS);
    must(open_errno("/new", O_CREAT | O_WRONLY) == EROFS);
    must(!stat(SANDBOX_TEMP_DIR, &st) && (st.st_mode & 07777) == 0700);
    must(st.st_uid == OWNER && st.st_gid == OWNER);
    must(open_errno(SANDBOX_TEMP_DIR "/new", O_CREAT | O_WRONLY) == 0);
    must(!statvfs(SANDBOX_TEMP_DIR, &fs));
    must(fs.f_blocks * (uint64_t)fs.f_frsize == scratch_room.temp_octets);
    must(fs.f_files == scratch_room.temp_files);
    must((fs.f_flag & (ST_NOEXEC | ST_NODEV | ST_NOSUID)) ==
         (ST_NOEXEC | ST_NODEV | ST_NOSUID));
    must(umask(0) == 077);
}

static void scratch_is_few_files_and_a_folder(void **state)
{
    mode_t before = umask(077);

    (void)state;
    for (unsigned int i = 0; i < 2; i++)
        has_magic[i] = open_errno(magic[i], O_RDONLY);
    inside(scratch_root, find_scratch);
    umask(before);
}

static void enter_empty(void)
{
    must(!sandbox_root_empty());
}

static void enter_scratch(void)
{
    must(!scratch_root());
}

static unsigned int mounts_of(pid_t pid)
{
    unsigned int lines = 0;
    char path[48];
    FILE *file;
    int c;

    snprintf(path, sizeof(path), "/proc/%d/mountinfo", (int)pid);
    file = fopen(path, "re");
    assert_non_null(file);
    while ((c = getc(file)) != EOF)
        lines += c == '\n';
    fclose(file);
    return lines;
}

/* The old root is not hidden, it is gone. */
static void nothing_else_is_mounted(void **state)
{
    pid_t pid;

    (void)state;
    if (geteuid())
        skip();
    pid = child_start(enter_empty);
    assert_int_equal(mounts_of(pid), 1);
    child_stop(pid);
    pid = child_start(enter_scratch);
    assert_in_range(mounts_of(pid), 3, 6);
    child_stop(pid);
}

/* All that glibc has, its helper libraries too. */
static void convert(void)
{
    static const struct {
        const char *charset, *text, *utf8;
    } samples[] = {
        { "KOI8-R", "\xc6", "\xd1\x84" },
        { "UTF-7", "+BEQ-", "\xd1\x84" },
        { "CP1251", "\xf4", "\xd1\x84" },
        { "EUC-JP", "\xa7\xe6", "\xd1\x84" },
        { "EUC-KR", "\xac\xe6", "\xd1\x84" },
        { "ISO-2022-JP", "\x1b$B'f", "\xd1\x84" },
        { "BIG5-HKSCS", "\xa4@", "\xe4\xb8\x80" },
    };

    must(!sandbox_enter(SANDBOX_WORKER));
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        char in[16], out[16] = "", *from = in, *to = out;
        size_t left = strlen(samples[i].text), room = sizeof(out) - 1;
        iconv_t how = iconv_open("UTF-8", samples[i].charset);

        must(how != (iconv_t)-1);
        memcpy(in, samples[i].text, left);
        must(iconv(how, &from, &left, &to, &room) != (size_t)-1);
        must(!strcmp(out, samples[i].utf8));
        iconv_close(how);
    }
}

static int stay(void)
{
    return 0;
}

static void character_sets_are_known(void **state)
{
    (void)state;
    inside(stay, convert);
}

/* Verdicts ------------------------------------------------------------------*/

static struct sample {
    char name[64];
    int fd;
    uint64_t size;
} sample[MAX_SAMPLES];
static unsigned int nr_samples;

static void add_sample(const char *name, const void *content, size_t size)
{
    struct sample *s = &sample[nr_samples++];

    assert_true(nr_samples <= MAX_SAMPLES);
    snprintf(s->name, sizeof(s->name), "%s", name);
    s->size = size;
    assert_int_equal(snapshot_make(content, size, &s->fd), 0);
}

static void collect_samples(void)
{
    static const char mail[] =
        "From a@b.c Mon Jan  1 00:00:00 2024\nFrom: a@b.c\nTo: d@e.f\n"
        "Subject: x\nMIME-Version: 1.0\n"
        "Content-Type: text/html; charset=%s\n\n"
        "<html><head><meta http-equiv=\"Content-Type\" content=\"text/html; "
        "charset=%s\"></head><body>%s%s</body></html>\n";
    static const char *const charset[] = { "utf-7", "koi8-r", "iso-2022-kr" };
    static unsigned char content[8 << 20];
    DIR *dir = opendir(FILES);
    struct dirent *entry;

    assert_non_null(dir);
    while ((entry = readdir(dir)))
        if (entry->d_name[0] != '.')
            add_sample(entry->d_name, content,
                       read_test_file(entry->d_name, content,
                                      sizeof(content)));
    closedir(dir);
    for (unsigned int i = 0; i < 3; i++) {
        int n = snprintf((char *)content, sizeof(content), mail, charset[i],
                         charset[i], eicar_head, eicar_tail);

        add_sample(charset[i], content, (size_t)n);
    }
}

/* What clamscan is compared with is the engine outside (tests/xen/). */
static void verdicts_do_not_change(void **state)
{
    struct verdict *found, outside[MAX_SAMPLES];
    size_t size = MAX_SAMPLES * sizeof(*found);
    char error[ENGINE_TEXT] = "";
    unsigned int infected = 0;
    struct engine *engine;
    pid_t pid;

    (void)state;
    if (geteuid())
        skip();
    found = mmap(NULL, size, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(found != MAP_FAILED);
    collect_samples();
    assert_true(nr_samples >= 40);
    assert_int_equal(engine_clamav.load(db, SANDBOX_TEMP_DIR, &limits, &engine,
                                        error), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        must(!sandbox_enter(SANDBOX_WORKER));
        for (unsigned int i = 0; i < nr_samples; i++)
            found[i] = engine->ops->scan(engine, sample[i].fd, sample[i].size);
        must(room_names(SANDBOX_TEMP_DIR) == 0);
        _exit(0);
    }
    assert_int_equal(outcome(pid), 0);
    for (unsigned int i = 0; i < nr_samples; i++) {
        outside[i] = engine->ops->scan(engine, sample[i].fd, sample[i].size);
        infected += outside[i].code == VSCANIF_VERDICT_INFECTED;
        if (memcmp(&outside[i], &found[i], sizeof(found[i])))
            fail_msg("%s: %u %u %s, outside: %u %u %s", sample[i].name,
                     found[i].code, found[i].reason, found[i].name,
                     outside[i].code, outside[i].reason, outside[i].name);
        close(sample[i].fd);
    }
    assert_true(infected >= 40);
    engine->ops->unload(engine);
    munmap(found, size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_is_empty),
        cmocka_unit_test(read_only_is_all_but_devices),
        cmocka_unit_test(scratch_is_few_files_and_a_folder),
        cmocka_unit_test(nothing_else_is_mounted),
        cmocka_unit_test(character_sets_are_known),
        cmocka_unit_test(verdicts_do_not_change),
    };

    log_init("test-sandbox-root", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests_name("sandbox-root", tests, signatures_make,
                                       signatures_remove);
}
