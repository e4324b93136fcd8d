/* Reasons as commands.  A table leads from a reason to a function for the object it is given of;
 * where an agent refuses a replica, the rule that does leads there. */
#include "controller/core/advice.h"

#include "controller/core/copy.h"
#include "controller/core/drifted.h"
#include "controller/core/foresee.h"
#include "controller/core/place.h"
#include "controller/core/plan.h"
#include "schema/base/parse.h"
#include "schema/kinds/alert_rule.h"
#include "schema/kinds/conflict.h"
#include "schema/policy.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LINES_MAX = 8, LINE_BYTES_MAX = 1024 };

struct advice {
    struct ctl *ctl;
    struct arena *arena;
    struct node *lines;
    const struct session_entry *session;       /* NULL: not about one */
    const struct assignment_entry *assignment; /* NULL: not about one */
    const struct agent_entry *agent;           /* NULL: not about one */
    const struct object *object;
};

_printf_(2, 3) static void say(struct advice *advice, const char *format, ...)
{
    char line[LINE_BYTES_MAX];
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    for (size_t i = 0; i < advice->lines->list.count; i++) {
        if (str_eq(node_text(advice->lines->list.items[i]), line)) {
            return;
        }
    }
    if (length > 0 && (size_t)length < sizeof(line) && advice->lines->list.count < LINES_MAX) {
        node_add(advice->arena, advice->lines, node_str(advice->arena, line));
    }
}

static const char *session_name(const struct advice *advice)
{
    return advice->session->object->meta.name;
}

/* --- policies --------------------------------------------------------------------------------- */

static const char *duration(struct advice *advice, int64_t ms)
{
    char text[DURATION_TEXT_SIZE];

    duration_to_str(ms, text);
    return arena_strdup(advice->arena, text);
}

/* What has to become true of the machine, and what the policy could say instead. */
static void advise_policy(struct advice *advice, enum policy_reason reason, bool starts)
{
    const struct policy_entry *entry = advice->session == NULL ? NULL : advice->session->policy;
    const struct harvest_policy_spec *spec =
        entry == NULL ? NULL : &harvest_policy_of(entry->object)->spec;
    const char *policy = entry == NULL ? "" : entry->object->meta.name;
    const char *agent = advice->agent == NULL ? "" : advice->agent->object->meta.name;

    if (reason == REASON_OWNER_PAUSED) {
        say(advice, "on %s: fog-agent resume", agent);
        return;
    }
    if (spec == NULL || reason == REASON_EXCLUSIVE_PROGRAM) { /* its owner's affair */
        say(advice, "on %s: fog-agent status", agent);
        return;
    }
    switch (reason) {
    case REASON_OVERHEATED:
        say(advice, "on %s: until sensors.temperature <= %" PRId64, agent,
            spec->thermal.resume_celsius);
        break;
    case REASON_ON_BATTERY:
        say(advice, "on %s: until sensors.charging", agent);
        say(advice,
            "fogctl patch harvestpolicy/%s -p '{\"spec\":{\"battery\":{\"requireCharging\":false}}}'",
            policy);
        break;
    case REASON_BATTERY_LOW:
        say(advice, "on %s: until sensors.battery >= %" PRId64, agent,
            spec->battery.resume_percent);
        break;
    case REASON_STALE_SENSOR:
        say(advice, "on %s: fog-agent doctor", agent);
        say(advice, "fogctl patch harvestpolicy/%s -p '{\"spec\":{\"unknown\":\"ignore\"}}'",
            policy);
        break;
    case REASON_USER_ACTIVE:
        say(advice, "on %s: until sensors.idle >= %s", agent,
            duration(advice,
                     starts ? spec->user.start_after_idle_ms : spec->user.continue_after_idle_ms));
        break;
    case REASON_OUTSIDE_WINDOW:
        say(advice, "fogctl patch harvestpolicy/%s -p '{\"spec\":{\"windows\":null}}'", policy);
        break;
    case REASON_FOREIGN_CPU:
        say(advice, "on %s: until sensors.foreignCpu < %" PRId64, agent,
            spec->foreign_cpu.suspend_percent);
        break;
    case REASON_MEMORY_PRESSURE:
        say(advice, "on %s: until sensors.memoryPressure < %" PRId64, agent,
            spec->memory.evict_percent);
        break;
    case REASON_METERED:
        say(advice, "on %s: until !sensors.metered", agent);
        say(advice,
            "fogctl patch harvestpolicy/%s -p '{\"spec\":{\"network\":{\"metered\":true}}}'",
            policy);
        break;
    case REASON_HEAT_WAIT:
        say(advice, "wait %s", duration(advice, spec->thermal.dwell_ms));
        break;
    case REASON_MAX_DURATION:
    case REASON_COOLDOWN:
        say(advice, "wait %s", duration(advice, spec->session.cooldown_ms));
        break;
    case REASON_EXCLUSIVE_PROGRAM:
    case REASON_OWNER_PAUSED:
    case REASON_NONE:
    case REASON_COUNT:
        break;
    }
}

