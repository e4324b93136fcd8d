/* What downloads and uploads of blobs share of libcurl: blocking, on a worker thread; a stalled
 * connection is given up, and the progress function is called a few times a second. */
#pragma once

#include <curl/curl.h>

/* Of the blob at the controller's HTTP listener. */
CURL *transfer_new(const char *host, int port, const char *digest);
