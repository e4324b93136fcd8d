/* The fleet as it looks to whoever watches it: agents, sessions, assignments and what happened,
 * kept from lists and watches, with what follows from them (in which state an agent is, and how
 * many are in which) kept up to date change by change.
 *
 * Nothing here asks, reads a clock or prints.  Rows are owned by the scene and live until they are
 * removed; texts are as others wrote them, and may hold anything. */
#pragma once

#include "schema/base/map.h"
#include "schema/base/mono.h"
#include "schema/base/vec.h"
#include "schema/divergence.h"
#include "schema/kind.h"
#include "schema/kinds/assignment.h"
#include "schema/readings.h"
#include "schema/tree.h"

/* As the dashboard has them: those that ask most for attention first. */
enum scene_state {
    SCENE_SILENT,
    SCENE_DIVERGED,
    SCENE_CONVERGING,
    SCENE_CORDONED,
    SCENE_SUSPENDED,
    SCENE_IDLE, /* of agents */
    SCENE_CONVERGED,
    SCENE_STATE_COUNT,
};

extern const char *const scene_state_words[]; /* "suspended"; NULL-terminated */
extern const char *const scene_state_meanings[];

enum { SCENE_HAPPENED_MAX = 1000, SCENE_PHASE_COUNT = PHASE_STOPPED + 1 };

struct scene_agent;
struct scene_session;

struct scene_work { /* an assignment */
    char *name, *slot, *reason, *message;
    struct scene_agent *agent;     /* borrowed */
    struct scene_session *session; /* borrowed */
    enum assignment_phase phase;
    int64_t restarts, failures;
    bool is_converged, is_seen;
};

struct scene_agent {
    char *name, *labels; /* "site=north,tier=gold" */
    char *away, *cordon; /* why it is not ready, or gets no work */
    bool is_there;       /* false: only its work has been heard of */
    bool is_chosen;      /* the condition holds of it, or there is none */
    bool is_seen;
    bool is_connected, is_paused, is_cordoned;
    int64_t cores_milli;           /* 0: not told */
    double of[SENSOR_COUNT];       /* as units of sensors_shape; NAN: it has none */
    bool is_unknown[SENSOR_COUNT]; /* has one, which tells nothing */
    struct wall last_seen;
    struct {
        VEC_OF(struct scene_work *);
    } work; /* borrowed */
    size_t running, held;
    enum scene_state state;
    char *reason;   /* of the state: "OnBattery, BatteryLow" */
    uint64_t sweep; /* in which it was read last */
};

struct scene_session {
    char *name, *reason, *message, *done; /* done: "57/200" of tasks */
    bool is_there, is_seen;
    bool is_judged, is_converged; /* is_judged: the controller has said whether */
    enum divergence class;        /* COUNT: none */
    int64_t desired, ready, updated;
    struct wall since;
    size_t by_phase[SCENE_PHASE_COUNT];
};

/* A change that somebody made, or an event. */
struct scene_happened {
    char *key;
    char *who, *kind, *name, *what;
    struct wall at;
    uint64_t order;  /* among those of the same second */
    bool is_change;  /* of what is declared */
    bool is_warning; /* of events */
};

struct scene_controller { /* as /metrics tells */
    char *version;
    double cpu_seconds;  /* NAN: not heard of yet, as the next two */
    double cpu_percent;  /* of one core, between the last two looks */
    double memory_bytes; /* resident */
    struct mono at;
};

struct scene {
    struct map agents, sessions, work, happened; /* by name; happened: by what it is told under */
    struct scene_controller controller;
    uint64_t revision; /* the highest that was heard of */

    /* Of those that are there and chosen. */
    size_t agents_count, agents_away, agents_cordoned, agents_by_state[SCENE_STATE_COUNT];
    size_t sessions_count, sessions_converged, sessions_held; /* held: converged, too */
    size_t sessions_by_class[DIVERGENCE_COUNT];               /* not converged */
    size_t work_by_phase[SCENE_PHASE_COUNT];

    bool has_choice; /* agents are chosen by a condition, which sweeps tell */
    uint64_t sweep;
    /* Rise when rows come or go, and when anything about rows changes. */
    uint64_t membership[KIND_COUNT], changes[KIND_COUNT];
    uint64_t judged; /* how many agents were looked at to find their state */
};

void scene_init(struct scene *scene);
void scene_fini(struct scene *scene);

/* An object that is there, or is so now: an Agent, HarvestSession, Assignment or Event. */
void scene_put(struct scene *scene, enum kind_id kind, const struct node *object);
void scene_remove(struct scene *scene, enum kind_id kind, const char *name);
/* All that there is will be told once more; what has not been by the end is gone.  Of events, what
 * happened is forgotten at once, changes too. */
void scene_anew(struct scene *scene, enum kind_id kind);
void scene_anew_end(struct scene *scene, enum kind_id kind);

/* Agents as a list has them, readings included; those that are not known are left out. */
void scene_read(struct scene *scene, const struct node *agents);
/* Lists that tell of which agents the condition holds: what comes between these two. */
void scene_sweep_begin(struct scene *scene);
void scene_sweep_end(struct scene *scene);
void scene_choose(struct scene *scene, bool has_choice); /* until the next sweep: all, or none */

/* An item of history, and its line. */
void scene_changed(struct scene *scene, const struct node *item, const char *what);
/* The text of /metrics, read at that moment. */
void scene_measured(struct scene *scene, const char *metrics, struct mono now);

size_t scene_session_held(const struct scene_session *session);
/* What a session is at a glance, in the words of agents. */
enum scene_state scene_session_state(const struct scene_session *session);
enum scene_state scene_work_state(const struct scene_work *work);

/* All of it as a tree, for programs; agents and sessions by name, the newest happened first. */
struct node *scene_tree(struct arena *arena, const struct scene *scene, const char *server);
/* Newest first, for qsort() of struct scene_happened *. */
int scene_compare_happened(const void *a, const void *b);
