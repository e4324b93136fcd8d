/* The chain from what is declared to what is so, and what stands in the way.
 *
 * A chain begins with the object asked about and goes on to what its condition depends on: from a
 * session to its assignments that are not well or are held, and from each of those to its agent;
 * from an agent to what is held on it.
 *
 * Held means suspended or slowed down, by a policy or by the machine's owner.  That is as declared,
 * for a policy is part of what was declared, and yet it does not run as it could: so it stands in
 * the way, and `converged` is true beside it.
 *
 * What is named as standing in the way is the first link, from above, that does not pass by itself;
 * else the first of all: "Starting" of a session says less than "StartFailed" of its assignment. */
#include "controller/core/advice.h"
#include "controller/core/copy.h"
#include "controller/core/core.h"
#include "controller/core/drifted.h"
#include "controller/core/progress.h"
#include "schema/base/str.h"
#include "schema/divergence.h"
#include "schema/kinds/alert_rule.h"
#include "schema/kinds/conflict.h"
#include "schema/kinds/source.h"
#include "schema/policy.h"
#include "schema/remedy.h"

#include <inttypes.h>
#include <stdlib.h>

enum { CHAIN_ASSIGNMENTS_MAX = 8 };

struct chain {
    struct ctl *ctl;
    struct arena *arena;
    struct node *list;
    const struct node *in_the_way;
    bool is_passing; /* what is in the way so far */
    bool converged;
};

struct words { /* of one link */
    const char *object, *is, *type;
    enum condition_status status;
    const char *reason, *message;
    struct wall since; /* 0: not known */
    bool is_in_the_way;
    const struct object *about; /* whose advice is wanted; NULL: of none there is any */
    const char *readings;       /* of an agent's sensors; NULL: none */
    const char *progress;       /* of a session's tasks; NULL: none goes on */
    const char *reputation;     /* of an agent; NULL: nothing has happened to its work */
    const char *remedy;         /* NULL: that of its reason */
};

static void set_text(struct chain *chain, struct node *map, const char *key, const char *text)
{
    if (!str_is_empty(text)) {
        node_set(chain->arena, map, key, node_str(chain->arena, text));
    }
}

static void set_in_the_way(struct chain *chain, const struct node *link, const char *reason)
{
    const struct remedy *remedy = remedy_find(reason);
    bool passes = remedy != NULL && remedy->kind != REMEDY_ACT;

    if (chain->in_the_way == NULL || (chain->is_passing && !passes)) {
        chain->in_the_way = link;
        chain->is_passing = passes;
    }
}

static void set_class(struct chain *chain, struct node *link, const char *reason)
{
    enum divergence class = divergence_of(reason);

    set_text(chain, link, "class", class == DIVERGENCE_COUNT ? NULL : divergence_words[class]);
}

static void set_actions(struct chain *chain, struct node *link, const struct words *words)
{
    struct node *lines =
        words->about == NULL ? NULL : advice_of(chain->ctl, words->about, words->reason);

    if (lines != NULL) {
        node_set(chain->arena, link, "actions", lines);
    }
}

static void add_link(struct chain *chain, const struct words *words)
{
    static const char *const statuses[] = {"False", "True", "Unknown"};
    struct node *link = node_map(chain->arena);
    char since[WALL_TEXT_SIZE];

    set_text(chain, link, "object", words->object);
    set_text(chain, link, "is", words->is);
    set_text(chain, link, "condition", words->type);
    set_text(chain, link, "status", statuses[words->status]);
    set_text(chain, link, "reason", words->reason);
    set_text(chain, link, "message", words->message);
    if (words->since.ms != 0) {
        wall_to_str(words->since, since);
        set_text(chain, link, "since", since);
    }
    set_text(chain, link, "readings", words->readings);
    set_text(chain, link, "progress", words->progress);
    set_text(chain, link, "reputation", words->reputation);
    node_add(chain->arena, chain->list, link);
    if (words->is_in_the_way) {
        set_class(chain, link, words->reason);
        set_text(chain, link, "remedy",
                 words->remedy != NULL ? words->remedy : remedy_words(words->reason));
        set_actions(chain, link, words);
        set_in_the_way(chain, link, words->reason);
    }
}

static const char *title(struct chain *chain, const struct object *object)
{
    return arena_printf(chain->arena, "%s/%s", object->kind->singular, object->meta.name);
}

static bool is_true(const struct condition *condition)
{
    return condition != NULL && condition->status == CONDITION_TRUE;
}

