/* What a plain (unquoted) YAML scalar means, to YAML 1.1 and to the core schema of YAML 1.2. */
#pragma once

#include "schema/tree.h"

struct yaml_plain {
    enum node_type type; /* NULL, BOOL, INT, REAL or STR */
    bool ambiguous;      /* the two read it differently, or it is a number we cannot hold */
    bool boolean;
    int64_t integer;
    double real;
};

/* `text` holds no NUL but the one at its end. */
void yaml_plain_read(const char *text, struct yaml_plain *ret_plain);
