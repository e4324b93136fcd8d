#include "tests/sim/check_rows.h"

#include "schema/base/parse.h"
#include "schema/base/str.h"
#include "schema/kinds/agent.h"
#include "schema/kinds/assignment.h"
#include "schema/limits.h"
#include "tests/sim/alerts.h"
#include "tests/sim/check_gang.h"
#include "tests/sim/check_owners.h"
#include "tests/sim/check_periods.h"
#include "tests/sim/check_quorum.h"
#include "tests/sim/check_reports.h"
#include "tests/sim/check_reputation.h"
#include "tests/sim/check_reverts.h"
#include "tests/sim/check_sources.h"
#include "tests/sim/check_tasks.h"
#include "tests/sim/reference.h"
#include "tests/sim/sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const need_words[NEED_COUNT] = {"cores", "memory", "disk"};

struct looking { /* at one row */
    struct sim *sim;
    const struct reference *reference;
    const struct row *row;
    const struct ref_object *before; /* NULL: not there */
    struct arena arena;
    const struct node *body; /* of the row; NULL for a delete */
};

static bool is_by(const struct row *row, const char *who)
{
    return str_eq(row->who, who);
}

static bool is_going(const struct ref_object *object)
{
    return ref_text(object->ledger, "metadata.deletionTimestamp")[0] != '\0';
}

/* --- where a replica may be placed -------------------------------------------------------------
 */

static bool is_among(const struct node *values, const char *value)
{
    for (size_t i = 0; values != NULL && i < values->list.count; i++) {
        if (str_eq(node_text(values->list.items[i]), value)) {
            return true;
        }
    }
    return false;
}

static bool meets(const struct node *expression, const struct node *labels)
{
    const char *op = ref_text(expression, "operator");
    const char *value = node_find_text(labels, ref_text(expression, "key"));
    const struct node *values = node_find(expression, "values");

    if (str_eq(op, "Exists")) {
        return value != NULL;
    }
    if (str_eq(op, "DoesNotExist")) {
        return value == NULL;
    }
    if (str_eq(op, "In")) {
        return value != NULL && is_among(values, value);
    }
    return value == NULL || !is_among(values, value);
}

static bool selects(const struct ref_object *session, const struct ref_object *agent)
{
    const struct node *wanted = node_find_path(session->ledger, "spec.selector.matchLabels");
    const struct node *terms = node_find_path(session->ledger, "spec.selector.matchExpressions");
    const struct node *labels = node_find_path(agent->ledger, "metadata.labels");

    for (size_t i = 0; wanted != NULL && i < wanted->map.count; i++) {
        const struct node_member *it = &wanted->map.members[i];

        if (!str_eq(node_find_text(labels, it->key), node_text(it->value))) {
            return false;
        }
    }
    for (size_t i = 0; terms != NULL && i < terms->list.count; i++) {
        if (!meets(terms->list.items[i], labels)) {
            return false;
        }
    }
    return true;
}

static bool asks_for(const struct ref_object *session, const char *slot, const char *agent)
{
    uint64_t number;

    if (ref_flag(session->ledger, "spec.everyAgent")) {
        return str_eq(slot, agent);
    }
    if (node_find_path(session->ledger, "spec.tasks") != NULL) {
        return u64_from_str(slot, &number) &&
               number < (uint64_t)ref_int(session->ledger, "spec.tasks.count", 0);
    }
    return u64_from_str(slot, &number) &&
           number < (uint64_t)ref_int(session->ledger, "spec.replicas", 1);
}

/* Why the session does not want this assignment; NULL when it does. */
static const char *objection_of(const struct looking *at, const struct ref_object *session)
{
    const char *policy = ref_text(session->ledger, "spec.policy");
    bool is_exclusive = ref_flag(session->ledger, "spec.exclusive");

    if (!str_eq(session->uid, ref_text(at->body, "spec.sessionUid"))) {
        return "its session is another one of that name";
    }
    if (is_going(session)) {
        return "its session is being deleted";
    }
    if (policy[0] != '\0' && reference_find(at->reference, "HarvestPolicy", policy) == NULL) {
        return "the policy is missing";
    }
    if (!asks_for(session, ref_text(at->body, "spec.slot"), ref_text(at->body, "spec.agent"))) {
        return "its session asks for no such replica";
    }
    return is_exclusive != (ref_int(at->body, "spec.leaseEpoch", 0) > 0)
               ? "its lease is not what its session asks for"
               : NULL;
}