/* What a condition says; of an object that has none yet, that nobody has said anything. */
static struct words words_of(struct chain *chain, const struct object *object, const char *type,
                             const struct condition *condition)
{
    struct words words = {.object = title(chain, object),
                          .about = object,
                          .type = type,
                          .status = CONDITION_FALSE,
                          .reason = "Pending",
                          .message = "nobody has said anything about it yet",
                          .since = object->meta.created,
                          .is_in_the_way = !is_true(condition)};

    if (condition != NULL) {
        words.status = (enum condition_status)condition->status;
        words.reason = condition->reason;
        words.message = condition->message;
        words.since = condition->since;
    }
    return words;
}

/* --- agents ----------------------------------------------------------------------------------- */

/* Were its readings told since that moment?  Older ones would contradict what it has said of its
 * work meanwhile. */
static bool has_readings_since(const struct chain *chain, const struct agent_entry *agent,
                               struct wall moment)
{
    int64_t age_ms = mono_since(agent->readings.of[0].at, chain->ctl->now);

    return agent->has_readings && chain->ctl->wall.ms - age_ms >= moment.ms;
}

/* "battery 38 %, on battery, temperature 41 °C": what policies judge. */
static const char *readings_text(struct chain *chain, const struct agent_entry *agent)
{
    struct str text = STR_EMPTY;
    const char *copy;

    for (size_t i = 0; i < SENSOR_COUNT; i++) {
        const struct reading *reading = &agent->readings.of[i];
        bool says_all = i == SENSOR_CHARGING || i == SENSOR_METERED;
        char value[READING_TEXT_SIZE];

        if (reading->state == READING_NONE || i == SENSOR_LOAD || i == SENSOR_MEMORY_AVAILABLE) {
            continue;
        }
        reading_to_str((enum sensor)i, reading, value);
        str_addf(&text, "%s%s%s%s", text.length > 0 ? ", " : "",
                 says_all && reading->state == READING_KNOWN ? "" : sensor_words[i],
                 says_all && reading->state == READING_KNOWN ? "" : " ",
                 reading->state == READING_KNOWN ? value : "tells nothing");
    }
    copy = arena_strdup(chain->arena, text.data);
    str_fini(&text);
    return copy;
}

static const char *agent_is(const struct agent_entry *agent)
{
    if (agent->link == NULL) {
        return str_is_empty(agent_status(agent)->version) ? "never connected" : "not connected";
    }
    return agent_status(agent)->paused               ? "paused by its owner"
           : agent_spec(agent)->drain != DRAIN_NEVER ? "connected, being drained"
           : agent_spec(agent)->unschedulable        ? "connected, cordoned"
                                                     : "connected";
}

static void add_pause(struct chain *chain, const struct agent_entry *agent)
{
    struct words words = words_of(chain, agent->object, "Paused",
                                  condition_find(&agent_status(agent)->conditions, "Paused"));

    words.is = agent_is(agent);
    words.is_in_the_way = true;
    add_link(chain, &words);
}

/* What its score is made of. */
static const char *reputation_text(struct chain *chain, const struct agent_entry *agent)
{
    const struct esteem *it = &agent->esteem;

    if (it->valid + it->late + it->failed == 0) {
        return NULL;
    }
    return arena_printf(chain->arena,
                        "reputation %" PRId64 " %%: of what it was given %" PRId64
                        " went well, %" PRId64 " came too late, %" PRId64
                        " failed; the newest count most",
                        it->score, it->valid, it->late, it->failed);
}

enum shown { SHOWN_UNWELL, SHOWN_READY, SHOWN_ALL };

/* Its conditions: those that say why something on it is not well; with the one that tells its
 * readings since a moment; or all. */
static void add_agent(struct chain *chain, const struct agent_entry *agent, enum shown shown,
                      struct wall since)
{
    const struct condition *ready = condition_find(&agent_status(agent)->conditions, "Ready"),
                           *healthy = condition_find(&agent_status(agent)->conditions, "Healthy");
    struct words words = words_of(chain, agent->object, "Ready", ready);

    words.is = agent_is(agent);
    words.readings = agent->link != NULL && has_readings_since(chain, agent, since)
                         ? readings_text(chain, agent)
                         : NULL;
    if (shown != SHOWN_UNWELL || !is_true(ready)) {
        add_link(chain, &words);
    }
    words = words_of(chain, agent->object, "Healthy", healthy);
    words.is = is_true(healthy) ? "healthy" : "not healthy";
    words.reputation = shown == SHOWN_ALL ? reputation_text(chain, agent) : NULL;
    if (shown == SHOWN_ALL || !is_true(healthy)) {
        add_link(chain, &words);
    }
}

