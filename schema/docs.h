/* Pages that are made from the tables and never written by hand. */
#pragma once

#include "schema/base/str.h"

void docs_kinds(struct str *to); /* docs/KINDS.md */
