/* HarvestSession: its table and rules. */
#include "schema/kinds/harvest_session.h"

#include "schema/base/parse.h"
#include "schema/base/str.h"
#include "schema/bind.h"
#include "schema/check.h"
#include "schema/forms.h"
#include "schema/kinds/requirement.h"
#include "schema/kinds/rules.h"
#include "schema/kinds/session_room.h"
#include "schema/limits.h"
#include "schema/readings.h"
#include "schema/scalar.h"

#include <string.h>

static const char *const expression_words[] = {"In", "NotIn", "Exists", "DoesNotExist", NULL};

static const struct field requirement_fields[] = {
    {"field", FIELD_STR, AT(struct requirement, field), .flags = FIELD_REQUIRED,
     .max = LABEL_KEY_BYTES_MAX + 16,
     .doc = "what of the agent is looked at, a field of docs/WHERE.md: capacity.NAME, "
            "sensors.NAME, reputation.NAME, labels.KEY, name, platform or version"},
    {"op", FIELD_ENUM, AT(struct requirement, op), .words = requirement_words,
     .flags = FIELD_REQUIRED, .doc = "how it is compared"},
    {"value", FIELD_ANY, AT(struct requirement, value),
     .doc = "what it is compared with; a list for in and notIn, absent for exists"},
};

static const struct field expression_fields[] = {
    {"key", FIELD_STR, AT(struct match_expression, key), .flags = FIELD_REQUIRED,
     .check_text = label_key_is_valid, .doc = "key of the label"},
    {"operator", FIELD_ENUM, AT(struct match_expression, op), .words = expression_words,
     .flags = FIELD_REQUIRED, .doc = "how the label is compared"},
    {"values", FIELD_LIST, AT(struct match_expression, values), .item = FIELD_STR,
     .check_text = label_value_is_valid, .flags = FIELD_SET, .max = SELECTOR_VALUES_MAX,
     .doc = "what In and NotIn compare with; absent for the others"},
};

static const struct shape expression_shape =
    SHAPE("matchExpression", struct match_expression, expression_fields);

static const struct field selector_fields[] = {
    {"matchLabels", FIELD_STRMAP, AT(struct label_selector, match_labels), .flags = FIELD_LABELS,
     .max = LABELS_MAX, .doc = "labels that an agent must have, with these values"},
    {"matchExpressions", FIELD_LIST, AT(struct label_selector, match_expressions),
     .shape = &expression_shape, .max = SELECTOR_EXPRESSIONS_MAX,
     .doc = "further conditions on labels"},
};

static const struct field tasks_fields[] = {
    {"count", FIELD_INT, AT(struct tasks_spec, count), .flags = FIELD_REQUIRED, .min = 1,
     .max = TASKS_MAX,
     .doc =
         "how many; each finds its index, from 0, in FOG_TASK_INDEX, and this in FOG_TASK_COUNT"},
    {"parallelism", FIELD_INT, AT(struct tasks_spec, parallelism), .min = 1,
     .max = TASKS_PARALLEL_MAX, .fallback = "10",
     .doc = "how many may be under way at once, on all agents together"},
    {"retries", FIELD_INT, AT(struct tasks_spec, retry_max), .max = RETRIES_MAX, .fallback = "3",
     .doc = "how often a task that failed is tried again, on another agent if there is one"},
    {"quorum", FIELD_INT, AT(struct tasks_spec, quorum), .min = 1, .max = TASK_QUORUM_MAX,
     .doc = "results of different agents that must agree in every output before the task is done; "
            "absent or 1: each is taken as it comes"},
    {"failFast", FIELD_BOOL, AT(struct tasks_spec, fail_fast), .fallback = "false",
     .doc = "once a task has failed for good the others end, too"},
};

static const struct field gang_fields[] = {
    {"deadline", FIELD_DURATION, AT(struct gang_spec, deadline_ms), .min = GANG_DEADLINE_MIN_MS,
     .max = WORK_TIME_MAX_MS, .fallback = "2m",
     .doc = "all replicas run within this time after they were placed, or all are taken back"},
};

