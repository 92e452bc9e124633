/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * remedy.h - what is done to one infected file.
 */
#ifndef VSCAN_REMEDY_H
#define VSCAN_REMEDY_H

#include <stdbool.h>

#include "item.h"
#include "remedy-msg.h"

/* What has been done, to be told. */
struct outcome {
    enum policy_remedy remedy;  /* as asked */
    bool failed;                /* @why says why; the access stays denied */
    bool gone;                  /* there was nothing left to be done */
    char id[ITEM_ID_SIZE];      /* of the item in the quarantine, or "" */
    char why[192];              /* printable */
};

/*
 * Does to the file @fd, which was opened for reading, what @msg asks for; the
 * store at @store_path is opened, and made, when it is needed.  A quarantine
 * that fails leaves the file as it is and nothing in the store, unless @why
 * says otherwise.
 */
void remedy_act(const char *store_path, const struct remedy_msg *msg, int fd,
                struct outcome *outcome_r);

/* One word for logs. */
const char *remedy_text(unsigned int remedy);
/* "none", "done" or "failed". */
const char *remedy_result_text(const struct outcome *outcome);

#endif
