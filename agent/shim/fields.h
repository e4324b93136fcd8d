/* The text that agent and shim exchange, in files and on the control socket: words `key=value`,
 * parted by spaces or newlines.  Bytes of a value that would part words, and '%', are written as %
 * and two hex digits.  A word without '=' is a key with an empty value. */
#pragma once

#include "schema/base/str.h"

#include <stdint.h>

void fields_add(struct str *to, const char *key, const char *value); /* and a newline */
void fields_add_int(struct str *to, const char *key, int64_t value);

/* Walks the words of a text, which is decoded in place: `*cursor` begins at its start and moves on.
 * False at the end.  A broken escape stands for itself. */
bool fields_next(char **cursor, const char **ret_key, const char **ret_value);
