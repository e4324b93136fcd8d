/* One backup under way:
 *
 *     IDLE ──GET──▶ COPYING ──worker──▶ SENDING ──piece by piece, the trailer last──▶ IDLE
 *                      │                   └──client gone, file unreadable──▶ IDLE
 *                      └──failed──▶ IDLE
 *
 * The disk must have room for the copy and for what the store may need meanwhile; else 507. */
#include "controller/io/backup.h"

#include "controller/io/http_text.h"
#include "controller/io/store/store.h"
#include "schema/backup.h"
#include "schema/base/log.h"
#include "schema/limits.h"
#include "schema/routes.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { PIECE_BYTES = 256 << 10, RETRY_SECONDS = 5, CLOSE_TURNS_MAX = 100000 };

enum backup_state { BACKUP_IDLE, BACKUP_COPYING, BACKUP_SENDING };

struct backups {
    uv_loop_t *loop; /* borrowed, as the next two */
    struct http *http;
    const char *store_path;
    char *copy_path; /* owned */
    enum backup_state state;
    uint64_t id; /* of the exchange; 0: the client is gone */
    uv_work_t work;
    bool is_working;
    atomic_bool is_closing; /* a worker asks */

    /* Of the one under way; a worker's while it works. */
    int fd; /* owned; -1: none */
    int code;
    struct err err;
    struct stored_state stored;
    struct backup_trailer trailer;
    struct digester *digester; /* owned */
    int64_t offset;
    struct blob *piece; /* owned until it is handed on */
};

static void rest(struct backups *backups)
{
    if (backups->fd >= 0) {
        (void)close(backups->fd);
        backups->fd = -1;
    }
    digester_free(TAKE(backups->digester));
    backups->state = BACKUP_IDLE;
    backups->id = 0;
}

static void refuse(struct backups *backups, uint64_t id, int code, const char *message)
{
    struct http_refusal refusal = {.code = code, .message = message};
    struct transfer_answer answer = {
        .code = code, .retry_after_seconds = code == 429 || code == 503 ? RETRY_SECONDS : 0};

    answer.body = http_refusal_body(&refusal);
    http_transfer_answer(backups->http, id, &answer);
    blob_unref(answer.body);
}

/* --- on a worker ---------------------------------------------------------------------------------
 */

static bool goes_on(void *context)
{
    struct backups *backups = context;

    return !atomic_load(&backups->is_closing);
}

static int check_room(struct backups *backups)
{
    struct stat info;
    struct statvfs room;

    if (stat(backups->store_path, &info) < 0 || statvfs(backups->store_path, &room) < 0) {
        return err_set(&backups->err, ERR_IO, "the store cannot be looked at");
    }
    if ((uint64_t)room.f_bavail * room.f_frsize <
        (uint64_t)info.st_size + STORE_WAL_PAGES_MAX * 4096ULL + SPACE_SPARE_BYTES) {
        return err_set(&backups->err, ERR_FULL,
                       "the disk of the controller has no room for a copy of %lld MiB",
                       (long long)info.st_size >> 20);
    }
    return 0;
}