static const char *const rollout_failure_words[] = {"pause", "revert", NULL};

static const struct field rollout_fields[] = {
    {"maxUnavailable", FIELD_INT_OR_PERCENT, AT(struct rollout_spec, max_unavailable), .min = 1,
     .max = REPLICAS_MAX, .fallback = "1",
     .doc = "replicas that a change may take down at the same time; a percentage of those wanted "
            "is rounded down, and at least one"},
    {"pause", FIELD_BOOL, AT(struct rollout_spec, pause), .fallback = "false",
     .doc = "begin no further wave of a change"},
    {"progressDeadline", FIELD_DURATION, AT(struct rollout_spec, progress_deadline_ms),
     .min = ROLLOUT_DEADLINE_MIN_MS, .max = WORK_TIME_MAX_MS,
     .doc = "time in which a change has to bring one more replica forward; absent: it may take as "
            "long as it likes"},
    {"healthyAfter", FIELD_DURATION, AT(struct rollout_spec, healthy_after_ms),
     .max = WORK_TIME_MAX_MS, .fallback = "10s",
     .doc = "a change counts as good once all replicas have run as declared for this long in a "
            "row"},
    {"onFailure", FIELD_ENUM, AT(struct rollout_spec, on_failure), .words = rollout_failure_words,
     .fallback = "pause",
     .doc =
         "when progressDeadline is over, or replicas of the newest form were given up on two agents "
         "(or all that are wanted were): pause leaves all as it is, revert goes back to the form "
         "that was good last"},
};

static const struct shape requirement_shape =
    SHAPE("requirement", struct requirement, requirement_fields);
const struct shape label_selector_shape = SHAPE("selector", struct label_selector, selector_fields);
static const struct shape tasks_shape = SHAPE("tasks", struct tasks_spec, tasks_fields);
static const struct shape gang_shape = SHAPE("gang", struct gang_spec, gang_fields);
static const struct shape rollout_shape = SHAPE("rollout", struct rollout_spec, rollout_fields);