/* --- assignments ------------------------------------------------------------------------------ */

static bool is_suspended(const struct assignment_entry *assignment)
{
    return assignment_status(assignment)->phase == PHASE_SUSPENDED;
}

/* What runs has a reason of its policy only when that slows it down. */
static bool is_slowed(const struct assignment_entry *assignment)
{
    if (assignment_status(assignment)->phase != PHASE_RUNNING) {
        return false;
    }
    for (const char *const *it = policy_reason_words; *it != NULL; it++) {
        if (str_eq(*it, assignment_status(assignment)->reason)) {
            return true;
        }
    }
    return false;
}

/* It ended well, and its outputs cannot be stored: somebody has to see to that.  While they are
 * being stored nothing is in the way. */
static bool is_stuck(const struct assignment_entry *assignment)
{
    const struct remedy *remedy = remedy_find(assignment_status(assignment)->reason);

    return assignment_status(assignment)->phase == PHASE_RUNNING && remedy != NULL &&
           remedy->kind == REMEDY_ACT;
}

static bool is_held(const struct assignment_entry *assignment)
{
    return is_suspended(assignment) || is_slowed(assignment) || is_stuck(assignment);
}

/* A condition that stays true keeps its moment; what its agent said last of its policy is numbered
 * by when it was, on the agent's clock. */
static struct wall held_since(const struct chain *chain, const struct assignment_entry *assignment,
                              const struct condition *condition)
{
    struct wall since = condition == NULL ? assignment->object->meta.created : condition->since;
    int64_t said_ms = assignment_status(assignment)->policy_change;

    if (said_ms > since.ms) {
        since.ms = said_ms < chain->ctl->wall.ms ? said_ms : chain->ctl->wall.ms;
    }
    return since;
}

static bool is_connected(const struct assignment_entry *assignment)
{
    return assignment->agent != NULL && assignment->agent->link != NULL;
}

static const char *assignment_is(struct chain *chain, const struct assignment_entry *assignment)
{
    bool is_old = !is_connected(assignment) && !copy_is_done(assignment);

    return arena_printf(chain->arena, "%s%s on %s%s",
                        assignment_phase_words[assignment_status(assignment)->phase],
                        is_slowed(assignment) ? " slowly" : "", assignment_spec(assignment)->agent,
                        is_old ? " when last heard of" : "");
}

/* Beside the condition of its agent, for what runs may be well and yet not what was declared. */
static void add_drift(struct chain *chain, const struct assignment_entry *assignment)
{
    struct words words =
        words_of(chain, assignment->object, "Drifted",
                 condition_find(&assignment_status(assignment)->conditions, "Drifted"));

    words.is = arena_printf(chain->arena, "changed on %s from outside",
                            assignment_spec(assignment)->agent);
    words.is_in_the_way = true;
    add_link(chain, &words);
}

static void add_assignment(struct chain *chain, const struct assignment_entry *assignment)
{
    const struct condition *condition =
        condition_find(&assignment_status(assignment)->conditions, "Converged");
    struct words words = words_of(chain, assignment->object, "Converged", condition);

    words.is = assignment_is(chain, assignment);
    words.is_in_the_way = is_held(assignment) || !is_true(condition) ||
                          (is_connected(assignment) && !copy_is_ok(assignment));
    if (is_held(assignment)) {
        words.since = held_since(chain, assignment, condition);
    }
    add_link(chain, &words);
    if (drifted_is_left(assignment_status(assignment))) {
        add_drift(chain, assignment);
    }
    if (assignment->agent == NULL) {
        add_link(chain, &(struct words){.object = arena_printf(chain->arena, "agent/%s",
                                                               assignment_spec(assignment)->agent),
                                        .about = assignment->object,
                                        .is = "deleted",
                                        .type = "Ready",
                                        .status = CONDITION_FALSE,
                                        .reason = "AgentDeleted",
                                        .message = "there is no such agent any more",
                                        .is_in_the_way = true});
    } else {
        add_agent(chain, assignment->agent, is_held(assignment) ? SHOWN_READY : SHOWN_UNWELL,
                  words.since);
    }
}

static int compare_entries(const void *a, const void *b)
{
    const struct assignment_entry *const *left = a, *const *right = b;

    return strcmp((*left)->object->meta.name, (*right)->object->meta.name);
}