static bool advise_policy_word(struct advice *advice, const char *reason)
{
    for (int i = REASON_NONE + 1; i < REASON_COUNT; i++) {
        if (str_eq(policy_reason_words[i], reason)) {
            advise_policy(advice, (enum policy_reason)i, false);
            return true;
        }
    }
    return false;
}

/* --- a replica without an agent --------------------------------------------------------------- */

static void advise_start(struct advice *advice, const char *agent)
{
    say(advice, "on %s: fog-agent --name %s", agent, agent);
}

/* " site=west tier=gold": what it lacks of the labels that operators give, or of those that agents
 * report of themselves. */
static void add_lacking(const struct advice *advice, const struct agent_entry *agent,
                        bool is_reported, const char *before, struct str *to)
{
    const struct strmap *labels = &session_spec(advice->session)->selector.match_labels;

    for (size_t i = 0; i < labels->count; i++) {
        const char *key = labels->items[i].key, *value = labels->items[i].value;

        if (str_starts(key, REPORTED_PREFIX) == is_reported &&
            !str_eq(strmap_find(&agent->object->meta.labels, key), value)) {
            str_addf(to, "%s%s=%s", before, key + (is_reported ? strlen(REPORTED_PREFIX) : 0),
                     value);
        }
    }
}

/* Where it lacks some of both, neither its owner nor an operator can help alone. */
static void advise_labels(struct advice *advice, const struct agent_entry *agent)
{
    const char *name = agent->object->meta.name;
    struct str given = STR_EMPTY, reported = STR_EMPTY;

    add_lacking(advice, agent, false, " ", &given);
    add_lacking(advice, agent, true, " --label ", &reported);
    if (reported.length == 0) {
        say(advice, "fogctl label agent/%s%s --overwrite", name, given.data);
    } else if (given.length == 0) {
        say(advice, "on %s: fog-agent --name %s%s", name, name, reported.data);
    }
    say(advice, "fogctl patch harvestsession/%s -p '{\"spec\":{\"selector\":null}}'",
        session_name(advice));
    str_fini(&given);
    str_fini(&reported);
}

static void advise_demands(struct advice *advice, const struct tally *tally)
{
    if (tally->demands[DEMAND_WHERE].count > 0) {
        say(advice, "fogctl patch harvestsession/%s -p '{\"spec\":{\"where\":null}}'",
            session_name(advice));
    }
    if (tally->lines[REFUSED_REQUIREMENT].count > tally->demands[DEMAND_WHERE].count) {
        say(advice, "fogctl patch harvestsession/%s -p '{\"spec\":{\"requirements\":null}}'",
            session_name(advice));
    }
}

/* Of a gang all have to fit at once: how many of them on each of the agents that match. */
static int64_t replicas_there(const struct advice *advice, const struct tally *tally)
{
    const struct harvest_session_spec *spec = session_spec(advice->session);
    int64_t agents = (int64_t)(tally->agents - tally->lines[REFUSED_SELECTOR].count -
                               tally->lines[REFUSED_REQUIREMENT].count);
    int64_t replicas =
        spec->gang.deadline_ms > 0 && agents > 0 ? harvest_session_replicas(spec) : 1;

    return agents > 0 && replicas > agents ? (replicas + agents - 1) / agents : 1;
}

static int64_t left_of(const struct resources *capacity, const struct resources *used,
                       enum place_refusal refusal)
{
    return refusal == REFUSED_CORES    ? capacity->cores - used->cores
           : refusal == REFUSED_MEMORY ? capacity->memory - used->memory
                                       : capacity->disk - used->disk;
}