static const struct field spec_fields[] = {
    {"policy", FIELD_NAME, AT(struct harvest_session_spec, policy), .reference = "HarvestPolicy",
     .doc = "the policy that it runs under; absent: without limits"},
    {"selector", FIELD_STRUCT, AT(struct harvest_session_spec, selector),
     .shape = &label_selector_shape, .doc = "which agents may run it; absent: all"},
    /* No fallback: a replicas that nobody gave would contradict an everyAgent. */
    {"replicas", FIELD_INT, AT(struct harvest_session_spec, replicas), .max = REPLICAS_MAX,
     .doc = "on how many agents it shall run; absent: 1; not together with everyAgent"},
    {"everyAgent", FIELD_BOOL, AT(struct harvest_session_spec, every_agent), .fallback = "false",
     .doc = "run once on every agent that may run it"},
    {"tasks", FIELD_STRUCT, AT(struct harvest_session_spec, tasks), .shape = &tasks_shape,
     .flags = FIELD_EXPLICIT,
     .doc = "many pieces of work that each end once; not together with replicas or everyAgent"},
    {"gang", FIELD_STRUCT, AT(struct harvest_session_spec, gang), .shape = &gang_shape,
     .flags = FIELD_EXPLICIT,
     .doc = "all replicas are placed together, or none; not together with everyAgent or tasks"},
    {"requirements", FIELD_LIST, AT(struct harvest_session_spec, requirements),
     .shape = &requirement_shape, .max = REQUIREMENTS_MAX,
     .doc = "what an agent must offer when the work is placed"},
    {"where", FIELD_STR, AT(struct harvest_session_spec, where), .min = 1, .max = WHERE_BYTES_MAX,
     .doc = "what must be true of an agent when the work is placed, in the language of "
            "docs/WHERE.md; beside the requirements"},
    {"workload", FIELD_STRUCT, AT(struct harvest_session_spec, workload), .shape = &workload_shape,
     .flags = FIELD_REQUIRED, .doc = "what runs"},
    {"exclusive", FIELD_BOOL, AT(struct harvest_session_spec, exclusive), .fallback = "false",
     .doc = "each replica runs under a lease, so that it never runs twice at once"},
    {"leaseDuration", FIELD_DURATION, AT(struct harvest_session_spec, lease_ms),
     .min = LEASE_MIN_MS, .max = LEASE_MAX_MS, .fallback = "30s",
     .doc = "how long exclusive work runs on without hearing from the controller"},
    {"replaceAfter", FIELD_DURATION, AT(struct harvest_session_spec, replace_after_ms),
     .min = REPLACE_MIN_MS, .max = WORK_TIME_MAX_MS, .fallback = "30s",
     .doc =
         "silence of an agent after which its work is placed elsewhere; a task that is held back "
         "and not in memory goes after so long, too"},
    {"orphanAfter", FIELD_DURATION, AT(struct harvest_session_spec, orphan_after_ms),
     .max = WORK_TIME_MAX_MS, .fallback = "10m",
     .doc = "work whose fog-agent is gone for this long ends; 0s: never"},
    {"grace", FIELD_DURATION, AT(struct harvest_session_spec, grace_ms), .max = GRACE_MAX_MS,
     .fallback = "10s", .doc = "time to end by itself between TERM and KILL"},
    {"retries", FIELD_INT, AT(struct harvest_session_spec, retry_max), .max = RETRIES_MAX,
     .fallback = "5",
     .doc = "failures in a row, on whichever agents, after which a replica is given up; 0: never; "
            "tasks have their own"},
    {"drift", FIELD_ENUM, AT(struct harvest_session_spec, drift), .words = drift_mode_words,
     .doc =
         "what an agent does when somebody changes on the machine what runs there: heal makes it "
         "as declared again, report leaves it and says so; absent: heal"},
    {"rollout", FIELD_STRUCT, AT(struct harvest_session_spec, rollout), .shape = &rollout_shape,
     .doc = "how a change reaches the replicas"},
};

static const struct field task_failure_fields[] = {
    {"index", FIELD_INT, AT(struct task_failure, index), .max = TASKS_MAX, .doc = "which task"},
    {"agent", FIELD_NAME, AT(struct task_failure, agent), .doc = "where it failed last"},
    {"attempts", FIELD_INT, AT(struct task_failure, attempts), .max = INT64_MAX,
     .doc = "how often it was tried"},
    {"exitCode", FIELD_INT, AT(struct task_failure, exit_code), .max = 255,
     .doc = "of the last attempt; 128 + n: ended by signal n"},
    {"reason", FIELD_STR, AT(struct task_failure, reason), .max = 63, .check_text = form_is_reason,
     .doc = "how the last attempt failed, in one word"},
};

const struct shape task_failure_shape =
    SHAPE("taskFailure", struct task_failure, task_failure_fields);

static const struct field task_result_fields[] = {
    {"index", FIELD_INT, AT(struct task_result, index), .max = TASKS_MAX, .doc = "which task"},
    {"outputs", FIELD_LIST, AT(struct task_result, outputs), .shape = &output_status_shape,
     .map_key = "path", .max = ARTIFACTS_MAX, .doc = "what it made"},
};

const struct shape task_result_shape = SHAPE("taskResult", struct task_result, task_result_fields);

static const struct field task_ends_fields[] = {
    {"agent", FIELD_NAME, AT(struct task_ends, agent),
     .doc = "where; absent when too many agents ended tasks to tell of each"},
    {"reason", FIELD_STR, AT(struct task_ends, reason), .max = 63, .check_text = form_is_reason,
     .doc = "how the last attempt failed, in one word; absent: they succeeded"},
    {"exitCode", FIELD_INT, AT(struct task_ends, exit_code), .max = 255,
     .doc = "of a last attempt that failed; 128 + n: ended by signal n"},
    {"indexes", FIELD_STR, AT(struct task_ends, indexes), .max = TASK_INDEXES_MAX,
     .check_text = form_is_indexes, .doc = "which tasks"},
};

