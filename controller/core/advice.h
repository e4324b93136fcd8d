/* What to do about what stands in the way: the remedy's words (schema/remedy.h) as lines that can
 * be carried out.
 *
 *     fogctl …                  a command of an operator
 *     on edge-1: fog-agent …    a command on that machine, of its owner
 *     on edge-1: until COND     what has to become true of the machine: a condition of --where
 *     wait 30s                  it passes by itself, at the latest then, or is looked at again
 *
 * What is left to a person's judgement (which command is right, which receiver) is an `edit`.
 * tests/unit/controller/stuck_test.c carries the lines out, for each state that work gets stuck in,
 * and finds it unblocked. */
#pragma once

#include "controller/core/core.h"

/* A list of texts, best first; NULL when there is nothing but the words. */
struct node *advice_of(struct ctl *ctl, const struct object *object, const char *reason);
