/* Evaluating alert rules, and the queue of what their receivers have not taken yet.
 *
 * What must not be lost is in the rule's status: its state, how many notifications it made, and
 * those that nobody took yet.  Times, tries and what is on its way are kept beside it in memory, by
 * the rule's uid, and begin anew with the core. */
#include "controller/core/alerts.h"

#include "controller/core/backoff.h"
#include "controller/core/metrics.h"
#include "schema/base/site.h"
#include "schema/base/utf8.h"
#include "schema/json.h"
#include "schema/kinds/alert_rule.h"
#include "schema/limits.h"
#include "schema/metric_where.h"

#include <inttypes.h>
#include <stdlib.h>

struct sending {   /* of one notification to one receiver */
    char *id, *to; /* owned */
    bool is_under_way, is_taken, is_wanted;
    unsigned failures;
    struct mono next_at; /* under way: when nobody has answered; else: when it is tried */
};

struct memo { /* of a rule */
    char uid[UID_TEXT_SIZE];
    int64_t generation;
    struct mono holds_since; /* of a Pending rule */
    struct mono cool_at;
    bool is_seen; /* by the sweep under way */
    struct {
        VEC_OF(struct sending);
    } sendings;
};

struct alerts {
    struct map memos; /* uid → struct memo */
    bool has_begun;
    struct mono evaluate_at;
    struct mono send_at; /* the next try, or answer that is overdue */
    size_t under_way[2]; /* calls, and lines of the log: who hangs holds up no line */
};

static const struct write by_controller = {ROW_STATUS, "fog-controller", "", ""};

struct alerts *alerts_new(void)
{
    struct alerts *alerts = MEM_NEW(struct alerts);

    map_init(&alerts->memos);
    alerts->evaluate_at = alerts->send_at = MONO_NEVER;
    return alerts;
}

static size_t *under_way_beside(struct alerts *alerts, const struct sending *sending)
{
    return &alerts->under_way[str_eq(sending->to, ALERT_RECEIVER_LOG)];
}

static void set_under_way(struct alerts *alerts, struct sending *sending, bool is_under_way)
{
    size_t *count = under_way_beside(alerts, sending);

    *count = *count - sending->is_under_way + is_under_way;
    sending->is_under_way = is_under_way;
}

static void sending_fini(struct sending *sending)
{
    free(sending->id);
    free(sending->to);
}

static void memo_free(struct memo *memo)
{
    vec_each (&memo->sendings, it) {
        sending_fini(it);
    }
    vec_fini(&memo->sendings);
    free(memo);
}

void alerts_free(struct alerts *alerts)
{
    map_each (&alerts->memos, it) {
        memo_free(it->value);
    }
    map_fini(&alerts->memos);
    free(alerts);
}

/* --- memos ------------------------------------------------------------------------------------ */

static struct memo *memo_of(struct ctl *ctl, const struct object *object)
{
    const struct alert_rule *rule = alert_rule_of(object);
    struct memo *memo = map_find(&ctl->alerts->memos, object->meta.uid);

    if (memo == NULL) {
        memo = MEM_NEW(struct memo);
        (void)snprintf(memo->uid, sizeof(memo->uid), "%s", object->meta.uid);
        memo->generation = object->meta.generation;
        memo->holds_since = ctl->now;
        memo->cool_at = rule->status.notifications > 0 && rule->status.state != ALERT_FIRING
                            ? mono_after(ctl->now, rule->spec.cooldown_ms)
                            : MONO_ZERO;
        (void)map_put(&ctl->alerts->memos, memo->uid, memo);
    }
    return memo;
}

static void forget_removed(struct ctl *ctl)
{
    struct alerts *alerts = ctl->alerts;
    struct {
        VEC_OF(struct memo *);
    } gone = {0};

    if (alerts->memos.count == ctl->model.objects[KIND_ALERT_RULE].count) {
        return;
    }
    map_each (&alerts->memos, it) {
        struct memo *memo = it->value;

        if (!memo->is_seen) {
            vec_add(&gone, memo);
        }
        memo->is_seen = false;
    }
    vec_each (&gone, it) {
        (void)map_remove(&alerts->memos, (*it)->uid);
        vec_each (&(*it)->sendings, sending) {
            set_under_way(alerts, sending, false);
        }
        memo_free(*it);
    }
    vec_fini(&gone);
}

/* --- moves ------------------------------------------------------------------------------------ */

