/* A controller's core in a fleet of its own: objects from YAML, agents that connect and report when
 * told, a clock that moves when told.
 *
 * State is loaded as the store would: with uids made from names ("uid-render").  For people's sake
 * an Assignment may say `template: now` (what its session resolves to) or `template: old`
 * (something else), and annotations stand for what is not in objects:
 *
 *     test/away: "true"      an Agent that is not connected
 *     test/held: 5m          an Assignment that is held back: for so long, if it is not in memory
 *     test/breaker: open     or half-open: an Agent where starts failed
 *     test/delete: "true"    in a change: the object is deleted
 */
#pragma once

#include "controller/core/core.h"
#include "schema/base/str.h"

struct fleet {
    struct ctl *ctl;     /* owned */
    struct effects last; /* what the last step wanted done */
    struct mono now;
    struct wall wall;
    uint64_t next_link;
    bool holds_back;                 /* no message ever leaves for an agent that is connected now */
    size_t commits, assign_messages; /* so far */
    size_t words; /* times that all agents did what they were told, and said so, at once */
    void (*on_batch)(void *context,
                     const struct batch *batch); /* of each step; NULL: nobody looks */
    void *context;
};

void fleet_init(struct fleet *fleet);
void fleet_fini(struct fleet *fleet);

/* Before fleet_start(). */
void fleet_load(struct fleet *fleet, const char *yaml);
void fleet_start(struct fleet *fleet);

/* Each is one step of the core, or several. */
void fleet_event(struct fleet *fleet, struct ctl_event *event); /* fills in the moment */
void fleet_tick(struct fleet *fleet);
void fleet_advance(struct fleet *fleet, int64_t ms); /* keeps every deadline on the way */
void fleet_restart(struct fleet *fleet); /* the controller ended and starts; nobody is connected */
void fleet_restore(struct fleet *fleet); /* the same from a copy that was put back */
void fleet_apply(struct fleet *fleet, const char *yaml);
void fleet_delete(struct fleet *fleet, const struct kind *kind, const char *name);
void fleet_connect(struct fleet *fleet, const char *agent);
void fleet_connect_new(struct fleet *fleet); /* those that a change brought */
void fleet_disconnect(struct fleet *fleet, const char *agent);
void fleet_report(struct fleet *fleet, const struct assignment_entry *assignment,
                  enum assignment_phase phase, const char *reason, int64_t failures);
/* Every connected agent does what it was told, and says so, until nothing changes any more. */
void fleet_obey(struct fleet *fleet);
/* The same with agents that are equally fast: all that was told is done and said before the
 * controller looks at any of it. */
void fleet_obey_at_once(struct fleet *fleet);

/* The one copy in force of a replica; fails when there is none or more than one. */
struct assignment_entry *fleet_copy(struct fleet *fleet, const char *session, const char *slot);
size_t fleet_copies(struct fleet *fleet, const char *session); /* those in force */
const char *fleet_agent_of(struct fleet *fleet, const char *session, const char *slot);
/* Of the session's Converged condition. */
const char *fleet_why(struct fleet *fleet, const char *session);
const char *fleet_message(struct fleet *fleet, const char *session);
bool fleet_is_converged(struct fleet *fleet, const char *session);
struct object *fleet_object(const char *yaml); /* one document, given */
bool fleet_has_event(struct fleet *fleet, const char *reason);

/* What these changes would lead to, as an answer has it; nothing is changed. */
void fleet_foresee(struct fleet *fleet, const char *yaml,
                   void (*look)(void *context, const struct node *plan), void *context);
/* The same as text for people. */
void fleet_plan(struct fleet *fleet, const char *yaml, struct str *to);
/* Who runs what, and how the sessions are. */
void fleet_print(struct fleet *fleet, struct str *to);
