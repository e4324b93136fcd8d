/* What -o json of each verb is, in a sentence: for its page of the manual, and a test that there is
 * one. */
#pragma once

#include "tools/fogctl/fogctl.h"

/* NULL: it is not said, which is a mistake. */
const char *shape_of(const struct verb *verb);
