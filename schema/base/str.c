#include "schema/base/str.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char str_empty_data[1] = "";

void str_init(struct str *str)
{
    *str = STR_EMPTY;
}

void str_fini(struct str *str)
{
    if (str->capacity > 0) {
        free(str->data);
    }
    str_init(str);
}

void str_clear(struct str *str)
{
    str->length = 0;
    if (str->capacity > 0) {
        str->data[0] = '\0';
    }
}

static void reserve(struct str *str, size_t more)
{
    size_t need = str->length + more + 1;
    size_t capacity = str->capacity == 0 ? 64 : str->capacity;

    assert(need > more);
    if (need <= str->capacity) {
        return;
    }
    while (capacity < need) {
        capacity *= 2;
    }
    str->data = mem_resize(str->capacity > 0 ? str->data : NULL, capacity, 1);
    str->capacity = capacity;
    str->data[str->length] = '\0';
}

void str_add_bytes(struct str *str, const void *bytes, size_t size_bytes)
{
    if (size_bytes == 0) {
        return;
    }
    reserve(str, size_bytes);
    memcpy(str->data + str->length, bytes, size_bytes);
    str->length += size_bytes;
    str->data[str->length] = '\0';
}

void str_add(struct str *str, const char *text)
{
    str_add_bytes(str, text, strlen(text));
}

void str_add_char(struct str *str, char c)
{
    str_add_bytes(str, &c, 1);
}

void str_addf(struct str *str, const char *format, ...)
{
    va_list args, again;
    size_t room;
    int length;

    reserve(str, 0);
    room = str->capacity - str->length;
    va_start(args, format);
    va_copy(again, args);
    length = vsnprintf(str->data + str->length, room, format, args);
    va_end(args);
    assert(length >= 0);
    if ((size_t)length >= room) {
        reserve(str, (size_t)length);
        (void)vsnprintf(str->data + str->length, (size_t)length + 1, format, again);
    }
    va_end(again);
    str->length += (size_t)length;
}

void str_add_i64(struct str *str, int64_t value)
{
    char digits[24];
    size_t at = sizeof(digits);
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do {
        digits[--at] = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (value < 0) {
        digits[--at] = '-';
    }
    str_add_bytes(str, digits + at, sizeof(digits) - at);
}

char *str_take(struct str *str)
{
    char *text;

    reserve(str, 0);
    text = str->data;
    str_init(str);
    return text;
}

struct blob *blob_new(const void *bytes, size_t size_bytes)
{
    struct blob *blob = mem_alloc(sizeof(*blob) + size_bytes + 1);

    blob->refs = 1;
    blob->size_bytes = size_bytes;
    if (size_bytes > 0) {
        memcpy(blob->data, bytes, size_bytes);
    }
    return blob;
}

struct blob *blob_from_str(const struct str *str)
{
    return blob_new(str->data, str->length);
}

struct blob *blob_ref(struct blob *blob)
{
    assert(blob->refs > 0);
    blob->refs++;
    return blob;
}

void blob_unref(struct blob *blob)
{
    if (blob == NULL) {
        return;
    }
    assert(blob->refs > 0);
    if (--blob->refs == 0) {
        free(blob);
    }
}

bool str_eq(const char *a, const char *b)
{
    return strcmp(a == NULL ? "" : a, b == NULL ? "" : b) == 0;
}

bool str_starts(const char *text, const char *prefix)
{
    return strncmp(text == NULL ? "" : text, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *text, const char *suffix)
{
    size_t length = text == NULL ? 0 : strlen(text), tail = strlen(suffix);

    return length >= tail && strcmp(text + length - tail, suffix) == 0;
}

bool str_is_empty(const char *text)
{
    return text == NULL || text[0] == '\0';
}
