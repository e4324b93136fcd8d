#include "agent/io/transfer.h"

#include "schema/version.h"

#include <stdbool.h>
#include <string.h>

enum { CONNECT_MS = 5000, STALL_SECONDS = 30, URL_SIZE = 512 };

CURL *transfer_new(const char *host, int port, const char *digest)
{
    CURL *curl = curl_easy_init();
    bool is_v6 = strchr(host, ':') != NULL;
    char url[URL_SIZE];

    (void)snprintf(url, sizeof(url), "http://%s%s%s:%d/blobs/v1/%s", is_v6 ? "[" : "", host,
                   is_v6 ? "]" : "", port, digest);
    curl_easy_setopt(curl, CURLOPT_URL, url); /* copied */
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "fog-agent/" FOG_VERSION);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)STALL_SECONDS);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    return curl;
}