static const char *bounded(struct object *object, const char *text, size_t max)
{
    char *copy = arena_strdup(&object->arena, text);
    size_t length = strlen(copy);

    if (length > max) {
        copy[utf8_valid_bytes(copy, max)] = '\0'; /* no half character */
    }
    return copy;
}

static bool has_room(const struct alert_rule *rule)
{
    return rule->status.unsent.count + rule->spec.receivers.count <= ALERT_UNSENT_MAX;
}

static size_t told_at_once(const struct alert_rule *rule)
{
    size_t all = rule->spec.receivers.count;

    return all > 1 && MUTANT(ALERT_MISSED) ? 1 : all;
}

static void add_notices(struct ctl *ctl, struct object *next)
{
    struct alert_rule *rule = next->body;
    struct alert_rule_status *status = &rule->status;
    size_t count = status->unsent.count, more = told_at_once(rule);
    struct alert_notice *items = arena_array(&next->arena, count + more + 1, sizeof(items[0]));

    if (count > 0) {
        memcpy(items, status->unsent.items, count * sizeof(items[0]));
    }
    for (size_t i = 0; i < more; i++) {
        struct alert_notice *notice = &items[count + i];
        const char *id = arena_printf(&next->arena, "%s.%" PRIu64 ".%" PRId64, next->meta.uid,
                                      ctl->era, status->notifications);

        shape_put(&alert_notice_shape, notice, id, id);
        shape_put(&alert_notice_shape, notice, number, status->notifications);
        shape_put(&alert_notice_shape, notice, to,
                  object_strdup(next, alert_receiver_text(&rule->spec.receivers.items[i])));
        shape_put(&alert_notice_shape, notice, state, status->state);
        shape_put(&alert_notice_shape, notice, since, status->since);
        shape_put(&alert_notice_shape, notice, value, status->value);
    }
    status->unsent.items = items;
    status->unsent.count = count + more;
    if (more > 0) {
        shape_mark(&alert_rule_status_shape, status, &status->unsent);
    }
}

static void tell_people(struct ctl *ctl, const struct object *object)
{
    const struct alert_rule *rule = alert_rule_of(object);
    bool fires = rule->status.state == ALERT_FIRING;
    const char *summary = str_is_empty(rule->spec.summary) ? rule->spec.expr : rule->spec.summary;

    ctl_event_repeat(ctl, object, fires ? "Warning" : "Normal", fires ? "Firing" : "Resolved", "",
                     arena_printf(&ctl->arena, "%.1024s: %s", summary, rule->status.value));
}

static void move(struct ctl *ctl, const struct object *object, enum alert_state state,
                 const char *value)
{
    struct object *next = object_edit(object);
    struct alert_rule *rule = next->body;
    struct alert_rule_status *status = &rule->status;
    bool is_told = state == ALERT_FIRING || status->state == ALERT_FIRING;

    shape_put(&alert_rule_status_shape, status, state, (int)state);
    shape_put(&alert_rule_status_shape, status, since, ((struct wall){ctl->wall.ms / 1000 * 1000}));
    shape_put(&alert_rule_status_shape, status, value, bounded(next, value, ALERT_VALUE_BYTES_MAX));
    shape_put(&alert_rule_status_shape, status, notifications, status->notifications + is_told);
    if (state == ALERT_FIRING) {
        shape_put(&alert_rule_status_shape, status, fired, status->since);
    } else if (is_told) {
        shape_put(&alert_rule_status_shape, status, resolved, status->since);
    }
    if (is_told) {
        add_notices(ctl, next);
    }
    shape_mark(&alert_rule_shape, rule, status);
    next = ctl_put(ctl, next, &by_controller);
    if (is_told) {
        tell_people(ctl, next);
    }
}

/* Rules 2, 3 and 8. */
static enum alert_state next_state(const struct ctl *ctl, const struct alert_rule *rule,
                                   struct memo *memo, enum where_truth truth)
{
    enum alert_state state = (enum alert_state)rule->status.state;

    if (state == ALERT_FIRING) {
        return truth == WHERE_FALSE && has_room(rule) ? ALERT_INACTIVE : ALERT_FIRING;
    }
    if (truth != WHERE_TRUE) {
        return ALERT_INACTIVE;
    }
    if (state == ALERT_INACTIVE) {
        memo->holds_since = ctl->now;
    }
    return mono_since(memo->holds_since, ctl->now) >= rule->spec.for_ms &&
                   mono_is_due(memo->cool_at, ctl->now) && has_room(rule)
               ? ALERT_FIRING
               : ALERT_PENDING;
}

