/* Room for what a session's status will tell. */
#pragma once

#include "schema/object.h"
#include "schema/problem.h"

/* The most that the status of this session may take, in bytes, as it is declared now and with what
 * it tells already. */
size_t session_status_max(const struct object *object);
/* Rule 13: a session whose status has become as large as it can is still an object that may be
 * written. */
void rule_session_room(const struct object *object, const struct node *root,
                       struct problems *problems);
