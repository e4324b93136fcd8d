/* The part of a request's query that selects: labels, fields, and of agents a condition. */
#pragma once

#include "controller/core/answer.h"
#include "controller/core/selector.h"
#include "controller/core/target.h"

struct query {
    struct selector labels, fields;
    const uint64_t *selected; /* by the condition: of rows of model.roster; NULL: there is none */
};

/* False: a part of it cannot be read; then *ret_failure says which, and where. */
bool query_read(struct ctl *ctl, const struct kind *kind, const struct target *target,
                struct query *ret_query, struct failure *ret_failure);
/* Good for the step in which it was read. */
bool query_has(struct ctl *ctl, const struct query *query, const struct entry *entry);

/* A watch tells changes of objects, and readings change none: it takes no condition. */
bool query_refuses_watch(struct ctl *ctl, const struct target *target, struct failure *ret_failure);