static void evaluate(struct ctl *ctl, const struct object *object, const struct metric_view *view)
{
    const struct alert_rule *rule = alert_rule_of(object);
    struct memo *memo = memo_of(ctl, object);
    _cleanup_(str_fini)
    struct str value = STR_EMPTY;
    struct problems problems;
    struct where where;
    enum alert_state state;

    if (memo->generation != object->meta.generation) {
        memo->generation = object->meta.generation;
        memo->holds_since = ctl->now;
    }
    problems_init(&problems, &ctl->arena, NULL);
    if (object_is_deleting(object) ||
        where_parse(&ctl->arena, &metric_where_names, rule->spec.expr, &problems, &where) < 0) {
        return;
    }
    state = next_state(ctl, rule, memo, where_eval(&where, metric_where_get, view));
    if ((int)state == rule->status.state) {
        return;
    }
    if (rule->status.state == ALERT_FIRING) {
        memo->cool_at = mono_after(ctl->now, rule->spec.cooldown_ms);
    }
    metric_where_text(&where, view, &value);
    move(ctl, object, state, value.data);
}

static void evaluate_all(struct ctl *ctl)
{
    struct metrics *metrics = ARENA_NEW(&ctl->arena, struct metrics);
    struct metric_view view = {.core = metrics, .shell = ctl->told};
    const struct map *rules = &ctl->model.objects[KIND_ALERT_RULE];

    metrics_gather(ctl, metrics);
    ctl_begin(ctl, false);
    map_each (rules, it) {
        const struct object *object = ((const struct entry *)it->value)->object;

        memo_of(ctl, object)->is_seen = true;
        if (ctl->changes.count < STEP_STORES_MAX) { /* else at the next evaluation */
            evaluate(ctl, object, &view);
        }
    }
    ctl_commit(ctl);
    forget_removed(ctl);
}

/* --- sending ---------------------------------------------------------------------------------- */

static struct sending *sending_find(struct memo *memo, const char *id, const char *to)
{
    vec_each (&memo->sendings, it) {
        if (str_eq(it->id, id) && str_eq(it->to, to)) {
            return it;
        }
    }
    return NULL;
}

static bool is_receiver(const struct alert_rule *rule, const char *to)
{
    for (size_t i = 0; i < rule->spec.receivers.count; i++) {
        if (str_eq(alert_receiver_text(&rule->spec.receivers.items[i]), to)) {
            return true;
        }
    }
    return false;
}

static bool is_over(struct memo *memo, const struct alert_rule *rule,
                    const struct alert_notice *notice)
{
    const struct sending *sending = sending_find(memo, notice->id, notice->to);

    return (sending != NULL && sending->is_taken) || !is_receiver(rule, notice->to);
}

/* Rule 7, and the second half of rule 8. */
static const struct object *drop_what_is_over(struct ctl *ctl, struct memo *memo,
                                              const struct object *object)
{
    const struct alert_rule *rule = alert_rule_of(object);
    struct object *next;
    struct alert_rule_status *status;
    size_t kept = 0, over = 0;

    for (size_t i = 0; i < rule->status.unsent.count; i++) {
        over += is_over(memo, rule, &rule->status.unsent.items[i]);
    }
    if (over == 0 || ctl->store_is_full) {
        return object;
    }
    next = object_edit(object);
    status = &((struct alert_rule *)next->body)->status;
    for (size_t i = 0; i < status->unsent.count; i++) {
        if (!is_over(memo, rule, &status->unsent.items[i])) {
            status->unsent.items[kept++] = status->unsent.items[i];
        }
    }
    status->unsent.count = kept;
    if (kept == 0) {
        shape_remove(&alert_rule_status_shape, status, &status->unsent);
        condition_set(next, &status->conditions, "Delivered", CONDITION_TRUE, "Taken",
                      "every receiver has taken what it was told", next->meta.generation,
                      ctl->wall);
        shape_mark(&alert_rule_status_shape, status, &status->conditions);
    }
    shape_mark(&alert_rule_shape, next->body, status);
    ctl_begin(ctl, false);
    object = ctl_put(ctl, next, &by_controller);
    ctl_commit(ctl);
    return object;
}

