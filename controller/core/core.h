/* The inside of the core: struct ctl, seen by the rooms of controller/core alone.
 *
 * Rooms and their doors, in the order of a step:
 *
 *  - on_operator.c: on_operator(), on_operator_gone(): requests → change sets, reads, watches
 *  - reads.c: on_read_done(): history that was read → answers
 *  - link.c, hello.c: on_link_up(), on_link_frame(), on_link_down() …: agents' messages → facts
 *  - sources.c: on_directory(), sources_settle(): what lower sources say → objects, conflicts
 *  - reconcile.c: reconcile(): marked sessions → assignments
 *  - alerts.c: on_notified(), alerts_settle(): metrics → alerts and their notifications
 *  - watch.c: watch_flush(): what changed → watchers
 *  - link.c: link_flush(): what changed → agents */
#pragma once

#include "controller/core/ctl.h"
#include "controller/core/model.h"
#include "schema/problem.h"

struct alerts;
struct directory;
struct openapi;
struct reconcile_log;
struct sources;
struct watcher;
struct wire_report_item;
struct pending_read;

/* One write within a transaction: kept for undoing, for watchers, and as the row to store. */
struct change {
    const struct kind *kind;
    char *name;            /* owned */
    struct object *before; /* owned reference; NULL: created */
    struct object *after;  /* owned reference; NULL: removed */
    struct entry *removed; /* owned: what the model knew beside a removed object */
    struct object
        *last;      /* owned reference: of a removed object, with the revision of the removal */
    struct row row; /* owned; without body in a trial */
};

/* Newest changes, for watchers that resume. */
struct ring_event {
    uint64_t revision;
    struct object *before; /* owned reference; NULL: created */
    struct object
        *after; /* owned reference; for a removal the last version with the removal's revision */
    bool is_removal;
};

struct ring {
    struct ring_event *events; /* owned */
    size_t size;               /* WATCH_RING_EVENTS; tests make it smaller */
    uint64_t first, next;      /* positions, ever rising; [first, next) are there */
    uint64_t begins_after;     /* all changes with a higher revision are in the ring */
};

struct ctl {
    struct ctl_options options; /* texts owned */
    char store_id[UID_TEXT_SIZE];
    uint64_t era;
    bool is_unsettled; /* no lease is granted: those of before a restore may be held */
    uint64_t revision; /* the highest given out */
    /* What an agent can have obeyed that was told nothing since the start: the revision of then, or
     * of when the last agent was removed, for that one may come back. */
    uint64_t untold_revision;
    uint64_t compacted;        /* history begins after this revision, or a later one */
    uint64_t desired_revision; /* of the newest change of desired state, decisions included */
    uint64_t batch_seq;        /* of the newest batch made */
    uint64_t committed;        /* of the newest batch known to be durable */
    struct wall newest;        /* history time never goes back */
    struct rand rand;
    struct model model;

    /* The step under way. */
    struct mono now;
    struct wall wall;
    struct mono started_at; /* of the first step: leases and silence count from here */
    bool has_started;
    int api_port;            /* of the listener that has blobs, for agents; 0: not known */
    struct effects *effects; /* borrowed */
    struct batch *batch;     /* owned: what the step stores; empty ones are dropped */
    struct arena arena;      /* scratch of the step */
    size_t derived_rows;     /* stored by the reconciler in this step; see STEP_STORES_MAX */

    /* The transaction under way. */
    struct {
        VEC_OF(struct change);
    } changes;
    bool in_transaction, is_trial;
    uint64_t revision_before;
    struct wall newest_before;
    struct rand rand_before;

    struct ring ring;
    bool store_is_full;
    struct wall full_since; /* when it is */

