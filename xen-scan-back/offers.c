/* SPDX-License-Identifier: GPL-2.0-or-later */
/* offers.c - see offers.h. */
#include "offers.h"

#include <assert.h>
#include <string.h>

#include "offer.h"

void offers_init(struct offers *offers, xengnttab_handle *xgt, uint32_t domid,
                 unsigned int nr_engines)
{
    *offers = (struct offers){ .xgt = xgt, .domid = domid,
                               .nr_engines = nr_engines };
}

/* Those of @id; of 0: a free place. */
static struct offers_request *find(struct offers *offers, uint64_t id)
{
    for (unsigned int i = 0; i < OFFERS_MAX; i++)
        if (offers->request[i].id == id)
            return &offers->request[i];
    return NULL;
}

/* The first @nr engines'. */
static void end(struct offers *offers, struct offers_request *request,
                unsigned int nr)
{
    for (unsigned int e = 0; e < nr; e++)
        offer_end(offers->xgt, request->at[e], request->size);
    *request = (struct offers_request){ .id = 0 };
}

int offers_make(struct offers *offers, uint64_t id, const grant_ref_t *refs,
                uint64_t size, uint64_t at_r[ENGINE_MAX])
{
    struct offers_request *request = find(offers, 0);

    assert(id && request);
    *request = (struct offers_request){ .id = id, .size = size };
    for (unsigned int e = 0; e < offers->nr_engines; e++) {
        int rc = offer_make(offers->xgt, offers->domid, refs, size,
                            &request->at[e]);

        if (rc) {
            end(offers, request, e);
            return rc;
        }
    }
    memcpy(at_r, request->at, sizeof(request->at));
    return 0;
}

bool offers_end(struct offers *offers, uint64_t id)
{
    struct offers_request *request = id ? find(offers, id) : NULL;

    if (!request)
        return false;
    end(offers, request, offers->nr_engines);
    return true;
}
