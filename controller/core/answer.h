/* Answers: the API's Status for everything that went wrong, and the envelopes of what went right.
 */
#pragma once

#include "controller/core/core.h"

/* What is wrong with a request; later the body of a Status. */
struct failure {
    int code;            /* 0: nothing is wrong */
    const char *reason;  /* "NotFound" */
    const char *message; /* in the arena */
    const struct kind *kind;
    const char *name;
    bool names_kind;     /* details.kind is the Kind (422), not the plural */
    struct node *causes; /* list of {reason, message, field}; NULL: none */
    int retry_after_seconds;
};

/* A longer message than MESSAGE_TEXT_BYTES_MAX is cut off with "…". */
struct failure failure_make(struct arena *arena, int code, const char *reason, const char *format,
                            ...) _printf_(4, 5);
struct failure failure_not_found(struct arena *arena, const struct kind *kind, const char *name);
struct failure failure_modified(struct arena *arena, const struct kind *kind, const char *name);
/* 422 (or 400 when all are about unknown fields or syntax) from what validation found. */
struct failure failure_invalid(struct arena *arena, const struct kind *kind, const char *name,
                               const struct problems *problems);

struct node *failure_to_node(struct arena *arena, const struct failure *failure);
void answer_failure(struct ctl *ctl, uint64_t id, const struct failure *failure);
void answer_node(struct ctl *ctl, uint64_t id, int code, const struct node *node);
/* The same with a Warning header made of the first warnings among the problems. */
void answer_node_warning(struct ctl *ctl, uint64_t id, int code, const struct node *node,
                         const struct problems *problems);
/* Its value; given, NULL when nothing is warned of. */
char *answer_warnings(const struct problems *problems);
struct blob *blob_of_node(const struct node *node);

/* An object as clients see it: whole, with managedFields, and what is only known now joined in. */
struct node *answer_object(struct ctl *ctl, struct arena *arena, const struct object *object);
/* The same without what is only known now: of the past. */
struct node *answer_stored_object(struct arena *arena, const struct object *object);
