/* Runs whose records were taken in: the shell may remove what it keeps of them, once it is saved
 * that they were. */
#pragma once

#include "agent/core/agt.h"

struct forgettable {
    char *uid; /* owned */
    int64_t run;
    bool is_sent; /* and may be forgotten here, unless saving fails */
};

struct forgettables {
    VEC_OF(struct forgettable);
};

void forget_run(struct agt *agt, const char *uid, int64_t run);
/* Tells the shell, when the disk takes writes. */
void forget_send(struct agt *agt);
void forget_on_unsaved(struct agt *agt); /* what was told is told again */
void forget_fini(struct agt *agt);
