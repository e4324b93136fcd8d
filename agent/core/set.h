/* The set of assignments: what the controller last told, whole and on the disk before it is acted
 * on. */
#pragma once

#include "agent/core/agt.h"
#include "schema/base/arena.h"
#include "schema/base/map.h"

struct work;

struct incoming { /* the parts of an assign that came so far */
    bool is_open;
    unsigned beats; /* heartbeats with a digest since the last part: nothing more is under way */
    struct arena arena;
    int64_t era;
    uint64_t revision;
    bool full;
    const char *base; /* may be NULL */
    size_t size_bytes;
    struct {
        VEC_OF(struct wire_assignment);
    } assignments;
    struct {
        VEC_OF(const char *);
    } removed;
};

struct set {
    struct map works;  /* uid → struct work, owned; also those on their way out */
    int64_t run_floor; /* highest number of a run of those forgotten: no uid sees one twice */
    int64_t cpu_forgotten_ms; /* what they used; not saved */
    size_t wanted_count;
    struct digest digest; /* of those wanted */
    uint64_t revision;    /* of the last assign; in its era */

    struct digest saved_digest; /* the same on the disk, */
    uint64_t saved_revision;
    struct digest earlier_digest; /* and what it was before the last save, which may yet fail */
    uint64_t earlier_revision;

    struct incoming incoming;
    bool accepted_is_due, resync_is_due;
    uint64_t accepted_in_step;
};

void set_init(struct set *set);
void set_fini(struct set *set);

struct work *set_find(const struct agt *agt, const char *uid);
struct work *set_add(struct agt *agt, const char *uid); /* one that is not wanted yet */
void set_forget(struct agt *agt, struct work *work);    /* taken */

/* `size_bytes` of the message.  An error when the message makes no sense: it is answered. */
int set_on_assign(struct agt *agt, const struct wire_assign *assign, size_t size_bytes,
                  struct err *err);
void set_on_digest(struct agt *agt, const char *digest); /* the controller's, from a heartbeat */
void set_on_link_down(struct agt *agt);
void set_on_saved(struct agt *agt); /* a save was emitted */
void set_on_unsaved(struct agt *agt, uint64_t step);
/* Sends accepted or resync when they are due. */
void set_answer(struct agt *agt);
