/* Policies, applied to what runs here. */
#include "agent/core/govern.h"

#include "agent/core/model.h"
#include "schema/base/parse.h"
#include "schema/base/site.h"
#include "schema/limits.h"

#include <stdio.h>
#include <string.h>

static bool is_under_policy(const struct agt *agt, const struct work *work)
{
    return agt->options.settings.owner_policy != NULL ||
           template_policy(&work->wanted.template) != NULL;
}

static bool is_governable(const struct work *work)
{
    switch (work->state) {
    case WORK_WAITING:
    case WORK_STARTING:
    case WORK_RUNNING:
    case WORK_SUSPENDED:
    case WORK_STOPPING:
    case WORK_COLLECTING: /* what is sent uses the network, and the processor */
        return work->is_wanted;
    case WORK_DONE: /* the same, while it may have to be sent again */
        return work->is_wanted && work->collect.keeps_files;
    case WORK_FAILED:
    case WORK_STOPPED:
    case WORK_STATE_COUNT:
        break;
    }
    return false;
}

/* Is there anything that a policy could hold or slow, or give less time to end? */
static bool is_governing(const struct agt *agt)
{
    map_each (&agt->set.works, entry) {
        const struct work *work = work_of(entry);

        if ((is_governable(work) || work->run.is_open) && is_under_policy(agt, work)) {
            return true;
        }
    }
    return false;
}

/* --- readings -----------------------------------------------------------------------------------
 */

void govern_on_readings(struct agt *agt, const struct agt_event *event)
{
    struct governor *governor = &agt->governor;

    for (size_t i = 0; i < SENSOR_COUNT; i++) {
        const struct reading *now = &event->readings.now->of[i];
        struct reading *kept = &governor->readings.of[i];

        /* One that tells nothing for a moment is as old as its last word: policies say how old that
         * may be. */
        if (now->state != READING_UNKNOWN || kept->state != READING_KNOWN ||
            mono_since(kept->at, agt->now) > SENSORS_STALE_MS) {
            *kept = *now;
        }
    }
    governor->has_readings = true;
    governor->read_at = agt->now;
    (void)snprintf(governor->exclusive, sizeof(governor->exclusive), "%s",
                   event->readings.exclusive_program == NULL ? ""
                                                             : event->readings.exclusive_program);
}

void govern_on_welcome(struct agt *agt)
{
    agt->governor.told_at = MONO_ZERO;
}

/* By how much a reading must move to be worth telling; 0: by anything. */
static int64_t worth_telling(enum sensor sensor, int64_t told)
{
    switch (sensor) {
    case SENSOR_BATTERY:
    case SENSOR_CHARGING:
    case SENSOR_METERED:
        return 0;
    case SENSOR_TEMPERATURE:
        return 1000;
    case SENSOR_FOREIGN_CPU:
    case SENSOR_MEMORY_PRESSURE:
        return 5 * 1000;
    case SENSOR_MEMORY_AVAILABLE:
        return told / 8;
    case SENSOR_LOAD:
        return 500;
    case SENSOR_IDLE:
    case SENSOR_COUNT:
        break;
    }
    return INT64_MAX;
}

static bool has_moved(enum sensor sensor, const struct reading *told, const struct reading *now)
{
    int64_t by;

    if (told->state != now->state || now->state != READING_KNOWN) {
        return told->state != now->state;
    }
    if (sensor == SENSOR_IDLE) { /* who hears nothing takes it that nobody came meanwhile */
        return now->value + IDLE_TELL_MS < told->value + mono_since(told->at, now->at);
    }
    by = now->value < told->value ? told->value - now->value : now->value - told->value;
    return by > worth_telling(sensor, told->value);
}

static bool have_moved(const struct governor *governor)
{
    for (size_t i = 0; i < SENSOR_COUNT; i++) {
        if (has_moved((enum sensor)i, &governor->told.of[i], &governor->readings.of[i])) {
            return true;
        }
    }
    return false;
}

/* Another time zone, or somebody set the clock. */
static bool has_local_time_moved(const struct agt *agt)
{
    int64_t by_ms = agt->local.ms - agt->now.ms - agt->governor.told_local_ms;

    return by_ms > LOCAL_TIME_TELL_MS || by_ms < -LOCAL_TIME_TELL_MS;
}

