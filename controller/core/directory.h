/* What the config directory says, as whoever read it hands it to the core: plain data. */
#pragma once

#include "schema/base/digest.h"
#include "schema/problem.h"
#include "schema/tree.h"

enum directory_state {
    DIRECTORY_READ,    /* all of it, in one state that it was in; `problems` may have errors */
    DIRECTORY_MISSING, /* it cannot be read: says nothing, as `problems` tells */
    DIRECTORY_NONE,    /* none is configured */
};

struct directory_document {
    const char *file;        /* below the directory: "sites/north.yaml" */
    const struct node *root; /* with positions */
};

struct directory {
    enum directory_state state;
    struct digest digest; /* of all files, names and bytes */
    size_t files;
    const struct directory_document *documents; /* borrowed, as all of this */
    size_t count;
    struct problems problems; /* of reading and parsing, with file, line and column */
};
