/* What a client takes for an answer: the Accept header, RFC 9110, 12.5.1.
 *
 * The list is read in its order, for clients put first what they like best, and the first that can
 * be served is.  What nobody can serve is answered in the first form: that is better than nothing.
 */
#pragma once

#include <stddef.h>

/* A form of an answer. */
struct media {
    const char *type;                 /* "application/json" */
    const char *as, *group, *version; /* parameters that it must have; NULL `as`: without any */
};

/* Index of the form that is wanted; `header` NULL: there is none. */
size_t media_choose(const char *header, const struct media *forms, size_t count);
/* A Table of "meta.k8s.io/v1" or "meta.k8s.io/v1beta1", which is given, or plain JSON: NULL. */
const char *media_table(const char *header);
