/* The inside of the store of blobs, shared by its files:
 *
 *  - blobs.c: the index, looking for what may go, chores
 *  - blob_transfer.c: uploads and downloads under way
 *  - blob_request.c: requests and their answers */
#pragma once

#include "controller/io/blob_files.h"
#include "controller/io/blobs.h"
#include "schema/base/dlist.h"
#include "schema/base/map.h"
#include "schema/blobs.h"
#include "schema/limits.h"

/* What a worker thread does, and what follows on the loop. */
struct job {
    uv_work_t work;
    struct blobs *blobs;
    void (*run)(struct job *job);  /* on a worker */
    void (*done)(struct job *job); /* on the loop */
};

struct stored_blob {
    struct blob_file file;   /* as it was found or made */
    struct blob_facts facts; /* its use since then, too */
    unsigned readers;
    bool is_going; /* its file is being removed: for readers it is not there */
};

/* An upload that has not come to its end. */
struct partial {
    char digest[DIGEST_TEXT_SIZE];
    int64_t total_bytes, written_bytes;
    struct digester *digester; /* owned: over what was written */
    struct mono idle_since;
    bool is_taken; /* a transfer goes on with it */
};

struct transfer {
    struct job job; /* first */
    uint64_t id;    /* of the exchange; 0: the client is gone */
    struct dlist all;
    bool is_working;
    int code;                   /* of the job that ended */
    int fd;                     /* owned */
    struct partial *partial;    /* borrowed: an upload */
    struct stored_blob *stored; /* borrowed: a download; NULL when it was removed meanwhile */
    char stored_digest[DIGEST_TEXT_SIZE];
    int64_t offset, end; /* what is left of this request: [offset, end) of the blob */
    struct str filling;  /* upload: received; */
    struct str writing;  /* being written */
    char *piece;         /* download: owned, BLOB_PIECE_BYTES */
    size_t piece_bytes;
    struct digester *digester; /* download: owned; NULL: a part, which cannot be verified */
};

enum chore_type { CHORE_REMOVE, CHORE_TOUCH };

struct chore {
    enum chore_type type;
    char digest[DIGEST_TEXT_SIZE];
    struct wall used; /* TOUCH */
    uint64_t id;      /* REMOVE: of the exchange that waits for it; 0: none */
    int code;         /* afterwards */
};

struct chores {
    VEC_OF(struct chore);
};

struct blobs {
    uv_loop_t *loop;   /* borrowed */
    struct http *http; /* borrowed */
    struct blobs_options options;
    struct blob_files files;
    struct map stored;                    /* digest → struct stored_blob, owned */
    struct map partials;                  /* digest → struct partial, owned */
    int64_t stored_bytes, reserved_bytes; /* of blobs; of uploads, as they will be */
    struct dlist transfers;               /* struct transfer.all */
    size_t transfer_count;
    struct chores waiting, doing;
    struct job chores;
    uv_timer_t timer;
    size_t job_count;
    bool is_closing, has_timer;
};

struct mono blobs_now(void);
void blobs_run(struct blobs *blobs, struct job *job);

struct stored_blob *blobs_find(const struct blobs *blobs, const char *digest); /* not a going one */
struct stored_blob *blobs_add(struct blobs *blobs, const struct blob_file *file);
/* Somebody counts on its being here: not to be removed for another while. */
void blobs_use(struct blobs *blobs, struct stored_blob *stored);
/* Its file goes; whoever asked for it under `id` is answered then. */
void blobs_remove(struct blobs *blobs, struct stored_blob *stored, uint64_t id);

/* NULL when all are taken and there are as many as there may be. */
struct partial *partial_new(struct blobs *blobs, const char *digest, int64_t total_bytes);
void partial_restart(struct partial *partial);
void partial_free(struct blobs *blobs, struct partial *partial); /* with its file, if it has one */
/* Makes room by letting go of unfinished uploads that nobody goes on with; false: too little. */
bool partials_make_room(struct blobs *blobs, int64_t size_bytes);

/* A part [offset, end) of a partial's bytes is about to come. */
int transfer_upload(struct blobs *blobs, uint64_t id, struct partial *partial, int64_t end);
/* [first, last] of a blob; the head of the answer is written.  `fd` is taken. */
void transfer_download(struct blobs *blobs, uint64_t id, struct stored_blob *stored, int fd,
                       const struct byte_range *range);
void transfer_free(struct transfer *transfer);

void on_transfer_piece(void *context, uint64_t id, const char *bytes, size_t size_bytes);
void on_transfer_drained(void *context, uint64_t id);
void on_transfer_gone(void *context, uint64_t id);
void on_transfer_request(void *context, uint64_t id, const struct transfer_request *request);

/* Answers. */
void blobs_refuse(struct blobs *blobs, uint64_t id, int code, const char *headers,
                  const char *format, ...) _printf_(5, 6);
void blobs_refuse_disk(struct blobs *blobs, uint64_t id, int code); /* an ERR_ */
void blobs_answer_stored(struct blobs *blobs, uint64_t id, int code,
                         const struct stored_blob *stored);
void blobs_answer_removed(struct blobs *blobs, uint64_t id, const char *digest);
/* So much of an upload is here, and more may come. */
void blobs_answer_partial(struct blobs *blobs, uint64_t id, int64_t written_bytes);
