/* What the controller decides by is in the session's status; this puts it into words. */
#include "tools/fogctl/rollout_gate.h"

#include "schema/base/mono.h"
#include "schema/base/parse.h"

#include <string.h>

enum { TIME_AT = sizeof("2000-01-01T") - 1 };

static bool has_reason(const struct node *condition, const char *reason)
{
    return str_eq(text_of(condition, "reason"), reason);
}

/* By the controller's clock, and the time of the day only: a deadline is minutes, not days. */
static const char *until_of(struct fogctl *fogctl, const struct node *rollout,
                            const struct node *spec, bool goes_back)
{
    char text[WALL_TEXT_SIZE];
    struct wall moment;
    int64_t ms;

    if (!wall_from_str(text_of(rollout, "progressTime"), &moment) ||
        !duration_from_str(text_of(spec, "progressDeadline"), &ms)) {
        return "";
    }
    moment.ms += ms;
    wall_to_str(moment, text);
    return arena_printf(&fogctl->arena, " (more by %s, or it %s)",
                        strlen(text) > TIME_AT ? text + TIME_AT : text,
                        goes_back ? "is reverted" : "fails");
}

const struct node *session_condition(const struct node *session, const char *type)
{
    const struct node *conditions = node_find_path(session, "status.conditions");

    for (size_t i = 0; i < list_count(conditions); i++) {
        if (str_eq(text_of(conditions->list.items[i], "type"), type)) {
            return conditions->list.items[i];
        }
    }
    return NULL;
}

void gate_read(struct fogctl *fogctl, const struct node *session, struct gate *ret_gate)
{
    const struct node *rollout = node_find_path(session, "status.rollout");
    const struct node *spec = node_find_path(session, "spec.rollout");
    const struct node *condition = session_condition(session, "Progressing");
    int64_t generation = int_of(node_find(session, "metadata"), "generation");
    int64_t good = int_of(rollout, "goodGeneration");
    const struct node *every_agent = node_find_path(session, "spec.everyAgent");

    *ret_gate = (struct gate){
        .has_deadline = text_of(spec, "progressDeadline")[0] != '\0' && rollout != NULL,
        .is_observed = int_of(rollout, "generation") == generation,
        .is_good = good == generation,
        .is_late = has_reason(condition, "ProgressDeadlineExceeded") ||
                   has_reason(condition, "RolloutFailed"),
        .is_nobodys = every_agent != NULL && every_agent->type == NODE_BOOL &&
                      every_agent->boolean && int_of(node_find(session, "status"), "desired") == 0,
        .is_revert = int_of(rollout, "revertGeneration") == generation,
        .until = "",
        .stays = text_of(spec, "healthyAfter"),
        .words = text_of(condition, "message")};
    ret_gate->goes_back = str_eq(text_of(spec, "onFailure"), "revert") && good != 0 &&
                          !ret_gate->is_good && !ret_gate->is_revert &&
                          int_of(rollout, "settledGeneration") != generation &&
                          !has_reason(condition, "RolloutPaused");
    if (ret_gate->has_deadline && !ret_gate->is_good && !ret_gate->is_late &&
        !has_reason(condition, "RolloutPaused")) {
        ret_gate->until = until_of(fogctl, rollout, spec, ret_gate->goes_back);
    }
}