/* To ask for as much as it has left; where that is nothing, to see who has it. */
static void advise_room(struct advice *advice, enum place_refusal refusal,
                        const struct agent_entry *agent, int64_t replicas_there)
{
    const char *what = refusal == REFUSED_CORES    ? "cores"
                       : refusal == REFUSED_MEMORY ? "memory"
                                                   : "disk";
    int64_t left = left_of(&agent_status(agent)->capacity, &agent->used, refusal) / replicas_there;
    char text[QUANTITY_TEXT_SIZE];

    if (left <= 0) {
        say(advice, "fogctl get assignments --field-selector spec.agent=%s",
            agent->object->meta.name);
        return;
    }
    if (refusal == REFUSED_CORES) {
        cores_to_str(left, text);
    } else {
        quantity_to_str(left, text);
    }
    say(advice,
        "fogctl patch harvestsession/%s -p "
        "'{\"spec\":{\"workload\":{\"resources\":{\"%s\":\"%s\"}}}}'",
        session_name(advice), what, text);
}

/* Each of a gang would have room alone. */
static void advise_gang_room(struct advice *advice, const struct candidates *candidates)
{
    static const struct resources nothing = {0};
    const struct agent_entry *agent = candidates->items[0].agent;
    int64_t there = replicas_there(advice, &candidates->tally);

    for (int refusal = REFUSED_CORES; refusal <= REFUSED_DISK; refusal++) {
        enum place_refusal what = (enum place_refusal)refusal;
        int64_t needs = left_of(&candidates->needs, &nothing, what);

        if (needs * there > left_of(&agent_status(agent)->capacity, &agent->used, what)) {
            advise_room(advice, what, agent, there);
        }
    }
}

/* Of those that are told the one with the most left. */
static const struct agent_entry *roomiest(const struct tally_line *line, enum place_refusal refusal)
{
    const struct agent_entry *best = line->examples[0];

    for (size_t i = 1; i < line->count && i < TALLY_EXAMPLES; i++) {
        const struct agent_entry *agent = line->examples[i];

        if (left_of(&agent_status(agent)->capacity, &agent->used, refusal) >
            left_of(&agent_status(best)->capacity, &best->used, refusal)) {
            best = agent;
        }
    }
    return best;
}

static void advise_held(struct advice *advice, const struct agent_entry *agent)
{
    struct policy_verdict verdict;

    (void)foresee(&harvest_policy_of(advice->session->policy->object)->spec, agent, false,
                  &verdict);
    advice->agent = agent;
    advise_policy(advice, verdict.reason, true);
}

static void advise_refused(struct advice *advice, enum place_refusal refusal,
                           const struct tally *tally)
{
    const struct agent_entry *agent = tally->lines[refusal].examples[0];

    switch (refusal) {
    case REFUSED_SELECTOR:
        advise_labels(advice, agent);
        break;
    case REFUSED_REQUIREMENT:
        advise_demands(advice, tally);
        break;
    case REFUSED_AWAY:
        advise_start(advice, agent->object->meta.name);
        break;
    case REFUSED_PAUSED:
        say(advice, "on %s: fog-agent resume", agent->object->meta.name);
        break;
    case REFUSED_UNSCHEDULABLE:
        say(advice, "fogctl uncordon %s", agent->object->meta.name);
        break;
    case REFUSED_HELD:
        advise_held(advice, agent);
        break;
    case REFUSED_BREAKER:
        say(advice, "wait %s", duration(advice, BREAKER_OPEN_MS));
        break;
    case REFUSED_CORES:
    case REFUSED_MEMORY:
    case REFUSED_DISK:
        advise_room(advice, refusal, roomiest(&tally->lines[refusal], refusal),
                    replicas_there(advice, tally));
        break;
    case REFUSED_FULL:
        say(advice, "fogctl why agent/%s", agent->object->meta.name);
        break;
    case REFUSED_PRESENT:
    case REFUSAL_COUNT:
        break;
    }
}

