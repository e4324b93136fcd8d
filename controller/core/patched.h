/* A document as a patch makes it. */
#pragma once

#include "controller/core/answer.h"

enum patch_form { PATCH_MERGE, PATCH_JSON };

/* `body` is what came with the request, NULL when nothing did.  False: *ret_failure says why not,
 * in the words that clients know. */
bool patched(struct ctl *ctl, enum patch_form form, const struct node *target,
             const struct node *body, struct node **ret_result, struct failure *ret_failure);

/* Clients that merge leave empty containers behind in the metadata of a document, which say no more
 * than none. */
void patched_drop_empty(struct node *root);
