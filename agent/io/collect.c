#include "agent/io/collect.h"

#include "agent/io/below.h"
#include "agent/io/upload.h"
#include "agent/io/work.h"
#include "agent/shim/file.h"
#include "agent/shim/spec.h"
#include "schema/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

static bool digest_file(int fd, char digest[static DIGEST_TEXT_SIZE])
{
    _cleanup_free_ char *bytes = mem_alloc(BLOB_PIECE_BYTES);
    struct digester *digester = digester_new();
    struct digest found;
    ssize_t got;

    while ((got = read(fd, bytes, BLOB_PIECE_BYTES)) > 0) {
        digester_add(digester, bytes, (size_t)got);
    }
    digester_end(digester, &found);
    digester_free(digester);
    digest_to_str(&found, digest);
    return got == 0;
}

static int store(const struct collecting *collecting, int fd, const char *path, struct arena *arena,
                 struct output_status *ret_output, struct err *err)
{
    char digest[DIGEST_TEXT_SIZE];
    struct stat about;
    struct upload upload = {.host = collecting->host,
                            .port = collecting->port,
                            .fd = fd,
                            .digest = digest,
                            .is_cancelled = collecting->is_cancelled};
    int failed;

    if (fstat(fd, &about) < 0 || !S_ISREG(about.st_mode)) {
        return err_set(err, ERR_NOT_FOUND, "\"%s\" is not a file", path);
    }
    if (about.st_size > BLOB_BYTES_MAX) {
        return err_set(err, ERR_LIMIT, "\"%s\" has %lld bytes, and a blob may have %lld", path,
                       (long long)about.st_size, (long long)BLOB_BYTES_MAX);
    }
    if (!digest_file(fd, digest)) {
        return err_set(err, ERR_IO, "\"%s\" cannot be read", path);
    }
    upload.size_bytes = about.st_size;
    failed = upload_run(&upload, err);
    if (failed) {
        return failed;
    }
    *ret_output = (struct output_status){.path = arena_strdup(arena, path),
                                         .digest = arena_strdup(arena, digest),
                                         .size = about.st_size};
    return 0;
}

static int open_files(const struct collecting *collecting)
{
    _cleanup_(file_close)
    int run_fd = work_open_run(collecting->work_fd, collecting->uid, collecting->run, false);

    return run_fd < 0 ? -1 : file_open_dir(run_fd, RUN_FILES, false);
}

int collect_run(const struct collecting *collecting, struct arena *arena, outputs_t *ret_outputs,
                struct err *err)
{
    const struct workload *workload = collecting->workload;
    _cleanup_(file_close)
    int files_fd = -1;
    struct output_status *made = arena_array(arena, workload->outputs.count, sizeof(made[0]));
    int failed = 0;

    if (collecting->port == 0) {
        return err_set(err, ERR_UNAVAILABLE, "the controller is not connected");
    }
    files_fd = open_files(collecting);
    if (files_fd < 0) {
        return err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO,
                       "the run's working folder cannot be opened: %s", strerror(errno));
    }
    for (size_t i = 0; i < workload->outputs.count && failed == 0; i++) {
        const char *path = workload->outputs.items[i].path;
        _cleanup_(file_close)
        int fd = below_open(files_fd, path, O_RDONLY | O_NONBLOCK, false);

        failed = fd < 0 ? err_set(err, ERR_NOT_FOUND, "\"%s\" is not there, or not a file", path)
                        : store(collecting, fd, path, arena, &made[i], err);
    }
    ret_outputs->items = made;
    ret_outputs->count = failed ? 0 : workload->outputs.count;
    return failed;
}
