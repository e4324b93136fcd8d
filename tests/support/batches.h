/* Batches as the core would make them, for tests of the store. */
#pragma once

#include "controller/core/batch.h"

/* Adds a row; `body` NULL for a delete.  The revision is the one given, the time follows from it.
 */
struct row *batch_add(struct batch *batch, enum row_log log, enum row_verb verb, enum kind_id kind,
                      const char *name, uint64_t revision, const char *body);
void batch_add_content(struct batch *batch, const char *body);
void batch_add_answer(struct batch *batch, const char *key, int code, const char *body);
void batch_forget_answer(struct batch *batch, const char *key);
