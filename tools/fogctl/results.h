/* What became of each task of a session, or of each replica of one without tasks.
 *
 *  - results_read.c: from the session's status and its assignments
 *  - results_fetch.c: what they made, into a folder
 *  - verb_results.c: the verb */
#pragma once

#include "schema/indexes.h"
#include "tools/fogctl/fogctl.h"

struct result {
    const char *slot;  /* "7" */
    const char *state; /* "Succeeded", "Failed", "Undecided", "Waiting", or an assignment's phase */
    const char *agent; /* "": there is none, or it is not known any more; as the next.  Undecided:
                          all that have said what they made of it, "lark,wren" */
    const char *reason;
    int64_t exit_code;
    bool has_exit_code;
    const struct node *outputs; /* path, digest and size of each; NULL: none */
};

struct results {
    VEC_OF(struct result); /* of tasks: by index, all of them; else by slot */
    bool has_tasks;
    size_t succeeded, failed;
};

/* False after having said why not. */
bool results_read(struct fogctl *fogctl, const char *session, struct results *ret_results);

/* Of one of the outputs; quantities come as text: "734003", "1Mi". */
int64_t output_bytes(const struct node *output);

struct fetched { /* files */
    size_t new, old, failed;
};

/* All outputs of one into FOLDER/SLOT/PATH, each verified; what is there already and right is left
 * as it is, and what broke off is gone on with.  Says what could not be fetched, goes on with the
 * others, and counts. */
void results_fetch(struct fogctl *fogctl, const struct result *result, const char *folder,
                   int64_t retry_ms, struct fetched *fetched);
