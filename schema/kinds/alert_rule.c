/* AlertRule: its table and rules. */
#include "schema/kinds/alert_rule.h"

#include "schema/base/str.h"
#include "schema/check.h"
#include "schema/forms.h"
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

static const struct field webhook_fields[] = {
    {"url", FIELD_STR, AT(struct webhook_receiver, url), .flags = FIELD_REQUIRED,
     .max = ALERT_URL_BYTES_MAX, .check_text = form_is_url,
     .doc = "http:// or https://; what it answers with 2xx it has taken; certificates are "
            "verified, redirects are not followed"},
    /* No fallback: it would make the list another one than was applied. */
    {"timeout", FIELD_DURATION, AT(struct webhook_receiver, timeout_ms), .min = 100,
     .max = WEBHOOK_TIMEOUT_MAX_MS,
     .doc = "for the whole of it, after which it is tried again; 10s when it is not said"},
};

static const struct shape webhook_shape = SHAPE("webhook", struct webhook_receiver, webhook_fields);

static const struct field receiver_fields[] = {
    {"log", FIELD_STRUCT, AT(struct alert_receiver, log), .shape = &log_shape,
     .flags = FIELD_EXPLICIT, .doc = "a line in the controller's log"},
    {"webhook", FIELD_STRUCT, AT(struct alert_receiver, webhook), .shape = &webhook_shape,
     .flags = FIELD_EXPLICIT, .doc = "a POST of JSON to a URL"},
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
    {"fired", FIELD_TIME, AT(struct alert_rule_status, fired), .doc = "when it fired last"},
    {"resolved", FIELD_TIME, AT(struct alert_rule_status, resolved),
     .doc = "when it was resolved last"},
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
    {"State", "status.state", 0},
    {"Since", "status.since", 0},
    {"Value", "status.value", 0},
    {"Notified", "status.notifications", 0},
    {"Fired", "status.fired", 1},
    {"Resolved", "status.resolved", 1},
    {"Severity", "spec.severity", 1},
    {"For", "spec.for", 1},
    {"Cooldown", "spec.cooldown", 1},
    {"Expr", "spec.expr", 1},
    {"Delivered", "status.conditions[Delivered].status", 1},
};

static const char *const short_names[] = {"ar", NULL};
static const char *const categories[] = {"fog", NULL};

const struct webhook_receiver *alert_receiver_webhook(const struct alert_receiver *receiver)
{
    return shape_has(&receiver_shape, receiver, &receiver->webhook) ? &receiver->webhook : NULL;
}

const char *alert_receiver_text(const struct alert_receiver *receiver)
{
    const struct webhook_receiver *webhook = alert_receiver_webhook(receiver);

    return webhook == NULL || webhook->url == NULL ? ALERT_RECEIVER_LOG : webhook->url;
}

static bool is_told_before(const struct alert_rule_spec *spec, size_t index)
{
    const char *text = alert_receiver_text(&spec->receivers.items[index]);

    for (size_t i = 0; i < index; i++) {
        if (str_eq(text, alert_receiver_text(&spec->receivers.items[i]))) {
            return true;
        }
    }
    return false;
}

/* Rule 1: the condition can be read, and asks for metrics that there are.
 * Rule 2: a receiver is one thing.
 * Rule 3: nobody is told twice. */
static void check(const struct object *object, const struct node *root, struct problems *problems)
{
    const struct alert_rule_spec *spec = &alert_rule_of(object)->spec;

    rule_where(spec->expr, &metric_where_names, "spec.expr", root, problems);
    for (size_t i = 0; i < spec->receivers.count; i++) {
        const struct alert_receiver *receiver = &spec->receivers.items[i];
        bool has_log = shape_has(&receiver_shape, receiver, &receiver->log);
        bool has_webhook = alert_receiver_webhook(receiver) != NULL;
        const char *member = has_webhook ? "webhook" : "log";

        if (has_log == has_webhook) {
            check_problem_item(problems, root, has_log ? CAUSE_INVALID : CAUSE_REQUIRED,
                               "spec.receivers", i, member,
                               has_log ? "is there beside log: one of them is a receiver"
                                       : "or webhook is required");
        } else if (is_told_before(spec, i)) {
            check_problem_item(problems, root, CAUSE_DUPLICATE, "spec.receivers", i, member,
                               "is there twice");
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