static bool is_drained(const struct ref_object *agent)
{
    const char *drain = ref_text(agent->ledger, "spec.drain");

    return drain[0] != '\0' && !str_eq(drain, "never");
}

/* Why the agent should not be given it; NULL when it may. */
static const char *agent_objection(const struct ref_object *session, const struct ref_object *agent)
{
    if (is_going(agent)) {
        return "the agent is being deleted";
    }
    if (ref_flag(agent->ledger, "spec.unschedulable") || is_drained(agent)) {
        return "the agent takes no work";
    }
    if (ref_flag(agent->status, "paused")) {
        return "the owner has paused the agent";
    }
    return selects(session, agent) ? NULL : "the session does not select the agent";
}

/* --- what fits ---------------------------------------------------------------------------------
 */

/* What everything but this assignment needs on the agent; false when it is not known of some. */
static bool used_on(const struct looking *at, const char *agent, struct needs *ret_used)
{
    *ret_used = (struct needs){{0}};
    map_each (&at->reference->objects, it) {
        const struct ref_object *other = it->value;
        struct needs needs;

        if (other->kind != &assignment_kind || str_eq(other->name, at->row->name) ||
            !str_eq(ref_text(other->ledger, "spec.agent"), agent) ||
            node_find(node_find_path(other->ledger, "metadata.annotations"), "fog/given-up") !=
                NULL) {
            continue;
        }
        if (!ref_needs(at->reference, ref_text(other->ledger, "spec.template"), &needs)) {
            return false;
        }
        for (int i = 0; i < NEED_COUNT; i++) {
            ret_used->of[i] += needs.of[i];
        }
    }
    return true;
}

/* Only what grows can make it misfit: an agent that shrank keeps what it has. */
static void check_capacity(const struct looking *at, const struct ref_object *agent)
{
    struct needs needs, before = {{0}}, used, capacity;

    if (at->before != NULL &&
        node_find(node_find_path(at->before->ledger, "metadata.annotations"), "fog/given-up") ==
            NULL &&
        !ref_needs(at->reference, ref_text(at->before->ledger, "spec.template"), &before)) {
        return; /* resolved before a restore */
    }
    if (!ref_needs(at->reference, ref_text(at->body, "spec.template"), &needs) ||
        !used_on(at, agent->name, &used)) {
        return;
    }
    ref_resources(node_find(agent->status, "capacity"), &capacity);
    for (int i = 0; i < NEED_COUNT; i++) {
        if (needs.of[i] > before.of[i] && used.of[i] + needs.of[i] > capacity.of[i]) {
            sim_fail(at->sim, "capacity",
                     "%s needs %" PRId64 " %s on %s, which has %" PRId64 ", and %" PRId64
                     " of that are given away",
                     at->row->name, needs.of[i], need_words[i], agent->name, capacity.of[i],
                     used.of[i]);
        }
    }
}

/* --- the reconciler's rows ---------------------------------------------------------------------
 */

static void refuse(const struct looking *at, const char *why)
{
    sim_fail(at->sim, "authorised", "%s \"%s\" at %" PRIu64 " (%s): %s", at->row->kind->singular,
             at->row->name, at->row->revision, at->row->why, why);
}

static void check_placed(const struct looking *at)
{
    const struct ref_object *session =
        reference_find(at->reference, "HarvestSession", ref_text(at->body, "spec.session"));
    const struct ref_object *agent =
        reference_find(at->reference, "Agent", ref_text(at->body, "spec.agent"));
    const char *why;

    if (session == NULL || agent == NULL) {
        refuse(at, session == NULL ? "there is no such session" : "there is no such agent");
        return;
    }
    why = objection_of(at, session);
    why = why == NULL ? agent_objection(session, agent) : why;
    if (why != NULL) {
        refuse(at, why);
    }
    check_capacity(at, agent);
}

