/* Cross-field rules that several kinds share. */
#pragma once

#include "schema/object.h"
#include "schema/problem.h"
#include "schema/where.h"

/* The names of agents and sessions become parts of the names of assignments. */
void rule_work_name(const struct object *object, const struct node *root,
                    struct problems *problems);
/* The expression at `path` can be read, and asks for what these names have. */
void rule_where(const char *text, const struct where_names *names, const char *path,
                const struct node *root, struct problems *problems);
