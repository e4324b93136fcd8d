/* Requests for blobs: what is asked for, whether it may be, and the answers.
 *
 * Everything that can be refused is refused here, before a byte of a body was taken or a file made.
 * Bodies of answers have the form of objects, though blobs are none: they have no revision, nobody
 * watches them, and their names say all about what is in them. */
#include "controller/core/target.h"
#include "controller/io/blobs_inner.h"
#include "controller/io/http_text.h"
#include "schema/base/log.h"
#include "schema/base/parse.h"
#include "schema/json.h"

#include <inttypes.h>
#include <stdarg.h>
#include <unistd.h>

enum { REFUSAL_TEXT_SIZE = 256, HEADERS_SIZE = 256, RETRY_SECONDS = 1 };

/* --- answers -------------------------------------------------------------------------------------
 */

void blobs_refuse(struct blobs *blobs, uint64_t id, int code, const char *headers,
                  const char *format, ...)
{
    char text[REFUSAL_TEXT_SIZE];
    struct http_refusal refusal = {.code = code, .message = text};
    struct transfer_answer answer = {
        .code = code,
        .headers = headers,
        .retry_after_seconds = code == 429 || code == 503 ? RETRY_SECONDS : 0,
    };
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    answer.body = http_refusal_body(&refusal);
    http_transfer_answer(blobs->http, id, &answer);
    blob_unref(answer.body);
}

void blobs_refuse_disk(struct blobs *blobs, uint64_t id, int code)
{
    if (code == ERR_FULL) {
        blobs_refuse(blobs, id, 507, NULL, "the disk is full");
    } else {
        blobs_refuse(blobs, id, 500, NULL, "the disk failed: %s", err_to_str(code));
    }
}

static void answer_text(struct blobs *blobs, uint64_t id, int code, const char *headers,
                        struct str *text /* taken */)
{
    struct transfer_answer answer = {.code = code, .headers = headers};

    str_add(text, "\n");
    answer.body = blob_from_str(text);
    http_transfer_answer(blobs->http, id, &answer);
    blob_unref(answer.body);
    str_fini(text);
}

#define BLOB_HEAD "{\"kind\":\"Blob\",\"apiVersion\":\"fog/v1\","

static void add_stored(struct str *to, const struct stored_blob *stored)
{
    char created[WALL_TEXT_SIZE], used[WALL_TEXT_SIZE];

    wall_to_str(stored->file.created, created);
    wall_to_str(stored->facts.used, used);
    str_addf(to,
             "\"metadata\":{\"name\":\"%s\",\"creationTimestamp\":\"%s\"},"
             "\"status\":{\"size\":%" PRId64 ",\"lastUsed\":\"%s\"",
             stored->file.digest, created, stored->file.size_bytes, used);
}

void blobs_answer_stored(struct blobs *blobs, uint64_t id, int code,
                         const struct stored_blob *stored)
{
    struct str text = STR_EMPTY;

    str_add(&text, BLOB_HEAD);
    add_stored(&text, stored);
    str_add(&text, "}}");
    answer_text(blobs, id, code, NULL, &text);
}

static void status_success(struct blobs *blobs, uint64_t id, int code, const char *headers,
                           const char *message)
{
    struct str text = STR_EMPTY;

    str_addf(&text,
             "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Success\","
             "\"message\":\"%s\",\"code\":%d}",
             message, code);
    answer_text(blobs, id, code, headers, &text);
}

void blobs_answer_removed(struct blobs *blobs, uint64_t id, const char *digest)
{
    char message[REFUSAL_TEXT_SIZE];

    (void)snprintf(message, sizeof(message), "%s is removed", digest);
    status_success(blobs, id, 200, NULL, message);
}

static const char *offset_header(char headers[static HEADERS_SIZE], int64_t written_bytes)
{
    (void)snprintf(headers, HEADERS_SIZE, "Upload-Offset: %" PRId64 "\r\n", written_bytes);
    return headers;
}

void blobs_answer_partial(struct blobs *blobs, uint64_t id, int64_t written_bytes)
{
    char headers[HEADERS_SIZE];

    status_success(blobs, id, 202, offset_header(headers, written_bytes),
                   "this part is here, and the rest may follow");
}

/* --- lists ---------------------------------------------------------------------------------------
 */