/* Those that would do but for one rule come first: the later the rule, the nearer the agent. */
static void advise_no_agent(struct advice *advice)
{
    const struct resources *needs = &session_spec(advice->session)->workload.resources;
    struct candidates candidates;
    struct tally tally;

    place_gather(advice->arena, &advice->ctl->model, advice->session, needs, &candidates);
    tally = candidates.tally;
    place_tally(&candidates, &tally);
    if (tally.agents == 0) {
        say(advice, "on a machine: fog-agent --name NAME");
    }
    for (int refusal = REFUSAL_COUNT - 1; refusal >= 0; refusal--) {
        if (tally.lines[refusal].count > 0) {
            advise_refused(advice, (enum place_refusal)refusal, &tally);
        }
    }
    if (advice->lines->list.count == 0 && candidates.count > 0) {
        advise_gang_room(advice, &candidates);
    }
}

/* --- sessions and assignments ----------------------------------------------------------------- */

static void advise_policy_missing(struct advice *advice)
{
    say(advice, "fogctl patch harvestsession/%s -p '{\"spec\":{\"policy\":null}}'",
        session_name(advice));
}

/* What it wrote, as far as there is one; of a session, what all of its replicas did. */
static void advise_logs(struct advice *advice)
{
    if (advice->assignment != NULL) {
        say(advice, "fogctl logs assignment/%s", advice->assignment->object->meta.name);
    } else {
        say(advice, "fogctl logs harvestsession/%s", session_name(advice));
    }
}

static void advise_workload(struct advice *advice)
{
    advise_logs(advice);
    say(advice, "fogctl edit harvestsession/%s", session_name(advice));
}

static void advise_more_memory(struct advice *advice)
{
    int64_t memory = session_spec(advice->session)->workload.resources.memory;
    char text[QUANTITY_TEXT_SIZE];

    if (memory > 0 && memory <= INT64_MAX / 2) {
        quantity_to_str(2 * memory, text);
        say(advice,
            "fogctl patch harvestsession/%s -p "
            "'{\"spec\":{\"workload\":{\"resources\":{\"memory\":\"%s\"}}}}'",
            session_name(advice), text);
    }
}

static void advise_memory(struct advice *advice)
{
    advise_more_memory(advice);
    advise_workload(advice);
}

/* What was given up tells only that it stopped: why is in the words of that time. */
static bool has_ended_for(const struct assignment_entry *copy, const char *reason)
{
    int64_t generation;

    return str_eq(assignment_status(copy)->reason, reason) ||
           plan_gave_up_for(copy_given_up(copy, &generation), reason);
}

/* A task that failed for good stays so, whatever becomes of its session. */
static void advise_anew(struct advice *advice)
{
    say(advice, "fogctl results harvestsession/%s", session_name(advice));
    say(advice, "fogctl replace -f FILE --force # harvestsession/%s, mended", session_name(advice));
}

/* A deleted one is tried anew. */
static void advise_again(struct advice *advice)
{
    const struct condition *progress = condition_find(
        &harvest_session_of(advice->session->object)->status.conditions, "Progressing");
    int64_t generation;

    dlist_each (&advice->session->assignments, struct assignment_entry, in_session, it) {
        if (!copy_has_failed(it) && copy_given_up(it, &generation) == NULL) {
            continue;
        }
        if (has_ended_for(it, "MemoryLimit")) {
            advise_more_memory(advice);
        }
        say(advice, "fogctl logs assignment/%s", it->object->meta.name);
        say(advice, "fogctl delete assignment/%s", it->object->meta.name);
    }
    if (progress != NULL && str_eq(progress->reason, "RolloutFailed")) {
        say(advice, "fogctl rollout undo harvestsession/%s", session_name(advice));
    }
    say(advice, "fogctl edit harvestsession/%s", session_name(advice));
}

static void advise_given_up(struct advice *advice)
{
    if (harvest_session_has_tasks(session_spec(advice->session))) {
        advise_anew(advice);
    } else {
        advise_again(advice);
    }
}

static void advise_unpause(struct advice *advice)
{
    say(advice, "fogctl rollout resume harvestsession/%s", session_name(advice));
}

static void advise_undo(struct advice *advice)
{
    say(advice, "fogctl rollout undo harvestsession/%s", session_name(advice));
    say(advice, "fogctl edit harvestsession/%s", session_name(advice));
}

static void advise_heal(struct advice *advice)
{
    say(advice, "fogctl patch harvestsession/%s -p '{\"spec\":{\"drift\":\"heal\"}}'",
        session_name(advice));
    dlist_each (&advice->session->assignments, struct assignment_entry, in_session, it) {
        if (drifted_is_left(assignment_status(it)) &&
            (advice->assignment == NULL || it == advice->assignment)) {
            say(advice, "fogctl delete assignment/%s", it->object->meta.name);
        }
    }
}

