/* A folder of manifests, read once: every *.yaml, *.yml and *.json below it, in order of their
 * paths.  Names that begin with a dot are left out (so a folder can be exchanged as a whole behind
 * a link).  Blocks; for any thread. */
#pragma once

#include "controller/core/directory.h"
#include "schema/base/str.h"
#include "schema/base/vec.h"

struct folder_file {
    char *path; /* owned: below the folder */
    struct str text;
};

struct folder {
    struct arena arena; /* owned: of `directory` */
    struct directory directory;
    struct digest state; /* of names, times and bytes: the same twice means that nobody wrote */
    struct {
        VEC_OF(struct folder_file);
    } files;
    struct {
        VEC_OF(char *); /* owned: the folders there are, "" and below */
    } folders;
};

/* Reads and parses; what goes wrong is in directory.problems. */
struct folder *folder_read(const char *path);
void folder_free(struct folder *folder);