    /* Rooms. */
    struct map links;    /* id → struct link */
    struct map watchers; /* id → struct watcher */
    struct map reads;    /* ticket → struct pending_read */
    size_t pasts;        /* requests about the past under way, and what they hold */
    size_t pasts_bytes;
    struct map answers;   /* idempotency key → struct answer (changeset.c), the oldest first */
    size_t answers_bytes; /* of their bodies */
    uint64_t next_ticket, next_log_stream;
    struct mono heartbeat_at;  /* when link_tick() wants to look again */
    struct mono retry_step_at; /* a step left work over */
    struct mono grace_until;   /* after a stall nobody is declared silent before this */
    struct {
        bool has_begun;
        bool is_writing;   /* the changes being committed are its own: they mark nothing */
        bool was_full;     /* the disk: what was left undone is to be done */
        bool loose_is_due; /* assignments without a session are to be looked at */
        struct mono loose_at;
        struct mono drained_at; /* when an agent that is drained may be empty, with no word of it */
        struct mono settles_at; /* meaningful while the era is unsettled */
        struct mono awaited_until;             /* after a start agents get this long to come back */
        bool has_awaited;                      /* awaited_until has passed and was acted on */
        size_t examined;                       /* in this step; see STEP_EXAMINE_MAX */
        char left_at[WORK_NAME_BYTES_MAX + 1]; /* the session planned before that was reached */
    } reconciler;
    struct reconcile_log *reconcile_log; /* owned */
    struct openapi *openapi;             /* owned: documents that were asked for */
    struct sources *sources;             /* owned: config directory and discovery */
    struct alerts *alerts;               /* owned: alerts.h */
    struct ctl_counters counters;
    struct metrics metrics;     /* counted here (metrics.c) */
    const struct metrics *told; /* borrowed, of the step under way: the shell's; may be NULL */
};

void ring_fini(struct ring *ring);
void on_compacted(struct ctl *ctl, uint64_t revision); /* history begins after it, or later */
/* NULL with `err` when what was stored cannot be read. */
struct object *stored_object(const struct stored_change *change, struct err *err);

/* --- writing (transaction.c) ---------------------------------------------------------------------
 *
 * All writes of a step happen inside a transaction.  In a trial nothing is stored, told or counted,
 * and the end is always ctl_abort(): dry runs and plans look at the model in between. */

struct write {
    enum row_log log;
    const char *who, *manager, *why; /* NULL is "" */
};

void ctl_begin(struct ctl *ctl, bool is_trial);
void ctl_commit(struct ctl *ctl); /* rows go to the batch; watchers and agents will hear */
void ctl_abort(struct ctl *ctl);  /* the model, revisions and randomness are as before */

/* The next version of an object, taken; sets revision, and on a create uid, creationTimestamp and
 * generation, on an update raises generation when the spec differs.  Returns the version now in
 * force (borrowed); when nothing differs that is the old one, and nothing is written.  ROW_LEDGER
 * keeps the stored status, ROW_STATUS keeps all but the status. */
struct object *ctl_put(struct ctl *ctl, struct object *next, const struct write *write);
/* Removes at once; finalizers are the caller's affair. */
void ctl_remove(struct ctl *ctl, const struct object *object, const struct write *write);

/* --- telling
 * -------------------------------------------------------------------------------------- */

/* All tell something about state and wait for everything decided so far to be durable. */
void ctl_answer(struct ctl *ctl, uint64_t id, int code, struct blob *body /* taken */);
void ctl_answer_full(struct ctl *ctl,
                     struct effect *effect /* moved from; id, bytes, answer set */);
void ctl_chunk(struct ctl *ctl, uint64_t id, struct blob *bytes /* taken */);
void ctl_end(struct ctl *ctl, uint64_t id);
void ctl_send(struct ctl *ctl, uint64_t link, enum send_priority priority,
              struct blob *bytes /* taken */);
/* Immediate. */
void ctl_send_now(struct ctl *ctl, uint64_t link, enum send_priority priority, struct blob *bytes);
void ctl_hangup(struct ctl *ctl, uint64_t link, const char *reason);
uint64_t ctl_read(struct ctl *ctl,
                  struct read_query *query /* moved from */); /* returns the ticket */

/* Has the resolved template stored with this step's batch, once; nothing in a trial. */
void ctl_store_template(struct ctl *ctl, struct template_entry *entry);

/* Records a core/v1 Event about an object in the transaction under way; repeated ones are counted.
 */
void ctl_event_record(struct ctl *ctl, const struct object *about, const char *type,
                      const char *reason, const char *format, ...) _printf_(5, 6);

/* The same with words that may differ each time: what is told anew is known by its topic.  The
 * event keeps the words of the first time and of the last, with the readings that are in them. */
void ctl_event_repeat(struct ctl *ctl, const struct object *about, const char *type,
                      const char *reason, const char *topic, const char *message);

/* Sets a condition in a list that lives in `object` (a version being made); keeps
 * lastTransitionTime when the status stays. */
