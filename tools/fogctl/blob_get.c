/* blob get: fetches into FILE.part, verifies, and only then calls it FILE.
 *
 * What an earlier run left in FILE.part is gone on with; if it proves to be wrong in the end, it is
 * fetched once more from the beginning.  To standard output there is nothing to take back: what is
 * wrong then shows in the exit code. */
#include "tools/fogctl/blob.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct sink {
    const char *name; /* for people */
    int fd;
    bool is_file;
    bool is_fresh; /* nothing came yet of the answer under way */
    int64_t written_bytes;
    struct digester *digester; /* owned: over what was written */
    struct blob_exchange *exchange;
    struct progress *progress;
    int failed; /* errno of writing */
};

static bool write_all(int fd, const char *bytes, size_t size_bytes)
{
    while (size_bytes > 0) {
        ssize_t written = write(fd, bytes, size_bytes);

        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return false;
        }
        bytes += written;
        size_bytes -= (size_t)written;
    }
    return true;
}

/* Nothing is kept of what was written to a file so far. */
static bool sink_restart(struct sink *sink)
{
    digester_free(sink->digester);
    sink->digester = digester_new();
    sink->written_bytes = 0;
    return !sink->is_file || (ftruncate(sink->fd, 0) == 0 && lseek(sink->fd, 0, SEEK_SET) == 0);
}

static bool take(void *context, const char *bytes, size_t size_bytes)
{
    struct sink *sink = context;
    const struct blob_exchange *exchange = sink->exchange;

    /* Another part than the one that was asked for: all of it, most likely. */
    if (sink->is_fresh && exchange->first != sink->written_bytes &&
        (exchange->first != 0 || !sink->is_file || !sink_restart(sink))) {
        return false;
    }
    sink->is_fresh = false;
    if (sink->progress->total_bytes == 0 && exchange->size_bytes >= 0) {
        sink->progress->total_bytes = sink->written_bytes + exchange->size_bytes;
    }
    if (!write_all(sink->fd, bytes, size_bytes)) {
        sink->failed = errno;
        return false;
    }
    digester_add(sink->digester, bytes, size_bytes);
    sink->written_bytes += (int64_t)size_bytes;
    progress_set(sink->progress, sink->written_bytes);
    return true;
}

/* Asks for what is missing.  True: an answer came to its end, and what is here is all. */
static bool fetch_rest(struct fogctl *fogctl, struct sink *sink, struct blob_exchange *exchange)
{
    char header[64];

    exchange->header = NULL;
    if (sink->written_bytes > 0) {
        (void)snprintf(header, sizeof(header), "Range: bytes=%" PRId64 "-", sink->written_bytes);
        exchange->header = header;
    }
    sink->is_fresh = true;
    blob_exchange(fogctl, exchange);
    exchange->header = NULL;
    return exchange->failed == NULL &&
           (exchange->code == 200 || exchange->code == 206 ||
            (exchange->code == 416 && sink->written_bytes > 0)); /* nothing is missing */
}

static int tell_failure(struct fogctl *fogctl, const struct sink *sink,
                        const struct blob_exchange *exchange)
{
    if (sink->failed != 0) {
        return fail(NULL, "%s: %s", sink->name, strerror(sink->failed));
    }
    if (exchange->failed != NULL && exchange->code == 200) {
        return fail("the controller may have removed it, because its file was damaged",
                    "%s: broke off: %s", exchange->digest, exchange->failed);
    }
    return blob_exchange_failed(fogctl, exchange);
}

/* Until all is here and verified. */
static int fetch(struct fogctl *fogctl, struct sink *sink, const char *digest, int64_t retry_ms)
{
    struct blob_exchange exchange = {
        .method = "GET", .digest = digest, .take = take, .context = sink};
    bool had_part = sink->written_bytes > 0, is_whole, is_true;
    struct patience patience;
    int64_t before;
    int code;

    str_init(&exchange.refusal);
    sink->exchange = &exchange;
    patience_begin(&patience, retry_ms);
    for (;;) {
        before = sink->written_bytes;
        is_whole = fetch_rest(fogctl, sink, &exchange);
        if (sink->written_bytes > before) {
            patience_renew(&patience);
        }
        if (!is_whole && (sink->failed != 0 || !patience_has(&patience, &exchange))) {
            code = tell_failure(fogctl, sink, &exchange);
            break;
        }
        if (!is_whole) {
            continue;
        }
        is_true = blob_digest_is(sink->digester, digest);
        if (!is_true && had_part && sink->is_file) {
            had_part = false;
            if (sink_restart(sink)) {
                continue;
            }
        }
        code = is_true ? EXIT_DONE : fail(NULL, "what came is not %s", digest);
        break;
    }
    blob_exchange_fini(&exchange);
    return code;
}

/* --- to a file -----------------------------------------------------------------------------------
 */

static bool open_part(struct sink *sink, const char *part)
{
    struct stat info;

    sink->fd = open(part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (sink->fd < 0 || fstat(sink->fd, &info) < 0) {
        (void)fail(NULL, "%s: %s", part, strerror(errno));
        return false;
    }
    if (!S_ISREG(info.st_mode) || flock(sink->fd, LOCK_EX | LOCK_NB) < 0) {
        (void)fail("is another fogctl fetching it?", "%s: in use, or not a file", part);
        return false;
    }
    if (!blob_digest_file(sink->fd, info.st_size, sink->digester) ||
        lseek(sink->fd, info.st_size, SEEK_SET) < 0) {
        (void)fail(NULL, "%s: %s", part, strerror(errno));
        return false;
    }
    sink->written_bytes = info.st_size;
    return true;
}

static int get_file(struct fogctl *fogctl, struct sink *sink, const char *digest,
                    const struct blob_options *options)
{
    const char *part = arena_printf(&fogctl->arena, "%s.part", options->file);
    int code;

    if (!open_part(sink, part)) {
        return EXIT_FAILED;
    }
    code = fetch(fogctl, sink, digest, options->retry_ms);
    if (code == EXIT_DONE && (fsync(sink->fd) < 0 || rename(part, options->file) < 0)) {
        code = fail(NULL, "%s: %s", options->file, strerror(errno));
    }
    if (code != EXIT_DONE && sink->written_bytes == 0) {
        (void)unlink(part); /* there is nothing to go on with */
    }
    (void)close(sink->fd);
    return code;
}

int blob_get(struct fogctl *fogctl, const char *digest, const struct blob_options *options)
{
    struct sink sink = {.fd = STDOUT_FILENO, .digester = digester_new()};
    struct progress progress;
    int code;

    sink.is_file = options->file != NULL && !str_eq(options->file, "-");
    sink.name = sink.is_file ? options->file : "standard output";
    sink.progress = &progress;
    progress_begin(&progress, sink.is_file ? options->file : digest, 0);
    if (sink.is_file) {
        code = get_file(fogctl, &sink, digest, options);
    } else if (fogctl->is_terminal && options->file == NULL) {
        code = fail("-O FILE writes it to a file, -O - here all the same",
                    "what is in a blob may steer your terminal");
    } else {
        code = fetch(fogctl, &sink, digest, options->retry_ms);
    }
    progress_end(&progress);
    digester_free(sink.digester);
    if (code == EXIT_DONE && sink.is_file && options->output != NULL) {
        blob_tell(fogctl, options, digest, options->file, options->file);
    }
    return code;
}
