/* The pages of fogctl for man(1), from the table of verbs: fogctl.1, and fogctl-VERB.1 for each. */
#pragma once

#include "schema/base/str.h"

#include <stddef.h>

/* The name of a page ("fogctl-get.1") and what is in it; false: there are no more. */
bool manual_page(size_t index, struct str *name, struct str *to);