void govern_tell(struct agt *agt, struct wire_heartbeat *heartbeat)
{
    struct governor *governor = &agt->governor;

    if (!governor->has_readings ||
        (governor->told_at.ms != 0 && !has_local_time_moved(agt) &&
         mono_since(governor->told_at, agt->now) < SENSORS_TELL_MS && !have_moved(governor))) {
        return;
    }
    MARK("a heartbeat tells readings");
    sensors_from_readings(&agt->out.effects->arena, &governor->readings, agt->now, SENSORS_STALE_MS,
                          &heartbeat->sensors);
    heartbeat->utc_offset_minutes = (agt->local.ms - agt->wall.ms) / (60 * 1000);
    heartbeat->clock = agt->wall;
    governor->told = governor->readings;
    governor->told_at = agt->now;
    governor->told_local_ms = agt->local.ms - agt->now.ms;
}

struct mono agt_readings_due(const struct agt *agt)
{
    const struct governor *governor = &agt->governor;
    int64_t every_ms = is_governing(agt) ? POLICY_STEP_MS : agt->link.heartbeat_ms;

    if (!agt->is_started || (!is_governing(agt) && !link_is_welcomed(agt))) {
        return MONO_NEVER;
    }
    return governor->has_readings ? mono_after(governor->read_at, every_ms) : agt->now;
}

/* --- changes ------------------------------------------------------------------------------------
 */

static void note_change(struct agt *agt, struct governed *governed)
{
    struct change *change;

    if (governed->change_count == POLICY_CHANGES_MAX) {
        memmove(&governed->changes[0], &governed->changes[1],
                (POLICY_CHANGES_MAX - 1) * sizeof(governed->changes[0]));
        governed->change_count--;
        governed->dropped++;
    }
    change = &governed->changes[governed->change_count++];
    /* An agent that lost its state goes on above what it said before. */
    governed->newest = governed->newest >= agt->wall.ms ? governed->newest + 1 : agt->wall.ms;
    *change = (struct change){.number = governed->newest,
                              .at = agt->wall,
                              .outcome = governed->outcome,
                              .reason = governed->reason};
    (void)snprintf(change->message, sizeof(change->message), "%s", governed->message);
    agt->saver.is_due = true;
}

void govern_list_changes(struct arena *arena, const struct governed *governed,
                         struct wire_change **ret_changes)
{
    struct wire_change *changes = arena_array(arena, governed->change_count + 1, sizeof(*changes));

    for (size_t i = 0; i < governed->change_count; i++) {
        const struct change *from = &governed->changes[i];

        changes[i] = (struct wire_change){.number = from->number,
                                          .at = from->at,
                                          .outcome = policy_outcome_words[from->outcome],
                                          .reason = policy_reason_words[from->reason],
                                          .message = from->message};
    }
    *ret_changes = changes;
}

void govern_report(struct agt *agt, struct work *work, struct wire_report_item *item)
{
    struct governed *governed = &work->governed;

    govern_list_changes(&agt->out.effects->arena, governed, &item->changes.items);
    item->changes.count = governed->change_count;
    item->dropped = governed->dropped;
    governed->sent = governed->newest;
    governed->dropped_sent = governed->dropped;
}

void govern_on_reported(struct work *work)
{
    struct governed *governed = &work->governed;
    size_t kept = 0;

    for (size_t i = 0; i < governed->change_count; i++) {
        if (governed->changes[i].number > governed->sent) {
            governed->changes[kept++] = governed->changes[i];
        }
    }
    governed->change_count = kept;
    governed->dropped -= governed->dropped_sent;
    governed->dropped_sent = 0;
}

void govern_take_back(struct work *work)
{
    work->governed.sent = work->governed.dropped_sent = 0;
}

/* --- judging ------------------------------------------------------------------------------------
 */

/* An agent that comes and goes would otherwise let suspended work keep its memory for ever. */
static void count_from(struct policy_state *state, struct mono since)
{
    if (since.ms > 0 && !mono_is_never(state->held_since) && !MUTANT(HELD_ANEW)) {
        state->held_since = mono_earlier(state->held_since, since);
        state->rests_since = mono_earlier(state->rests_since, since);
    }
}

