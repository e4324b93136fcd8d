/* Reading the state as it was: --at and --at-revision. */
#pragma once

#include "tools/fogctl/fogctl.h"

struct past_options {
    const char *at, *revision; /* NULL: not given */
};

#define PAST_ROWS(options)                                                                         \
    {                                                                                              \
        "at",        0,                                                                            \
        OPTION_TEXT, &(options).at,                                                                \
        "TIME",      "as it was then: how long ago (10m), or a time (2026-11-22T10:00:00Z)",       \
        NULL},                                                                                     \
    {                                                                                              \
        "at-revision", 0, OPTION_TEXT, &(options).revision, "N",                                   \
            "as it was at this revision, as history shows it", NULL                                \
    }

/* From here on all objects are read as they were then.  An exit code, after having said what is
 * wrong. */
int past_begin(struct fogctl *fogctl, const struct verb *verb, const struct past_options *options);
/* The revision of a moment, as a text; NULL after having said of the option why there is none. */
const char *past_revision(struct fogctl *fogctl, const char *time, const char *option);
