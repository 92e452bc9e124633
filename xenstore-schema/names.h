/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * names.h - node names and paths of vscanif.h, built in one place.
 */
#ifndef VSCAN_NAMES_H
#define VSCAN_NAMES_H

#include <stdint.h>

#define NODE_BACKEND            "backend"
#define NODE_BACKEND_ID         "backend-id"
#define NODE_FRONTEND           "frontend"
#define NODE_FRONTEND_ID        "frontend-id"
#define NODE_DOMAIN             "domain"
#define NODE_ONLINE             "online"
#define NODE_STATE              "state"
#define NODE_ERROR              "error"
#define NODE_VERSIONS           "versions"
#define NODE_VERSION            "version"
#define NODE_MAX_REQUEST_PAGES  "max-request-pages"
#define NODE_MAX_POOL_PAGES     "max-pool-pages"
#define NODE_MAX_STREAM_MIB     "max-stream-mib"
#define NODE_MAX_RING_PAGES     "max-ring-pages"
#define NODE_RING_REF           "ring-ref"
#define NODE_RING_REFS          "ring-refs"
#define NODE_EVENT_CHANNEL      "event-channel"
#define NODE_POOL_PAGES         "pool-pages"
#define NODE_POOL_REFS          "pool-refs"
#define NODE_CONNECTION_ID      "connection-id"
#define NODE_ENGINES            "engines"
#define NODE_INCIDENTS          "incidents"
#define NODE_RELOAD             "reload"
#define NODE_REMEDIES           "remedies"
#define NODE_QUESTION           "question"
#define NODE_ANSWER             "answer"
#define NODE_POLICY             "policy"
#define NODE_POLICY_GENERATION  "generation"
#define NODE_POLICY_IN_FORCE    "policy-generation"
#define NODE_NOT_COVERED        "not-covered"

/* In the toolstack's record alone: no part of the interface. */
#define NODE_BACKEND_NAME       "backend-name"

/* Device class, and the one device number in use. */
#define VSCAN_CLASS             "vscan"
#define VSCAN_DEVID             0u

/* Folders relative to a domain's own home, as that domain names them. */
#define VSCAN_FRONT_HOME        "device/vscan"
#define VSCAN_BACK_HOME         "backend/vscan"

/* Longest path that this project builds, its NUL included. */
#define VSCAN_PATH_MAX          128

struct vscan_path {
    char s[VSCAN_PATH_MAX];
};

/* /local/domain/<domid>/device/vscan/0 */
struct vscan_path names_front(uint32_t front_domid);

/* /local/domain/<back>/backend/vscan */
struct vscan_path names_back_home(uint32_t back_domid);

/* /local/domain/<back>/backend/vscan/<front>/0 */
struct vscan_path names_back(uint32_t back_domid, uint32_t front_domid);

/* /local/domain/<domid>/vscan, and /local/domain/<domid>/vscan/0 */
struct vscan_path names_policy_home(uint32_t front_domid);
struct vscan_path names_policy(uint32_t front_domid);

/* <folder>/<node>; node is one of the names above or a number's text. */
struct vscan_path names_node(const char *folder, const char *node);

#endif
