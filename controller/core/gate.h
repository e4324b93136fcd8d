/* The queue between deciding and telling: holds each effect back until what it tells is durable.
 *
 * Used by the shell and by the simulator, so that both keep the same order. */
#pragma once

#include "controller/core/effect.h"

struct gate;

struct gate *gate_new(void);
void gate_free(struct gate *gate);
/* Takes the effects (not the batch, which must be NULL or taken before). */
void gate_take(struct gate *gate, struct effects *effects);
void gate_committed(struct gate *gate, uint64_t batch_seq);
/* The next effect that may be performed; false when none.  The effect is given to the caller. */
bool gate_next(struct gate *gate, struct effect *ret_effect);
/* A commit failed: everything that waits is dropped; answers become 503 "outcome unknown", streams
 * end, and gate_next() gives these. */
void gate_poison(struct gate *gate);