struct users {
    size_t count;     /* objects */
    struct str names; /* as JSON, separated by commas */
    struct str last;  /* who came last: an object that refers to it often is one */
};

static void note_user(void *context, const struct blob_reference *reference)
{
    struct users *users = map_find(context, reference->digest);
    char name[NAME_BYTES_MAX + 64];

    if (users == NULL) {
        return;
    }
    (void)snprintf(name, sizeof(name), "%s/%s", reference->kind, reference->name);
    if (str_eq(users->last.data, name)) {
        return;
    }
    str_clear(&users->last);
    str_add(&users->last, name);
    if (users->count++ >= BLOB_USERS_SHOWN) {
        return;
    }
    str_add(&users->names, users->names.length > 0 ? "," : "");
    json_emit_str(name, strlen(name), &users->names);
}

static int by_digest(const void *a, const void *b)
{
    const struct stored_blob *const *left = a, *const *right = b;

    return strcmp((*left)->file.digest, (*right)->file.digest);
}

struct listed {
    VEC_OF(const struct stored_blob *);
};

/* Those after `after`, by digest. */
static void collect(const struct blobs *blobs, const char *after, struct listed *listed)
{
    map_each (&blobs->stored, it) {
        const struct stored_blob *stored = it->value;

        if (!stored->is_going && (after == NULL || strcmp(it->key, after) > 0)) {
            vec_add(listed, stored);
        }
    }
    if (listed->count > 0) {
        qsort(listed->items, listed->count, sizeof(listed->items[0]), by_digest);
    }
}

static void add_items(struct blobs *blobs, const struct listed *listed, size_t count,
                      struct str *to)
{
    struct users *users = mem_array(count + 1, sizeof(users[0]));
    struct map by_name;

    map_init(&by_name);
    for (size_t i = 0; i < count; i++) {
        str_init(&users[i].names);
        str_init(&users[i].last);
        (void)map_put(&by_name, listed->items[i]->file.digest, &users[i]);
    }
    (void)blobs->options.each_reference(blobs->options.context, note_user, &by_name);
    for (size_t i = 0; i < count; i++) {
        str_add(to, i > 0 ? ",{" : "{");
        add_stored(to, listed->items[i]);
        str_addf(to, ",\"referenceCount\":%zu,\"referencedBy\":[%s]}}", users[i].count,
                 users[i].names.data);
        str_fini(&users[i].names);
        str_fini(&users[i].last);
    }
    map_fini(&by_name);
    free(users);
}

static void list(struct blobs *blobs, uint64_t id, const struct target *target)
{
    const char *after = target_param(target, "continue");
    struct str text = STR_EMPTY;
    struct listed listed = {0};
    uint64_t limit;
    size_t count;

    if (!target_number(target, "limit", LIST_LIMIT_MAX, &limit)) {
        blobs_refuse(blobs, id, 400, NULL, "limit is no number");
        return;
    }
    collect(blobs, str_is_empty(after) ? NULL : after, &listed);
    limit = limit == 0 || limit > LIST_LIMIT_MAX ? LIST_LIMIT_MAX : limit;
    count = listed.count < limit ? listed.count : (size_t)limit;
    str_add(&text, "{\"kind\":\"BlobList\",\"apiVersion\":\"fog/v1\",\"metadata\":{");
    if (count < listed.count) {
        str_addf(&text, "\"continue\":\"%s\",\"remainingItemCount\":%zu",
                 listed.items[count - 1]->file.digest, listed.count - count);
    }
    str_addf(&text,
             "},\"status\":{\"count\":%zu,\"bytes\":%" PRId64 ",\"quotaBytes\":%" PRId64
             "},\"items\":[",
             blobs->stored.count, blobs->stored_bytes, blobs->options.quota_bytes);
    add_items(blobs, &listed, count, &text);
    vec_fini(&listed);
    str_add(&text, "]}");
    answer_text(blobs, id, 200, NULL, &text);
}

/* --- reading -------------------------------------------------------------------------------------
 */

static void refuse_absent(struct blobs *blobs, uint64_t id, const char *digest)
{
    const struct partial *partial = map_find(&blobs->partials, digest);
    char headers[HEADERS_SIZE];

    blobs_refuse(blobs, id, 404,
                 offset_header(headers, partial == NULL ? 0 : partial->written_bytes),
                 "%s is not stored here", digest);
}

