/* What an HTTP request asks for: its target taken apart, nothing decided yet. */
#pragma once

#include "controller/core/event.h"
#include "schema/base/arena.h"
#include "schema/kind.h"
#include "schema/routes.h"

enum { TARGET_SEGMENTS_MAX = 8, TARGET_PARAMS_MAX = 32 };

struct target {
    const char *segments[TARGET_SEGMENTS_MAX]; /* percent-decoded; "/apis/fog/v1" gives three */
    size_t segment_count;
    struct strpair params[TARGET_PARAMS_MAX]; /* percent-decoded, in order */
    size_t param_count;
};

/* False when it is malformed, no UTF-8, or has too many parts. */
bool target_parse(struct arena *arena, const char *text, struct target *ret_target);
const char *target_param(const struct target *target, const char *name); /* NULL when absent */
bool target_flag(const struct target *target, const char *name);         /* "true" or "1" */
/* Absent or empty gives the fallback; false when it is there and no number. */
bool target_number(const struct target *target, const char *name, uint64_t fallback,
                   uint64_t *ret_number);
/* Is this the path?  What is in braces matches one segment. */
bool target_is(const struct target *target, const char *path);
const struct route *target_route(const struct target *target); /* NULL: it is none of them */
