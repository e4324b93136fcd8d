/* A template that was read: shared by those who read and those who carry it out. */
#pragma once

#include "tools/fogctl/jsonpath.h"

enum step_type { STEP_FIELD, STEP_ALL, STEP_DEEP, STEP_SLICE, STEP_UNION, STEP_FILTER };
enum compare_op {
    COMPARE_THERE,
    COMPARE_EQ,
    COMPARE_NE,
    COMPARE_LE,
    COMPARE_LT,
    COMPARE_GE,
    COMPARE_GT
};

struct path {
    bool is_from_root; /* "$" */
    struct step *steps;
    size_t count;
};

struct operand {
    const struct node *value; /* a literal; NULL: a path */
    struct path path;
};

struct choice {        /* of a union */
    const char *field; /* NULL: an index */
    int64_t index;
};

struct step {
    enum step_type type;
    const char *field;          /* FIELD */
    int64_t begin, end, stride; /* SLICE; INT64_MAX: not said */
    struct choice *choices;     /* UNION */
    size_t choice_count;
    struct operand left, right; /* FILTER */
    enum compare_op op;
};

enum part_type { PART_TEXT, PART_PATH, PART_RANGE, PART_END };

struct part {
    enum part_type type;
    const char *text; /* TEXT */
    struct path path; /* PATH, RANGE */
    size_t match;     /* RANGE: of its END; END: of its RANGE */
};

struct jsonpath {
    struct part *parts;
    size_t count;
};
