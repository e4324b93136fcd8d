/* In which state something is: the words of the dashboard
 * (controller/dashboard/src/model/states.js), and the same judgement; tests/fixtures/states.json
 * holds the cases of both. */
#include "schema/base/str.h"
#include "tools/fogctl/scene_inner.h"

enum { REASONS_MAX = 16 }; /* that are told of one agent */

const char *const scene_state_words[SCENE_STATE_COUNT + 1] = {
    [SCENE_SILENT] = "silent",         [SCENE_DIVERGED] = "diverged",
    [SCENE_CONVERGING] = "converging", [SCENE_CORDONED] = "cordoned",
    [SCENE_SUSPENDED] = "suspended",   [SCENE_IDLE] = "idle",
    [SCENE_CONVERGED] = "converged",
};

const char *const scene_state_meanings[SCENE_STATE_COUNT] = {
    [SCENE_SILENT] = "nothing is heard of it",
    [SCENE_DIVERGED] = "something stands in the way",
    [SCENE_CONVERGING] = "on its way",
    [SCENE_CORDONED] = "it gets no new work",
    [SCENE_SUSPENDED] = "policy holds its work back",
    [SCENE_IDLE] = "nothing is placed there",
    [SCENE_CONVERGED] = "what runs is what was declared",
};

static bool is_moving(const struct scene_work *work)
{
    return work->phase == PHASE_PENDING || work->phase == PHASE_STARTING ||
           work->phase == PHASE_STOPPING;
}

enum scene_state scene_work_state(const struct scene_work *work)
{
    return work->phase == PHASE_SUSPENDED           ? SCENE_SUSPENDED
           : work->is_converged                     ? SCENE_CONVERGED
           : is_moving(work) && work->failures == 0 ? SCENE_CONVERGING
                                                    : SCENE_DIVERGED;
}

enum scene_state scene_session_state(const struct scene_session *session)
{
    return !session->is_judged                          ? SCENE_CONVERGING
           : session->is_converged                      ? SCENE_CONVERGED
           : session->class == DIVERGENCE_CONFIGURATION ? SCENE_CONVERGING
                                                        : SCENE_DIVERGED;
}

static bool is_among(const char *reason, const char *const *told, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(told[i], reason)) {
            return true;
        }
    }
    return false;
}

/* "OnBattery, BatteryLow": of all work on it that is in this state, each once.  False: none is. */
static bool add_reasons(const struct scene_agent *agent, enum scene_state state, struct str *to)
{
    const char *told[REASONS_MAX];
    bool is_any = false;
    size_t count = 0;

    vec_each (&agent->work, it) {
        const char *reason = (*it)->reason;

        if (scene_work_state(*it) != state) {
            continue;
        }
        is_any = true;
        if (reason[0] != '\0' && count < REASONS_MAX && !is_among(reason, told, count)) {
            str_addf(to, "%s%s", count > 0 ? ", " : "", reason);
            told[count++] = reason;
        }
    }
    return is_any;
}

/* The first of these that is true of it. */
static enum scene_state find_state(const struct scene_agent *agent, struct str *reason)
{
    static const enum scene_state of_work[] = {SCENE_DIVERGED, SCENE_CONVERGING, SCENE_SUSPENDED};

    if (!agent->is_connected) {
        str_add(reason, agent->away == NULL ? "" : agent->away);
        return SCENE_SILENT;
    }
    if (agent->is_paused) {
        str_add(reason, "OwnerPaused");
        return SCENE_SUSPENDED;
    }
    for (size_t i = 0; i < COUNT_OF(of_work); i++) {
        if (add_reasons(agent, of_work[i], reason)) {
            return of_work[i];
        }
    }
    if (agent->is_cordoned) {
        str_add(reason, agent->cordon);
        return SCENE_CORDONED;
    }
    return agent->work.count == 0 ? SCENE_IDLE : SCENE_CONVERGED;
}

void scene_judge(struct scene_agent *agent)
{
    struct str reason = STR_EMPTY;

    agent->running = agent->held = 0;
    vec_each (&agent->work, it) {
        agent->running += (*it)->phase == PHASE_RUNNING;
        agent->held += (*it)->phase == PHASE_SUSPENDED;
    }
    agent->state = find_state(agent, &reason);
    scene_keep(&agent->reason, reason.data);
    str_fini(&reason);
}
