/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-dataplane-content.c - tests of xen-scan-back/dataplane.c: the content
 * that a request names (guest-side.h).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "dataplane.h"
#include "fake.h"
#include "guest-side.h"
#include "snapshot.h"

/* Requests -----------------------------------------------------------------*/

struct file {
    uint32_t nr_pages, nr_dirs, nr_total;
    char *pages;            /* info, directories, content */
    uint32_t *refs;
    struct vscanif_info *info;
    char *content;
    struct scan_request req;
};

static struct file make_content(uint64_t size)
{
    struct file f = { .nr_pages = (uint32_t)((size + PAGE - 1) / PAGE) };
    uint32_t *refs;

    f.nr_dirs = request_nr_dirs(f.nr_pages);
    f.nr_total = 1 + f.nr_dirs + f.nr_pages;
    f.refs = malloc(f.nr_total * sizeof(*f.refs));
    f.pages = xengntshr_share_pages(gs.xgs, BACK, (int)f.nr_total, f.refs, 0);
    assert_non_null(f.pages);
    f.info = (struct vscanif_info *)(void *)f.pages;
    f.content = f.pages + (1 + f.nr_dirs) * (size_t)PAGE;
    for (uint64_t i = 0; i < size; i++)
        f.content[i] = (char)(i / PAGE * 31 + i);
    f.info->pid = 77;
    f.info->uid = 88;
    strcpy(f.info->path, "/bin/true");
    refs = f.refs + 1 + f.nr_dirs;
    for (uint32_t i = 0; i < f.nr_pages; i++)
        if (i < VSCANIF_INFO_REFS)
            f.info->ref[i] = refs[i];
        else
            ((uint32_t *)(void *)(f.pages + PAGE))[i - VSCANIF_INFO_REFS] =
                refs[i];
    f.req = (struct scan_request){
        .operation = VSCANIF_OP_SCAN,
        .id = 1, .event = VSCANIF_EVENT_OPEN, .size = size,
        .nr_pages = f.nr_pages, .nr_dirs = f.nr_dirs, .info_ref = f.refs[0],
    };
    memcpy(f.req.dir_ref, f.refs + 1, f.nr_dirs * sizeof(uint32_t));
    return f;
}

static void dispose_content(struct file *f)
{
    xengntshr_unshare(gs.xgs, f->pages, f->nr_total);
    free(f->refs);
}

/* As the link does. */
static int map_and_copy(const struct scan_request *req,
                        struct scan_subject *subject_r, int *fd_r,
                        const char **why_r)
{
    const void *pages;
    int rc = dataplane_map(&gs.dp, req, subject_r, &pages, why_r);

    if (rc)
        return rc;
    assert_int_equal(fake_mapped(BACK), 1 + req->nr_pages);
    rc = snapshot_make(pages, req->size, fd_r);
    dataplane_unmap(&gs.dp, req, pages);
    return rc;
}

static void expect_snapshot(const struct file *f, const char *expected)
{
    struct scan_subject subject;
    const char *why = NULL;
    int fd = -1;
    char *copy;

    assert_int_equal(map_and_copy(&f->req, &subject, &fd, &why),
                     0);
    assert_int_equal(fake_mapped(BACK), 1);
    assert_int_equal(subject.pid, 77);
    assert_int_equal(subject.uid, 88);
    assert_string_equal(subject.path, "/bin/true");
    assert_int_equal(snapshot_check(fd, f->req.size), 0);
    copy = mmap(NULL, f->req.size, PROT_READ, MAP_SHARED, fd, 0);
    assert_true(copy != MAP_FAILED);
    if (memcmp(copy, expected, f->req.size))
        fail_msg("the snapshot is not what was granted");
    munmap(copy, f->req.size);
    close(fd);
}

static void expect_failure(const struct file *f, int expected)
{
    const unsigned int fds = fake_open_fds();
    struct scan_subject subject;
    const char *why = NULL;
    int fd = -1;

    assert_int_equal(map_and_copy(&f->req, &subject, &fd, &why),
                     expected);
    if (expected == -EPROTO)
        assert_non_null(why);
    assert_int_equal(fake_mapped(BACK), 1);
    assert_int_equal(fake_open_fds(), fds);
}

static void snapshots(void **state)
{
    static const uint64_t sizes[] = {
        1, PAGE - 1, PAGE, PAGE + 1, 511 * PAGE, 512 * PAGE, 512 * PAGE + 1,
        1536 * PAGE, 1537 * PAGE, 8192 * (uint64_t)PAGE - 1,
        8192 * (uint64_t)PAGE,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct file f = make_content(sizes[i]);

        expect_snapshot(&f, f.content);
        assert_memory_equal(gs.dp.refs, f.refs + 1 + f.nr_dirs,
                            f.nr_pages * sizeof(grant_ref_t));
        dispose_content(&f);
    }
}

