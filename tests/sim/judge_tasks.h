/* What a session of tasks should look like when all is well, from its own words alone. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct node;

bool judge_has_tasks(const struct node *session);
/* Tasks that should be under way now, if there is room for them. */
size_t judge_tasks_wanted(const struct node *session);
/* Could the agent be given a task that is not under way?  It is not asked twice what it thinks of
 * one, and those of which somebody said something keep their places. */
bool judge_tasks_may_ask(const struct node *session, const struct node *assignments,
                         const char *agent);
/* Its tasks end by themselves: while one is under way, nobody has seen the last of it. */
bool judge_tasks_end(const struct node *session);
/* Does its Complete condition say what is so?  `running` are its processes. */
bool judge_tasks_say_so(const struct node *session, size_t running);
/* How long all of them may take, one after the other. */
int64_t judge_tasks_ms(const struct node *session);
