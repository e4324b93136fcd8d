/* The line at the end of a backup:
 *
 *     fog-backup 1 store=UID era=N revision=N bytes=N digest=blake2b:…     …\n */
#include "schema/backup.h"

#include "schema/base/parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BEGINNING "fog-backup 1"

enum { WORDS = 5 };

void backup_trailer_to_text(const struct backup_trailer *trailer,
                            char text[static BACKUP_TRAILER_SIZE])
{
    char digest[DIGEST_TEXT_SIZE];
    int length;

    digest_to_str(&trailer->digest, digest);
    memset(text, ' ', BACKUP_TRAILER_SIZE);
    length = snprintf(
        text, BACKUP_TRAILER_SIZE,
        BEGINNING " store=%s era=%" PRIu64 " revision=%" PRIu64 " bytes=%" PRId64 " digest=%s",
        trailer->store_id, trailer->era, trailer->revision, trailer->size_bytes, digest);
    text[length] = ' '; /* instead of the NUL: the longest fits well */
    text[BACKUP_TRAILER_SIZE - 1] = '\n';
}

bool backup_trailer_from_text(const char text[static BACKUP_TRAILER_SIZE],
                              struct backup_trailer *ret_trailer)
{
    static const char *const names[WORDS] = {"store", "era", "revision", "bytes", "digest"};
    struct backup_trailer trailer = {0};
    char copy[BACKUP_TRAILER_SIZE + 1];
    char values[WORDS][DIGEST_TEXT_SIZE];
    char *line = copy + strlen(BEGINNING);

    memcpy(copy, text, BACKUP_TRAILER_SIZE);
    copy[BACKUP_TRAILER_SIZE] = '\0';
    if (strncmp(copy, BEGINNING, strlen(BEGINNING)) != 0 || copy[BACKUP_TRAILER_SIZE - 1] != '\n') {
        return false;
    }
    for (size_t i = 0; i < WORDS; i++) {
        size_t name = strlen(names[i]), length;

        if (line[0] != ' ' || strncmp(line + 1, names[i], name) != 0 || line[1 + name] != '=') {
            return false;
        }
        line += name + 2;
        length = strcspn(line, " \n");
        if (length >= sizeof(values[i])) {
            return false;
        }
        memcpy(values[i], line, length);
        values[i][length] = '\0';
        line += length;
    }
    if (strlen(values[0]) != UID_TEXT_SIZE - 1 || !u64_from_str(values[1], &trailer.era) ||
        !u64_from_str(values[2], &trailer.revision) ||
        !int_from_str(values[3], &trailer.size_bytes) || trailer.size_bytes < 0 ||
        !digest_from_str(values[4], &trailer.digest)) {
        return false;
    }
    memcpy(trailer.store_id, values[0], UID_TEXT_SIZE);
    *ret_trailer = trailer;
    return true;
}