static struct blob *body_of(struct ctl *ctl, const struct object *object,
                            const struct alert_notice *notice)
{
    const struct alert_rule_spec *spec = &alert_rule_of(object)->spec;
    struct arena *arena = &ctl->arena;
    struct node *root = node_map(arena);
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    char since[WALL_TEXT_SIZE];

    wall_to_str(notice->since, since);
    node_set(arena, root, "id", node_str(arena, notice->id));
    node_set(arena, root, "controller", node_str(arena, ctl->options.name));
    node_set(arena, root, "rule", node_str(arena, object->meta.name));
    node_set(arena, root, "number", node_int(arena, notice->number));
    node_set(arena, root, "state",
             node_str(arena, notice->state == ALERT_FIRING ? "Firing" : "Resolved"));
    node_set(arena, root, "severity", node_str(arena, alert_severity_words[spec->severity]));
    node_set(arena, root, "since", node_str(arena, since));
    node_set(arena, root, "value", node_str(arena, notice->value));
    /* What people wrote, as long as they liked, comes last: a line of a log may be cut. */
    node_set(arena, root, "summary", node_str(arena, spec->summary == NULL ? "" : spec->summary));
    node_set(arena, root, "expr", node_str(arena, spec->expr));
    json_emit(root, JSON_PLAIN, &text);
    return blob_from_str(&text);
}

static void send_one(struct ctl *ctl, const struct object *object, struct sending *sending,
                     const struct alert_notice *notice)
{
    const struct alert_rule *rule = alert_rule_of(object);
    struct effect effect = {.type = EFFECT_NOTIFY, .after = ctl->batch->seq};

    for (size_t i = 0; i < rule->spec.receivers.count; i++) {
        const struct alert_receiver *receiver = &rule->spec.receivers.items[i];
        const struct webhook_receiver *webhook = alert_receiver_webhook(receiver);

        if (str_eq(alert_receiver_text(receiver), notice->to)) {
            effect.notify.level = receiver->log.level;
            effect.notify.url = webhook == NULL ? NULL : mem_strdup(webhook->url);
            effect.notify.timeout_ms = webhook == NULL || webhook->timeout_ms == 0
                                           ? WEBHOOK_TIMEOUT_MS
                                           : webhook->timeout_ms;
        }
    }
    effect.notify.rule = mem_strdup(object->meta.name);
    effect.notify.id = mem_strdup(notice->id);
    effect.notify.to = mem_strdup(notice->to);
    effect.bytes = body_of(ctl, object, notice);
    vec_add(ctl->effects, effect);
    set_under_way(ctl->alerts, sending, true);
    sending->next_at = mono_after(ctl->now, ALERT_ANSWER_MS);
    ctl->alerts->send_at = mono_earlier(ctl->alerts->send_at, sending->next_at);
}

static struct sending *sending_of(struct memo *memo, const struct alert_notice *notice)
{
    struct sending *sending = sending_find(memo, notice->id, notice->to);

    if (sending == NULL) {
        struct sending fresh = {.id = mem_strdup(notice->id), .to = mem_strdup(notice->to)};

        vec_add(&memo->sendings, fresh);
        sending = &memo->sendings.items[memo->sendings.count - 1];
    }
    return sending;
}

static bool is_first_of_its_receiver(const struct alert_rule_status *status, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (str_eq(status->unsent.items[i].to, status->unsent.items[index].to)) {
            return false;
        }
    }
    return true;
}

static void failed(struct ctl *ctl, struct sending *sending)
{
    set_under_way(ctl->alerts, sending, false);
    sending->next_at = MUTANT(ALERT_GIVEN_UP)
                           ? MONO_NEVER
                           : mono_after(ctl->now, backoff_ms(++sending->failures, &ctl->rand));
}

static void forget_unwanted(struct alerts *alerts, struct memo *memo)
{
    for (size_t i = memo->sendings.count; i-- > 0;) {
        struct sending *it = &memo->sendings.items[i];

        if (!it->is_wanted) {
            set_under_way(alerts, it, false);
            sending_fini(it);
            vec_remove(&memo->sendings, i);
        } else {
            it->is_wanted = false;
        }
    }
}

