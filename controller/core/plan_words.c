/* What plans are called when people read of them. */
#include "controller/core/plan.h"

#include <assert.h>
#include <string.h>

const char *plan_action_to_str(enum plan_action action)
{
    static const char *const words[] = {"start", "stop", "restart", "move", "replace", "update"};

    assert(action < PLAN_ACTION_COUNT);
    return words[action];
}

const char *why_to_str(enum why why)
{
    static const char *const words[] = {"PolicyMissing", "GivenUp",  "Failed",       "NoAgent",
                                        "RolloutPaused", "Drifted",  "GangTimedOut", "AgentAway",
                                        "Leased",        "BackOff",  "GangWaits",    "Failing",
                                        "Starting",      "Updating", "Stopping"};

    assert(why < WHY_COUNT);
    return words[why];
}

static const char *failure_words(struct arena *arena, const struct assignment_entry *copy,
                                 size_t message_length)
{
    const struct assignment_status *status = assignment_status(copy);
    const char *reason = str_is_empty(status->reason) ? "it failed" : status->reason;

    if (message_length == 0) {
        return arena_printf(arena, "%s on %s", reason, assignment_spec(copy)->agent);
    }
    return arena_printf(arena, "%s on %s (%.*s)", reason, assignment_spec(copy)->agent,
                        (int)message_length, status->message);
}

const char *plan_failure_words(struct arena *arena, const struct assignment_entry *copy)
{
    const char *message = assignment_status(copy)->message;

    return failure_words(arena, copy, str_is_empty(message) ? 0 : strlen(message));
}

/* Without when its agent was to start it again: it is not. */
static const char *last_words(struct arena *arena, const struct assignment_entry *copy)
{
    const char *message = assignment_status(copy)->message;
    const char *again = str_is_empty(message) ? NULL : strstr(message, ASSIGNMENT_STARTED_AGAIN);

    return again == NULL ? plan_failure_words(arena, copy)
                         : failure_words(arena, copy, (size_t)(again - message));
}

#define LAST_FAILURE ", the last: "

const char *plan_give_up_words(struct arena *arena, const struct assignment_entry *copy,
                               unsigned failures)
{
    return arena_printf(arena, "given up after %u failure%s in a row" LAST_FAILURE "%s", failures,
                        failures == 1 ? "" : "s", last_words(arena, copy));
}

bool plan_gave_up_for(const char *words, const char *reason)
{
    const char *last = words == NULL ? NULL : strstr(words, LAST_FAILURE);

    if (last == NULL) {
        return false;
    }
    last += strlen(LAST_FAILURE);
    return strncmp(last, reason, strlen(reason)) == 0 && last[strlen(reason)] == ' ';
}
