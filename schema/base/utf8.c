#include "schema/base/utf8.h"

#include <string.h>

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

size_t utf8_decode(const char *text, size_t size_bytes, uint32_t *ret_point)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first;
    size_t size;
    uint32_t point;

    if (size_bytes == 0) {
        return 0;
    }
    first = (unsigned char)text[0];
    if (first < 0x80) {
        *ret_point = first;
        return 1;
    }
    size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || size > size_bytes) {
        return 0;
    }
    point = first & (0xffu >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if (!is_continuation(text[i])) {
            return 0;
        }
        point = point << 6 | ((unsigned char)text[i] & 0x3f);
    }
    if (point < smallest[size] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
        return 0;
    }
    *ret_point = point;
    return size;
}

/* Eight characters at once: most text is nothing else. */
static bool is_ascii(const char text[static sizeof(uint64_t)])
{
    uint64_t word;

    memcpy(&word, text, sizeof(word));
    return (word & 0x8080808080808080u) == 0;
}

size_t utf8_valid_bytes(const char *text, size_t size_bytes)
{
    size_t at = 0;

    while (at < size_bytes) {
        uint32_t point;
        size_t size;

        if (size_bytes - at >= sizeof(uint64_t) && is_ascii(text + at)) {
            at += sizeof(uint64_t);
            continue;
        }
        size = utf8_decode(text + at, size_bytes - at, &point);

        if (size == 0) {
            break;
        }
        at += size;
    }
    return at;
}

void utf8_position(const char *text, size_t offset, unsigned *ret_line, unsigned *ret_column)
{
    unsigned line = 1, column = 1;

    for (size_t i = 0; i < offset; i++) {
        if (text[i] == '\n' || (text[i] == '\r' && (i + 1 == offset || text[i + 1] != '\n'))) {
            line++;
            column = 1;
        } else if (!is_continuation(text[i]) && text[i] != '\r') {
            column++;
        }
    }
    *ret_line = line;
    *ret_column = column;
}