/* By name, and the first few of them. */
static void add_assignments(struct chain *chain, struct assignment_entry **items, size_t count)
{
    qsort(items, count, sizeof(struct assignment_entry *), compare_entries);
    for (size_t i = 0; i < count && i < CHAIN_ASSIGNMENTS_MAX; i++) {
        add_assignment(chain, items[i]);
    }
}

/* --- the objects that can be asked about ------------------------------------------------------ */

/* A change that came to nothing; that one is under way, or was carried out, is no news. */
static void add_rollout(struct chain *chain, const struct session_entry *session)
{
    static const char *const told[] = {"ProgressDeadlineExceeded", "RolloutFailed", "Reverting",
                                       "Reverted"};
    const struct condition *condition =
        condition_find(&harvest_session_of(session->object)->status.conditions, "Progressing");

    for (size_t i = 0; condition != NULL && i < COUNT_OF(told); i++) {
        if (str_eq(condition->reason, told[i])) {
            struct words words = words_of(chain, session->object, "Progressing", condition);

            words.is = is_true(condition) ? "back" : "late";
            add_link(chain, &words);
        }
    }
}

static void explain_session(struct chain *chain, const struct session_entry *session)
{
    const struct harvest_session *body = harvest_session_of(session->object);
    const struct condition *condition = condition_find(&body->status.conditions, "Converged");
    struct assignment_entry **unwell =
        arena_array(chain->arena, session->assignment_count + 1, sizeof(struct assignment_entry *));
    struct words words = words_of(chain, session->object, "Converged", condition);
    size_t count = 0;

    words.progress = progress_words(chain->arena, session);
    words.is = harvest_session_has_tasks(&body->spec)
                   ? arena_printf(chain->arena, "%" PRId64 " of %" PRId64 " done",
                                  body->status.succeeded, body->spec.tasks.count)
                   : arena_printf(chain->arena, "%" PRId64 " of %" PRId64 " ready",
                                  body->status.ready, body->status.desired);
    chain->converged =
        is_true(condition) && body->status.observed_generation == session->object->meta.generation;
    words.is_in_the_way = !chain->converged;
    if (harvest_session_has_tasks(&body->spec) && str_eq(words.reason, "GivenUp")) {
        words.remedy = "see with `fogctl results` which tasks failed and how, mend the workload, "
                       "then delete the session and apply it anew";
    }
    add_link(chain, &words);
    add_rollout(chain, session);
    dlist_each (&session->assignments, struct assignment_entry, in_session, it) {
        bool is_idle = copy_is_idle(it, chain->ctl->now, chain->ctl->reconciler.awaited_until);

        if (!is_idle && (is_held(it) || drifted_is_left(assignment_status(it)) ||
                         (!chain->converged && !copy_is_ok(it)))) {
            unwell[count++] = it;
        }
    }
    add_assignments(chain, unwell, count);
}

/* Whoever still has something on an agent that is drained, and why it is not as declared. */
static void add_left(struct chain *chain, const struct agent_entry *agent)
{
    const struct session_entry *told[CHAIN_ASSIGNMENTS_MAX];
    size_t count = 0;

    dlist_each (&agent->assignments, struct assignment_entry, on_agent, it) {
        const struct session_entry *session = it->session;
        bool is_told = session == NULL || count == COUNT_OF(told);
        struct words words;

        for (size_t i = 0; i < count; i++) {
            is_told = is_told || told[i] == session;
        }
        if (is_told) {
            continue;
        }
        words = words_of(
            chain, session->object, "Converged",
            condition_find(&harvest_session_of(session->object)->status.conditions, "Converged"));
        if (words.is_in_the_way) {
            words.is = "has work there";
            add_link(chain, &words);
            told[count++] = session;
        }
    }
}

static void add_drain(struct chain *chain, const struct agent_entry *agent)
{
    const struct condition *drained = condition_find(&agent_status(agent)->conditions, "Drained");
    struct words words = words_of(chain, agent->object, "Drained", drained);

    words.is = is_true(drained) ? "drained" : "being drained";
    add_link(chain, &words);
    if (!is_true(drained)) {
        add_left(chain, agent);
    }
}