const struct shape task_ends_shape = SHAPE("taskEnds", struct task_ends, task_ends_fields);

static const struct field task_opinion_fields[] = {
    {"index", FIELD_INT, AT(struct task_opinion, index), .max = TASKS_MAX, .doc = "which task"},
    {"agent", FIELD_NAME, AT(struct task_opinion, agent), .doc = "whose result it is"},
    {"agentUid", FIELD_STR, AT(struct task_opinion, agent_uid), .max = 63,
     .doc = "uid of that agent, as a name may be used again"},
    {"result", FIELD_STR, AT(struct task_opinion, result), .check_text = form_is_digest,
     .doc = "digest of all its declared outputs: equal when every one of them is"},
    {"failures", FIELD_INT, AT(struct task_opinion, failures), .max = INT64_MAX,
     .doc = "attempts of the task that had failed before"},
};

const struct shape task_opinion_shape =
    SHAPE("taskOpinion", struct task_opinion, task_opinion_fields);

static const struct field task_voter_fields[] = {
    {"agent", FIELD_NAME, AT(struct task_voter, agent), .doc = "whose results were compared"},
    {"agentUid", FIELD_STR, AT(struct task_voter, agent_uid), .max = 63,
     .doc = "uid of that agent, as a name may be used again"},
    {"valid", FIELD_INT, AT(struct task_voter, valid), .max = INT64_MAX,
     .doc = "how many in a row agreed with the quorum; after ten it is trusted"},
    {"invalid", FIELD_INT, AT(struct task_voter, invalid), .max = INT64_MAX,
     .doc = "how many did not, in all"},
};

const struct shape task_voter_shape = SHAPE("taskVoter", struct task_voter, task_voter_fields);

static const struct field tasks_status_fields[] = {
    {"active", FIELD_INT, AT(struct tasks_status, active), .max = INT64_MAX,
     .doc = "tasks that are under way, or between two attempts"},
    {"done", FIELD_STR, AT(struct tasks_status, done), .max = 63,
     .doc = "how many have succeeded, of how many"},
    {"completedIndexes", FIELD_STR, AT(struct tasks_status, completed_indexes),
     .max = TASK_INDEXES_MAX, .check_text = form_is_indexes,
     .doc = "tasks that have succeeded, such as \"0-57,60\"; none of them runs again"},
    {"failedIndexes", FIELD_STR, AT(struct tasks_status, failed_indexes), .max = TASK_INDEXES_MAX,
     .check_text = form_is_indexes,
     .doc = "tasks that have failed for good; none of them runs again"},
    {"failures", FIELD_LIST, AT(struct tasks_status, failures), .shape = &task_failure_shape,
     .max = TASK_FAILURES_MAX, .doc = "the newest of those that failed, the last first"},
    {"results", FIELD_LIST, AT(struct tasks_status, results), .shape = &task_result_shape,
     .max = TASKS_MAX, .doc = "of those that succeeded and had outputs, as they ended"},
    {"ends", FIELD_LIST, AT(struct tasks_status, ends), .shape = &task_ends_shape,
     .max = TASK_ENDS_MAX, .doc = "every task that has ended, by agent and how it failed"},
    {"opinionsOf", FIELD_STR, AT(struct tasks_status, opinions_of), .check_text = form_is_digest,
     .doc = "digest of the form of the session that the opinions are of"},
    {"opinions", FIELD_LIST, AT(struct tasks_status, opinions), .shape = &task_opinion_shape,
     .max = TASK_OPINIONS_MAX,
     .doc = "with a quorum: results that wait for others to agree with them, as they came"},
    {"voters", FIELD_LIST, AT(struct tasks_status, voters), .shape = &task_voter_shape,
     .max = TASK_VOTERS_MAX,
     .doc = "with a quorum: agents whose results were compared, the last first"},
};