static void answer_bytes(struct blobs *blobs, uint64_t id, struct stored_blob *stored, int fd,
                         const struct byte_range *range, bool is_part, bool is_head)
{
    struct transfer_answer answer = {
        .code = is_part ? 206 : 200,
        .content_type = "application/octet-stream",
        .size_bytes = stored->file.size_bytes == 0 ? 0 : range->last - range->first + 1,
    };
    char headers[HEADERS_SIZE], part[RANGE_TEXT_SIZE] = "";

    if (is_part) {
        content_range_to_str(range, stored->file.size_bytes, part);
    }
    (void)snprintf(headers, sizeof(headers), "ETag: \"%s\"\r\nAccept-Ranges: bytes\r\n%s%s%s",
                   stored->file.digest, is_part ? "Content-Range: " : "", part,
                   is_part ? "\r\n" : "");
    answer.headers = headers;
    http_transfer_answer(blobs->http, id, &answer);
    if (is_head || answer.size_bytes == 0) {
        (void)close(fd);
    } else {
        transfer_download(blobs, id, stored, fd, range);
    }
}

static void answer_unchanged(struct blobs *blobs, uint64_t id, const char *digest)
{
    char headers[HEADERS_SIZE];
    struct transfer_answer answer = {.code = 304, .headers = headers};

    (void)snprintf(headers, sizeof(headers), "ETag: \"%s\"\r\n", digest);
    http_transfer_answer(blobs->http, id, &answer);
}

static void get(struct blobs *blobs, uint64_t id, const char *digest,
                const struct transfer_request *request)
{
    struct stored_blob *stored = blobs_find(blobs, digest);
    struct byte_range range;
    enum range_answer part;
    char headers[HEADERS_SIZE];
    bool is_head = str_eq(request->method, "HEAD");
    int fd, failed;

    if (stored == NULL) {
        refuse_absent(blobs, id, digest);
        return;
    }
    blobs_use(blobs, stored);
    if (etag_matches(request->if_none_match, digest)) {
        answer_unchanged(blobs, id, digest);
        return;
    }
    range = (struct byte_range){0, stored->file.size_bytes - 1};
    part = is_head || (request->if_range != NULL && !etag_matches(request->if_range, digest))
               ? RANGE_WHOLE
               : range_from_str(request->range, stored->file.size_bytes, &range);
    if (part == RANGE_OUTSIDE) {
        (void)snprintf(headers, sizeof(headers), "Content-Range: bytes */%" PRId64 "\r\n",
                       stored->file.size_bytes);
        blobs_refuse(blobs, id, 416, headers, "%s has only %" PRId64 " bytes", digest,
                     stored->file.size_bytes);
    } else if (blobs->transfer_count >= BLOB_TRANSFERS_MAX) {
        blobs_refuse(blobs, id, 429, NULL, "%d blobs are on their way already", BLOB_TRANSFERS_MAX);
    } else if ((failed = blob_files_find(&blobs->files, digest, &fd)) == ERR_NOT_FOUND) {
        log_error("blob %s: its file is not there any more", digest);
        blobs_remove(blobs, stored, 0);
        refuse_absent(blobs, id, digest);
    } else if (failed) { /* no word on what is in it: it stays */
        log_error("blob %s: its file cannot be opened: %s", digest, err_to_str(failed));
        blobs_refuse_disk(blobs, id, failed);
    } else {
        answer_bytes(blobs, id, stored, fd, &range, part == RANGE_PART, is_head);
    }
}

/* --- writing -------------------------------------------------------------------------------------
 */

struct upload {
    const char *digest;
    struct byte_range range; /* of what comes; last < first: nothing */
    int64_t total_bytes;
};

static bool read_upload(struct blobs *blobs, uint64_t id, const struct transfer_request *request,
                        struct upload *upload)
{
    if (request->content_range == NULL) {
        upload->range = (struct byte_range){0, request->body_bytes - 1};
        upload->total_bytes = request->body_bytes;
        return true;
    }
    if (!content_range_from_str(request->content_range, &upload->range, &upload->total_bytes) ||
        upload->range.last - upload->range.first + 1 != request->body_bytes) {
        blobs_refuse(blobs, id, 400, NULL,
                     "Content-Range is not bytes FIRST-LAST/TOTAL, or not of this body");
        return false;
    }
    if (upload->total_bytes > BLOB_BYTES_MAX) {
        blobs_refuse(blobs, id, 413, NULL, "a blob may have %" PRId64 " bytes", BLOB_BYTES_MAX);
        return false;
    }
    return true;
}

