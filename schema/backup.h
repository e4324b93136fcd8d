/* The form of a backup: the bytes of a store's database, and behind them a line of fixed size that
 * says what it is and has the digest of those bytes.  A file that ends early has no such line. */
#pragma once

#include "schema/base/digest.h"
#include "schema/base/rand.h"

enum { BACKUP_TRAILER_SIZE = 256 };

struct backup_trailer {
    char store_id[UID_TEXT_SIZE];
    uint64_t era, revision;
    int64_t size_bytes; /* of the database: all of the file but this line */
    struct digest digest;
};

/* Exactly BACKUP_TRAILER_SIZE bytes, without a NUL. */
void backup_trailer_to_text(const struct backup_trailer *trailer,
                            char text[static BACKUP_TRAILER_SIZE]);
bool backup_trailer_from_text(const char text[static BACKUP_TRAILER_SIZE],
                              struct backup_trailer *ret_trailer);
