/* Manifests as operators write them, drawn by chance: few names, so that they meet again.
 *
 * Half of them have a few fields, as people write them.  The others are drawn from the tables of
 * their kinds (generate.h) and then made such that a good share of them can run: commands that the
 * virtual shim knows, sizes that fit, selectors that select, times that a test can wait for. */
#pragma once

#include "schema/base/str.h"
#include "schema/tree.h"
#include "tests/sim/die.h"

enum { SESSION_NAMES = 5, POLICY_NAMES = 2 };

struct node *manifest_session(struct arena *arena, struct die *die, unsigned name,
                              unsigned version /* goes into the workload's VERSION */);
struct node *manifest_policy(struct arena *arena, struct die *die, unsigned name);
/* Labels, and whether it takes new work; never a key. */
struct node *manifest_agent(struct arena *arena, struct die *die, unsigned name);
/* One of the above or a fresh one, with one thing wrong, which *ret_path must be named for. */
struct node *manifest_spoiled(struct arena *arena, struct die *die, const char *name,
                              const char **ret_path);

void manifest_emit(const struct node *manifest, bool as_yaml, struct str *to);
