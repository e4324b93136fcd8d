/* Cross-field rules that several kinds share. */
#pragma once

#include "schema/object.h"
#include "schema/problem.h"

/* The names of agents and sessions become parts of the names of assignments. */
void rule_work_name(const struct object *object, const struct node *root,
                    struct problems *problems);
