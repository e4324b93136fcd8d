/* The model: every current object, and the links between them that deciding needs.
 *
 * Objects are immutable versions (schema/object.h); the model holds the newest of each and, beside
 * each kind that takes part in reconciling, what can be derived from objects or is known only while
 * running: who is placed where, what is used, who is connected.  model_set() is the only way in; it
 * keeps every link right, forwards and backwards, so that a trial can be undone.  Pure. */
#pragma once

#include "controller/core/demands.h"
#include "controller/core/roster.h"
#include "schema/base/digest.h"
#include "schema/base/dlist.h"
#include "schema/base/map.h"
#include "schema/base/mono.h"
#include "schema/base/rand.h"
#include "schema/base/vec.h"
#include "schema/kinds/agent.h"
#include "schema/kinds/assignment.h"
#include "schema/kinds/conflict.h"
#include "schema/kinds/event.h"
#include "schema/kinds/harvest_policy.h"
#include "schema/kinds/harvest_session.h"
#include "schema/kinds/source.h"
#include "schema/policy.h"
#include "schema/readings.h"

struct batch;
struct link; /* controller/core/link.h */

/* Every entry begins like this. */
struct entry {
    struct object *object; /* owned reference: the newest version */
};

struct conflict_entry {
    struct object *object;
    struct conflict_entry *next; /* about the same object, by name */
};

struct policy_entry {
    struct object *object;
    struct dlist sessions; /* session_entry.of_policy */
};

/* The circuit breaker of an agent: five failed starts in a row open it; after BREAKER_OPEN_MS one
 * probe is let through. */
enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };

struct breaker {
    enum breaker_state state;
    unsigned failures;         /* in a row */
    struct mono open_until;    /* OPEN */
    char probe[UID_TEXT_SIZE]; /* HALF_OPEN: uid of the assignment let through; "" none yet */
};

enum { BOOT_TEXT_SIZE = 65 };

struct agent_entry {
    struct object *object;
    size_t row;               /* in model.roster */
    struct dlist assignments; /* assignment_entry.on_agent */
    size_t assignment_count;
    struct resources used; /* by all of them */
    struct link *link;     /* borrowed: its connection; NULL while away */
    uint64_t epoch;        /* highest number of a connection that was given, since the start */
    uint64_t proven_epoch; /* the agent showed that it knows this one */
    struct mono rival_at;  /* when another instance of it was refused; meaningful if had_rival */
    bool had_rival;
    bool two_told; /* an event said that there are two; not again before the moment: */
    struct mono two_told_until;
    char earlier_boot[BOOT_TEXT_SIZE]; /* of the instance before the one that is in; "" none */
    struct mono away_since;            /* since when there is none; MONO_NEVER while connected */
    struct wall last_seen;             /* 0: not since the start */
    bool has_readings;                 /* its sensors were told since it is connected */
    struct readings readings;          /* the newest; as old as its last heartbeat */
    int64_t utc_offset_ms;             /* of its local time; told with them */
    bool has_clock;                    /* and so was what its own clock says: */
    int64_t clock_ahead_ms;            /* of our boot clock */
    struct policy_moment read_at;      /* the moment that they are of */
    struct breaker breaker;
    struct digest set; /* of its applicable state: the assignments that are not being deleted */
    struct {
        VEC_OF(char *); /* owned: uids of assignments that changed since the last message */
    } untold;
    struct dlist untold_link; /* in model.untold while `untold` is not empty */
    bool is_known;            /* was connected since the start of the controller */
    uint64_t told_revision;   /* of the newest assign that it was sent since then; 0: none */
    struct esteem esteem;     /* with harvest work, as of now: controller/core/repute.h */
    int64_t score_seen;       /* by those who wait for a better one */
    struct dlist restate;     /* in model.restate: its conditions or reputation may have changed */
    struct dlist tripped;     /* in model.tripped while its breaker is not closed */
};

