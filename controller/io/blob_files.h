/* The files of stored blobs.  Everything here may wait for the disk, and knows no loop: writing,
 * publishing, reading, removing and touching are for worker threads.
 *
 *     DIR/blobs/ab/cdef…       a blob, whole and true: its name is the digest of what is in it
 *     DIR/blobs/incoming/abcd… an upload that has not come to its end; all are removed at start
 *
 * A file gets its final name only after its bytes are durable, and the name is durable when
 * blob_files_publish() returns 0: whatever ends the process in between leaves an incoming file, or
 * a whole blob. */
#pragma once

#include "schema/base/digest.h"
#include "schema/base/err.h"
#include "schema/base/mono.h"

struct blob_files {
    int state_fd;            /* borrowed: the state directory */
    int dir_fd, incoming_fd; /* -1: not made yet, for want of room */
};

/* Makes the folders and clears the incoming ones.  A full disk is no failure here, but of the first
 * upload. */
int blob_files_open(struct blob_files *files, int state_fd, struct err *err);
void blob_files_close(struct blob_files *files);

struct blob_file {
    char digest[DIGEST_TEXT_SIZE];
    int64_t size_bytes;
    struct wall created, used; /* the file's times of change and of access, which only we set */
};

/* Every blob there is, at most `count_max` of them; what is called otherwise is passed over. */
int blob_files_each(const struct blob_files *files, size_t count_max,
                    void (*visit)(void *context, const struct blob_file *file), void *context,
                    struct err *err);

/* Bytes that can still be stored beside what others need. */
int64_t blob_files_room(const struct blob_files *files);

/* The incoming file of a digest, empty unless `goes_on`.  ERR_FULL, ERR_IO. */
int blob_files_begin(struct blob_files *files, const char *digest, bool goes_on, int *ret_fd);
int blob_files_write(int fd, const void *bytes, size_t size_bytes, int64_t offset);
int blob_files_publish(const struct blob_files *files, int fd, const char *digest);
void blob_files_drop(const struct blob_files *files, const char *digest); /* the incoming one */

/* ERR_NOT_FOUND only when there is none; a file that cannot be opened now is ERR_IO. */
int blob_files_find(const struct blob_files *files, const char *digest, int *ret_fd);
/* Is there a file of so many bytes?  ERR_NOT_FOUND, ERR_CORRUPT when it has another size, ERR_IO.
 */
int blob_files_check(const struct blob_files *files, const char *digest, int64_t size_bytes);
/* ERR_CORRUPT when there are fewer. */
int blob_files_read(int fd, void *bytes, size_t size_bytes, int64_t offset);
int blob_files_remove(const struct blob_files *files, const char *digest);
void blob_files_touch(const struct blob_files *files, const char *digest, struct wall used);
