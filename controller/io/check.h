/* `fog-controller check`: is what lies in a state directory, or in a file that was kept elsewhere,
 * what was once written? */
#pragma once

#include "controller/io/store/store.h"
#include "schema/base/str.h"

/* Reads all of the file and changes nothing in it; a journal beside it belongs to it.  Adds to `to`
 * what there is and every finding, a line each, and returns how many there were; what cannot be
 * read to its end is one, too.  `known_era`: the highest that its directory saw; 0: none. */
size_t check_store(const char *path, uint64_t known_era, struct str *to);

struct config;

/* Of the whole program: prints it; 0 when all is well, 1 when something is wrong. */
int check_state(const struct config *config);