struct template_entry { /* a resolved template, shared by digest */
    char text[DIGEST_TEXT_SIZE];
    struct digest digest;
    bool is_stored;            /* with a batch, or loaded */
    bool is_used;              /* by an assignment, as of the last model_sweep_templates() */
    struct blob *body;         /* owned reference: canonical JSON */
    struct template *template; /* in `arena` */
    struct arena arena;
};

struct gang_state {              /* of a session that is a gang; most of it is in its status, too */
    bool is_placed, is_complete; /* complete: all of it ran at once since it was placed */
    bool waits;                  /* for its turn */
    bool has_timed_out;          /* when it was taken back last, */
    char *why;                   /* and for what reason, owned; NULL: not since the start */
    unsigned tries;              /* in a row, that it was taken back */
    struct wall placed;          /* for people, and for the next start */
    struct mono since;           /* placed */
    struct mono heard_by;        /* after a start: its agents had time to come back by then */
    struct mono retry_at;        /* taken back: not placed before this */
};

struct rollout_progress {       /* of a session whose rollouts have a deadline: deadline.c */
    bool is_known;              /* the rest means something */
    bool is_late;               /* no progress for the deadline, or a replica was given up */
    bool has_failed;            /* the latter */
    bool is_reading;            /* the past, to go back to it */
    struct rollout_status told; /* what its status is to say */
    struct mono due;            /* late without progress till then */
    struct mono well_since;     /* all are as declared; MONO_ZERO: not all */
    struct mono read_at;        /* could not be read: not again before this */
};

struct session_entry {
    struct object *object;
    struct dlist assignments; /* assignment_entry.in_session */
    size_t assignment_count;
    struct demands demands;      /* of its spec */
    struct policy_entry *policy; /* borrowed; NULL: it has none, or it is not there */
    struct dlist of_policy;      /* in policy_entry.sessions */
    struct dlist dirty;          /* in model.dirty */
    struct dlist wanting; /* in model.wanting: has replicas that found no agent, or no other one; or
                             runs on every agent */
    struct mono look_at;  /* look again at this time: back-off, replaceAfter, lease; MONO_NEVER */
    size_t look_index;    /* in the heap of model.looks; SIZE_MAX when not */
    struct mono quiet_until; /* it is large and was just examined: not again before this */
    struct gang_state gang;
    struct rollout_progress rollout;
    struct map held;  /* agent's name → how often it held the gang: controller/core/gang_held.h */
    bool is_scan_due; /* runs on every agent: agents may have come that it knows not of */
    bool is_timed;    /* until it is as declared, since */
    struct mono diverged_at;
    int diverged_by; /* enum metric_cause */
};

struct assignment_entry {
    struct object *object;
    struct agent_entry *agent;     /* borrowed; NULL when its Agent object is gone */
    struct session_entry *session; /* borrowed; NULL when its session is gone */
    struct dlist on_agent, in_session;
    struct dlist loose;        /* in model.loose while it has no agent or no session */
    struct digest digest;      /* as in the agent's set */
    struct resources used;     /* counted against the agent */
    bool is_in_set;            /* counted in agent->set */
    bool is_told;              /* was sent to its agent, or may have been before the start */
    struct mono lease_until;   /* exclusive work: it may run until then, as far as we granted; 0:
                                  never granted */
    struct mono retry_at;      /* failed: not replaced before this; 0: not decided yet */
    struct mono leaving_since; /* told to end at this time; 0: not, or before the start */
    struct mono held_since; /* copy_is_evicted() since, while its agent is connected; 0: is not */
    int64_t epoch_before;   /* the highest under which another copy of its replica had a lease
                               while this one was there; 0: none that we know of */
    bool lease_is_assumed;  /* lease_until is not of a grant but of the start: nobody knows */
};

struct model {
    struct map objects[KIND_COUNT]; /* name → entry */
    struct roster roster;           /* the agents' columns */
    struct map assignments_by_uid;  /* uid → assignment_entry */
    struct map conflicts_about;     /* "harvestsession/render" → the first conflict_entry */
    size_t tombstones;              /* of the conflicts */
    struct map templates;           /* digest text → template_entry */
    size_t templates_used;          /* of them, when they were last swept */
    struct dlist dirty;             /* sessions to reconcile, in order of marking */
    struct dlist wanting;
    struct dlist loose;            /* assignments whose agent or session is not there */
    struct dlist untold;           /* agents with something to tell */
    struct dlist restate, tripped; /* agents */
    struct {
        VEC_OF(struct session_entry *);
    } looks;            /* a heap by look_at */
    bool is_trial;      /* nothing is marked untold */
    size_t owned_count; /* objects with owner references, assignments not counted */
};

