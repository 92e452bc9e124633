/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scan-limits.c - see scan-limits.h. */
#include "scan-limits.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "number.h"

#define MIB     ((uint64_t)1 << 20)

/* No more than libclamav can have: a file ends below 2 GiB. */
const struct limit_row limit_rows[LIMITS_NR] = {
    [LIMIT_FILE] =           { "file-mib", MIB, 1, 2047, 100 },
    [LIMIT_SCAN] =           { "scan-mib", MIB, 1, 65536, 400 },
    [LIMIT_FILES] =          { "files", 1, 1, 1000000, 10000 },
    [LIMIT_RECURSION] =      { "recursion", 1, 1, 100, 17 },
    [LIMIT_EMBEDDED_PE] =    { "embedded-pe-mib", MIB, 1, 2047, 40 },
    [LIMIT_HTML] =           { "html-mib", MIB, 1, 2047, 40 },
    [LIMIT_HTML_TEXT] =      { "html-text-mib", MIB, 1, 2047, 8 },
    [LIMIT_SCRIPT] =         { "script-mib", MIB, 1, 2047, 20 },
    [LIMIT_ZIP_TYPE] =       { "zip-type-mib", MIB, 1, 2047, 1 },
    [LIMIT_PCRE_FILE] =      { "pcre-file-mib", MIB, 1, 2047, 100 },
    [LIMIT_PARTITIONS] =     { "partitions", 1, 1, 10000, 50 },
    [LIMIT_ICONS] =          { "icons", 1, 1, 10000, 100 },
    [LIMIT_HWP3_RECURSION] = { "hwp3-recursion", 1, 1, 100, 16 },
    [LIMIT_PCRE_STEPS] =     { "pcre-steps", 1, 1, 100000000, 100000 },
    [LIMIT_PCRE_DEPTH] =     { "pcre-depth", 1, 1, 100000, 2000 },
};

const char *const alert_names[ALERTS_NR] = {
    [ALERT_ENCRYPTED_ARCHIVE] = "encrypted-archive",
    [ALERT_ENCRYPTED_DOC] =     "encrypted-doc",
    [ALERT_BROKEN] =            "broken",
    [ALERT_BROKEN_MEDIA] =      "broken-media",
    [ALERT_MACROS] =            "macros",
    [ALERT_PHISHING_SSL] =      "phishing-ssl",
    [ALERT_PHISHING_CLOAK] =    "phishing-cloak",
    [ALERT_PARTITIONS] =        "partitions",
};

struct engine_limits limits_default(uint32_t max_scan_ms)
{
    struct engine_limits limits = { .max_scan_ms = max_scan_ms };

    for (unsigned int i = 0; i < LIMITS_NR; i++)
        limits.value[i] = limit_rows[i].standard * limit_rows[i].unit;
    return limits;
}

int limits_set(struct engine_limits *limits, const char *text,
               const struct limit_row **row_r)
{
    const size_t len = strcspn(text, "=");

    *row_r = NULL;
    for (unsigned int i = 0; i < LIMITS_NR; i++) {
        const struct limit_row *row = &limit_rows[i];
        uint64_t number;
        int rc;

        if (strlen(row->name) != len || strncmp(row->name, text, len))
            continue;
        *row_r = row;
        if (text[len] != '=')
            return -EINVAL;
        rc = number_parse(text + len + 1, row->min, row->max, &number);
        if (!rc)
            limits->value[i] = number * row->unit;
        return rc;
    }
    return -ENOENT;
}

int limits_alert(struct engine_limits *limits, const char *name)
{
    for (unsigned int i = 0; i < ALERTS_NR; i++) {
        if (!strcmp(alert_names[i], name)) {
            limits->alerts |= (uint64_t)1 << i;
            return 0;
        }
    }
    return -ENOENT;
}
