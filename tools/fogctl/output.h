/* Output forms of objects: -o table (the default), wide, yaml, json, name. */
#pragma once

#include "tools/fogctl/fogctl.h"

enum output {
    OUTPUT_TABLE,
    OUTPUT_WIDE,
    OUTPUT_YAML,
    OUTPUT_JSON,
    OUTPUT_NAME,
    OUTPUT_FORM /* tools/fogctl/form.h */
};

extern bool output_managed_fields; /* --show-managed-fields: who owns what is not left out */

bool output_from_str(const char *text,
                     enum output *ret_output); /* NULL: table; says what is wrong */
/* One object, or several as a List. */
void output_objects(struct fogctl *fogctl, enum output output, struct node *const *objects,
                    size_t count, bool is_list);
/* One of a stream of objects; with its type ("ADDED") unless NULL. */
void output_event(struct fogctl *fogctl, enum output output, const char *type, struct node *object);
const struct kind *kind_of(const struct node *object); /* NULL when unknown */
