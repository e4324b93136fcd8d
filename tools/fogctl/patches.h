/* Changes of a few fields of several objects, as one change set of merge patches: what cordon,
 * label, scale and their like send. */
#pragma once

#include "tools/fogctl/writing.h"

struct patches {
    struct fogctl *fogctl;
    struct writing *writing; /* borrowed */
    struct node *changes;    /* of the set */
    const char *validation;  /* for the query: "" or as validation_query() says */
};

void patches_init(struct fogctl *fogctl, struct writing *writing, struct patches *patches);
/* One more object; what is to change in it goes into the node that is returned.  With a `revision`
 * (NULL: none) the whole set is refused once the object is not at it any more. */
struct node *patches_add(struct patches *patches, const struct kind *kind, const char *name,
                         const char *revision);
/* One more object, written as it is: "replace". */
void patches_add_object(struct patches *patches, const char *verb, struct node *object);
/* Sends them.  False after having said that nothing answers; what refuses is in the reply. */
bool patches_send(struct patches *patches, bool is_dry_run, struct reply *ret_reply);

/* What a verb says of its results: "agent.fog/edge-1 cordoned", or, where nothing changed,
 * "agent.fog/edge-1 already cordoned". */
struct patched_words {
    const char *changed, *unchanged;
};

/* In the form that was asked for; the plan of a dry run after the lines.  Returns an exit code. */
int patches_print(struct patches *patches, const struct reply *reply,
                  const struct patched_words *words);
/* Sends and prints, dry as the options say.  Returns an exit code. */
int patches_carry_out(struct patches *patches, const struct patched_words *words);
