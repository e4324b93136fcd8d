/* Names and ranges of stored blobs. */
#include "schema/blobs.h"

#include "schema/base/parse.h"
#include "schema/base/str.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char prefix[] = "blake2b:";

const char *blob_hex(const char *digest)
{
    assert(strncmp(digest, prefix, sizeof(prefix) - 1) == 0);
    return digest + sizeof(prefix) - 1;
}

bool blob_path_from_digest(const char *digest, char path[static BLOB_PATH_SIZE])
{
    struct digest known;
    const char *hex;

    if (digest == NULL || !digest_from_str(digest, &known)) {
        return false;
    }
    hex = blob_hex(digest);
    memcpy(path, hex, 2);
    path[2] = '/';
    memcpy(path + 3, hex + 2, strlen(hex + 2) + 1);
    return true;
}

bool blob_digest_from_path(const char *folder, const char *name,
                           char digest[static DIGEST_TEXT_SIZE])
{
    struct digest known;
    char text[DIGEST_TEXT_SIZE];

    if (strlen(folder) != 2 || strlen(name) != 2 * DIGEST_SIZE - 2) {
        return false;
    }
    (void)snprintf(text, sizeof(text), "%s%s%s", prefix, folder, name);
    if (!digest_from_str(text, &known)) {
        return false;
    }
    memcpy(digest, text, sizeof(text));
    return true;
}

/* --- ranges --------------------------------------------------------------------------------------
 */

/* Digits up to `end`, a moment in the text; false: none, something else, or too many. */
static bool read_number(const char **text, int64_t *ret_number)
{
    char digits[20];
    size_t length = strspn(*text, "0123456789");
    int64_t number;

    if (length == 0 || length >= sizeof(digits)) {
        return false;
    }
    memcpy(digits, *text, length);
    digits[length] = '\0';
    if (!int_from_str(digits, &number)) {
        return false;
    }
    *text += length;
    *ret_number = number;
    return true;
}

/* "-500": the last so many bytes. */
static enum range_answer last_bytes(const char *text, int64_t size_bytes,
                                    struct byte_range *ret_range)
{
    int64_t count;

    if (!read_number(&text, &count) || *text != '\0') {
        return RANGE_WHOLE;
    }
    if (count == 0 || size_bytes == 0) {
        return RANGE_OUTSIDE;
    }
    *ret_range = (struct byte_range){count < size_bytes ? size_bytes - count : 0, size_bytes - 1};
    return RANGE_PART;
}

enum range_answer range_from_str(const char *text, int64_t size_bytes, struct byte_range *ret_range)
{
    struct byte_range range = {.last = INT64_MAX};

    if (text == NULL || strncasecmp(text, "bytes=", 6) != 0) {
        return RANGE_WHOLE;
    }
    text += 6;
    if (*text == '-') {
        return last_bytes(text + 1, size_bytes, ret_range);
    }
    if (!read_number(&text, &range.first) || *text++ != '-') {
        return RANGE_WHOLE;
    }
    if (*text != '\0' && (!read_number(&text, &range.last) || *text != '\0')) {
        return RANGE_WHOLE;
    }
    if (range.last < range.first) {
        return RANGE_WHOLE;
    }
    if (range.first >= size_bytes) {
        return RANGE_OUTSIDE;
    }
    if (range.last >= size_bytes) {
        range.last = size_bytes - 1;
    }
    *ret_range = range;
    return RANGE_PART;
}

bool content_range_from_str(const char *text, struct byte_range *ret_range, int64_t *ret_total)
{
    struct byte_range range;
    int64_t total;

    if (text == NULL || strncasecmp(text, "bytes ", 6) != 0) {
        return false;
    }
    text += 6;
    if (!read_number(&text, &range.first) || *text++ != '-' || !read_number(&text, &range.last) ||
        *text++ != '/' || !read_number(&text, &total) || *text != '\0') {
        return false;
    }
    if (range.last < range.first || range.last >= total) {
        return false;
    }
    *ret_range = range;
    *ret_total = total;
    return true;
}

void content_range_to_str(const struct byte_range *range, int64_t total,
                          char text[static RANGE_TEXT_SIZE])
{
    assert(range->first <= range->last);
    assert(range->last < total);
    (void)snprintf(text, RANGE_TEXT_SIZE, "bytes %" PRId64 "-%" PRId64 "/%" PRId64, range->first,
                   range->last, total);
}

/* A weak tag ("W/…") of ours is none that we gave; the comparison may be weak all the same, for the
 * bytes of a digest never differ. */
bool etag_matches(const char *list, const char *digest)
{
    size_t length = strlen(digest);

    while (list != NULL && *list != '\0') {
        list += strspn(list, " \t,");
        if (*list == '*') {
            return true;
        }
        if (str_starts(list, "W/")) {
            list += 2;
        }
        if (*list == '"' && strncmp(list + 1, digest, length) == 0 && list[1 + length] == '"') {
            return true;
        }
        list += strcspn(list, ",");
    }
    return false;
}
