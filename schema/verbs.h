/* What clients may do with the objects of a kind, in the words of Kubernetes' discovery. Discovery,
 * OpenAPI and access reviews all say what stands here. */
#pragma once

#include "schema/kind.h"

/* NULL-terminated, in the order of the alphabet.  `subresource` NULL: the objects themselves; NULL
 * is returned when the kind has no such subresource. */
const char *const *kind_verbs(const struct kind *kind, const char *subresource);
bool kind_has_verb(const struct kind *kind, const char *subresource, const char *verb);

/* All that any kind has, in the order of the alphabet: NULL-terminated. */
extern const char *const kind_subresources[];