static void explain_agent(struct chain *chain, const struct agent_entry *agent)
{
    const conditions_t *conditions = &agent_status(agent)->conditions;
    struct assignment_entry **held =
        arena_array(chain->arena, agent->assignment_count + 1, sizeof(struct assignment_entry *));
    size_t count = 0;

    chain->converged =
        is_true(condition_find(conditions, "Ready")) &&
        is_true(condition_find(conditions, "Healthy")) &&
        (agent_spec(agent)->drain == DRAIN_NEVER || is_true(condition_find(conditions, "Drained")));
    add_agent(chain, agent, SHOWN_ALL, (struct wall){0});
    if (agent->link != NULL && agent_status(agent)->paused) {
        add_pause(chain, agent);
    }
    if (agent_spec(agent)->drain != DRAIN_NEVER) {
        add_drain(chain, agent);
    }
    dlist_each (&agent->assignments, struct assignment_entry, on_agent, it) {
        if (is_held(it) && agent->link != NULL) {
            held[count++] = it;
        }
    }
    qsort(held, count, sizeof(struct assignment_entry *), compare_entries);
    for (size_t i = 0; i < count && i < CHAIN_ASSIGNMENTS_MAX; i++) {
        const struct condition *condition =
            condition_find(&assignment_status(held[i])->conditions, "Converged");
        struct words words = words_of(chain, held[i]->object, "Converged", condition);

        words.is = assignment_is(chain, held[i]);
        words.since = held_since(chain, held[i], condition);
        words.is_in_the_way = true;
        add_link(chain, &words);
    }
}

/* --- alert rules ------------------------------------------------------------------------------ */

static struct wall last_move(const struct alert_rule_status *status)
{
    return status->resolved.ms > status->fired.ms ? status->resolved : status->fired;
}

/* What it is now, and what it was last. */
static const char *rule_message(struct chain *chain, const struct alert_rule *rule)
{
    const struct alert_rule_status *status = &rule->status;
    const char *what = str_is_empty(rule->spec.summary) ? rule->spec.expr : rule->spec.summary;
    char since[WALL_TEXT_SIZE];

    if (status->state != ALERT_INACTIVE) {
        return arena_printf(chain->arena, "%.1024s: %s", what,
                            status->value == NULL ? "" : status->value);
    }
    if (last_move(status).ms == 0) {
        return arena_printf(chain->arena, "%.1024s: it has never fired", what);
    }
    wall_to_str(last_move(status), since);
    return arena_printf(chain->arena, "%.1024s: resolved at %s; told %" PRId64 " times", what,
                        since, status->notifications);
}

static void explain_rule(struct chain *chain, const struct object *object)
{
    static const char *const reasons[] = {[ALERT_INACTIVE] = "AsDeclared",
                                          [ALERT_PENDING] = "AlertPending",
                                          [ALERT_FIRING] = "Firing"};
    const struct alert_rule *rule = alert_rule_of(object);
    const struct condition *delivered = condition_find(&rule->status.conditions, "Delivered");
    struct words words = {.object = title(chain, object),
                          .about = object,
                          .is = alert_state_words[rule->status.state],
                          .type = "Quiet",
                          .status = rule->status.state == ALERT_INACTIVE ? CONDITION_TRUE
                                                                         : CONDITION_FALSE,
                          .reason = reasons[rule->status.state],
                          .message = rule_message(chain, rule),
                          .since = rule->status.since,
                          .is_in_the_way = rule->status.state != ALERT_INACTIVE};

    chain->converged = rule->status.state != ALERT_FIRING;
    add_link(chain, &words);
    if (delivered != NULL) {
        words = words_of(chain, object, "Delivered", delivered);
        words.is = is_true(delivered) ? "everybody was told" : "somebody is not told";
        chain->converged = chain->converged && is_true(delivered);
        add_link(chain, &words);
    }
}

/* --- whatever it is ----------------------------------------------------------------------------
 */

/* What stands before everything else. */
static void add_first(struct chain *chain, const struct words *words)
{
    chain->in_the_way = NULL;
    add_link(chain, words);
}

/* An object that was deleted, and that somebody holds. */
static void add_deletion(struct chain *chain, const struct object *object)
{
    struct str holders = STR_EMPTY;
    struct words words = {.object = title(chain, object),
                          .about = object,
                          .is = "being deleted",
                          .type = "Deleted",
                          .status = CONDITION_FALSE,
                          .reason = "FinalizerWaits",
                          .since = object->meta.deleted,
                          .is_in_the_way = true};

    for (size_t i = 0; i < object->meta.finalizers.count; i++) {
        str_addf(&holders, "%s%s", i == 0 ? "" : ", ", object->meta.finalizers.items[i]);
    }
    words.message = arena_printf(chain->arena, "it was deleted, and goes when nothing holds it: %s",
                                 holders.data);
    chain->converged = false;
    add_first(chain, &words);
    str_fini(&holders);
}

