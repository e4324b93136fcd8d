/* A growing text.  Always ends in a NUL that `length` does not count; may hold NULs of its own.
 *
 *     _cleanup_(str_fini) struct str text = STR_EMPTY;
 *     str_addf(&text, "%zu agents", count);
 */
#pragma once

#include "schema/base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
    char *data; /* owned; never NULL, but not on the heap while empty */
    size_t length, capacity;
};

extern char str_empty_data[1];
#define STR_EMPTY ((struct str){.data = str_empty_data})

void str_init(struct str *str);
void str_fini(struct str *str);  /* fits _cleanup_ */
void str_clear(struct str *str); /* length 0, keeps the memory */
void str_add(struct str *str, const char *text);
void str_add_bytes(struct str *str, const void *bytes, size_t size_bytes);
void str_add_char(struct str *str, char c);
void str_addf(struct str *str, const char *format, ...) _printf_(2, 3);
void str_add_i64(struct str *str, int64_t value);
char *str_take(struct str *str); /* given: the text on the heap; str is empty again */

/* A shared immutable run of bytes, counted: encoded once, sent to many.  One thread only. */
struct blob {
    unsigned refs;
    size_t size_bytes;
    char data[]; /* followed by a NUL that size_bytes does not count */
};

struct blob *blob_new(const void *bytes, size_t size_bytes);
struct blob *blob_from_str(const struct str *str);
struct blob *blob_ref(struct blob *blob);
void blob_unref(struct blob *blob); /* NULL does nothing */

/* Questions about plain C strings; NULL is an empty string. */
bool str_eq(const char *a, const char *b);
bool str_starts(const char *text, const char *prefix);
bool str_ends(const char *text, const char *suffix);
bool str_is_empty(const char *text);
