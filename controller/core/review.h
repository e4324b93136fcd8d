/* Access reviews: who may do what.  There is no authorization yet, so what is allowed is what the
 * server lets anybody do, and who asks is who says so. */
#pragma once

#include "controller/core/request.h"
#include "schema/review.h"

/* Its body is protocol buffers, and nothing else is to read it. */
bool review_is_proto(const struct request *request);
/* `route` is one of theirs. */
void review_answer(struct ctl *ctl, const struct request *request, enum route_id route);

/* The decision alone.  `*ret_why` is in the arena, or static. */
bool review_decide(struct arena *arena, const struct review *review, const char **ret_why);
