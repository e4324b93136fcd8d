/* Where a listener listens. */
#pragma once

#include "schema/base/err.h"

#include <stdbool.h>

enum { ADDRESS_HOST_SIZE = 64 };

struct address {
    char host[ADDRESS_HOST_SIZE]; /* an IP address: "127.0.0.1", "::1" */
    int port;                     /* 0: any free one */
    bool is_v6;
};

/* "127.0.0.1:7411", "[::1]:0"; names are not resolved. */
bool address_from_str(const char *text, struct address *ret_address);
bool address_is_loopback(const struct address *address);
