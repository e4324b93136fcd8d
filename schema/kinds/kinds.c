/* The table of kinds, in the order of enum kind_id. */
#include "schema/kind.h"

#include "schema/kinds/agent.h"
#include "schema/kinds/alert_rule.h"
#include "schema/kinds/assignment.h"
#include "schema/kinds/conflict.h"
#include "schema/kinds/event.h"
#include "schema/kinds/harvest_policy.h"
#include "schema/kinds/harvest_session.h"
#include "schema/kinds/source.h"

const struct kind *const kinds[KIND_COUNT] = {
    [KIND_AGENT] = &agent_kind,
    [KIND_HARVEST_POLICY] = &harvest_policy_kind,
    [KIND_HARVEST_SESSION] = &harvest_session_kind,
    [KIND_ASSIGNMENT] = &assignment_kind,
    [KIND_EVENT] = &event_kind,
    [KIND_SOURCE] = &source_kind,
    [KIND_CONFLICT] = &conflict_kind,
    [KIND_ALERT_RULE] = &alert_rule_kind,
};
