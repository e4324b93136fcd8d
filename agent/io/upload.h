/* Storing one file as a blob with the controller, on a worker thread. */
#pragma once

#include "schema/base/digest.h"
#include "schema/base/err.h"

#include <stdatomic.h>
#include <stdint.h>

struct upload {
    const char *host; /* borrowed, as all here */
    int port;
    int fd; /* a file that nobody writes to any more */
    int64_t size_bytes;
    const char *digest;              /* of it */
    const atomic_bool *is_cancelled; /* looked at a few times a second */
};

/* Sends what is missing; 0: all of it is durable there.  ERR_UNAVAILABLE: not now, later perhaps.
 */
int upload_run(const struct upload *upload, struct err *err);
