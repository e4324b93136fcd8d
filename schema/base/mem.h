/* Memory from the heap, and the one policy for running out of it.
 *
 * Running out of memory ends the process: its supervisor starts it again and nothing that was
 * acknowledged is lost.  Therefore none of these returns NULL, and sizes that come from outside are
 * checked against schema/limits.h before anything here sees them.
 *
 * Locals that must be freed are declared with _cleanup_(f), where f takes a pointer to the
 * variable, and leave a function through TAKE(). */
#pragma once

#include <stddef.h>

void *mem_alloc(size_t size_bytes);               /* zeroed */
void *mem_array(size_t count, size_t size_bytes); /* zeroed; the product may not overflow */
void *mem_resize(void *old, size_t count, size_t size_bytes); /* the new part is not zeroed */
void *mem_copy(const void *from, size_t size_bytes);
char *mem_strdup(const char *text); /* NULL stays NULL */
char *mem_strndup(const char *text, size_t length);
void mem_free(void *pointer_to_pointer); /* for _cleanup_: frees *p and sets it to NULL */

#define MEM_NEW(type) ((type *)mem_alloc(sizeof(type)))

#define _cleanup_(f)    __attribute__((cleanup(f)))
#define _cleanup_free_  _cleanup_(mem_free)
#define _printf_(f, a)  __attribute__((format(printf, f, a)))
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* The value of p, which afterwards is NULL: what was ours is given away. */
#define TAKE(p)                                                                                    \
    ({                                                                                             \
        __typeof__(p) taken_ = (p);                                                                \
        (p) = NULL;                                                                                \
        taken_;                                                                                    \
    })