static void send_of(struct ctl *ctl, const struct object *object)
{
    struct alerts *alerts = ctl->alerts;
    struct memo *memo = memo_of(ctl, object);
    const struct alert_rule_status *status;

    object = drop_what_is_over(ctl, memo, object);
    status = &alert_rule_of(object)->status;
    for (size_t i = 0; i < status->unsent.count; i++) {
        const struct alert_notice *notice = &status->unsent.items[i];
        struct sending *sending;

        if (!is_first_of_its_receiver(status, i)) {
            continue;
        }
        sending = sending_of(memo, notice);
        sending->is_wanted = true;
        if (sending->is_taken) {
            continue;
        }
        if (sending->is_under_way && mono_is_due(sending->next_at, ctl->now)) {
            failed(ctl, sending);
        }
        if (!mono_is_due(sending->next_at, ctl->now)) {
            alerts->send_at = mono_earlier(alerts->send_at, sending->next_at);
        } else if (*under_way_beside(alerts, sending) < ALERT_SENDS_MAX) { /* else a bit later */
            send_one(ctl, object, sending, notice);
        }
    }
    forget_unwanted(alerts, memo);
}

static void say_delivered_not(struct ctl *ctl, const struct object *object,
                              const struct notified *notified)
{
    const struct condition *condition =
        condition_find(&alert_rule_of(object)->status.conditions, "Delivered");
    const char *message =
        arena_printf(&ctl->arena, "%.300s: %.300s; it is tried again", notified->to,
                     notified->why == NULL ? "no answer" : notified->why);
    struct object *next;
    struct alert_rule *rule;

    if (ctl->store_is_full || (condition != NULL && condition->status == CONDITION_FALSE &&
                               str_eq(condition->message, message))) {
        return;
    }
    next = object_edit(object);
    rule = next->body;
    condition_set(next, &rule->status.conditions, "Delivered", CONDITION_FALSE, "NotTaken", message,
                  next->meta.generation, ctl->wall);
    shape_mark(&alert_rule_status_shape, &rule->status, &rule->status.conditions);
    shape_mark(&alert_rule_shape, rule, &rule->status);
    ctl_begin(ctl, false);
    (void)ctl_put(ctl, next, &by_controller);
    ctl_commit(ctl);
}

void on_notified(struct ctl *ctl, const struct notified *notified)
{
    const struct object *object = model_find(&ctl->model, KIND_ALERT_RULE, notified->rule);
    const struct alert_rule_status *status;

    if (object == NULL) {
        return;
    }
    status = &alert_rule_of(object)->status;
    for (size_t i = 0; i < status->unsent.count; i++) {
        const struct alert_notice *notice = &status->unsent.items[i];
        struct sending *sending;

        if (!str_eq(notice->id, notified->id) || !str_eq(notice->to, notified->to)) {
            continue;
        }
        sending = sending_of(memo_of(ctl, object), notice);
        ctl->alerts->send_at = ctl->now;
        if (notified->is_taken && !MUTANT(ALERT_TWICE)) {
            set_under_way(ctl->alerts, sending, false);
            sending->is_taken = true;
        } else if (!sending->is_taken) {
            failed(ctl, sending);
            say_delivered_not(ctl, object, notified);
        }
        return;
    }
}

/* --- doors ------------------------------------------------------------------------------------ */

/* After a start nobody is connected yet, and rules would say so. */
static void begin(struct ctl *ctl)
{
    ctl->alerts->has_begun = true;
    ctl->alerts->evaluate_at = mono_after(ctl->started_at, ctl->options.alerts_after_ms);
    ctl->alerts->send_at = ctl->now;
}

void alerts_settle(struct ctl *ctl)
{
    struct alerts *alerts = ctl->alerts;
    bool sends = mono_is_due(alerts->send_at, ctl->now);

    if (!alerts->has_begun) {
        begin(ctl);
        sends = true;
    }
    if (ctl->model.objects[KIND_ALERT_RULE].count == 0 && alerts->memos.count == 0) {
        return;
    }
    if (mono_is_due(alerts->evaluate_at, ctl->now)) {
        alerts->evaluate_at = mono_after(ctl->now, ALERT_INTERVAL_MS);
        sends = true;
        if (!ctl->store_is_full) {
            evaluate_all(ctl);
        }
    }
    if (sends) {
        alerts->send_at = MONO_NEVER;
        map_each (&ctl->model.objects[KIND_ALERT_RULE], it) {
            send_of(ctl, ((const struct entry *)it->value)->object);
        }
    }
}

struct mono alerts_deadline(const struct ctl *ctl)
{
    bool has_any = ctl->model.objects[KIND_ALERT_RULE].count > 0 || ctl->alerts->memos.count > 0;

    return has_any ? mono_earlier(ctl->alerts->evaluate_at, ctl->alerts->send_at) : MONO_NEVER;
}