void condition_set(struct object *object, conditions_t *conditions, const char *type,
                   enum condition_status status, const char *reason, const char *message,
                   int64_t observed_generation, struct wall now);
void condition_drop(conditions_t *conditions, const char *type); /* it says nothing any more */

/* --- the rooms' doors
 * ----------------------------------------------------------------------------- */

void on_operator(struct ctl *ctl, uint64_t id, const struct http_request *request);
void on_operator_gone(struct ctl *ctl, uint64_t id);
void on_read_done(struct ctl *ctl, const struct read_result *result);

void on_link_up(struct ctl *ctl, uint64_t id);
void on_link_frame(struct ctl *ctl, uint64_t id, const char *bytes, size_t size_bytes);
void on_link_drained(struct ctl *ctl, uint64_t id);
void on_link_down(struct ctl *ctl, uint64_t id);
void link_tick(struct ctl *ctl);  /* heartbeats, deadlines */
void link_flush(struct ctl *ctl); /* assignments that changed, to the agents */
void link_fini(struct ctl *ctl);
/* Its Agent object is being removed: the connection goes with it. */
void link_forget_agent(struct ctl *ctl, struct agent_entry *agent);
/* Logs of an assignment for an HTTP exchange: asks its agent, whose lines become chunks.
 * ERR_UNAVAILABLE when it is not connected. */
int link_log_open(struct ctl *ctl, uint64_t http_id, const struct assignment_entry *assignment,
                  int64_t tail, bool follow, struct err *err);
void link_log_close(struct ctl *ctl, uint64_t http_id);

/* What other sources than the API say (sources.c). */
struct sources *sources_new(void);
void sources_free(struct sources *sources);
void on_directory(struct ctl *ctl, const struct directory *directory);
void sources_settle(struct ctl *ctl); /* once in a step, before reconciling */
struct mono sources_deadline(const struct ctl *ctl);
/* Marks what a committed change touches. */
void sources_mark(struct ctl *ctl, const struct change *change);

void watch_flush(struct ctl *ctl);
void watch_fini(struct ctl *ctl);

/* Reconciles every dirty session, up to STEP_STORES_MAX derived rows; sets retry_step_at when it
 * left some over. */
void reconcile(struct ctl *ctl);
/* Marks what a committed change touches (mark.c). */
void reconcile_mark(struct ctl *ctl, const struct change *change);
/* The facts that links learn.  Each opens and commits transactions of its own: none may be under
 * way.  Before up and down, link.c has set agent->link and away_since. */
void reconcile_agent_up(struct ctl *ctl, struct agent_entry *agent);
void reconcile_agent_down(struct ctl *ctl, struct agent_entry *agent);
/* Its sensors told something new: marks the sessions that could be placed on it now. */
void reconcile_readings(struct ctl *ctl, struct agent_entry *agent);
/* An agent's word on one assignment; writes the status row, feeds breaker and back-off, marks the
 * session.  Changes of what its policy asks for become events. */
void reconcile_report(struct ctl *ctl, struct agent_entry *agent,
                      struct assignment_entry *assignment, const struct wire_report_item *item);
/* An accounting period that the agent tells of: taken in once, by its number (period.c). */
void reconcile_period(struct ctl *ctl, struct agent_entry *agent, const struct period *period);
/* Is the renewal granted?  Moves lease_until. */
bool reconcile_lease(struct ctl *ctl, struct agent_entry *agent, const char *uid,
                     int64_t lease_epoch);

/* What a change set would lead to, in a trial after its writes: plans every session that the
 * transaction touches, carries out all waves in the trial, and returns the plan as a tree for the
 * answer (trial.c documents its form). */
struct node *reconcile_plan(struct ctl *ctl);
/* Why an object is not as declared: a tree {converged, chain: [{object, is, condition, status,
 * reason, class, message, since, readings, remedy}], inTheWay: {object, since, reason, class,
 * message, remedy},
 * remedy}.  Nothing stands in the way: no inTheWay, no remedy. */
struct node *explain_object(struct ctl *ctl, const struct object *object);
/* Resource warnings of one session, as validation adds them: can any agent hold it? */
void check_resource(struct ctl *ctl, const struct object *session, struct problems *problems);

/* Answers remembered for idempotency keys (changeset.c). */
void changeset_load_answer(struct ctl *ctl, const struct answer_row *answer);
void changeset_fini(struct ctl *ctl);