void model_init(struct model *model);
void model_fini(struct model *model);

struct object *model_find(const struct model *model, enum kind_id kind, const char *name);
struct agent_entry *model_agent(const struct model *model, const char *name);
struct session_entry *model_session(const struct model *model, const char *name);
struct policy_entry *model_policy(const struct model *model, const char *name);
struct assignment_entry *model_assignment(const struct model *model, const char *name);
struct assignment_entry *model_assignment_by_uid(const struct model *model, const char *uid);
/* The first of those about an object, "harvestsession/render"; NULL: there is none. */
const struct conflict_entry *model_conflicts(const struct model *model, const char *object);

/* Replaces the version of an object; `next` NULL removes it.  A reference of `next` is taken.  What
 * was known beside a removed object is returned for model_restore() or model_discard(); else NULL.
 */
struct entry *model_set(struct model *model, const struct kind *kind, const char *name,
                        struct object *next);
/* Undoes a removal: the entry as it was. */
void model_restore(struct model *model, struct entry *removed);
void model_discard(struct model *model, struct entry *removed);

/* Marks; each is idempotent. */
void model_mark_session(struct model *model, struct session_entry *session);
/* Of gangs that wait for their turn the oldest is next; once it waits no more it marks another. */
bool model_is_older_gang(const struct session_entry *a, const struct session_entry *b);
void model_mark_next_gang(struct model *model);
void model_want(struct model *model, struct session_entry *session, bool wants);
void model_look_at(struct model *model, struct session_entry *session, struct mono moment);
struct mono model_next_look(const struct model *model);
void model_mark_due(struct model *model,
                    struct mono now); /* marks the sessions whose moment has come */

/* Finds or adds the entry of a resolved template; ctl_store_template() sees to its being stored. */
struct template_entry *model_template(struct model *model, const struct template *resolved);
struct template_entry *model_template_load(struct model *model, const struct digest *digest,
                                           struct blob *body);
struct template_entry *model_template_find(const struct model *model, const char *digest_text);

/* Frees the templates that no assignment has, once they are as many as those in use and
 * TEMPLATES_SPARE more: every plan that was only looked at leaves one behind.  Those that are
 * stored go there, too, with the batch.  Ends the life of all borrowed entries, so it belongs at
 * the end of a step. */
void model_sweep_templates(struct model *model, struct batch *batch);

/* What an assignment needs from its agent. */
struct resources template_resources(const struct template *resolved);

/* Shorthands for bodies. */
static inline const struct harvest_session_spec *session_spec(const struct session_entry *session)
{
    return &((const struct harvest_session *)session->object->body)->spec;
}
static inline const struct agent_status *agent_status(const struct agent_entry *agent)
{
    return &((const struct agent *)agent->object->body)->status;
}
/* NULL: none were told, or they are of before. */
static inline const struct readings *agent_readings(const struct agent_entry *agent)
{
    return agent->link != NULL && agent->has_readings ? &agent->readings : NULL;
}
static inline int64_t agent_score(const struct agent_entry *agent)
{
    return shape_has(&esteem_shape, &agent->esteem, &agent->esteem.score) ? agent->esteem.score
                                                                          : REPUTATION_NEW;
}
static inline const struct agent_spec *agent_spec(const struct agent_entry *agent)
{
    return &((const struct agent *)agent->object->body)->spec;
}
static inline const struct assignment_spec *assignment_spec(const struct assignment_entry *a)
{
    return &((const struct assignment *)a->object->body)->spec;
}
static inline const struct assignment_status *assignment_status(const struct assignment_entry *a)
{
    return &((const struct assignment *)a->object->body)->status;
}
