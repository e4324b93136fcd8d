/* What is held, and what is said of it: the fleet is asked, and the reason has to be the rule that
 * is broken in truth. */
#include "tests/sim/day.h"

#include "tests/sim/judge.h"
#include "tests/sim/machine.h"
#include "tests/sim/reference.h"
#include "tests/sim/shim.h"

enum { TOLD_S = 5 }; /* a report is there, and read */

static const struct node *find_assignment(const struct node *list, const char *uid)
{
    for (size_t i = 0; list != NULL && i < list->list.count; i++) {
        if (str_eq(ref_text(list->list.items[i], "metadata.uid"), uid)) {
            return list->list.items[i];
        }
    }
    return NULL;
}

/* What told nothing until now, or its last word from before. */
static bool may_be_blind(const struct day_device *device, const struct day_work *work,
                         const char *reason)
{
    return day_felt_blind(&device->life) &&
           (str_eq(reason, rule_words[RULE_BLIND]) ||
            (work->rule != RULE_BLIND && (str_eq(reason, rule_words[RULE_ON_BATTERY]) ||
                                          str_eq(reason, rule_words[RULE_METERED]))));
}

/* A threshold that was passed for a second only was seen, or was not. */
static bool may_be(const struct day_latches *latches, const char *reason)
{
    return (latches->felt_hot &&
            (str_eq(reason, rule_words[RULE_HOT]) || str_eq(reason, rule_words[RULE_HEAT_WAIT]))) ||
           (latches->felt_low && str_eq(reason, rule_words[RULE_LOW])) ||
           (latches->felt_crowded && str_eq(reason, rule_words[RULE_FOREIGN]));
}

static void check_word(struct day *day, const struct day_device *device,
                       const struct day_work *work, const struct node *list)
{
    const struct node *assignment = find_assignment(list, work->shim->uid);
    const char *phase = ref_text(assignment, "status.phase");
    const char *reason = ref_text(assignment, "status.reason");

    if (assignment == NULL) {
        return; /* it was taken back meanwhile */
    }
    day->reasons_told++;
    if (!str_eq(phase, "Suspended") ||
        (!str_eq(reason, rule_words[work->rule]) && !may_be(&work->latches, reason) &&
         !may_be_blind(device, work, reason))) {
        sim_fail(day->sim, "says-why", "%s (%s): %s is held for %s, and said to be %s for %s",
                 device->machine->name, habit_words[device->life.habit], work->shim->session,
                 rule_words[work->rule], phase, reason);
    }
}

void day_ask_why(struct day *day)
{
    _cleanup_(arena_fini)
    struct arena arena = {0};
    struct answer_got got =
        judge_ask(day->sim, &arena, "GET", "/apis/fog/v1/assignments", NULL, NULL);
    const struct node *list = node_find(got.root, "items");

    for (size_t i = 0; i < day->count; i++) {
        const struct day_device *device = &day->devices[i];

        vec_each (&device->works, work) {
            bool is_held = work->gone_s == 0 && work->shim->is_frozen &&
                           work->shim->state == SHIM_RUNNING && work->frozen_s > TOLD_S;

            if (is_held && work->rule != RULE_NONE && work->rule_s > TOLD_S &&
                !device->is_blocked && day->second - device->blocked_at_s > 60 &&
                !day->sim->has_failed) {
                check_word(day, device, work, list);
            }
        }
    }
}
