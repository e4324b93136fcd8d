/* backup: a copy of the controller's store, taken while it runs.
 *
 * It is fetched into FILE.part, held against the digest at its end as it lies on this disk, and
 * only then called FILE; no file is ever written over. */
#include "schema/backup.h"
#include "tools/fogctl/blob.h"
#include "tools/fogctl/writing.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_SECONDS = 600 }; /* the copy is made before its first byte comes */

static struct writing opt_shown;

static const struct option_row rows[] = {TREE_ROW(opt_shown)};

static const struct option_row *options(size_t *ret_count)
{
    *ret_count = COUNT_OF(rows);
    return rows;
}

static int backup(struct fogctl *fogctl, struct texts *words);

const struct verb verb_backup = {
    "backup",
    "a copy of the controller's state, while it runs",
    "backup FILE",
    "  fogctl backup fog-$(date +%F).backup\n"
    "  fog-controller restore --state DIR --from FILE    # puts it back\n",
    options,
    backup,
};

struct fetching {
    struct blob_exchange *exchange;
    struct progress progress;
    int fd;
    int64_t written_bytes;
    int failed; /* errno of writing */
};

static bool take(void *context, const char *bytes, size_t size_bytes)
{
    struct fetching *fetching = context;

    fetching->progress.total_bytes = fetching->exchange->size_bytes;
    while (size_bytes > 0) {
        ssize_t written = write(fetching->fd, bytes, size_bytes);

        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            fetching->failed = errno;
            return false;
        }
        bytes += written;
        size_bytes -= (size_t)written;
        fetching->written_bytes += written;
    }
    progress_set(&fetching->progress, fetching->written_bytes);
    return true;
}

static int fetch(struct fogctl *fogctl, struct fetching *fetching, const char *file)
{
    struct blob_exchange exchange = {.method = "GET",
                                     .digest = "a backup",
                                     .path = "/backup/v1",
                                     .stall_seconds = COPY_SECONDS,
                                     .take = take,
                                     .context = fetching};
    int code = EXIT_DONE;

    str_init(&exchange.refusal);
    fetching->exchange = &exchange;
    progress_begin(&fetching->progress, file, 0);
    blob_exchange(fogctl, &exchange);
    progress_end(&fetching->progress);
    if (fetching->failed != 0) {
        code = fail(NULL, "%s.part: %s", file, strerror(fetching->failed));
    } else if (exchange.failed != NULL || exchange.code != 200) {
        code = blob_exchange_failed(fogctl, &exchange);
    }
    blob_exchange_fini(&exchange);
    return code;
}

/* As it lies on the disk. */
static bool is_true(const struct fetching *fetching, struct backup_trailer *ret_trailer)
{
    char text[BACKUP_TRAILER_SIZE], digest[DIGEST_TEXT_SIZE];
    int64_t size_bytes = fetching->written_bytes - BACKUP_TRAILER_SIZE;
    struct digester *digester;
    bool is_same;

    if (size_bytes < 0 || pread(fetching->fd, text, sizeof(text), size_bytes) != sizeof(text) ||
        !backup_trailer_from_text(text, ret_trailer) || ret_trailer->size_bytes != size_bytes) {
        return false;
    }
    digester = digester_new();
    digest_to_str(&ret_trailer->digest, digest);
    is_same =
        blob_digest_file(fetching->fd, size_bytes, digester) && blob_digest_is(digester, digest);
    digester_free(digester);
    return is_same;
}

static bool sync_folder(struct fogctl *fogctl, const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *folder =
        slash == NULL ? "." : arena_printf(&fogctl->arena, "%.*s", (int)(slash + 1 - file), file);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0) {
        (void)close(fd);
    }
    return is_synced;
}

static int tell(struct fogctl *fogctl, const struct backup_trailer *trailer, const char *file)
{
    struct arena *arena = &fogctl->arena;
    struct node *root = node_map(arena);
    char digest[DIGEST_TEXT_SIZE];

    if (writing_is_lines(&opt_shown)) {
        printf("%s: store %s, era %" PRIu64 ", revision %" PRIu64 ", %" PRId64 " bytes\n", file,
               trailer->store_id, trailer->era, trailer->revision, trailer->size_bytes);
        return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
    }
    digest_to_str(&trailer->digest, digest);
    node_set(arena, root, "file", node_str(arena, file));
    node_set(arena, root, "store", node_str(arena, trailer->store_id));
    node_set(arena, root, "era", node_int(arena, (int64_t)trailer->era));
    node_set(arena, root, "revision",
             node_str(arena, arena_printf(arena, "%" PRIu64, trailer->revision)));
    node_set(arena, root, "bytes", node_int(arena, trailer->size_bytes));
    node_set(arena, root, "digest", node_str(arena, digest));
    return writing_print_objects(fogctl, &opt_shown, &root, 1);
}

static int keep(struct fogctl *fogctl, const struct fetching *fetching, const char *part,
                const char *file)
{
    struct backup_trailer trailer;

    if (!is_true(fetching, &trailer)) {
        return fail("fetch it again", "what came is not what the controller sent");
    }
    if (fsync(fetching->fd) < 0 || link(part, file) < 0 || !sync_folder(fogctl, file)) {
        return fail(NULL, "%s: %s", file, strerror(errno));
    }
    return tell(fogctl, &trailer, file);
}

static int backup_to(struct fogctl *fogctl, const char *file)
{
    const char *part = arena_printf(&fogctl->arena, "%s.part", file);
    struct fetching fetching = {0};
    struct stat info;
    int code;

    if (lstat(file, &info) == 0) {
        return fail("give it another name", "%s is there already", file);
    }
    fetching.fd = open(part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fetching.fd < 0) {
        return fail(NULL, "%s: %s", part, strerror(errno));
    }
    if (flock(fetching.fd, LOCK_EX | LOCK_NB) < 0 || ftruncate(fetching.fd, 0) < 0 ||
        fchmod(fetching.fd, 0600) < 0) { /* one that is there may be open to others, or theirs */
        code = fail("is another fogctl writing it?", "%s: %s", part, strerror(errno));
        (void)close(fetching.fd);
        return code;
    }
    code = fetch(fogctl, &fetching, file);
    if (code == EXIT_DONE) {
        code = keep(fogctl, &fetching, part, file);
    }
    (void)unlink(part);
    (void)close(fetching.fd);
    return code;
}

static int backup(struct fogctl *fogctl, struct texts *words)
{
    if (looking_check(fogctl, &verb_backup, &opt_shown, false) != EXIT_DONE) {
        return EXIT_USAGE;
    }
    if (words->count != 1) {
        return usage_error(&verb_backup, "one FILE, please: where is it to be written?");
    }
    if (str_eq(words->items[0], "-")) {
        return usage_error(&verb_backup, "a backup goes into a file: what it is called by then "
                                         "has been verified");
    }
    return backup_to(fogctl, words->items[0]);
}
