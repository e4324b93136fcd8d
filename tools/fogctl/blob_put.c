/* blob put: asks first what is there already, and sends the rest.
 *
 * The digest is taken of the file in a pass of its own, for it is the name under which the bytes
 * are sent.  What changes between the two passes has another digest, and the controller says so. */
#include "schema/limits.h"
#include "tools/fogctl/blob.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

struct source {
    const char *path;
    int fd;
    int64_t size_bytes;
    char digest[DIGEST_TEXT_SIZE];
};

static bool source_open(struct source *source, const char *path)
{
    struct stat info;

    source->path = path;
    source->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (source->fd < 0 || fstat(source->fd, &info) < 0) {
        (void)fail(NULL, "%s: %s", path, strerror(errno));
        return false;
    }
    if (!S_ISREG(info.st_mode)) {
        (void)fail("a blob is made of a file, for it is read twice", "%s: not a file", path);
        return false;
    }
    if (info.st_size > BLOB_BYTES_MAX) {
        (void)fail(NULL, "%s: %lld bytes, and a blob may have %lld", path, (long long)info.st_size,
                   (long long)BLOB_BYTES_MAX);
        return false;
    }
    source->size_bytes = info.st_size;
    return true;
}

static bool source_digest(struct source *source)
{
    struct digester *digester = digester_new();
    bool is_read = blob_digest_file(source->fd, source->size_bytes, digester);
    struct digest digest;

    if (is_read) {
        digester_end(digester, &digest);
        digest_to_str(&digest, source->digest);
    } else {
        (void)fail(NULL, "%s: %s", source->path,
                   errno == 0 ? "became shorter while it was read" : strerror(errno));
    }
    digester_free(digester);
    return is_read;
}

/* Sends what is behind `offset`; true: it is all there now. */
static bool send_rest(struct fogctl *fogctl, const struct source *source,
                      struct blob_exchange *exchange, int64_t offset)
{
    char header[32 + RANGE_TEXT_SIZE], range_text[RANGE_TEXT_SIZE];
    struct byte_range range = {offset, source->size_bytes - 1};

    exchange->method = "PUT";
    exchange->from = offset;
    exchange->from_bytes = source->size_bytes - offset;
    exchange->header = NULL;
    if (offset > 0) {
        content_range_to_str(&range, source->size_bytes, range_text);
        (void)snprintf(header, sizeof(header), "Content-Range: %s", range_text);
        exchange->header = header;
    }
    blob_exchange(fogctl, exchange);
    exchange->header = NULL;
    return exchange->failed == NULL && (exchange->code == 200 || exchange->code == 201);
}

/* One attempt: asks, and sends.  True: it is all there now. */
static bool attempt(struct fogctl *fogctl, const struct source *source,
                    struct blob_exchange *exchange, struct patience *patience, int64_t *offset)
{
    exchange->method = "HEAD";
    exchange->from_bytes = 0;
    blob_exchange(fogctl, exchange);
    if (exchange->failed != NULL || exchange->code != 404) {
        return exchange->failed == NULL && exchange->code == 200;
    }
    if (exchange->upload_offset > *offset) {
        patience_renew(patience);
    }
    *offset = exchange->upload_offset;
    if (*offset < 0 || *offset >= source->size_bytes) {
        *offset = 0; /* of a file of another size: from the beginning */
    }
    return send_rest(fogctl, source, exchange, *offset);
}

static int send_file(struct fogctl *fogctl, const struct source *source, int64_t retry_ms)
{
    struct progress progress;
    struct blob_exchange exchange = {
        .digest = source->digest, .from_fd = source->fd, .progress = &progress};
    struct patience patience;
    int64_t offset = 0;
    int code = EXIT_DONE;
    bool is_there, is_second = false;

    str_init(&exchange.refusal);
    patience_begin(&patience, retry_ms);
    progress_begin(&progress, source->path, source->size_bytes);
    for (;;) {
        is_there = attempt(fogctl, source, &exchange, &patience, &offset);
        if (!is_there && exchange.failed == NULL && exchange.code == 422 && offset > 0 &&
            !is_second) {
            is_second = true; /* what was there already was wrong; it is gone now */
        } else if (is_there || !patience_has(&patience, &exchange)) {
            break;
        }
    }
    progress_end(&progress);
    if (!is_there && exchange.failed == NULL && exchange.code == 422) {
        code = fail("put it again when nobody writes to it", "%s: changed while it was sent",
                    source->path);
    } else if (!is_there) {
        code = blob_exchange_failed(fogctl, &exchange);
    }
    blob_exchange_fini(&exchange);
    return code;
}

int blob_put(struct fogctl *fogctl, const struct texts *files, const struct blob_options *options)
{
    int code = EXIT_DONE;

    for (size_t i = 0; i < files->count && code == EXIT_DONE; i++) {
        struct source source = {.fd = -1};

        code = source_open(&source, files->items[i]) && source_digest(&source)
                   ? send_file(fogctl, &source, options->retry_ms)
                   : EXIT_FAILED;
        if (source.fd >= 0) {
            (void)close(source.fd);
        }
        if (code == EXIT_DONE) {
            blob_tell(fogctl, options, source.digest, files->items[i], source.digest);
        }
    }
    return code;
}