static void begin(const struct agt *agt, struct work *work)
{
    struct governed *governed = &work->governed;

    bool was_held = work->run.was_suspended || work->state == WORK_SUSPENDED;

    if (!governed->has_begun) { /* what was found frozen may have waited for the first readings */
        policy_begin(&governed->state, agt->now, was_held);
        count_from(&governed->state, governed->frozen_since);
        governed->state.ran_ms = governed->ran_before_ms;
        governed->has_begun = true;
    }
}

/* What is held and nobody looked at for longer than a reading counts may have been held for more by
 * now, and that may be over again: who stood still takes it as found frozen.  So is what ran: its
 * shim has suspended it, and may tell so later than this. */
static void look_again(const struct agt *agt, struct work *work)
{
    struct policy_state *state = &work->governed.state, before = *state;
    int64_t most_ms = govern_unwatched_ms(agt, work);

    bool ran = work->state == WORK_RUNNING;

    if ((ran || work->state == WORK_SUSPENDED) && most_ms > 0 &&
        mono_since(state->stepped, agt->now) > most_ms) {
        policy_begin(state, agt->now, true);
        state->ran_ms = before.ran_ms + (ran ? most_ms : 0);
        state->rests_since = before.rests_since;
        state->held_since = mono_earlier(before.held_since, agt->now);
    }
}

static struct policy_input input_of(const struct agt *agt, const struct work *work)
{
    const struct governor *governor = &agt->governor;

    return (struct policy_input){
        .spec = template_policy(&work->wanted.template),
        .owner_spec = agt->options.settings.owner_policy,
        .readings = &governor->readings,
        .moment = {agt->now, MUTANT(WINDOWS_IN_UTC) ? agt->wall : agt->local},
        .owner_paused = agt->is_paused,
        .exclusive_program = governor->exclusive[0] == '\0' ? NULL : governor->exclusive,
        .is_running =
            work->state == WORK_RUNNING || (work->state == WORK_STOPPING && work->run.is_open),
        .is_absent = work->state == WORK_WAITING || work->state == WORK_COLLECTING,
        .is_waiting = work->state == WORK_WAITING,
        .has_ended = work->state == WORK_COLLECTING || work->state == WORK_DONE,
    };
}

static void judge(struct agt *agt, struct work *work)
{
    struct governed *governed = &work->governed;
    const struct policy_input input = input_of(agt, work);
    struct policy_verdict verdict;

    begin(agt, work);
    look_again(agt, work);
    policy_step(&input, &governed->state, &verdict);
    governed->cpu_percent = verdict.cpu_percent;
    governed->grace_ms = verdict.grace_ms;
    governed->owner_forbids = verdict.owner_forbids;
    if (verdict.outcome != governed->outcome || verdict.reason != governed->reason) {
        trace_add(&agt->trace, agt->now, "work %s: policy says %s: %s %s", work->wanted.uid,
                  policy_outcome_words[verdict.outcome], policy_reason_words[verdict.reason],
                  verdict.message);
        governed->outcome = verdict.outcome;
        governed->reason = verdict.reason;
        (void)snprintf(governed->message, sizeof(governed->message), "%s", verdict.message);
        note_change(agt, governed);
    }
}

/* Nothing begins on readings of a time at which nobody needed them. */
static bool lacks_readings(const struct agt *agt, const struct work *work)
{
    const struct governor *governor = &agt->governor;

    return is_under_policy(agt, work) &&
           (!governor->has_readings ||
            (work->state == WORK_WAITING &&
             mono_since(governor->read_at, agt->now) > 2 * POLICY_STEP_MS));
}

void govern(struct agt *agt, struct work *work)
{
    if (is_governable(work) && !lacks_readings(agt, work) &&
        (link_is_welcomed(agt) || !MUTANT(POLICY_ONLINE_ONLY))) {
        judge(agt, work);
    }
}

struct mono govern_deadline(const struct agt *agt, const struct work *work)
{
    if (!is_governable(work) || !is_under_policy(agt, work)) {
        return MONO_NEVER;
    }
    if (lacks_readings(agt, work)) {
        return mono_after(agt->started_at, READINGS_AWAITED_MS);
    }
    return mono_after(work->governed.state.stepped, POLICY_STEP_MS);
}

/* --- nobody watched -----------------------------------------------------------------------------
 */

