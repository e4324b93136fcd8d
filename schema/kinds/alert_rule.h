/* AlertRule: a condition over the controller's metrics, and who is told when it holds.
 *
 * What each state means and how a rule moves is controller/core/alerts.h. */
#pragma once

#include "schema/object.h"

struct log_receiver {
    uint64_t set;
    int level; /* enum alert_level */
};

enum alert_level { ALERT_LEVEL_WARNING, ALERT_LEVEL_ERROR, ALERT_LEVEL_INFO };

struct webhook_receiver {
    uint64_t set;
    const char *url;
    int64_t timeout_ms;
};

struct alert_receiver { /* one of them is given */
    uint64_t set;
    struct log_receiver log;
    struct webhook_receiver webhook;
};

enum alert_severity { ALERT_CRITICAL, ALERT_WARNING, ALERT_INFO };

struct alert_rule_spec {
    uint64_t set;
    const char *expr; /* of schema/metric_where.h */
    int64_t for_ms, cooldown_ms;
    int severity; /* enum alert_severity */
    const char *summary;
    LIST_OF(struct alert_receiver) receivers;
};

enum alert_state { ALERT_INACTIVE, ALERT_PENDING, ALERT_FIRING };

struct alert_notice { /* a notification that a receiver has not taken yet */
    uint64_t set;
    const char *id; /* the same for each try, and never of another notification */
    int64_t number; /* of the rule's notifications, from 1 */
    const char *to; /* alert_receiver_text() */
    int state;      /* enum alert_state: FIRING, or INACTIVE for "resolved" */
    struct wall since;
    const char *value;
};

struct alert_rule_status {
    uint64_t set;
    int state; /* enum alert_state */
    struct wall since;
    const char *value;     /* of what the rule asks for, when it came to this state */
    int64_t notifications; /* made so far */
    LIST_OF(struct alert_notice) unsent;
    struct wall fired, resolved; /* when it did last */
    conditions_t conditions;
};

struct alert_rule { /* the body */
    uint64_t set;
    struct alert_rule_spec spec;
    struct alert_rule_status status;
};

extern const char *const alert_state_words[], *const alert_severity_words[];
extern const struct shape alert_rule_shape, alert_rule_status_shape, alert_notice_shape;
extern const struct kind alert_rule_kind;

/* NULL: it is the log. */
const struct webhook_receiver *alert_receiver_webhook(const struct alert_receiver *receiver);
#define ALERT_RECEIVER_LOG "log" /* no URL is like it */

/* That, or the URL: what tells a rule's receivers apart. */
const char *alert_receiver_text(const struct alert_receiver *receiver);

static inline const struct alert_rule *alert_rule_of(const struct object *object)
{
    return object->kind == &alert_rule_kind ? object->body : NULL;
}
