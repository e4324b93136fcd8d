/* People and programs that write: each takes an action, repeats the request under one idempotency
 * key until it knows what became of it, thinks, and goes on. */
#pragma once

#include "tests/sim/http.h"
#include "tests/sim/sim.h"

struct sent { /* a write, as it was first sent; it may have been refused, and may be a dry run */
    char key[24], target[200];
    const char *method, *content_type; /* static */
    char *body;                        /* owned */
    size_t body_size_bytes;
};

/* NULL when nobody wrote under this key. */
const struct sent *operators_sent(const struct sim *sim, const char *key);

struct operators *operators_new(struct sim *sim);
void operators_free(struct operators *operators);
void operators_begin(struct sim *sim);
void operators_end(struct sim *sim); /* nothing new is begun */
/* What was told after this revision is lost. */
void operators_restored(struct sim *sim, uint64_t revision);
bool operators_are_done(const struct sim *sim);
