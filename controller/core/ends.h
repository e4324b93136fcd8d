/* How the tasks of a session ended: of every one that has, on which agent, and if it failed, why.
 * Pure.
 *
 * Those that ended alike are told together, `{agent: lark, indexes: "0-57,60"}`: ten thousand ends
 * on a hundred agents are a hundred entries, and an entry more costs a few bytes.  All heads of
 * entries have to fit into TASK_ENDS_BYTES_MAX; what would make one too many is told of without its
 * agent, and then without its reason. */
#pragma once

#include "controller/core/model.h"

struct ends {
    struct task_ends *items; /* in the arena of the plan */
    size_t count;
    size_t bytes; /* of the heads */
};

void ends_read(struct ends *ends, struct arena *arena, const struct tasks_status *status);
/* A task that ended with this copy, and is in none of them. */
void ends_add(struct ends *ends, struct arena *arena, size_t index,
              const struct assignment_entry *copy, bool has_failed);
void ends_state(const struct ends *ends, struct object *session, struct tasks_status *to);
