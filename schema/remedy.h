/* What would remove what stands in the way: one short sentence for each reason that a condition, an
 * assignment or a policy may give. */
#pragma once

enum remedy_kind {
    REMEDY_NONE, /* good news: nothing is to be removed */
    REMEDY_WAIT, /* it passes by itself */
    REMEDY_ACT,  /* somebody must do something, or the machine must become otherwise */
};

struct remedy {
    const char *reason; /* "BatteryLow" */
    enum remedy_kind kind;
    const char *words; /* what would remove it; NULL: REMEDY_NONE */
};

extern const struct remedy remedies[]; /* ends with a reason of NULL */

/* NULL when nobody knows the reason: it is another version's, or a text of somebody else. */
const struct remedy *remedy_find(const char *reason);
/* Never NULL: where nobody knows the reason, the words say where to look; what is good news and yet
 * not enough is waited for. */
const char *remedy_words(const char *reason);