static bool is_other_template(const struct looking *at)
{
    return !str_eq(ref_text(at->before->ledger, "spec.template"),
                   ref_text(at->body, "spec.template"));
}

static void check_updated(const struct looking *at)
{
    const struct ref_object *session =
        reference_find(at->reference, "HarvestSession", ref_text(at->body, "spec.session"));
    const struct ref_object *agent =
        reference_find(at->reference, "Agent", ref_text(at->body, "spec.agent"));

    if (!str_eq(ref_text(at->before->ledger, "spec.agent"), ref_text(at->body, "spec.agent")) ||
        !str_eq(ref_text(at->before->ledger, "spec.sessionUid"),
                ref_text(at->body, "spec.sessionUid"))) {
        refuse(at, "it keeps its agent and its session for life");
    }
    if (!is_other_template(at)) {
        return;
    }
    if (session == NULL || agent == NULL) {
        refuse(at, "it is changed, and its session or agent is gone");
        return;
    }
    if (ref_flag(session->ledger, "spec.rollout.pause")) {
        refuse(at, "it is changed, and the rollout is paused");
    }
    check_capacity(at, agent);
}

/* --- rollouts ----------------------------------------------------------------------------------
 */

static bool is_well_as(const struct ref_object *copy, int64_t generation)
{
    const char *phase = ref_text(copy->status, "phase");

    return ref_int(copy->status, "observedGeneration", -1) == generation &&
           (str_eq(phase, "Running") || str_eq(phase, "Suspended") || str_eq(phase, "Succeeded"));
}

static bool is_well(const struct ref_object *copy)
{
    return is_well_as(copy, copy->generation);
}

/* It was well, and then its policy changed, which takes nothing down. */
static bool is_well_still(const struct looking *at, const struct ref_object *copy)
{
    const struct ref_assignment *all = map_find(&at->reference->assignments, copy->uid);
    const struct ref_version *now, *then;

    if (all == NULL || all->count < 2) {
        return false;
    }
    now = &all->items[all->count - 1];
    then = &all->items[all->count - 2];
    return is_well_as(copy, then->generation) &&
           ref_is_update(at->reference, then->template, now->template);
}

/* How many of the session's replicas have copies, none of which is well. */
static size_t count_down(const struct looking *at, const struct ref_object *session)
{
    int64_t replicas = ref_int(session->ledger, "spec.replicas", 1);
    size_t down = 0;

    for (int64_t i = 0; i < replicas; i++) {
        bool has_copy = false, has_well = false;
        char slot[24];

        (void)snprintf(slot, sizeof(slot), "%" PRId64, i);
        map_each (&at->reference->objects, it) {
            const struct ref_object *copy = it->value;

            if (copy->kind == &assignment_kind && !is_going(copy) &&
                str_eq(ref_text(copy->ledger, "spec.sessionUid"), session->uid) &&
                str_eq(ref_text(copy->ledger, "spec.slot"), slot)) {
                has_copy = true;
                has_well |= is_well(copy) || is_well_still(at, copy);
            }
        }
        down += has_copy && !has_well;
    }
    return down;
}

/* How many may be down at once. */
static size_t most_down(const struct ref_object *session)
{
    const struct node *said = node_find_path(session->ledger, "spec.rollout.maxUnavailable");
    int64_t most = ref_int(session->ledger, "spec.rollout.maxUnavailable", 1);

    if (node_text(said) != NULL) { /* "34%" of the replicas, rounded down */
        most =
            strtoll(node_text(said), NULL, 10) * ref_int(session->ledger, "spec.replicas", 1) / 100;
    }
    return most < 1 ? 1 : (size_t)most;
}

/* A change in place of what was well: it and all that are down may not be too many.  Rows come one
 * by one, so what was taken down just before counts as down. */