static int make_copy(struct backups *backups)
{
    struct store_copying copying = {.from = backups->store_path,
                                    .to = backups->copy_path,
                                    .goes_on = goes_on,
                                    .context = backups};
    struct stat info;
    int failed;

    (void)unlink(backups->copy_path); /* of a process that was killed */
    failed = check_room(backups);
    if (failed == 0) {
        failed = store_copy(&copying, &backups->stored, &backups->err);
    }
    if (failed == 0) {
        backups->fd = open(backups->copy_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    }
    (void)unlink(backups->copy_path);
    if (failed) {
        return failed;
    }
    if (backups->fd < 0 || fstat(backups->fd, &info) < 0) {
        return err_set(&backups->err, ERR_IO, "the copy cannot be read");
    }
    backups->trailer = (struct backup_trailer){.era = backups->stored.era,
                                               .revision = backups->stored.revision,
                                               .size_bytes = (int64_t)info.st_size};
    memcpy(backups->trailer.store_id, backups->stored.store_id, UID_TEXT_SIZE);
    return 0;
}

static void run_copy(uv_work_t *work)
{
    struct backups *backups = work->data;

    backups->code = make_copy(backups);
}

/* The next piece of the copy; behind its last byte, the trailer. */
static int read_piece(struct backups *backups)
{
    int64_t left = backups->trailer.size_bytes - backups->offset;
    size_t wanted = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;
    _cleanup_free_ char *bytes = mem_alloc(PIECE_BYTES);
    char text[BACKUP_TRAILER_SIZE];

    if (left <= 0) {
        digester_end(backups->digester, &backups->trailer.digest);
        backup_trailer_to_text(&backups->trailer, text);
        backups->piece = blob_new(text, sizeof(text));
        return 0;
    }
    if (pread(backups->fd, bytes, wanted, backups->offset) != (ssize_t)wanted) {
        return err_set(&backups->err, ERR_IO, "the copy cannot be read");
    }
    digester_add(backups->digester, bytes, wanted);
    backups->piece = blob_new(bytes, wanted);
    return 0;
}

static void run_read(uv_work_t *work)
{
    struct backups *backups = work->data;

    backups->code = read_piece(backups);
}

/* --- on the loop ---------------------------------------------------------------------------------
 */

static void put_to_work(struct backups *backups, uv_work_cb run, uv_after_work_cb done)
{
    int failed;

    assert(!backups->is_working);
    backups->is_working = true;
    backups->err = ERR_NONE;
    backups->work.data = backups;
    failed = uv_queue_work(backups->loop, &backups->work, run, done);
    assert(failed == 0);
}

static void on_read(uv_work_t *work, int status);

static void go_on(struct backups *backups)
{
    if (backups->is_working || atomic_load(&backups->is_closing)) {
        return;
    }
    if (backups->id == 0) {
        rest(backups);
        return;
    }
    put_to_work(backups, run_read, on_read);
}

static void on_read(uv_work_t *work, int status)
{
    struct backups *backups = work->data;
    struct blob *piece = TAKE(backups->piece);
    bool is_last = backups->offset >= backups->trailer.size_bytes;

    (void)status;
    backups->is_working = false;
    if (backups->code < 0) {
        log_error("a backup broke off: %s", backups->err.text);
        http_transfer_cut(backups->http, backups->id);
        rest(backups);
        return;
    }
    backups->offset += (int64_t)piece->size_bytes;
    if (http_transfer_piece(backups->http, backups->id, piece) && !is_last) {
        go_on(backups);
    } else if (is_last) {
        log_info("a backup was handed out revision=%" PRIu64 " bytes=%" PRId64,
                 backups->trailer.revision, backups->trailer.size_bytes);
        rest(backups);
    } else if (backups->id == 0) {
        rest(backups);
    }
}

static void on_copied(uv_work_t *work, int status)
{
    struct backups *backups = work->data;
    struct transfer_answer answer = {.code = 200, .content_type = "application/octet-stream"};

    (void)status;
    backups->is_working = false;
    if (backups->code < 0) {
        log_warning("no backup was made: %s", backups->err.text);
        refuse(backups, backups->id, backups->code == ERR_FULL ? 507 : 500, backups->err.text);
        rest(backups);
        return;
    }
    backups->state = BACKUP_SENDING;
    backups->offset = 0;
    backups->digester = digester_new();
    answer.size_bytes = backups->trailer.size_bytes + BACKUP_TRAILER_SIZE;
    http_transfer_answer(backups->http, backups->id, &answer);
    go_on(backups);
}

static void on_request(void *context, uint64_t id, const struct transfer_request *request)
{
    struct backups *backups = context;
    const char *path = routes[ROUTE_BACKUP].path;
    size_t length = strcspn(request->target, "?"); /* parameters are passed over */

    if (length != strlen(path) || strncmp(request->target, path, length) != 0) {
        refuse(backups, id, 404, "there is /backup/v1");
    } else if (!str_eq(request->method, "GET")) {
        refuse(backups, id, 405, "a backup is fetched: GET");
    } else if (atomic_load(&backups->is_closing)) {
        refuse(backups, id, 503, "the controller is ending");
    } else if (backups->state != BACKUP_IDLE) {
        refuse(backups, id, 429, "somebody fetches a backup already");
    } else {
        backups->state = BACKUP_COPYING;
        backups->id = id;
        put_to_work(backups, run_copy, on_copied);
    }
}

static void on_piece(void *context, uint64_t id, const char *bytes, size_t size_bytes)
{
    (void)context, (void)id, (void)bytes, (void)size_bytes; /* nothing was allowed */
}

static void on_drained(void *context, uint64_t id)
{
    struct backups *backups = context;

    if (backups->id == id && backups->state == BACKUP_SENDING) {
        go_on(backups);
    }
}

static void on_gone(void *context, uint64_t id)
{
    struct backups *backups = context;

    if (backups->id == id) {
        backups->id = 0;
        if (backups->state == BACKUP_SENDING) {
            go_on(backups);
        }
    }
}

struct backups *backups_new(uv_loop_t *loop, const char *store_path)
{
    struct backups *backups = MEM_NEW(struct backups);
    struct str path = STR_EMPTY;

    str_addf(&path, "%s.copy", store_path);
    backups->copy_path = str_take(&path);
    backups->loop = loop;
    backups->store_path = store_path;
    backups->fd = -1;
    return backups;
}

struct http_transfers backups_transfers(struct backups *backups)
{
    return (struct http_transfers){
        .prefix = "/backup/",
        .begin = on_request,
        .piece = on_piece,
        .drained = on_drained,
        .gone = on_gone,
        .context = backups,
    };
}

void backups_attach(struct backups *backups, struct http *http)
{
    backups->http = http;
}

void backups_close(struct backups *backups)
{
    if (backups == NULL) {
        return;
    }
    atomic_store(&backups->is_closing, true);
    for (int turn = 0; backups->is_working && turn < CLOSE_TURNS_MAX; turn++) {
        (void)uv_run(backups->loop, UV_RUN_ONCE);
    }
    assert(!backups->is_working);
    if (backups->state != BACKUP_IDLE) {
        rest(backups);
    }
}

void backups_free(struct backups *backups)
{
    if (backups == NULL) {
        return;
    }
    free(backups->copy_path);
    free(backups);
}
