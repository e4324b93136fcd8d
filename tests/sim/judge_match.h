/* May an agent run a session?  Read off the documents, as the API gives them, by what docs/KINDS.md
 * promises; shares no code with the planner. */
#pragma once

#include "schema/tree.h"

#include <stdbool.h>
#include <stdint.h>

struct shim;

/* The conditions that generated sessions have, which the judge reads by heart. */
#define JUDGE_WHERE_CORES   "capacity.cores >= 2 && !(tier in (gold, a))"
#define JUDGE_WHERE_SITE    "reported/site == a || labels['reported/site'] != b"
#define JUDGE_WHERE_VERSION "version > 0.0.9 || exists tier"
#define JUDGE_WHERE_MEMORY  "!exists tier || capacity.memory >= 1Gi && platform == linux/amd64"

/* spec.selector, spec.requirements and spec.where of `session`, asked of the labels and the status
 * of `agent`. Room is another question. */
bool judge_matches(const struct node *session, const struct node *agent);
/* May what runs there already stay?  What sensors say counts only when work is placed. */
bool judge_may_stay(const struct node *session, const struct node *agent);
/* Its part of what all limited work on its machine may use together; 0: no limit. */
int64_t judge_share(const struct shim *shim, int64_t percent);