static void check_rollout(const struct looking *at)
{
    const struct ref_object *session =
        reference_find(at->reference, "HarvestSession", ref_text(at->body, "spec.session"));
    size_t down, most;
    struct needs needs; /* known unless nobody heard that the template was stored */

    if (session == NULL || ref_flag(session->ledger, "spec.everyAgent") ||
        node_find_path(session->ledger, "spec.tasks") != NULL || !is_well(at->before) ||
        !is_other_template(at) ||
        !ref_needs(at->reference, ref_text(at->before->ledger, "spec.template"), &needs) ||
        ref_is_update(at->reference, ref_text(at->before->ledger, "spec.template"),
                      ref_text(at->body, "spec.template"))) {
        return;
    }
    down = count_down(at, session);
    most = most_down(session);
    if (down + 1 > most) {
        sim_fail(at->sim, "rollout",
                 "%s is taken down, %zu of its session are down, and %zu may be at once",
                 at->row->name, down, most);
    }
}

/* A drain, too, takes down what is well only in its turn.  Of tasks nobody depends on one, and what
 * runs on every agent and gangs have no other choice. */
static void check_drain(const struct looking *at)
{
    const struct ref_object *session =
        at->before == NULL ? NULL
                           : reference_find(at->reference, "HarvestSession",
                                            ref_text(at->before->ledger, "spec.session"));
    size_t down, most;

    if (session == NULL || !str_ends(at->row->why, " is being drained") || is_going(at->before) ||
        !is_well(at->before) || ref_flag(session->ledger, "spec.everyAgent") ||
        node_find_path(session->ledger, "spec.tasks") != NULL ||
        node_find_path(session->ledger, "spec.gang") != NULL) {
        return;
    }
    down = count_down(at, session);
    most = most_down(session);
    if (down + 1 > most) {
        sim_fail(at->sim, "drained",
                 "%s has to leave, %zu of its session are down, and %zu may be at once",
                 at->row->name, down, most);
    }
}

/* --- every row ---------------------------------------------------------------------------------
 */

/* A count, an amount or a duration. */
static int64_t sum_at(const struct node *status, const char *path)
{
    int64_t sum = ref_int(status, path, 0);
    const char *text = ref_text(status, path);

    if (text[0] != '\0' && !duration_from_str(text, &sum)) {
        (void)quantity_from_str(text, &sum);
    }
    return sum;
}

static void check_status(const struct looking *at)
{
    static const char *const sums[] = {"contribution.cpu", "contribution.wall",
                                       "contribution.memoryPeak", "contribution.suspensions"};
    const struct node *status =
        node_find(at->body, "status") != NULL ? node_find(at->body, "status") : at->body;

    for (size_t i = 0; i < COUNT_OF(sums); i++) {
        int64_t before = sum_at(at->before->status, sums[i]), now = sum_at(status, sums[i]);

        if (now < before) {
            sim_fail(at->sim, "spent", "%s: %s falls from %" PRId64 " to %" PRId64, at->row->name,
                     sums[i], before, now);
        }
    }
    if (ref_int(status, "observedGeneration", 0) <
        ref_int(at->before->status, "observedGeneration", 0)) {
        sim_fail(at->sim, "never-back", "%s: its status is of an older generation", at->row->name);
    }
    if (str_starts(at->row->who, "agent/")) {
        check_reported(at->sim, at->row, status);
    }
}

static void check_assignment(const struct looking *at)
{
    if (at->row->log == ROW_LEDGER) {
        check_drain(at);
    }
    if (at->row->log == ROW_STATUS && at->before != NULL) {
        check_status(at);
    } else if (at->row->log == ROW_LEDGER && at->row->verb == ROW_CREATE) {
        check_placed(at);
    } else if (at->row->log == ROW_LEDGER && at->row->verb == ROW_UPDATE && at->before != NULL) {
        check_updated(at);
        check_rollout(at);
    }
}