static void advise_gang(struct advice *advice)
{
    say(advice, "fogctl patch harvestsession/%s -p '{\"spec\":{\"gang\":{\"deadline\":\"%s\"}}}'",
        session_name(advice),
        duration(advice, 2 * session_spec(advice->session)->gang.deadline_ms));
}

static void advise_quorum(struct advice *advice)
{
    say(advice,
        "fogctl patch harvestsession/%s -p '{\"spec\":{\"tasks\":{\"retries\":%" PRId64 "}}}'",
        session_name(advice), session_spec(advice->session)->tasks.retry_max + 3);
    advise_workload(advice);
}

static void advise_artifacts(struct advice *advice)
{
    const struct workload *workload = &session_spec(advice->session)->workload;

    for (size_t i = 0; i < workload->artifacts.count; i++) {
        const struct artifact *artifact = &workload->artifacts.items[i];

        say(advice, "fogctl blob put FILE # %s, as %s", artifact->digest, artifact->path);
    }
}

/* Whose silence it is, as far as it is one. */
static void advise_away(struct advice *advice)
{
    if (advice->agent != NULL && advice->agent->link == NULL) {
        advise_start(advice, advice->agent->object->meta.name);
        return;
    }
    if (advice->session == NULL) {
        return;
    }
    dlist_each (&advice->session->assignments, struct assignment_entry, in_session, it) {
        if (it->agent == NULL || it->agent->link == NULL) {
            advise_start(advice, assignment_spec(it)->agent);
        }
    }
}

static void advise_leased(struct advice *advice)
{
    const struct ctl *ctl = advice->ctl;

    if (ctl->is_unsettled) { /* who holds leases of before the restore nobody knows */
        int64_t left_ms = ctl->reconciler.settles_at.ms - ctl->now.ms;

        say(advice, "wait %s", /* it may be over, and the step that notices it still to come */
            duration(advice, left_ms > 0 ? (left_ms + 999) / 1000 * 1000 : 0));
        return;
    }
    advise_away(advice);
    say(advice, "wait %s", duration(advice, session_spec(advice->session)->lease_ms));
}

static void advise_uncordon(struct advice *advice)
{
    say(advice, "fogctl uncordon %s", advice->agent->object->meta.name);
}

static void advise_breaker(struct advice *advice)
{
    say(advice, "wait %s", duration(advice, BREAKER_OPEN_MS));
}

/* --- other objects ---------------------------------------------------------------------------- */

static void advise_rule(struct advice *advice)
{
    say(advice, "fogctl edit alertrule/%s", advice->object->meta.name);
}

static void advise_finalizers(struct advice *advice)
{
    say(advice, "fogctl patch %s/%s -p '{\"metadata\":{\"finalizers\":null}}'",
        advice->object->kind->singular, advice->object->meta.name);
}

/* As a shell takes it for one word: fields have brackets and quotes. */
static const char *for_shell(struct advice *advice, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_./:=@%+,";
    struct str quoted = STR_EMPTY;
    const char *copy;

    if (*text != '\0' && text[strspn(text, plain)] == '\0') {
        return text;
    }
    str_add_char(&quoted, '\'');
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\'') {
            str_add(&quoted, "'\\''");
        } else {
            str_add_char(&quoted, *c);
        }
    }
    str_add_char(&quoted, '\'');
    copy = arena_strdup(advice->arena, quoted.data);
    str_fini(&quoted);
    return copy;
}

static void advise_release(struct advice *advice)
{
    const struct conflict_spec *spec = &conflict_of(advice->object)->spec;

    if (conflict_is_tombstone(advice->object)) {
        say(advice, "fogctl release %s", spec->object);
    } else {
        say(advice, "fogctl release %s --field %s", spec->object, for_shell(advice, spec->field));
    }
}

static void advise_source(struct advice *advice)
{
    say(advice, "fogctl describe source/%s", advice->object->meta.name);
}

/* --- the table -------------------------------------------------------------------------------- */

enum about { ABOUT_OBJECT, ABOUT_SESSION, ABOUT_ASSIGNMENT, ABOUT_AGENT };

