/* AlertRule: its table and rules. */
#include "schema/kinds/alert_rule.h"

#include "schema/base/str.h"
#include "schema/check.h"
#include "schema/kinds/rules.h"
#include "schema/limits.h"
#include "schema/metric_where.h"

const char *const alert_state_words[] = {"Inactive", "Pending", "Firing", NULL};
const char *const alert_severity_words[] = {"critical", "warning", "info", NULL};
static const char *const level_words[] = {"warning", "error", "info", NULL};

static const struct field log_fields[] = {
    {"level", FIELD_ENUM, AT(struct log_receiver, level), .words = level_words,
     .doc = "of the line; a warning when it is not said"},
};

static const struct shape log_shape = SHAPE("log", struct log_receiver, log_fields);

static const struct field receiver_fields[] = {
    {"log", FIELD_STRUCT, AT(struct alert_receiver, log), .shape = &log_shape,
     .flags = FIELD_REQUIRED, .doc = "a line in the controller's log"},
};

static const struct shape receiver_shape =
    SHAPE("receiver", struct alert_receiver, receiver_fields);

static const struct field spec_fields[] = {
    {"expr", FIELD_STR, AT(struct alert_rule_spec, expr), .min = 1, .max = WHERE_BYTES_MAX,
     .flags = FIELD_REQUIRED,
     .doc = "condition over metrics, such as fog_agents.away > 3; in the language of WHERE.md, "
            "with the names of ALERTS.md"},
    {"for", FIELD_DURATION, AT(struct alert_rule_spec, for_ms), .max = WORK_TIME_MAX_MS,
     .fallback = "0s", .doc = "how long it must hold without a break before the rule fires"},
    {"cooldown", FIELD_DURATION, AT(struct alert_rule_spec, cooldown_ms), .max = WORK_TIME_MAX_MS,
     .fallback = "5m", .doc = "how long after it was resolved the rule does not fire again"},
    {"severity", FIELD_ENUM, AT(struct alert_rule_spec, severity), .words = alert_severity_words,
     .fallback = "warning", .doc = "how bad it is; told to receivers"},
    {"summary", FIELD_STR, AT(struct alert_rule_spec, summary), .max = ALERT_SUMMARY_BYTES_MAX,
     .doc = "what it means, for the person who is told"},
    {"receivers", FIELD_LIST, AT(struct alert_rule_spec, receivers), .shape = &receiver_shape,
     .max = ALERT_RECEIVERS_MAX,
     .doc = "who is told when the rule fires and when it is resolved; none: it is seen with "
            "`fogctl get alertrules` alone"},
};

static const struct shape spec_shape = SHAPE("spec", struct alert_rule_spec, spec_fields);

static const struct field notice_fields[] = {
    {"id", FIELD_STR, AT(struct alert_notice, id), .max = ALERT_ID_BYTES_MAX,
     .doc = "the same with each try, by which a receiver knows what it has already"},
    {"number", FIELD_INT, AT(struct alert_notice, number),
     .doc = "of the rule's notifications, from 1"},
    {"to", FIELD_STR, AT(struct alert_notice, to), .max = ALERT_URL_BYTES_MAX,
     .doc = "the receiver"},
    {"state", FIELD_ENUM, AT(struct alert_notice, state), .words = alert_state_words,
     .doc = "what is told: Firing, or Inactive when it is resolved"},
    {"since", FIELD_TIME, AT(struct alert_notice, since), .doc = "since when it is"},
    {"value", FIELD_STR, AT(struct alert_notice, value), .max = ALERT_VALUE_BYTES_MAX,
     .doc = "what the metrics were"},
};

const struct shape alert_notice_shape = SHAPE("unsent", struct alert_notice, notice_fields);

static const struct field status_fields[] = {
    {"state", FIELD_ENUM, AT(struct alert_rule_status, state), .words = alert_state_words,
     .doc = "Pending: it holds, but not yet for long enough, or the rule cools down"},
    {"since", FIELD_TIME, AT(struct alert_rule_status, since), .doc = "when it came to this state"},
    {"value", FIELD_STR, AT(struct alert_rule_status, value), .max = ALERT_VALUE_BYTES_MAX,
     .doc = "what the metrics that it asks for were then"},
    {"notifications", FIELD_INT, AT(struct alert_rule_status, notifications), .doc = "made so far"},
    {"unsent", FIELD_LIST, AT(struct alert_rule_status, unsent), .shape = &alert_notice_shape,
     .max = ALERT_UNSENT_MAX,
     .doc = "notifications that a receiver has not taken yet, the oldest first; they are tried "
            "until it has"},
    {"conditions", FIELD_LIST, AT(struct alert_rule_status, conditions), .shape = &condition_shape,
     .map_key = "type", .max = CONDITIONS_MAX,
     .doc = "Delivered: every receiver has taken what it was told, at the first try or since"},
};

const struct shape alert_rule_status_shape =
    SHAPE("status", struct alert_rule_status, status_fields);

static const struct field fields[] = {
    {"spec", FIELD_STRUCT, AT(struct alert_rule, spec), .shape = &spec_shape,
     .flags = FIELD_REQUIRED, .doc = "when it fires, and who is told"},
    {"status", FIELD_STRUCT, AT(struct alert_rule, status), .shape = &alert_rule_status_shape,
     .flags = FIELD_IS_STATUS | FIELD_EXPLICIT, .doc = "whether it fires"},
};

const struct shape alert_rule_shape = SHAPE("AlertRule", struct alert_rule, fields);

static const struct column columns[] = {
    {"STATE", "status.state", 0},
    {"SINCE", "status.since", 0},
    {"VALUE", "status.value", 0},
    {"NOTIFIED", "status.notifications", 0},
    {"SEVERITY", "spec.severity", 1},
    {"FOR", "spec.for", 1},
    {"COOLDOWN", "spec.cooldown", 1},
    {"EXPR", "spec.expr", 1},
    {"DELIVERED", "status.conditions[Delivered].status", 1},
};

static const char *const short_names[] = {"ar", NULL};
static const char *const categories[] = {"fog", NULL};

const char *alert_receiver_text(const struct alert_receiver *receiver)
{
    (void)receiver;
    return "log";
}

/* Rule 1: the condition can be read, and asks for metrics that there are.
 * Rule 2: nobody is told twice. */
static void check(const struct object *object, const struct node *root, struct problems *problems)
{
    const struct alert_rule_spec *spec = &alert_rule_of(object)->spec;

    rule_where(spec->expr, &metric_where_names, "spec.expr", root, problems);
    for (size_t i = 0; i < spec->receivers.count; i++) {
        const struct alert_receiver *receiver = &spec->receivers.items[i];

        for (size_t k = 0; k < i; k++) {
            if (str_eq(alert_receiver_text(receiver),
                       alert_receiver_text(&spec->receivers.items[k]))) {
                check_problem_item(problems, root, CAUSE_DUPLICATE, "spec.receivers", i, "log",
                                   "is there twice");
                break;
            }
        }
    }
}

const struct kind alert_rule_kind = {
    .id = KIND_ALERT_RULE,
    .name = "AlertRule",
    .plural = "alertrules",
    .singular = "alertrule",
    .group = "fog",
    .api_version = "fog/v1",
    .short_names = short_names,
    .categories = categories,
    .doc = "A condition over the controller's metrics.  When it has held for long enough the rule "
           "fires, and its receivers are told; they are told again when it holds no more.",
    .shape = &alert_rule_shape,
    .columns = columns,
    .column_count = COUNT_OF(columns),
    .check = check,
};