/* Nothing that needs the disk can be done. */
static void add_full_store(struct chain *chain)
{
    add_first(chain, &(struct words){.object = "controller",
                                     .is = "takes deletes only",
                                     .type = "Writable",
                                     .status = CONDITION_FALSE,
                                     .reason = "StoreFull",
                                     .message = "the disk of its state directory is full",
                                     .since = chain->ctl->full_since,
                                     .is_in_the_way = true});
}

static void explain_source(struct chain *chain, const struct object *object)
{
    const struct condition *applied =
        condition_find(&source_of(object)->status.conditions, "Applied");
    struct words words = words_of(chain, object, "Applied", applied);

    words.is = is_true(applied) ? "in force" : "not in force as it is now";
    chain->converged = is_true(applied);
    add_link(chain, &words);
}

static void explain_conflict(struct chain *chain, const struct object *object)
{
    const struct conflict_spec *spec = &conflict_of(object)->spec;
    bool is_deleted = conflict_is_tombstone(object);

    chain->converged = false;
    add_link(chain,
             &(struct words){.object = title(chain, object),
                             .about = object,
                             .is = "refused",
                             .type = "Agreed",
                             .status = CONDITION_FALSE,
                             .reason = "Outranked",
                             .message = arena_printf(
                                 chain->arena, "what %s says of %s%s%s is left out: %s (%s) %s it",
                                 spec->refused, is_deleted ? "" : spec->field,
                                 is_deleted ? "" : " of ", spec->object, spec->owner,
                                 spec->owner_source, is_deleted ? "deleted" : "owns"),
                             .since = object->meta.created,
                             .is_in_the_way = true});
}

/* What others are judged by is in force as soon as it is there. */
static void explain_rest(struct chain *chain, const struct object *object)
{
    add_link(chain, &(struct words){.object = title(chain, object),
                                    .is = "there",
                                    .type = "InForce",
                                    .status = CONDITION_TRUE,
                                    .reason = "AsDeclared",
                                    .message = "it is in force as it was declared",
                                    .since = object->meta.created});
}

static struct node *in_the_way(struct chain *chain)
{
    static const char *const keys[] = {"object", "since", "reason", "class", "message", "remedy"};
    const struct node *actions = node_find(chain->in_the_way, "actions");
    struct node *map = node_map(chain->arena);

    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        set_text(chain, map, keys[i], node_find_text(chain->in_the_way, keys[i]));
    }
    if (actions != NULL) {
        node_set(chain->arena, map, "actions", node_copy(chain->arena, actions));
    }
    return map;
}

struct node *explain_object(struct ctl *ctl, const struct object *object)
{
    struct chain chain = {
        .ctl = ctl, .arena = &ctl->arena, .list = node_list(&ctl->arena), .converged = true};
    struct node *root = node_map(&ctl->arena);
    const struct assignment_entry *assignment;

    switch (object->kind->id) {
    case KIND_HARVEST_SESSION:
        explain_session(&chain, model_session(&ctl->model, object->meta.name));
        break;
    case KIND_ASSIGNMENT:
        assignment = model_assignment(&ctl->model, object->meta.name);
        add_assignment(&chain, assignment);
        chain.converged = copy_is_ok(assignment);
        break;
    case KIND_AGENT:
        explain_agent(&chain, model_agent(&ctl->model, object->meta.name));
        break;
    case KIND_ALERT_RULE:
        explain_rule(&chain, object);
        break;
    case KIND_SOURCE:
        explain_source(&chain, object);
        break;
    case KIND_CONFLICT:
        explain_conflict(&chain, object);
        break;
    case KIND_HARVEST_POLICY:
    case KIND_EVENT:
        explain_rest(&chain, object);
        break;
    case KIND_COUNT:
        break;
    }
    if (object_is_deleting(object) && object->meta.finalizers.count > 0) {
        add_deletion(&chain, object);
    }
    if (ctl->store_is_full) {
        add_full_store(&chain);
    }
    node_set(&ctl->arena, root, "converged", node_bool(&ctl->arena, chain.converged));
    node_set(&ctl->arena, root, "chain", chain.list);
    if (chain.in_the_way != NULL) {
        node_set(&ctl->arena, root, "inTheWay", in_the_way(&chain));
        node_set(&ctl->arena, root, "remedy",
                 node_str(&ctl->arena, node_find_text(chain.in_the_way, "remedy")));
    }
    return root;
}
