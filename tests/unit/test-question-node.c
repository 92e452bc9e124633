/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-question-node.c - questions as the toolstack writes them, on the fake
 * xenstore.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake.h"
#include "names.h"
#include "question-node.h"
#include "vscanctl.h"

#define ASKED   "/local/domain/5/vscan/0/question"
#define HEX \
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static struct machine m;

static int start(void **state)
{
    vscanctl_start(state);
    return machine_init(&m);
}

static int stop(void **state)
{
    machine_dispose(&m);
    return vscanctl_stop(state);
}

static struct question stats(void)
{
    return (struct question){ .kind = QUESTION_STATS };
}

/* A number that it has got, whatever it is. */
static void assert_written(const char *node, uint32_t nr, const char *words)
{
    char text[QUESTION_SIZE];

    assert_true(nr > 0);
    assert_non_null(node);
    snprintf(text, sizeof(text), "%u %s", nr, words);
    assert_string_equal(node, text);
}

static void to_a_front(void **state)
{
    struct question q = stats(), next = { .kind = QUESTION_OUTBREAK,
                                          .name = "clamav:A B" };
    const unsigned int events = fake_events(3);

    (void)state;
    assert_int_equal(question_write(m.xs, 5, &q), 0);
    assert_written(fake_read(ASKED), q.nr, "stats");
    for (unsigned int i = 0; i < INCIDENT_DIGEST_OCTETS; i++)
        next.digest[i] = (uint8_t)i;
    assert_int_equal(question_write(m.xs, 5, &next), 0);
    assert_int_equal(next.nr, q.nr == UINT32_MAX ? 1 : q.nr + 1);
    assert_written(fake_read(ASKED), next.nr, "outbreak " HEX
                   " clamav:A%20B");
    /* The back hears nothing of it. */
    assert_int_equal(fake_events(3), events);
}

static void to_a_back(void **state)
{
    struct question q = stats();
    char online[8];

    (void)state;
    snprintf(online, sizeof(online), "%s", fake_back_read(3, 5, NODE_ONLINE));
    assert_int_equal(question_write_back(m.xs, 3, 5, &q), 0);
    assert_written(fake_back_read(3, 5, NODE_QUESTION), q.nr, "stats");
    assert_string_equal(fake_back_read(3, 5, NODE_ONLINE), online);
    assert_null(fake_read(ASKED));
}

/* The device goes before the write, or in the midst of it. */
static void device_goes(void *arg)
{
    (void)arg;
    fake_device_remove(5, 3);
}

/* Guest 9 has no device, and gets no node. */
static void to_all(void **state)
{
    static const uint32_t fronts[] = { 9, 5 };
    struct question q = { .kind = QUESTION_OUTBREAK, .name = "a:B" };
    char words[QUESTION_SIZE];

    (void)state;
    memset(q.digest, 0xab, sizeof(q.digest));
    fake_at(FAKE_XS_WRITE, 1, NULL, NULL, ENOSPC);
    assert_int_equal(question_write_all(m.xs, fronts, 2, &q), -ENOSPC);
    assert_null(fake_read(ASKED));
    assert_int_equal(question_write_all(m.xs, fronts, 2, &q), 0);
    strcpy(words, "outbreak ");
    for (unsigned int i = 0; i < INCIDENT_DIGEST_OCTETS; i++)
        strcat(words, "ab");
    strcat(words, " a:B");
    assert_written(fake_read(ASKED), q.nr, words);
    assert_null(fake_read("/local/domain/9/vscan"));
    fake_at(FAKE_XS_COMMIT, 1, device_goes, NULL, 0);
    assert_int_equal(question_write_all(m.xs, fronts, 2, &q), 0);
    assert_null(fake_read(ASKED));
}

static void numbers_go_round(void **state)
{
    struct question q = stats();

    (void)state;
    fake_write(ASKED, "4294967294 stats");
    assert_int_equal(question_write(m.xs, 5, &q), 0);
    assert_int_equal(q.nr, UINT32_MAX);
    assert_int_equal(question_write(m.xs, 5, &q), 0);
    assert_int_equal(q.nr, 1);
    /* Words that it does not know have a number nevertheless. */
    fake_write(ASKED, "7 words of another version");
    assert_int_equal(question_write(m.xs, 5, &q), 0);
    assert_int_equal(q.nr, 8);
    fake_write(ASKED, "x");
    assert_int_equal(question_write(m.xs, 5, &q), 0);
    assert_written(fake_read(ASKED), q.nr, "stats");
    fake_write_octets(ASKED, "1\0 stats", 8);
    assert_int_equal(question_write(m.xs, 5, &q), 0);
    assert_written(fake_read(ASKED), q.nr, "stats");
}

static void nothing_is_brought_back(void **state)
{
    struct question q = stats();

    (void)state;
    assert_int_equal(question_write_back(m.xs, 7, 5, &q), -ENOENT);
    assert_null(fake_back_read(7, 5, NODE_QUESTION));
    fake_at(FAKE_XS_COMMIT, 1, device_goes, NULL, 0);
    assert_int_equal(question_write(m.xs, 5, &q), -ENOENT);
    assert_null(fake_read(ASKED));
    assert_int_equal(question_write_back(m.xs, 3, 5, &q), -ENOENT);
    assert_null(fake_back_read(3, 5, NODE_QUESTION));
    assert_int_equal(question_write(m.xs, 5, &q), -ENOENT);
}

static void failures_are_told(void **state)
{
    struct question q = stats();

    (void)state;
    fake_at(FAKE_XS_READ, 2, NULL, NULL, ENOSPC);
    assert_int_equal(question_write(m.xs, 5, &q), -ENOSPC);
    fake_at(FAKE_XS_WRITE, 1, NULL, NULL, ENOSPC);
    assert_int_equal(question_write(m.xs, 5, &q), -ENOSPC);
    fake_at(FAKE_XS_WRITE, 2, NULL, NULL, ENOSPC);
    assert_int_equal(question_write_back(m.xs, 3, 5, &q), -ENOSPC);
    assert_null(fake_read(ASKED));
    assert_null(fake_back_read(3, 5, NODE_QUESTION));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(to_a_front), TEST(to_a_back), TEST(to_all), TEST(numbers_go_round),
        TEST(nothing_is_brought_back), TEST(failures_are_told),
    };

    return cmocka_run_group_tests_name("question-node", tests, NULL, NULL);
}