/* Of one page, in info page or directory. */
static void references_that_cannot_be_mapped(void **state)
{
    struct file f = make_content(600 * PAGE);
    uint32_t *refs[3], bad[8], good;
    xengntshr_handle *other;
    void *revoked;

    (void)state;
    bad[0] = 0;
    bad[1] = UINT32_MAX;
    bad[2] = f.refs[1] + 1000000;
    /* Granted, but to another domain; by another domain; no longer. */
    xengntshr_share_pages(gs.xgs, OTHER, 1, &bad[3], 0);
    fake_enter(OTHER);
    other = xengntshr_open(NULL, 0);
    xengntshr_share_pages(other, BACK, 1, &bad[4], 0);
    xengntshr_share_pages(other, OTHER, 1, &bad[5], 0);
    fake_enter(BACK);
    revoked = xengntshr_share_pages(gs.xgs, BACK, 1, &bad[6], 0);
    xengntshr_unshare(gs.xgs, revoked, 1);
    bad[7] = 1;
    refs[0] = &f.info->ref[0];
    refs[1] = &f.info->ref[511];
    refs[2] = (uint32_t *)(void *)(f.pages + PAGE) + 87;
    for (size_t i = 0; i < 8; i++) {
        for (size_t k = 0; k < 3; k++) {
            good = *refs[k];
            *refs[k] = bad[i];
            expect_failure(&f, -EACCES);
            *refs[k] = good;
        }
        good = f.req.info_ref;
        f.req.info_ref = bad[i];
        expect_failure(&f, -EACCES);
        f.req.info_ref = good;
        good = f.req.dir_ref[0];
        f.req.dir_ref[0] = bad[i];
        expect_failure(&f, -EACCES);
        f.req.dir_ref[0] = good;
    }
    expect_snapshot(&f, f.content);
    dispose_content(&f);
    xengntshr_close(other);
}

/* Also pages that are no content at all: it is the guest's to say. */
static void references_named_twice(void **state)
{
    struct file f = make_content(4 * PAGE);
    char *expected = malloc(4 * PAGE);

    (void)state;
    f.info->ref[1] = f.info->ref[3];
    f.info->ref[2] = f.refs[0];
    memcpy(expected, f.content, PAGE);
    memcpy(expected + PAGE, f.content + 3 * PAGE, PAGE);
    memcpy(expected + 2 * PAGE, f.info, PAGE);
    memcpy(expected + 3 * PAGE, f.content + 3 * PAGE, PAGE);
    expect_snapshot(&f, expected);
    f.info->ref[2] = gs.ring_ref;
    memcpy(expected + 2 * PAGE, gs.sring, PAGE);
    expect_snapshot(&f, expected);
    free(expected);
    dispose_content(&f);
}

static void malformed_info(void **state)
{
    struct file f = make_content(10);

    (void)state;
    f.info->reserved[7] = 1;
    expect_failure(&f, -EPROTO);
    f.info->reserved[7] = 0;
    memset(f.info->path, 'x', sizeof(f.info->path));
    expect_failure(&f, -EPROTO);
    f.info->path[VSCANIF_MAX_PATH - 1] = 0;
    {
        struct scan_subject subject;
        const char *why;
        int fd;

        assert_int_equal(map_and_copy(&f.req, &subject, &fd,
                                            &why), 0);
        assert_int_equal(strlen(subject.path), VSCANIF_MAX_PATH - 1);
        close(fd);
    }
    dispose_content(&f);
}

static void spoil(void *arg)
{
    struct file *f = arg;

    memset(f->info, 0xff, sizeof(*f->info));
    if (f->nr_dirs)
        memset(f->pages + PAGE, 0xff, PAGE);
}

/* After each page was copied, the guest changes it. */
static void info_page_changes(void **state)
{
    struct file small = make_content(3 * PAGE);
    struct file large = make_content(600 * PAGE);

    (void)state;
    fake_at(FAKE_MAP, 2, spoil, &small, 0);
    expect_snapshot(&small, small.content);
    fake_at(FAKE_MAP, 3, spoil, &large, 0);
    expect_snapshot(&large, large.content);
    dispose_content(&small);
    dispose_content(&large);
}

static void content_changes_later(void **state)
{
    struct file f = make_content(3 * PAGE);
    struct scan_subject subject;
    char before[16], after[16];
    const char *why;
    int fd;

    (void)state;
    assert_int_equal(map_and_copy(&f.req, &subject, &fd, &why),
                     0);
    memcpy(before, f.content, sizeof(before));
    memset(f.content, 0, 3 * PAGE);
    assert_int_equal(pread(fd, after, sizeof(after), 0), sizeof(after));
    assert_memory_equal(before, after, sizeof(after));
    close(fd);
    dispose_content(&f);
}

static void maps_fail(void **state)
{
    struct file f = make_content(600 * PAGE);

    (void)state;
    /* Info page, directory, content. */
    for (unsigned int nth = 1; nth <= 3; nth++) {
        fake_at(FAKE_MAP, nth, NULL, NULL, EINVAL);
        expect_failure(&f, -EACCES);
    }
    /* No memory is not the guest's fault. */
    for (unsigned int nth = 1; nth <= 3; nth++) {
        const unsigned int fds = fake_open_fds();
        struct scan_subject subject;
        const char *why;
        int fd = -1;

        fake_at(FAKE_MAP, nth, NULL, NULL, ENOMEM);
        assert_int_equal(map_and_copy(&f.req, &subject, &fd,
                                            &why), -ENOMEM);
        assert_int_equal(fake_open_fds(), fds);
    }
    expect_snapshot(&f, f.content);
    dispose_content(&f);
}

/* The ring -----------------------------------------------------------------*/

#define CONNECTED(test) cmocka_unit_test_setup_teardown( \
    test, guest_side_connected, guest_side_stop)
#define ALONE(test) cmocka_unit_test_setup_teardown(test, guest_side_start, \
                                                    guest_side_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONNECTED(snapshots), CONNECTED(references_that_cannot_be_mapped),
        CONNECTED(references_named_twice), CONNECTED(malformed_info),
        CONNECTED(info_page_changes), CONNECTED(content_changes_later),
        CONNECTED(maps_fail),
    };

    return cmocka_run_group_tests_name("dataplane-content", tests, NULL, NULL);
}
