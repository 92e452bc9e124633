/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-act-facts.c - vscanctl act: what programs are told.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "command.h"
#include "perform.h"
#include "vscanctl.h"

static char said[1024], facts[256];

/* In place of perform.c. */
const struct action_places action_places;

int perform(const struct machine *m, const struct action_places *places,
            uint32_t domid, const struct actions *actions,
            const struct perform_cause *cause, perform_done *done, void *arg)
{
    (void)m, (void)places, (void)domid, (void)actions, (void)done, (void)arg;
    facts[0] = 0;
    for (size_t i = 0, used = 0; i < cause->nr_facts; i++)
        used += (size_t)snprintf(facts + used, sizeof(facts) - used, "%s=%s\n",
                                 cause->facts[i].name, cause->facts[i].value);
    return 0;
}

static void why_is_told(void **state)
{
    (void)state;
    assert_int_equal(vscanctl_run(act_main, (const char *const[]){
                                  "web", "run:x", NULL }, said, sizeof(said)),
                     STATUS_DONE);
    assert_string_equal(facts, "VSCAN_WHY=act\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(why_is_told, vscanctl_start,
                                        vscanctl_stop),
    };

    return cmocka_run_group_tests_name("act-facts", tests, NULL, NULL);
}
