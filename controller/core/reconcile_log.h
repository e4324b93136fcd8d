/* The reconcile log: what the newest steps that decided something were about, and what they
 * decided.
 *
 *     GET /apis/fog/v1/reconcilelog[?limit=N]
 *     {"kind": "ReconcileLog", "apiVersion": "fog/v1", "items": [
 *       {"step": "812", "time": "…", "event": "link-frame", "subject": "agent/edge-1", "sessions":
 * 1, "names": ["render"], "decisions": 1, "taken": ["start render/0 on edge-1 (…)"], "reasons":
 * ["NoAgent"], "refused": [{"rule": 5, "agents": 3}], "rows": 2, "effects": 3, "microseconds":
 * 412}]}
 *
 * The newest comes first.  It is for people who ask why a thing was done; it is bounded, lives in
 * memory, and ends with the process or a failed commit.  A step that examined no session is not in
 * it.  `refused` counts agents by the rules of controller/core/place.h.  `microseconds` is what the
 * shell measured, told with the next event; absent until then. */
#pragma once

#include "controller/core/plan.h"
#include "controller/core/request.h"

enum { NOTE_SUBJECT_SIZE = 96 };

struct note {
    uint64_t step;
    struct wall at;
    int event; /* enum ctl_event_type */
    char subject[NOTE_SUBJECT_SIZE];
    size_t sessions, decisions;        /* all of them, and the first few: */
    char *names[RECONCILE_NOTE_NAMES]; /* owned, as the next */
    char *taken[RECONCILE_NOTE_NAMES];
    bool reasons[WHY_COUNT];         /* those that sessions were left with */
    size_t refused[PLACE_RULES + 1]; /* agents, by rule */
    size_t rows, effects;
    int64_t took_us; /* -1: not known */
};

struct reconcile_log {
    struct note
        notes[RECONCILE_LOG_NOTES]; /* a ring; the one after the newest is being filled in */
    uint64_t count;                 /* notes so far: the newest is at count - 1 */
};

void reconcile_log_fini(struct reconcile_log *log);

/* The step: it begins and ends; in between, each session that is planned and what is carried out.
 */
void reconcile_log_begin(struct ctl *ctl, const struct ctl_event *event);
void reconcile_log_session(struct ctl *ctl, const struct session_entry *session,
                           const struct plan *plan);
void reconcile_log_end(struct ctl *ctl, const struct ctl_event *event);

void reconcile_log_answer(struct ctl *ctl, struct request *request);
