/* Counts of tasks, as a person would read them off the session. */
#include "tests/sim/judge_tasks.h"

#include "schema/base/parse.h"
#include "schema/base/str.h"
#include "schema/limits.h"
#include "schema/tree.h"
#include "tests/sim/reference.h"

enum { JOB_MS = 8000, SLACK_MS = 5000 };

bool judge_has_tasks(const struct node *session)
{
    return node_find_path(session, "spec.tasks") != NULL;
}

static int64_t left_of(const struct node *session)
{
    int64_t left = ref_int(session, "spec.tasks.count", 0) -
                   ref_int(session, "status.succeeded", 0) - ref_int(session, "status.failed", 0);
    bool is_cut_short =
        ref_flag(session, "spec.tasks.failFast") && ref_int(session, "status.failed", 0) > 0;

    return is_cut_short ? 0 : left;
}

size_t judge_tasks_wanted(const struct node *session)
{
    int64_t left = left_of(session), most = ref_int(session, "spec.tasks.parallelism", 10);

    return (size_t)(left < most ? left : most);
}

/* NULL: nobody is asked now. */
static const struct node *find_asked(const struct node *session, const struct node *assignments,
                                     int64_t task)
{
    for (size_t i = 0; i < assignments->list.count; i++) {
        const struct node *it = assignments->list.items[i];
        int64_t index = -1;

        if (str_eq(ref_text(it, "spec.sessionUid"), ref_text(session, "metadata.uid")) &&
            int_from_str(ref_text(it, "spec.slot"), &index) && index == task) {
            return it;
        }
    }
    return NULL;
}

/* Has the agent said what it thinks of the task?  Any agent when `agent` is NULL. */
static bool has_opinion(const struct node *session, int64_t task, const char *agent)
{
    const struct node *opinions = node_find_path(session, "status.tasks.opinions");

    for (size_t i = 0; opinions != NULL && i < opinions->list.count; i++) {
        const struct node *it = opinions->list.items[i];

        if (ref_int(it, "index", -1) == task &&
            (agent == NULL || str_eq(ref_text(it, "agent"), agent))) {
            return true;
        }
    }
    return false;
}

bool judge_tasks_may_ask(const struct node *session, const struct node *assignments,
                         const char *agent)
{
    size_t undecided = 0, under_way = 0;

    for (int64_t i = 0; i < ref_int(session, "spec.tasks.count", 0); i++) {
        const struct node *asked = find_asked(session, assignments, i);
        bool is_silent = str_eq(ref_text(asked, "status.reason"), "AgentSilent");

        /* Whoever is asked and gone for good keeps the task for want of another to ask. */
        if (asked != NULL && !(is_silent && has_opinion(session, i, NULL))) {
            under_way++;
        } else if (has_opinion(session, i, NULL)) {
            undecided++;
            if (!has_opinion(session, i, agent)) {
                return true;
            }
        }
    }
    return undecided + under_way < judge_tasks_wanted(session) || undecided == 0;
}

bool judge_tasks_end(const struct node *session)
{
    const struct node *words = node_find_path(session, "spec.workload.command");
    const char *verb = node_text(words->list.items[0]);

    return str_eq(verb, "job") || str_eq(verb, "fail") || str_eq(verb, "missing");
}

bool judge_tasks_say_so(const struct node *session, size_t running)
{
    const struct node *conditions = node_find_path(session, "status.conditions");
    bool is_complete = false;

    for (size_t i = 0; conditions != NULL && i < conditions->list.count; i++) {
        const struct node *it = conditions->list.items[i];

        if (str_eq(node_find_text(it, "type"), "Complete")) {
            is_complete = str_eq(node_find_text(it, "status"), "True");
        }
    }
    return is_complete == (left_of(session) == 0) && (!is_complete || running == 0);
}

int64_t judge_tasks_ms(const struct node *session)
{
    int64_t tries =
        ref_int(session, "spec.tasks.retries", 3) + ref_int(session, "spec.tasks.quorum", 1);

    if (!judge_has_tasks(session)) {
        return 0;
    }
    return ref_int(session, "spec.tasks.count", 0) * tries *
           (JOB_MS + SLACK_MS + BREAKER_OPEN_MS + (tries > 1 ? 4 * RESTART_MIN_MS : 0));
}
