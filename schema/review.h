/* Access reviews: what clients ask before they try something, as JSON and as protocol buffers, in
 * which kubectl sends them since 1.32.
 *
 * In protocol buffers a review is four bytes ("k8s" and NUL), then a message with type and bytes,
 * which are the review.  Only what is asked is read; who wrote it and what was answered before is
 * passed over. */
#pragma once

#include "schema/base/str.h"
#include "schema/problem.h"
#include "schema/tree.h"

enum review_type { REVIEW_ACCESS, REVIEW_RULES, REVIEW_SELF };

struct review {
    enum review_type type;
    /* What is to be done with what; "" when not said.  NULL verb: it is not about a resource. */
    const char *namespace, *verb, *group, *version, *resource, *subresource, *name;
    const char *path, *path_verb; /* NULL path: it is not about a path */
};

/* "SelfSubjectAccessReview" and its apiVersion. */
const char *review_kind(enum review_type type);
const char *review_api_version(enum review_type type);

/* False with what is wrong: another kind, not UTF-8, a NUL, longer than REVIEW_TEXT_BYTES_MAX. What
 * is read lives in the arena. */
bool review_from_node(struct arena *arena, enum review_type type, const struct node *node,
                      struct review *ret_review, const char **ret_why);
bool review_from_proto(struct arena *arena, enum review_type type, const void *bytes,
                       size_t size_bytes, struct review *ret_review, const char **ret_why);
void review_to_proto(const struct review *review, struct str *to);
struct node *review_to_node(struct arena *arena, const struct review *review); /* without status */
