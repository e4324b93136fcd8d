/* What the operator asked for, on the command line or in FOG_CONTROLLER_*. */
#pragma once

#include "schema/base/err.h"
#include "schema/base/log.h"
#include "schema/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ADDRESS_HOST_SIZE = 64 };

struct address {
    char host[ADDRESS_HOST_SIZE]; /* an IP address: "127.0.0.1", "::1" */
    int port;                     /* 0: any free one */
    bool is_v6;
};

struct config {
    const char *state; /* borrowed from the arguments, as all texts here */
    const char *name;
    struct address listen, agents_listen;
    bool is_insecure;
    bool is_restored; /* the store is a copy of an earlier one: what came after it never was */
    enum log_level log_level;
    int64_t bursts_max;       /* gangs placed and not yet complete; 0: BURSTS_MAX */
    int64_t lease_wait_ms;    /* after a restore; 0: the longest */
    int64_t heartbeat_min_ms; /* 0: the core's own */
    int64_t blob_quota_bytes; /* of all blobs together */
    int64_t blob_keep_ms;     /* blobs that nothing refers to */
    int64_t blob_keep_min_ms; /* the least that this may be */
    bool wants_version, wants_help;
};

/* "127.0.0.1:7411", "[::1]:0"; names are not resolved. */
int address_from_str(const char *text, struct address *ret_address, struct err *err);
bool address_is_loopback(const struct address *address);

/* Options win over the environment.  ERR_INVALID with words for the operator. */
int config_from_args(int count, char **words, struct config *ret_config, struct err *err);
const char *config_usage(void);
