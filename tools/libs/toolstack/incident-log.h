/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * incident-log.h - what has been found and done on this host, one JSON object
 * in each line: vscan-incidents(5).
 *
 * Overview: vscand alone appends; vscanctl and others read.  The file has a
 * bound: one that is full is renamed, NAME.1 to NAME.2 and so on, and the
 * oldest goes.
 */
#ifndef VSCAN_TOOLSTACK_INCIDENT_LOG_H
#define VSCAN_TOOLSTACK_INCIDENT_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

struct incident_log {
    const char *path;
    uint64_t max_octets;        /* of one file */
    unsigned int keep;          /* files beside the one that is written */
};

/* Where an administrator has it: 16 MiB, and 8 older ones. */
extern const struct incident_log incident_log;

/* Octets of a line, its end included; an object with more is refused. */
#define INCIDENT_LOG_MAX_LINE   16384

/*
 * Appends @record, which stays the caller's, in one write.  A line that a crash
 * has cut short is ended first.  Returns 0; -E2BIG; another -errno.
 */
int incident_log_append(const struct incident_log *log,
                        struct json_object *record);

/*
 * A string of @text, in which octets that are no UTF-8, and control characters
 * of which JSON takes no notice, those of the direction of text among them, are
 * written "\xNN".  NULL: no memory.
 */
struct json_object *incident_log_text(const char *text);

/* "2026-11-27T06:40:00Z".  Returns @out. */
#define INCIDENT_LOG_TIME_SIZE  32
char *incident_log_time(uint64_t seconds, char out[INCIDENT_LOG_TIME_SIZE]);

/* Reading ----------------------------------------------------------------- */

struct incident_reader {
    const struct incident_log *log;
    int fd;                     /* of the file that is read, or -1 */
    uint64_t inode;
    unsigned int number;        /* of that file: 0 is the one that is written */
    size_t used;                /* octets in @line that are not taken yet */
    size_t taken;
    bool skip;                  /* the rest of a line that is too long */
    char line[INCIDENT_LOG_MAX_LINE];
};

/* Begins with the oldest line, or at @end: only with what comes from now on. */
void incident_reader_init(struct incident_reader *reader,
                          const struct incident_log *log, bool end);
void incident_reader_dispose(struct incident_reader *reader);

/*
 * The next object, which the caller puts back; NULL when there is none yet,
 * with *@rc_r 0, or -errno.  A line that is no object is left out.  With each
 * call it goes on, to files that came later, too.
 */
struct json_object *incident_reader_next(struct incident_reader *reader,
                                         int *rc_r);

#endif
