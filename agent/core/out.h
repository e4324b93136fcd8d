/* What a step wants done, in two halves.
 *
 * At once: what stops, freezes, extends or talks about the link itself; it needs nothing on the
 * disk.  When saved: what starts something or tells the controller what was decided; it stands
 * behind the step's AGT_SAVE, so that it is not performed when saving fails. */
#pragma once

#include "agent/core/agt.h"

enum out_when { OUT_AT_ONCE, OUT_WHEN_SAVED };

struct out {
    struct agt_effects *effects; /* borrowed, during a step */
    struct {
        VEC_OF(struct agt_effect);
    } held;
};

void out_begin(struct agt *agt, struct agt_effects *effects);
void out_finish(struct agt *agt);
void out_fini(struct out *out);

/* Room for one more effect, to be filled in before the next call. */
struct agt_effect *out_add(struct agt *agt, enum agt_effect_type type, enum out_when when);
struct agt_effect *out_add_run(struct agt *agt, enum agt_effect_type type, enum out_when when,
                               const char *uid, int64_t run);
void out_send(struct agt *agt, const struct wire_message *message, int priority,
              enum out_when when);
/* A copy that lives as long as the step's effects. */
const char *out_text(struct agt *agt, const char *text);