const struct shape tasks_status_shape = SHAPE("tasks", struct tasks_status, tasks_status_fields);

static const struct field gang_status_fields[] = {
    {"placedTime", FIELD_TIME, AT(struct gang_status, placed),
     .doc = "when all of it was placed; its deadline counts from here"},
    {"complete", FIELD_BOOL, AT(struct gang_status, complete),
     .doc = "all of it has run at once since then: the deadline was kept"},
    {"takenBack", FIELD_INT, AT(struct gang_status, taken_back), .max = INT64_MAX,
     .doc = "how often in a row it was taken back; each time a longer pause follows"},
};

const struct shape gang_status_shape = SHAPE("gang", struct gang_status, gang_status_fields);

static const struct field rollout_status_fields[] = {
    {"generation", FIELD_INT, AT(struct rollout_status, generation), .max = INT64_MAX,
     .doc = "generation whose rollout it is"},
    {"updated", FIELD_INT, AT(struct rollout_status, updated), .max = INT64_MAX,
     .doc = "the most replicas that were of its form"},
    {"ready", FIELD_INT, AT(struct rollout_status, ready), .max = INT64_MAX,
     .doc = "the most of them that ran as declared"},
    {"progressTime", FIELD_TIME, AT(struct rollout_status, progress),
     .doc = "when there were more of either the last time; progressDeadline counts from here"},
    {"goodGeneration", FIELD_INT, AT(struct rollout_status, good_generation), .max = INT64_MAX,
     .doc = "the newest generation that was good; 0: none was yet"},
    {"goodRevision", FIELD_REVISION, AT(struct rollout_status, good_revision),
     .doc = "a revision at which it was in force"},
    {"settledGeneration", FIELD_INT, AT(struct rollout_status, settled_generation),
     .max = INT64_MAX, .doc = "the newest generation that was gone back from, or could not be"},
    {"revertGeneration", FIELD_INT, AT(struct rollout_status, revert_generation), .max = INT64_MAX,
     .doc = "the newest generation that the controller made by going back; 0: none"},
    {"revertRevision", FIELD_REVISION, AT(struct rollout_status, revert_revision),
     .doc = "the revision whose form that has"},
};

const struct shape rollout_status_shape =
    SHAPE("rollout", struct rollout_status, rollout_status_fields);

static const struct field status_fields[] = {
    {"observedGeneration", FIELD_INT, AT(struct harvest_session_status, observed_generation),
     .max = INT64_MAX, .doc = "generation of the spec that this status speaks of"},
    {"desired", FIELD_INT, AT(struct harvest_session_status, desired), .max = INT64_MAX,
     .doc = "replicas wanted now"},
    {"ready", FIELD_INT, AT(struct harvest_session_status, ready), .max = INT64_MAX,
     .doc = "replicas that run, or are done, as declared"},
    {"updated", FIELD_INT, AT(struct harvest_session_status, updated), .max = INT64_MAX,
     .doc = "replicas of the newest form"},
    {"succeeded", FIELD_INT, AT(struct harvest_session_status, succeeded), .max = INT64_MAX,
     .doc = "replicas that ended as they should"},
    {"failed", FIELD_INT, AT(struct harvest_session_status, failed), .max = INT64_MAX,
     .doc = "replicas that were given up"},
    {"tasks", FIELD_STRUCT, AT(struct harvest_session_status, tasks), .shape = &tasks_status_shape,
     .flags = FIELD_EXPLICIT, .doc = "of a session of tasks: which have ended, and how"},
    {"gang", FIELD_STRUCT, AT(struct harvest_session_status, gang), .shape = &gang_status_shape,
     .flags = FIELD_EXPLICIT, .doc = "of a gang: how far it is"},
    {"rollout", FIELD_STRUCT, AT(struct harvest_session_status, rollout),
     .shape = &rollout_status_shape, .flags = FIELD_EXPLICIT,
     .doc = "where rollouts have a deadline: their progress"},
    {"conditions", FIELD_LIST, AT(struct harvest_session_status, conditions),
     .shape = &condition_shape, .map_key = "type", .max = CONDITIONS_MAX,
     .doc =
         "Converged: everything runs as declared; if not, what stands in the way.  Complete: "
         "every task has ended.  Drifted: a replica was changed on its machine by somebody else.  "
         "Progressing, where rollouts have a deadline: whether a change gets "
         "on"},
};