static const struct {
    const char *reason;
    enum about about; /* what there has to be */
    void (*advise)(struct advice *advice);
} advisers[] = {
    {"PolicyMissing", ABOUT_SESSION, advise_policy_missing},
    {"GivenUp", ABOUT_SESSION, advise_given_up},
    {"Failed", ABOUT_SESSION, advise_again},
    {"NoAgent", ABOUT_SESSION, advise_no_agent},
    {"RolloutPaused", ABOUT_SESSION, advise_unpause},
    {"Drifted", ABOUT_SESSION, advise_heal},
    {"ProgressDeadlineExceeded", ABOUT_SESSION, advise_undo},
    {"RolloutFailed", ABOUT_SESSION, advise_undo},
    {"GangTimedOut", ABOUT_SESSION, advise_gang},
    {"AgentAway", ABOUT_SESSION, advise_away},
    {"Leased", ABOUT_SESSION, advise_leased},
    {"BackOff", ABOUT_SESSION, advise_workload},
    {"Failing", ABOUT_SESSION, advise_workload},
    {"ExitedNonZero", ABOUT_SESSION, advise_workload},
    {"StartFailed", ABOUT_SESSION, advise_workload},
    {"OutputMissing", ABOUT_SESSION, advise_workload},
    {"MemoryLimit", ABOUT_SESSION, advise_memory},
    {"NoQuorum", ABOUT_SESSION, advise_quorum},
    {"ArtifactMissing", ABOUT_SESSION, advise_artifacts},
    {"ArtifactCorrupt", ABOUT_SESSION, advise_artifacts},
    {"Fetching", ABOUT_SESSION, advise_artifacts},
    {"AgentDeleted", ABOUT_SESSION, advise_away},
    {"LeaseEnded", ABOUT_SESSION, advise_away},
    {"AwaitingLease", ABOUT_SESSION, advise_leased},
    {"LeaseRefused", ABOUT_SESSION, advise_leased},
    {"NeverConnected", ABOUT_AGENT, advise_away},
    {"Silent", ABOUT_AGENT, advise_away},
    {"Draining", ABOUT_AGENT, advise_uncordon},
    {"Cordoned", ABOUT_AGENT, advise_uncordon},
    {"BreakerOpen", ABOUT_AGENT, advise_breaker},
    {"BreakerProbing", ABOUT_AGENT, advise_breaker},
    {"Firing", ABOUT_OBJECT, advise_rule},
    {"NotTaken", ABOUT_OBJECT, advise_rule},
    {"FinalizerWaits", ABOUT_OBJECT, advise_finalizers},
    {"Outranked", ABOUT_OBJECT, advise_release},
    {"Invalid", ABOUT_OBJECT, advise_source},
    {"Refused", ABOUT_OBJECT, advise_source},
};

static bool is_about(const struct advice *advice, enum about about)
{
    switch (about) {
    case ABOUT_OBJECT:
        return true;
    case ABOUT_SESSION:
        return advice->session != NULL;
    case ABOUT_ASSIGNMENT:
        return advice->assignment != NULL;
    case ABOUT_AGENT:
        return advice->agent != NULL;
    }
    return false;
}

static void find_entries(struct advice *advice)
{
    const struct model *model = &advice->ctl->model;
    const char *name = advice->object->meta.name;

    if (advice->object->kind == &harvest_session_kind) {
        advice->session = model_session(model, name);
    } else if (advice->object->kind == &agent_kind) {
        advice->agent = model_agent(model, name);
    } else if (advice->object->kind == &assignment_kind) {
        advice->assignment = model_assignment(model, name);
        advice->session = advice->assignment->session;
        advice->agent = advice->assignment->agent;
    }
}

struct node *advice_of(struct ctl *ctl, const struct object *object, const char *reason)
{
    struct advice advice = {
        .ctl = ctl, .arena = &ctl->arena, .lines = node_list(&ctl->arena), .object = object};

    find_entries(&advice);
    if (!advise_policy_word(&advice, reason)) {
        for (size_t i = 0; i < COUNT_OF(advisers); i++) {
            if (str_eq(advisers[i].reason, reason) && is_about(&advice, advisers[i].about)) {
                advisers[i].advise(&advice);
            }
        }
    }
    return advice.lines->list.count == 0 ? NULL : advice.lines;
}
