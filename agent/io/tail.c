/* Reads a file backwards, block by block, counting newlines. */
#include "agent/io/tail.h"

#include "schema/base/utf8.h"

#include <string.h>
#include <unistd.h>

enum { BLOCK_SIZE = 16 << 10, CHARACTER_SIZE_MAX = 4 };

off_t tail_offset(int fd, off_t size, int64_t lines, int64_t *ret_missing)
{
    char block[BLOCK_SIZE];
    off_t end = size;

    if (lines == 0) {
        *ret_missing = 0;
        return size;
    }
    while (end > 0) {
        size_t want = end < BLOCK_SIZE ? (size_t)end : BLOCK_SIZE;
        ssize_t got = pread(fd, block, want, end - (off_t)want);

        if (got != (ssize_t)want) {
            break; /* it was shortened under us */
        }
        for (size_t i = want; i > 0; i--) {
            off_t after = end - (off_t)want + (off_t)i;

            if (block[i - 1] == '\n' && after != size && --lines == 0) {
                *ret_missing = 0;
                return after;
            }
        }
        end -= (off_t)want;
    }
    *ret_missing = size > 0 ? lines - 1 : lines; /* the first one, which no newline precedes */
    return 0;
}

/* May more bytes make a character of what is left? */
static bool is_cut_off(const char *bytes, size_t size_bytes)
{
    unsigned char first = (unsigned char)bytes[0];
    size_t wanted = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 1;

    if (first >= 0xf5 || size_bytes >= wanted) {
        return false;
    }
    for (size_t i = 1; i < size_bytes; i++) {
        if (((unsigned char)bytes[i] & 0xc0) != 0x80) {
            return false;
        }
    }
    return true;
}

size_t tail_clean(const char *bytes, size_t size_bytes, bool last, size_t size_max, struct str *to)
{
    size_t used = 0;

    while (used < size_bytes && to->length + CHARACTER_SIZE_MAX <= size_max) {
        uint32_t point = 0;
        size_t size = utf8_decode(bytes + used, size_bytes - used, &point);

        if (size == 0 && !last && is_cut_off(bytes + used, size_bytes - used)) {
            break;
        }
        if (size == 0 || point == 0) {
            str_add(to, UTF8_REPLACEMENT);
            used++;
        } else {
            str_add_bytes(to, bytes + used, size);
            used += size;
        }
    }
    return used;
}
