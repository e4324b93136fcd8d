/* Files at paths that somebody else gave, such as those of artifacts and outputs. */
#pragma once

#include <stdbool.h>

/* Opens the file at a path below a folder: no link is followed, no step leads up, and each but the
 * last is a folder; with `makes` those that are not there are made (0700).  `flags` are open()'s
 * for the file itself; one that is made may be executed, for it may be a program (0700).  -1 with
 * errno. */
int below_open(int folder_fd, const char *path, int flags, bool makes);