static void check_author(const struct looking *at)
{
    bool is_assignment = at->row->kind == &assignment_kind;

    if (at->row->log == ROW_LEDGER && !is_assignment && is_by(at->row, "reconciler")) {
        refuse(at, "the reconciler declares nothing");
    }
    if (at->row->log == ROW_LEDGER && is_assignment && at->row->verb == ROW_CREATE &&
        !is_by(at->row, "reconciler")) {
        refuse(at, "only the reconciler makes assignments");
    }
    if (at->before != NULL && !str_eq(at->before->uid, at->row->uid)) {
        refuse(at, "another object of that name is there");
    }
}

static void check_precondition(const struct looking *at)
{
    const struct expectation *wanted = map_find(&at->reference->expectations, at->row->why);
    uint64_t found;

    if (wanted == NULL || at->row->log != ROW_LEDGER ||
        (wanted->name[0] != '\0' && !str_eq(wanted->name, at->row->name))) {
        return;
    }
    found = wanted->name[0] == '\0' ? at->reference->desired
            : at->before == NULL    ? 0
                                    : at->before->revision;
    /* Desired state as a whole may be older than what it was looked at. */
    if ((wanted->name[0] == '\0' ? found > wanted->revision : found != wanted->revision) &&
        !wanted->is_met) {
        sim_fail(at->sim, "precondition",
                 "%s was to be made upon revision %" PRIu64 ", and was upon %" PRIu64, at->row->why,
                 wanted->revision, found);
    }
    ((struct expectation *)wanted)->is_met = true; /* later rows of the same set follow the first */
}

static void check_row(struct sim *sim, const struct row *row)
{
    struct looking at = {.sim = sim,
                         .reference = sim->reference,
                         .row = row,
                         .before = reference_find(sim->reference, row->kind->name, row->name)};

    if (row->kind->is_event) {
        return;
    }
    if (row->body != NULL && row->body->size_bytes > OBJECT_BYTES_MAX) {
        sim_fail(sim, "caps", "%s of %zu bytes is stored", row->name, row->body->size_bytes);
    }
    arena_init(&at.arena);
    at.body = ref_parse(&at.arena, row->body);
    check_author(&at);
    check_precondition(&at);
    if (row->kind == &assignment_kind) {
        check_assignment(&at);
    }
    if (row->kind == &agent_kind && row->log == ROW_STATUS) {
        check_reputation(sim, row->name, at.body);
    }
    check_sources_row(sim, row, at.body, at.before);
    check_owners_row(sim, row, at.body, at.before);
    alerts_row(sim, row, at.body, at.before);
    check_revert_row(sim, row, at.body, at.before);
    check_tasks(sim, row, at.body);
    check_period_row(sim, row, at.body);
    check_gang_row(sim, row, at.body);
    arena_fini(&at.arena);
}

void check_found(struct sim *sim, const struct stored_change *change)
{
    struct row row = reference_row_of(change);
    struct arena arena;
    struct node *body;

    if (row.revision <= sim->reference->revision || row.kind->is_event) {
        return;
    }
    arena_init(&arena);
    body = row.verb == ROW_DELETE ? NULL : ref_parse(&arena, row.body);
    alerts_found(sim, &row, body);
    check_period_found(sim, &row, body);
    arena_fini(&arena);
}

void check_rows(struct sim *sim, const struct batch *batch)
{
    for (size_t i = 0; i < batch->rows.count && !sim->has_failed; i++) {
        check_row(sim, &batch->rows.items[i]);
        reference_take(sim->reference, &batch->rows.items[i]);
        check_quorum_hears(sim, batch->rows.items[i].kind, batch->rows.items[i].name);
    }
    if (!sim->has_failed) {
        check_gangs(sim, batch);
    }
    if (batch->rows.count > 0) {
        vec_add(&sim->reference->batches, sim->reference->revision);
    }
}

void check_expect(struct sim *sim, const char *key, const char *name, uint64_t revision)
{
    struct expectation *wanted = ARENA_NEW(&sim->reference->arena, struct expectation);

    wanted->name = arena_strdup(&sim->reference->arena, name);
    wanted->revision = revision;
    (void)map_put(&sim->reference->expectations, key, wanted);
}