int64_t govern_unwatched_ms(const struct agt *agt, const struct work *work)
{
    const struct harvest_policy_spec *policy = template_policy(&work->wanted.template);
    const struct harvest_policy_spec *owner = agt->options.settings.owner_policy;
    int64_t most_ms = INT64_MAX;

    if ((policy == NULL && owner == NULL) || MUTANT(SILENCE_ALLOWED)) {
        return 0;
    }
    if (policy != NULL) {
        most_ms = policy->session.stale_sensor_ms;
    }
    if (owner != NULL && owner->session.stale_sensor_ms < most_ms) {
        most_ms = owner->session.stale_sensor_ms;
    }
    return most_ms < SILENCE_MIN_MS ? SILENCE_MIN_MS : most_ms;
}

void govern_on_lapsed(struct agt *agt, struct work *work)
{
    struct governed *governed = &work->governed;
    char limit[DURATION_TEXT_SIZE];
    int64_t ran_ms = governed->has_begun ? governed->state.ran_ms : governed->ran_before_ms;

    duration_to_str(govern_unwatched_ms(agt, work), limit);
    policy_begin(&governed->state, agt->now, true);
    governed->state.ran_ms = ran_ms;
    governed->has_begun = true;
    governed->outcome = POLICY_SUSPEND;
    governed->reason = REASON_STALE_SENSOR;
    (void)snprintf(governed->message, sizeof(governed->message),
                   "its agent stood still or was away: nobody read the sensors for %s", limit);
    note_change(agt, governed);
}

void govern_on_frozen(struct work *work, struct mono since)
{
    work->governed.frozen_since = since;
    if (work->governed.has_begun && work->state == WORK_SUSPENDED) {
        count_from(&work->governed.state, since);
    }
}

/* --- what follows ------------------------------------------------------------------------------
 */

bool govern_is_held(const struct agt *agt, const struct work *work)
{
    if (lacks_readings(agt, work)) {
        return work->state != WORK_RUNNING || work->run.was_suspended ||
               mono_is_due(mono_after(agt->started_at, READINGS_AWAITED_MS), agt->now);
    }
    return work->governed.outcome >= POLICY_SUSPEND;
}

/* Who is hot, or does not know whether it is, or whose owner said so, does not wait. */
static bool is_patient(enum policy_reason reason)
{
    switch (reason) {
    case REASON_ON_BATTERY:
    case REASON_BATTERY_LOW:
    case REASON_USER_ACTIVE:
    case REASON_OUTSIDE_WINDOW:
    case REASON_FOREIGN_CPU:
    case REASON_METERED:
    case REASON_MAX_DURATION:
        return true;
    case REASON_OVERHEATED:
        return MUTANT(HEAT_WAITS);
    case REASON_NONE:
    case REASON_HEAT_WAIT:
    case REASON_OWNER_PAUSED:
    case REASON_EXCLUSIVE_PROGRAM:
    case REASON_STALE_SENSOR:
    case REASON_MEMORY_PRESSURE:
    case REASON_COOLDOWN:
    case REASON_COUNT:
        break;
    }
    return false;
}

bool govern_may_wait(const struct agt *agt, const struct work *work)
{
    return !lacks_readings(agt, work) && work->governed.outcome == POLICY_SUSPEND &&
           is_patient(work->governed.reason);
}

/* What is not wanted any more has no changes to tell, so nothing is kept. */
bool govern_is_against_end(const struct agt *agt, const struct work *work)
{
    const struct policy_input input = input_of(agt, work);
    struct policy_verdict verdict;

    if (work->is_wanted || !is_under_policy(agt, work)) {
        return false;
    }
    if (!agt->governor.has_readings) {
        return mono_is_due(mono_after(agt->started_at, READINGS_AWAITED_MS), agt->now);
    }
    policy_predict(&input, &verdict);
    return verdict.outcome >= POLICY_SUSPEND;
}

bool govern_evicts(const struct agt *agt, const struct work *work)
{
    return work->governed.outcome == POLICY_EVICT && !lacks_readings(agt, work);
}

bool govern_says(const struct agt *agt, const struct work *work, const char **ret_reason,
                 const char **ret_message)
{
    const struct governed *governed = &work->governed;

    if (governed->outcome != POLICY_RUN) {
        *ret_reason = policy_reason_words[governed->reason];
        *ret_message = governed->message;
    } else if (lacks_readings(agt, work) && !agt->governor.has_readings) {
        *ret_reason = policy_reason_words[REASON_STALE_SENSOR];
        *ret_message = "the machine's sensors have not been read yet";
    } else {
        return false;
    }
    return true;
}