const struct shape harvest_session_spec_shape =
    SHAPE("spec", struct harvest_session_spec, spec_fields);
const struct shape harvest_session_status_shape =
    SHAPE("status", struct harvest_session_status, status_fields);

static const struct field fields[] = {
    {"spec", FIELD_STRUCT, AT(struct harvest_session, spec), .shape = &harvest_session_spec_shape,
     .flags = FIELD_REQUIRED, .doc = "what shall run, and where"},
    {"status", FIELD_STRUCT, AT(struct harvest_session, status),
     .shape = &harvest_session_status_shape, .flags = FIELD_IS_STATUS | FIELD_EXPLICIT,
     .doc = "how far it is"},
};

const struct shape harvest_session_shape = SHAPE("HarvestSession", struct harvest_session, fields);

static const struct column columns[] = {
    {"Desired", "status.desired", 0},
    {"Ready", "status.ready", 0},
    {"Updated", "status.updated", 0},
    {"Done", "status.tasks.done", 0},
    {"Converged", "status.conditions[Converged].status", 0},
    {"Reason", "status.conditions[Converged].reason", 0},
    {"Policy", "spec.policy", 1},
    {"Exclusive", "spec.exclusive", 1},
    {"Failed", "status.failed", 1},
    {"Message", "status.conditions[Converged].message", 1},
};

static const char *const short_names[] = {"hs", NULL};
static const char *const categories[] = {"all", "fog", NULL};

int64_t harvest_session_replicas(const struct harvest_session_spec *spec)
{
    return shape_has(&harvest_session_spec_shape, spec, &spec->replicas) ? spec->replicas : 1;
}

size_t harvest_session_results_max(const struct harvest_session_spec *spec)
{
    return harvest_session_has_quorum(spec) ? TASK_QUORUM_RESULTS_BYTES_MAX
                                            : TASK_RESULTS_BYTES_MAX;
}

size_t harvest_session_record_max(const struct harvest_session_spec *spec)
{
    return harvest_session_results_max(spec) + TASK_RECORD_BYTES_MAX - TASK_RESULTS_BYTES_MAX;
}

/* --- rules ------------------------------------------------------------------------------------ */

/* Rule 3: In and NotIn take values, Exists and DoesNotExist none. */
static void check_expression(const struct match_expression *expression, const struct node *root,
                             size_t i, struct problems *problems)
{
    static const char list[] = "spec.selector.matchExpressions";
    bool wants_values = expression->op == SELECT_IN || expression->op == SELECT_NOT_IN;

    if (wants_values && expression->values.count == 0) {
        check_problem_item(problems, root, CAUSE_REQUIRED, list, i, "values",
                           "\"%s\" needs at least one value", expression_words[expression->op]);
    }
    if (!wants_values && expression->values.count > 0) {
        check_problem_item(problems, root, CAUSE_FORBIDDEN, list, i, "values",
                           "\"%s\" takes no values", expression_words[expression->op]);
    }
}

/* Rule 9: what is told of all tasks fits into the session. */
static void check_results(const struct harvest_session_spec *spec, const struct node *root,
                          struct problems *problems)
{
    const struct workload *workload = &spec->workload;
    int64_t each = workload->outputs.count == 0 ? 0 : TASK_RESULT_BYTES, all;

    for (size_t i = 0; i < workload->outputs.count; i++) {
        each += TASK_OUTPUT_BYTES + (int64_t)strlen(workload->outputs.items[i].path);
    }
    all = each * spec->tasks.count;
    if (all > (int64_t)harvest_session_results_max(spec)) {
        check_problem(problems, root, CAUSE_INVALID, "spec.tasks.count",
                      "is too large for tasks with these outputs: at most %lld can be told of",
                      (long long)((int64_t)harvest_session_results_max(spec) / each));
    }
}

