/* What a session asks of agents: requirements, each one test of the language of schema/where.h with
 * its parts written out, and the expression beside them. */
#pragma once

#include "schema/kinds/harvest_session.h"
#include "schema/where.h"

struct node;

extern const char *const requirement_words[]; /* enum requirement_op */

/* Rules 4 to 7 of a session, of requirement `index`; adds problems. */
void requirement_check(const struct requirement *requirement, const struct node *root, size_t index,
                       struct problems *problems);
/* Rule 13: spec.where can be read, and asks for what sessions may ask for. */
void session_where_check(const char *text, const struct node *root, struct problems *problems);

/* The test that it is, over session_where_names; borrows its texts.  False: it breaks a rule. */
bool requirement_to_test(struct arena *arena, const struct requirement *requirement,
                         struct where_step *ret_test);
