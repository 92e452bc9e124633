/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * quarantine-list.c - vscanctl quarantine: what is in a guest's quarantine, as
 * "xen-guest-front --quarantine list" has it in the guest.
 */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ask.h"
#include "check.h"
#include "command.h"
#include "fit.h"
#include "json-add.h"
#include "one-guest.h"
#include "quarantined.h"

/* Columns before the detection. */
#define ID_TO_NAME  43

static void size_text(uint64_t size, char out[24])
{
    static const char units[] = "BKMG";
    int unit = 0;

    while (size >= 10000 && unit < 3) {
        size /= 1024;
        unit++;
    }
    snprintf(out, 24, "%" PRIu64 "%c", size, units[unit]);
}

/* A time that no calendar has is a guest's nonsense. */
static void time_text(uint64_t seconds, char out[32])
{
    const time_t when = (time_t)seconds;
    struct tm tm;

    if (seconds > INT64_C(253402300799) || !localtime_r(&when, &tm) ||
        !strftime(out, 32, "%Y-%m-%d %H:%M", &tm))
        snprintf(out, 32, "-");
}

static void print_item(const struct quarantined_item *item,
                       unsigned int columns)
{
    char when[32], size[24], name[4 * VSCANIF_MAX_NAME],
         path[4 * VSCANIF_MAX_TEXT];

    time_text(item->time, when);
    size_text(item->size, size);
    escape(item->name, name, sizeof(name));
    escape(item->path, path, sizeof(path));
    printf("%s  %-16s %6s  %s  %s\n", item->id, when, size, name,
           *path ? fit_path(path, columns, ID_TO_NAME + strlen(name) + 2) :
           "?");
}

static void print_all(const struct quarantined *q, const char *domain, int rc)
{
    const unsigned int columns = fit_columns();
    char safe[DOMAIN_NAME_SIZE];

    printf("%-16s  %-16s %6s  %s  %s\n", "ID", "TIME", "SIZE", "DETECTION",
           "PATH");
    for (unsigned int i = 0; i < q->nr; i++)
        print_item(&q->items[i], columns);
    if (q->nr < q->total.nr)
        printf("%u of %u items are listed\n", q->nr, q->total.nr);
    if (!rc)
        printf("%" PRIu64 " octets in all; to restore one, in %s: "
               "xen-guest-front --quarantine restore ID\n", q->total.octets,
               escape(domain, safe, sizeof(safe)));
}

static void show_json(const struct quarantined *q, int rc)
{
    struct json_object *all = json_object_new_object();
    struct json_object *items = json_object_new_array();

    for (unsigned int i = 0; i < q->nr; i++) {
        const struct quarantined_item *item = &q->items[i];
        struct json_object *one = json_object_new_object();

        json_add_text(one, "id", item->id);
        json_add_time(one, "time", item->time);
        json_add_number(one, "size", item->size);
        json_add_text(one, "detection", item->name);
        json_add_text(one, "path", item->path);
        json_object_array_add(items, one);
    }
    json_object_object_add(all, "items", items);
    json_add_number(all, "total_items", q->total.nr);
    json_add_number(all, "total_octets", q->total.octets);
    json_add_text(all, "error", rc ? ask_why(rc) : NULL);
    json_show(all);
}

static int list(const struct machine *m, const struct one_guest *words)
{
    struct quarantined q;
    struct device device;
    int rc = one_guest_find(m, words->domain, &device);

    if (rc)
        return rc;
    rc = quarantined_ask(m->xs, &device, ASK_TIMEOUT_MS, QUARANTINED_MS, &q);
    if (rc)
        warnx("the front cannot tell what is there: %s", ask_why(rc));
    if (words->json)
        show_json(&q, rc);
    else if (!rc || q.nr)
        print_all(&q, words->domain, rc);
    quarantined_dispose(&q);
    return rc;
}

int quarantine_list_main(int argc, char **argv)
{
    struct one_guest words;
    struct machine m;
    int rc;

    if (one_guest_parse(argc, argv, "quarantine", &words))
        return STATUS_USAGE;
    if (machine_init(&m))
        return STATUS_FAILED;
    rc = list(&m, &words);
    machine_dispose(&m);
    if (!rc && fflush(stdout)) {
        warn("standard output");
        rc = -EIO;
    }
    return rc ? STATUS_FAILED : STATUS_DONE;
}