/* The partial to write to; NULL: refused. */
static struct partial *find_partial(struct blobs *blobs, uint64_t id, const struct upload *upload)
{
    struct partial *partial = map_find(&blobs->partials, upload->digest);
    char headers[HEADERS_SIZE];

    if (partial != NULL && partial->is_taken) {
        blobs_refuse(blobs, id, 409, NULL, "%s is being uploaded already", upload->digest);
        return NULL;
    }
    if (partial != NULL && upload->range.first == 0 &&
        partial->total_bytes == upload->total_bytes) {
        partial_restart(partial);
        return partial;
    }
    if (partial != NULL && upload->range.first == 0) {
        partial_free(blobs, TAKE(partial)); /* it claims another size: that one was no true copy */
    }
    if (partial == NULL ? upload->range.first != 0
                        : partial->written_bytes != upload->range.first ||
                              partial->total_bytes != upload->total_bytes) {
        blobs_refuse(blobs, id, 409,
                     offset_header(headers, partial == NULL ? 0 : partial->written_bytes),
                     "go on with byte %" PRId64 ", of the size that was said first",
                     partial == NULL ? 0 : partial->written_bytes);
        return NULL;
    }
    if (partial != NULL) {
        return partial;
    }
    if (!partials_make_room(blobs, upload->total_bytes)) {
        blobs_refuse(blobs, id, 507, NULL,
                     "no room for %" PRId64 " bytes: %" PRId64 " of %" PRId64
                     " are used, or the disk is full",
                     upload->total_bytes, blobs->stored_bytes + blobs->reserved_bytes,
                     blobs->options.quota_bytes);
        return NULL;
    }
    partial = partial_new(blobs, upload->digest, upload->total_bytes);
    if (partial == NULL) {
        blobs_refuse(blobs, id, 429, NULL, "%d uploads are unfinished", BLOB_PARTIALS_MAX);
    }
    return partial;
}

/* Whoever sends it again is told that it is here only while its file is, and as large as it was: a
 * missing one makes way for what comes then. */
static void answer_again(struct blobs *blobs, uint64_t id, struct stored_blob *stored)
{
    int failed = blob_files_check(&blobs->files, stored->file.digest, stored->file.size_bytes);

    if (failed == ERR_NOT_FOUND || failed == ERR_CORRUPT) {
        log_error("blob %s: its file is not there any more, or has another size",
                  stored->file.digest);
        blobs_refuse(blobs, id, 503, NULL, "%s was lost and is being removed; send it again",
                     stored->file.digest);
        blobs_remove(blobs, stored, 0);
    } else if (failed) {
        blobs_refuse_disk(blobs, id, failed);
    } else {
        blobs_use(blobs, stored);
        blobs_answer_stored(blobs, id, 200, stored);
    }
}

static void put(struct blobs *blobs, uint64_t id, const char *digest,
                const struct transfer_request *request)
{
    struct stored_blob *stored = map_find(&blobs->stored, digest);
    struct upload upload = {.digest = digest};
    struct partial *partial;
    int failed;

    if (!read_upload(blobs, id, request, &upload)) {
        return;
    }
    if (stored != NULL && stored->is_going) {
        blobs_refuse(blobs, id, 503, NULL, "%s is being removed", digest);
        return;
    }
    if (stored != NULL) {
        answer_again(blobs, id, stored);
        return;
    }
    if (blobs->transfer_count >= BLOB_TRANSFERS_MAX) {
        blobs_refuse(blobs, id, 429, NULL, "%d blobs are on their way already", BLOB_TRANSFERS_MAX);
        return;
    }
    partial = find_partial(blobs, id, &upload);
    if (partial == NULL) {
        return;
    }
    failed = transfer_upload(blobs, id, partial, upload.range.last + 1);
    if (failed) {
        partial_free(blobs, partial);
        blobs_refuse_disk(blobs, id, failed);
    }
}

struct first_user {
    const char *digest;
    char text[NAME_BYTES_MAX + 64]; /* "": none */
};

static void note_first(void *context, const struct blob_reference *reference)
{
    struct first_user *first = context;

    if (*first->text == '\0' && str_eq(reference->digest, first->digest)) {
        (void)snprintf(first->text, sizeof(first->text), "%s %s", reference->kind, reference->name);
    }
}

