/* What the verbs of blobs share: one exchange with the controller whose body may be larger than
 * memory, patience with a controller that is away, and progress for who watches.
 *
 *  - verb_blob.c: blob, and blob list, blob delete
 *  - blob_put.c, blob_get.c: the two that move bytes
 *  - blob_http.c: exchanges */
#pragma once

#include "schema/blobs.h"
#include "tools/fogctl/fogctl.h"

/* A line on standard error that is written over again, if that is a terminal. */
struct progress {
    const char *name;
    int64_t done_bytes, total_bytes; /* total 0: not known yet */
    int64_t first_bytes, first_ms;   /* where and when this run of it began */
    int64_t shown_ms;
    bool is_shown;
};

void progress_begin(struct progress *progress, const char *name, int64_t total_bytes);
void progress_set(struct progress *progress, int64_t done_bytes);
void progress_end(struct progress *progress); /* takes the line away */

struct blob_exchange {
    const char *method, *digest;
    const char *path;   /* of what is no blob; NULL: of that digest */
    long stall_seconds; /* without a byte, then it is given up; 0: 30 */
    const char *header; /* one more: "Range: bytes=5-"; NULL: none */
    int from_fd;        /* of a PUT: [from, from + from_bytes) of this file is the body */
    int64_t from, from_bytes;
    /* Of what comes with 200 and 206; false: enough. */
    bool (*take)(void *context, const char *bytes, size_t size_bytes);
    void *context;
    struct progress *progress; /* NULL: none; moves with the body of a PUT */

    /* The answer. */
    long code;             /* 0: none came */
    int64_t upload_offset; /* 0: none was said */
    int64_t size_bytes;    /* Content-Length; -1: not said */
    int64_t first;         /* of Content-Range; 0: none */
    struct str refusal;    /* the body of any other answer */
    const char *failed;    /* why no whole answer came; NULL: it did */
};

void blob_exchange(struct fogctl *fogctl, struct blob_exchange *exchange);
void blob_exchange_fini(struct blob_exchange *exchange);
/* Says what the controller said, or why nothing came; returns EXIT_FAILED. */
int blob_exchange_failed(struct fogctl *fogctl, const struct blob_exchange *exchange);

/* How long to go on while nothing comes through. */
struct patience {
    int64_t retry_ms, give_up_ms, told_ms;
};

void patience_begin(struct patience *patience, int64_t retry_ms);
void patience_renew(struct patience *patience); /* something came through */
/* After an exchange that may go better next time: says so, waits a little, and is true until the
 * time is over.  What will never go better is false at once. */
bool patience_has(struct patience *patience, const struct blob_exchange *exchange);

struct blob_options {
    const char *output, *file; /* -o, -O */
    int64_t retry_ms;
};

/* What has been done with one: `words`, or with -o json {digest, file} in a line of its own; `file`
 * may be NULL. */
void blob_tell(struct fogctl *fogctl, const struct blob_options *options, const char *digest,
               const char *file, const char *words);
int blob_put(struct fogctl *fogctl, const struct texts *files, const struct blob_options *options);
int blob_get(struct fogctl *fogctl, const char *digest, const struct blob_options *options);

enum { BLOB_COPY_BYTES = 256 << 10 };

/* Adds [0, size_bytes) of a file.  False, with errno set (0: it has fewer), when that cannot be
 * read. */
bool blob_digest_file(int fd, int64_t size_bytes, struct digester *digester);
bool blob_digest_is(struct digester *digester, const char *digest);
