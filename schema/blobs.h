/* Stored blobs: files that are known by the digest of what is in them.  Here is what both ends of a
 * transfer must agree on: the name of the file of a digest, and which part of it a header means
 * (RFC 9110, 14: one range of bytes at a time).
 *
 * A blob in this sense is a file; `struct blob` of schema/base/str.h is a run of bytes in memory.
 */
#pragma once

#include "schema/base/digest.h"

enum {
    BLOB_FOLDER_SIZE = 3,                  /* "ab": 256 folders share the files */
    BLOB_PATH_SIZE = 2 * DIGEST_SIZE + 2,  /* "ab/cdef…" */
    BLOB_ETAG_SIZE = DIGEST_TEXT_SIZE + 2, /* the digest in quotes */
    RANGE_TEXT_SIZE = 80,
};

/* The path of a blob's file below the folder of all; false: the text is no digest. */
bool blob_path_from_digest(const char *digest, char path[static BLOB_PATH_SIZE]);
/* From folder and name; false: no blob is called so. */
bool blob_digest_from_path(const char *folder, const char *name,
                           char digest[static DIGEST_TEXT_SIZE]);

/* The digits of a digest, behind "blake2b:": borrowed from it. */
const char *blob_hex(const char *digest);

struct byte_range {
    int64_t first, last; /* both are part of it */
};

enum range_answer { RANGE_WHOLE, RANGE_PART, RANGE_OUTSIDE };

/* What a Range header asks of so many bytes.  RANGE_WHOLE, that is 200 and everything, when there
 * is none, when it asks for several ranges, or when it cannot be read: the standard lets a server
 * pass over what it does not understand.  RANGE_OUTSIDE is 416. */
enum range_answer range_from_str(const char *text, int64_t size_bytes,
                                 struct byte_range *ret_range);
/* "bytes 0-99/200", of a message that has a part. */
bool content_range_from_str(const char *text, struct byte_range *ret_range, int64_t *ret_total);
void content_range_to_str(const struct byte_range *range, int64_t total,
                          char text[static RANGE_TEXT_SIZE]);

/* Does a list of entity tags (If-None-Match, If-Range) have that of this digest, or "*"? */
bool etag_matches(const char *list, const char *digest);