/* Rule 10: a quorum has something to compare, and what waits to be compared fits. */
static void check_quorum(const struct harvest_session_spec *spec, const struct node *root,
                         struct problems *problems)
{
    const struct tasks_spec *tasks = &spec->tasks;

    if (!harvest_session_has_quorum(spec)) {
        return;
    }
    if (spec->workload.outputs.count == 0) {
        check_problem(problems, root, CAUSE_INVALID, "spec.tasks.quorum",
                      "compares outputs, and spec.workload.outputs declares none");
    }
    if (tasks->parallelism * (tasks->quorum + tasks->retry_max) > TASK_OPINIONS_MAX) {
        check_problem(problems, root, CAUSE_INVALID, "spec.tasks.parallelism",
                      "is too large with this quorum: parallelism × (quorum + retries) may be %d",
                      TASK_OPINIONS_MAX);
    }
}

/* Rule 12: what is told of tasks stays, whatever the session declares now; the indexes of all that
 * there shall be have to fit beside it. */
static void check_record(const struct harvest_session *session, const struct node *root,
                         struct problems *problems)
{
    const struct tasks_status *status = &session->status.tasks;
    size_t bytes = 0;

    for (size_t i = 0; i < status->results.count; i++) {
        bytes += outputs_bytes(&status->results.items[i].outputs);
    }
    if (bytes + (size_t)session->spec.tasks.count * TASK_INDEX_BYTES > TASK_RECORD_BYTES_MAX) {
        check_problem(problems, root, CAUSE_INVALID, "spec.tasks.count",
                      "is too large beside what is told of tasks that have ended: at most %zu can "
                      "be told of",
                      bytes >= TASK_RECORD_BYTES_MAX
                          ? 0
                          : (TASK_RECORD_BYTES_MAX - bytes) / TASK_INDEX_BYTES);
    }
}

/* Rule 8: tasks exclude replicas and everyAgent, and end. */
static void check_tasks(const struct harvest_session *session, const struct node *root,
                        struct problems *problems)
{
    const struct harvest_session_spec *spec = &session->spec;

    if (!harvest_session_has_tasks(spec)) {
        return;
    }
    check_results(spec, root, problems);
    check_quorum(spec, root, problems);
    check_record(session, root, problems);
    if (shape_has(&harvest_session_spec_shape, spec, &spec->replicas)) {
        check_problem(problems, root, CAUSE_FORBIDDEN, "spec.replicas",
                      "excludes tasks; tasks.parallelism says how many run at once");
    }
    if (spec->every_agent) {
        check_problem(problems, root, CAUSE_FORBIDDEN, "spec.everyAgent",
                      "excludes tasks; give one of the two");
    }
    if (spec->workload.restart == RESTART_ALWAYS) {
        check_problem(problems, root, CAUSE_INVALID, "spec.workload.restart",
                      "is \"always\", and a task ends once; tasks.retries says how often one that "
                      "failed is tried again");
    }
}

/* Rule 11: a gang has a number of replicas, few enough for one batch, and is tried again. */
static void check_gang(const struct harvest_session_spec *spec, const struct node *root,
                       struct problems *problems)
{
    if (spec->gang.deadline_ms == 0) {
        return;
    }
    if (spec->every_agent || harvest_session_has_tasks(spec)) {
        check_problem(problems, root, CAUSE_FORBIDDEN, "spec.gang",
                      "excludes everyAgent and tasks; a gang has replicas");
    } else if (harvest_session_replicas(spec) > GANG_MEMBERS_MAX) {
        check_problem(problems, root, CAUSE_INVALID, "spec.replicas",
                      "is too large for a gang: at most %d are placed together", GANG_MEMBERS_MAX);
    }
    if (spec->workload.restart == RESTART_NEVER) {
        check_problem(problems, root, CAUSE_INVALID, "spec.workload.restart",
                      "is \"never\", and a gang of which one failed is tried again as a whole");
    }
}

