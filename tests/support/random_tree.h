/* Random trees: every type of node, texts that are hard to quote, the same for the same seed. */
#pragma once

#include "schema/base/arena.h"
#include "schema/base/rand.h"
#include "schema/tree.h"

enum { RANDOM_TREE_DEPTH = 6 };

struct node *random_tree(struct arena *arena, struct rand *rand);
