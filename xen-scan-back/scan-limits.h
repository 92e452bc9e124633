/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scan-limits.h - what bounds the scan of one request, and what else counts as a
 * finding: all that an administrator can set of it.
 *
 * One table has the names, the bounds and the defaults, which are clamscan's
 * (but for the time).  What one of the first four leaves out is never clean: it
 * is not scanned, VSCANIF_REASON_LIMITS or _TOO_LARGE.  The others are how
 * closely ClamAV looks at some kinds of content; it does not tell when they are
 * reached.
 */
#ifndef VSCAN_SCAN_LIMITS_H
#define VSCAN_SCAN_LIMITS_H

#include <stdint.h>

enum limit {
    LIMIT_FILE,             /* octets of one file, the request's own ("too
                             * large") and each that is unpacked from it */
    LIMIT_SCAN,             /* octets looked at, all unpacked files together */
    LIMIT_FILES,            /* files unpacked */
    LIMIT_RECURSION,        /* depth of files within files */
    /* How closely ClamAV looks: octets, */
    LIMIT_EMBEDDED_PE,      /* that are searched for a PE file, */
    LIMIT_HTML,             /* of HTML that is normalized, */
    LIMIT_HTML_TEXT,        /* ... of what is left without tags, */
    LIMIT_SCRIPT,           /* of a script that is normalized, */
    LIMIT_ZIP_TYPE,         /* of a ZIP file whose type is looked at again, */
    LIMIT_PCRE_FILE,        /* that expressions are tried on; */
    LIMIT_PARTITIONS,       /* partitions of a disk image */
    LIMIT_ICONS,            /* icons of a PE file */
    LIMIT_HWP3_RECURSION,   /* depth within an HWP3 file */
    LIMIT_PCRE_STEPS,       /* calls of match() for an expression */
    LIMIT_PCRE_DEPTH,       /* ... and how deep */
    LIMITS_NR
};

/* What is no signature's finding, and counts as one by option. */
enum alert {
    ALERT_ENCRYPTED_ARCHIVE,
    ALERT_ENCRYPTED_DOC,
    ALERT_BROKEN,           /* executables */
    ALERT_BROKEN_MEDIA,
    ALERT_MACROS,
    ALERT_PHISHING_SSL,
    ALERT_PHISHING_CLOAK,
    ALERT_PARTITIONS,       /* that overlap */
    ALERTS_NR
};

struct engine_limits {
    uint64_t value[LIMITS_NR];
    uint64_t alerts;            /* 1 << enum alert */
    /* Milliseconds for one request, as kept by the engine itself. */
    uint32_t max_scan_ms;
};

struct limit_row {
    const char *name;
    uint64_t unit;              /* a number of 1 is so many */
    uint64_t min, max, standard;        /* in this unit */
};

extern const struct limit_row limit_rows[LIMITS_NR];
extern const char *const alert_names[ALERTS_NR];

/* The defaults: no alerts, @max_scan_ms. */
struct engine_limits limits_default(uint32_t max_scan_ms);

/*
 * "NAME=N", a row of the table and a number of its unit.  Returns 0; -ENOENT
 * when there is no such name, -EINVAL when it is no number, -ERANGE when it is
 * out of bounds, which *@row_r tells; NULL: there is none.
 */
int limits_set(struct engine_limits *limits, const char *text,
               const struct limit_row **row_r);

/* Returns 0; -ENOENT when there is no such alert. */
int limits_alert(struct engine_limits *limits, const char *name);

#endif
