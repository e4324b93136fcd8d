/* UTF-8, strictly: no overlong forms, no surrogates, nothing above U+10FFFF. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_REPLACEMENT "\xef\xbf\xbd" /* U+FFFD, for what is not UTF-8 */

/* The first character of a text: how many bytes it takes and which one it is; 0 when what begins
 * there is not UTF-8 or nothing is left. */
size_t utf8_decode(const char *text, size_t size_bytes, uint32_t *ret_point);

/* How many leading bytes are UTF-8: size_bytes when all are. */
size_t utf8_valid_bytes(const char *text, size_t size_bytes);

/* Where an offset lies in a text: line and column in characters, both from 1.  A line ends at LF,
 * CR LF or CR. */
void utf8_position(const char *text, size_t offset, unsigned *ret_line, unsigned *ret_column);
