/* The door: what happened goes to the room it concerns, which records it; then all rooms settle,
 * always in the same order; what they want done leaves as effects.  The switch is the map. */
#include "agent/core/agt.h"

#include "agent/core/model.h"
#include "agent/core/set.h"
#include "schema/base/site.h"

#include <assert.h>

struct agt *agt_new(const struct agt_options *options)
{
    struct agt *agt = MEM_NEW(struct agt);
    uint8_t public_key[KEY_SIZE];

    assert(options->name != NULL);
    agt->options = *options;
    key_public(options->key, public_key);
    base64_to_str(public_key, sizeof(public_key), agt->public_key);
    rand_init(&agt->rand, options->seed);
    set_init(&agt->set);
    periods_init(&agt->periods);
    agt->link.deadline = MONO_NEVER;
    agt->reports.resend_at = MONO_NEVER;
    return agt;
}

void agt_free(struct agt *agt)
{
    if (agt == NULL) {
        return;
    }
    set_fini(&agt->set);
    periods_fini(&agt->periods);
    forget_fini(agt);
    vec_fini(&agt->logs);
    out_fini(&agt->out);
    free(agt);
}

int agt_load(struct agt *agt, const char *bytes, size_t size_bytes, struct err *err)
{
    assert(!agt->is_started);
    return saver_load(agt, bytes, size_bytes, err);
}

int64_t agt_back_off(struct agt *agt, unsigned doublings, int64_t min_ms, int64_t max_ms)
{
    int64_t delay_ms = doublings > 20 ? max_ms : min_ms << doublings;

    if (MUTANT(BACK_OFF_STAYS_SHORT)) {
        delay_ms = min_ms;
    }
    if (delay_ms > max_ms) {
        delay_ms = max_ms;
    }
    return rand_between(&agt->rand, delay_ms / 2, delay_ms);
}

static void on_start(struct agt *agt)
{
    assert(!agt->is_started);
    agt->is_started = true;
    agt->started_at = agt->now;
    agt->saver.usage_at = agt->periods.opened_at = agt->now;
    converge_on_start(agt);
    link_on_start(agt);
}

static void on_save_failed(struct agt *agt)
{
    uint64_t step = agt->saver.step;

    set_on_unsaved(agt, step);
    converge_on_unsaved(agt, step);
    report_on_unsaved(agt, step);
}

static bool are_same_labels(const struct strmap *a, const struct strmap *b)
{
    for (size_t i = 0; i < a->count && a->count == b->count; i++) {
        if (!str_eq(a->items[i].key, b->items[i].key) ||
            !str_eq(a->items[i].value, b->items[i].value)) {
            return false;
        }
    }
    return a->count == b->count;
}

static bool is_declared_alike(const struct agt_settings *a, const struct agt_settings *b)
{
    return a->capacity.cores == b->capacity.cores && a->capacity.memory == b->capacity.memory &&
           a->capacity.disk == b->capacity.disk && are_same_labels(&a->labels, &b->labels);
}

/* Judging and sharing follow in this step, as in every other. */
static void on_options(struct agt *agt, const struct agt_settings *settings)
{
    const struct harvest_policy_spec *before = agt->options.settings.owner_policy;
    bool is_alike = is_declared_alike(&agt->options.settings, settings);

    agt->options.settings = *settings;
    if (MUTANT(RULES_OF_BEFORE)) {
        agt->options.settings.owner_policy = before;
    }
    if (!is_alike) {
        link_declare_again(agt);
    }
}

static void on_event(struct agt *agt, const struct agt_event *event)
{
    switch (event->type) {
    case AGT_START:
        on_start(agt);
        break;
    case AGT_TICK:
        break;
    case AGT_LINK_UP:
        link_on_up(agt);
        break;
    case AGT_LINK_FRAME:
        link_on_frame(agt, event->frame.bytes, event->frame.size_bytes);
        break;
    case AGT_LINK_DRAINED:
        logs_on_drained(agt);
        break;
    case AGT_LINK_DOWN:
        link_on_down(agt);
        break;
    case AGT_SAVE_FAILED:
        on_save_failed(agt);
        break;
    case AGT_FOUND:
        converge_on_found(agt, event);
        break;
    case AGT_STARTED:
        converge_on_started(agt, event);
        break;
    case AGT_EXITED:
        converge_on_exited(agt, event);
        break;
    case AGT_USAGE:
        converge_on_usage(agt, event);
        break;
    case AGT_LAPSED:
        converge_on_lapsed(agt, event);
        break;
    case AGT_DRIFTED:
        drift_on_seen(agt, event);
        break;
    case AGT_OWNER:
        agt->is_paused = event->owner_paused;
        break;
    case AGT_FETCHING:
        fetch_on_progress(agt, event);
        break;
    case AGT_FETCHED:
        fetch_on_fetched(agt, event);
        break;
    case AGT_COLLECTED:
        converge_on_collected(agt, event);
        break;
    case AGT_LOG_LINES:
        logs_on_lines(agt, event);
        break;
    case AGT_READINGS:
        govern_on_readings(agt, event);
        break;
    case AGT_OPTIONS:
        on_options(agt, event->settings);
        break;
    }
}

static void settle(struct agt *agt)
{
    link_on_time(agt);
    converge(agt);
    share_out(agt);
    lease_ask(agt);
    set_answer(agt);
    report(agt);
    saver_check_usage(agt);
}

void agt_step(struct agt *agt, const struct agt_event *event, struct agt_effects *effects)
{
    agt->now = mono_later(agt->now, event->now);
    agt->wall = event->wall;
    agt->local = (struct wall){event->wall.ms + event->utc_offset_ms};
    agt->counters.steps++;
    out_begin(agt, effects);
    saver_on_step(agt, event->type == AGT_SAVE_FAILED);
    on_event(agt, event);
    if (agt->is_started) {
        settle(agt);
    }
    out_finish(agt);
}

bool agt_knows(const struct agt *agt, const char *uid)
{
    return set_find(agt, uid) != NULL;
}

struct mono agt_deadline(const struct agt *agt)
{
    struct mono deadline = MONO_NEVER;

    if (!agt->is_started) {
        return deadline;
    }
    deadline = agt_ahead(agt, deadline, link_deadline(agt));
    deadline = agt_ahead(agt, deadline, report_deadline(agt));
    deadline = agt_ahead(agt, deadline, saver_deadline(agt));
    map_each (&agt->set.works, entry) {
        deadline = agt_ahead(agt, deadline, converge_deadline(agt, work_of(entry)));
        deadline = agt_ahead(agt, deadline, lease_deadline(agt, work_of(entry)));
        deadline = agt_ahead(agt, deadline, fetch_deadline(work_of(entry)));
        deadline = agt_ahead(agt, deadline, govern_deadline(agt, work_of(entry)));
        deadline = agt_ahead(agt, deadline, collect_deadline(work_of(entry)));
    }
    return deadline;
}

int64_t agt_cpu_ms(const struct agt *agt)
{
    int64_t sum = agt->set.cpu_forgotten_ms;

    map_each (&agt->set.works, entry) {
        sum += work_contribution(work_of(entry)).cpu_ms;
    }
    return sum;
}

const struct agt_counters *agt_counters(const struct agt *agt)
{
    return &agt->counters;
}
