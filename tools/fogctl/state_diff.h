/* Two states of the whole fleet, object by object. */
#pragma once

#include "tools/fogctl/fogctl.h"

struct state_diff {
    const char *before, *after; /* each a file, "now", a revision, or a time */
    bool names;                 /* only which objects differ */
    bool json;
    bool status; /* compares status, too */
    bool all;    /* and all that the controller writes of an object, and events */
};

/* 0: they are the same; 1: they differ; 2: after having said what is wrong. */
int state_diff(struct fogctl *fogctl, const struct state_diff *options);