static void delete (struct blobs *blobs, uint64_t id, const char *digest, bool is_dry_run)
{
    struct stored_blob *stored = blobs_find(blobs, digest);
    struct first_user first = {.digest = digest};

    if (stored == NULL) {
        refuse_absent(blobs, id, digest);
        return;
    }
    if (!blobs->options.each_reference(blobs->options.context, note_first, &first)) {
        blobs_refuse(blobs, id, 503, NULL, "what refers to it is not known now");
        return;
    }
    if (*first.text != '\0') {
        blobs_refuse(blobs, id, 409, NULL, "%s refers to it", first.text);
        return;
    }
    if (!blobs->options.is_settled(blobs->options.context)) {
        blobs_refuse(blobs, id, 503, NULL,
                     "what refers to it is being written just now; try again");
        return;
    }
    if (is_dry_run) {
        blobs_answer_removed(blobs, id, digest);
    } else {
        blobs_remove(blobs, stored, id);
    }
}

/* --- the door ------------------------------------------------------------------------------------
 */

/* What is asked of other paths and cannot be done here is refused, never left out of account. */
static bool takes_params(struct blobs *blobs, uint64_t id, const struct target *target,
                         const char *method)
{
    for (size_t i = 0; i < target->param_count; i++) {
        const char *key = target->params[i].key, *value = target->params[i].value;

        if (str_is_empty(value)) {
            continue;
        }
        if (str_eq(key, "dryRun") && !str_eq(value, "All")) {
            blobs_refuse(blobs, id, 400, NULL, "dryRun: only All is supported");
            return false;
        }
        if (str_eq(key, "dryRun") && str_eq(method, "PUT")) {
            blobs_refuse(blobs, id, 400, NULL, "dryRun: to put a blob is to send all of it");
            return false;
        }
        if (str_eq(key, "atRevision") || str_eq(key, "atTime")) {
            blobs_refuse(blobs, id, 400, NULL, "%s: blobs have no past", key);
            return false;
        }
    }
    return true;
}

static void dispatch(struct blobs *blobs, uint64_t id, const struct target *target,
                     const struct transfer_request *request)
{
    bool is_reading = str_eq(request->method, "GET") || str_eq(request->method, "HEAD");
    bool is_list = target->segment_count == 2;
    bool is_dry_run = !str_is_empty(target_param(target, "dryRun"));
    const char *digest = is_list ? NULL : target->segments[2];
    char path[BLOB_PATH_SIZE];

    if (!takes_params(blobs, id, target, request->method)) {
        return;
    }
    if (!is_list && !blob_path_from_digest(digest, path)) {
        blobs_refuse(blobs, id, 400, NULL,
                     "the path ends in no digest: blake2b: and 64 hex digits");
    } else if (is_list && is_reading) {
        list(blobs, id, target);
    } else if (is_reading) {
        get(blobs, id, digest, request);
    } else if (!is_list && str_eq(request->method, "PUT")) {
        put(blobs, id, digest, request);
    } else if (!is_list && str_eq(request->method, "DELETE")) {
        delete (blobs, id, digest, is_dry_run);
    } else {
        blobs_refuse(blobs, id, 405, NULL, "blobs are read, listed, put and deleted");
    }
}

void on_transfer_request(void *context, uint64_t id, const struct transfer_request *request)
{
    struct blobs *blobs = context;
    struct target target;
    struct arena arena;

    if (blobs->is_closing) {
        blobs_refuse(blobs, id, 503, NULL, "the controller is ending");
        return;
    }
    arena_init(&arena);
    if (!target_parse(&arena, request->target, &target)) {
        blobs_refuse(blobs, id, 400, NULL, "the target cannot be read");
    } else if (!target_is(&target, routes[ROUTE_BLOBS].path) &&
               !target_is(&target, routes[ROUTE_BLOB].path)) {
        blobs_refuse(blobs, id, 404, NULL, "there is /blobs/v1 and what is below it");
    } else if (target_param(&target, "atRevision") != NULL ||
               target_param(&target, "atTime") != NULL) {
        blobs_refuse(blobs, id, 400, NULL,
                     "atRevision, atTime: blobs are of now, and have no past");
    } else {
        dispatch(blobs, id, &target, request);
    }
    arena_fini(&arena);
}
