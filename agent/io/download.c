/* Into the cache's incoming file, from where that ends. */
#include "agent/io/download.h"

#include "agent/io/transfer.h"
#include "agent/shim/file.h"
#include "schema/blobs.h"
#include "schema/limits.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

struct running {
    const struct download *download;
    CURL *curl;
    int fd;
    int64_t had_bytes;  /* when the answer began */
    int64_t size_bytes; /* of the file now */
    int failed;         /* of writing: an ERR_ */
};

/* All of it comes although a part was asked for: from the beginning, then. */
static bool begin_anew(struct running *running)
{
    running->had_bytes = running->size_bytes = 0;
    return ftruncate(running->fd, 0) == 0;
}

static size_t on_receive(char *data, size_t size, size_t count, void *context)
{
    struct running *running = context;
    size_t length = size * count, done = 0;
    long code = 0;

    (void)curl_easy_getinfo(running->curl, CURLINFO_RESPONSE_CODE, &code);
    if (code != 200 && code != 206) {
        return length; /* words, which the code says as well */
    }
    if (code == 200 && running->had_bytes > 0 && !begin_anew(running)) {
        running->failed = ERR_IO;
        return 0;
    }
    if (running->size_bytes + (int64_t)length > BLOB_BYTES_MAX) {
        running->failed = ERR_LIMIT;
        return 0;
    }
    while (done < length) {
        ssize_t written = write(running->fd, data + done, length - done);

        if (written <= 0) {
            running->failed = err_of_errno();
            return 0;
        }
        done += (size_t)written;
    }
    running->size_bytes += (int64_t)length;
    return length;
}

static int on_progress(void *context, curl_off_t total, curl_off_t now, curl_off_t up_total,
                       curl_off_t up_now)
{
    const struct running *running = context;
    const struct download *download = running->download;

    (void)up_total;
    (void)up_now;
    if (now > 0 && total > 0) {
        download->progress(download->context, running->had_bytes + now, running->had_bytes + total);
    }
    return atomic_load(download->is_cancelled) ? 1 : 0;
}

static void prepare(const struct running *running, char *range, size_t range_size)
{
    CURL *curl = running->curl;

    if (running->size_bytes > 0) {
        (void)snprintf(range, range_size, "%" PRId64 "-", running->size_bytes);
        curl_easy_setopt(curl, CURLOPT_RANGE, range);
    }
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_receive);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, running);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, running);
}

/* 416: there is nothing behind what we have, which may be all of it. */
static int judge(const struct running *running, CURLcode result, struct err *err)
{
    const struct download *download = running->download;
    long code = 0;

    (void)curl_easy_getinfo(running->curl, CURLINFO_RESPONSE_CODE, &code);
    if (running->failed) {
        return err_set(err, running->failed, "%s: cannot be kept here: %s", download->digest,
                       err_to_str(running->failed));
    }
    if (result == CURLE_OK && (code == 200 || code == 206 || code == 416)) {
        return 0;
    }
    if (result == CURLE_OK && code == 404) {
        return err_set(err, ERR_NOT_FOUND, "%s: the controller does not have it", download->digest);
    }
    if (result != CURLE_OK) {
        return err_set(err, ERR_UNAVAILABLE, "%s: %s:%d: %s", download->digest, download->host,
                       download->port, curl_easy_strerror(result));
    }
    return err_set(err, ERR_UNAVAILABLE, "%s: the controller answered %ld", download->digest, code);
}

int download_run(const struct download *download, struct err *err)
{
    struct running running = {.download = download, .fd = -1};
    char range[32];
    int failed;

    failed = blob_cache_begin(download->cache, download->digest, &running.fd, &running.size_bytes);
    if (failed) {
        file_close(&running.fd);
        return err_set(err, failed, "%s: cannot be kept here: %s", download->digest,
                       err_to_str(failed));
    }
    running.had_bytes = running.size_bytes;
    running.curl = transfer_new(download->host, download->port, download->digest);
    prepare(&running, range, sizeof(range));
    failed = judge(&running, curl_easy_perform(running.curl), err);
    curl_easy_cleanup(running.curl);
    file_close(&running.fd);
    if (failed == 0) {
        failed = blob_cache_finish(download->cache, download->digest);
    } else if (failed != ERR_UNAVAILABLE) {
        blob_cache_drop(download->cache, download->digest); /* nobody will go on with it soon */
    }
    return failed;
}