static bool lies_below(const char *path, const char *folder)
{
    return str_starts(path, folder) && path[strlen(folder)] == '/';
}

/* Rule 13: of two paths of one list neither lies below the other, for a file holds no files. */
static void check_path(const char *path, const char *earlier, const struct node *root,
                       const char *list, size_t i, struct problems *problems)
{
    if (lies_below(path, earlier)) {
        check_problem_item(problems, root, CAUSE_INVALID, list, i, "path",
                           "lies below \"%s\", which is a file", earlier);
    } else if (lies_below(earlier, path)) {
        check_problem_item(problems, root, CAUSE_INVALID, list, i, "path",
                           "is a file, and \"%s\" lies below it", earlier);
    }
}

static void check_paths(const struct workload *workload, const struct node *root,
                        struct problems *problems)
{
    for (size_t i = 1; i < workload->artifacts.count; i++) {
        for (size_t k = 0; k < i; k++) {
            check_path(workload->artifacts.items[i].path, workload->artifacts.items[k].path, root,
                       "spec.workload.artifacts", i, problems);
        }
    }
    for (size_t i = 1; i < workload->outputs.count; i++) {
        for (size_t k = 0; k < i; k++) {
            check_path(workload->outputs.items[i].path, workload->outputs.items[k].path, root,
                       "spec.workload.outputs", i, problems);
        }
    }
}

/* Rule 1: replicas and everyAgent exclude each other.
 * Rule 2: a command line fits into what a process can be given. */
static void check(const struct object *object, const struct node *root, struct problems *problems)
{
    const struct harvest_session_spec *spec = &harvest_session_of(object)->spec;
    size_t command_bytes = 0;

    rule_work_name(object, root, problems);
    if (spec->every_agent && shape_has(&harvest_session_spec_shape, spec, &spec->replicas)) {
        check_problem(problems, root, CAUSE_FORBIDDEN, "spec.replicas",
                      "excludes everyAgent: true; give one of the two");
    }
    check_tasks(harvest_session_of(object), root, problems);
    check_gang(spec, root, problems);
    rule_session_room(object, root, problems);
    check_paths(&spec->workload, root, problems);
    for (size_t i = 0; i < spec->workload.command.count; i++) {
        command_bytes += strlen(spec->workload.command.items[i]) + 1;
    }
    if (command_bytes > COMMAND_BYTES_MAX) {
        check_problem(problems, root, CAUSE_INVALID, "spec.workload.command",
                      "is %zu bytes long, at most %d are allowed", command_bytes,
                      COMMAND_BYTES_MAX);
    }
    if (spec->workload.command.count > 0 && spec->workload.command.items[0][0] == '\0') {
        check_problem(problems, root, CAUSE_INVALID, "spec.workload.command[0]",
                      "is empty; the first word is the program");
    }
    for (size_t i = 0; i < spec->selector.match_expressions.count; i++) {
        check_expression(&spec->selector.match_expressions.items[i], root, i, problems);
    }
    for (size_t i = 0; i < spec->requirements.count; i++) {
        requirement_check(&spec->requirements.items[i], root, i, problems);
    }
    if (spec->where != NULL) {
        session_where_check(spec->where, root, problems);
    }
}

const struct kind harvest_session_kind = {
    .id = KIND_HARVEST_SESSION,
    .name = "HarvestSession",
    .plural = "harvestsessions",
    .singular = "harvestsession",
    .group = "fog",
    .api_version = "fog/v1",
    .short_names = short_names,
    .categories = categories,
    .doc = "A workload, and on how many of which agents it shall run.  The controller places it, "
           "keeps it running there, moves it when an agent is lost, and carries out a change in "
           "waves.",
    .shape = &harvest_session_shape,
    .columns = columns,
    .column_count = COUNT_OF(columns),
    .check = check,
};
