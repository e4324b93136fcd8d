/* The heap, with one answer to its end. */
#include "schema/base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *p)
{
    if (p == NULL) {
        fputs("fatal: out of memory\n", stderr);
        abort();
    }
    return p;
}

static size_t product(size_t count, size_t size_bytes)
{
    size_t total;

    if (__builtin_mul_overflow(count, size_bytes, &total)) {
        must(NULL);
    }
    return total == 0 ? 1 : total;
}

void *mem_alloc(size_t size_bytes)
{
    return must(calloc(1, size_bytes == 0 ? 1 : size_bytes));
}

void *mem_array(size_t count, size_t size_bytes)
{
    return must(calloc(1, product(count, size_bytes)));
}

void *mem_resize(void *old, size_t count, size_t size_bytes)
{
    return must(realloc(old, product(count, size_bytes)));
}

void *mem_copy(const void *from, size_t size_bytes)
{
    void *copy = must(malloc(size_bytes == 0 ? 1 : size_bytes));

    if (size_bytes > 0) {
        memcpy(copy, from, size_bytes);
    }
    return copy;
}

char *mem_strdup(const char *text)
{
    return text == NULL ? NULL : mem_strndup(text, strlen(text));
}

char *mem_strndup(const char *text, size_t length)
{
    char *copy = must(malloc(length + 1));

    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

void mem_free(void *pointer_to_pointer)
{
    void **p = pointer_to_pointer;

    free(*p);
    *p = NULL;
}
