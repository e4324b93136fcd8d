/* HarvestPolicy: its table and rules.  Why the defaults are what they are:
 * docs/decisions/0001-harvest-defaults.md. */
#include "schema/kinds/harvest_policy.h"

#include "schema/base/str.h"
#include "schema/check.h"
#include "schema/forms.h"
#include "schema/limits.h"

static const char *const weekday_words[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL};
static const char *const unknown_words[] = {"suspend", "ignore", NULL};

static const struct field battery_fields[] = {
    {"minPercent", FIELD_INT, AT(struct battery_policy, min_percent), .max = 100, .fallback = "50",
     .doc = "below this charge work is suspended"},
    {"resumePercent", FIELD_INT, AT(struct battery_policy, resume_percent), .max = 100,
     .fallback = "60", .doc = "at this charge it goes on; not below minPercent"},
    {"requireCharging", FIELD_BOOL, AT(struct battery_policy, require_charging), .fallback = "true",
     .doc = "work only while plugged in"},
};

static const struct field thermal_fields[] = {
    {"throttleCelsius", FIELD_INT, AT(struct thermal_policy, throttle_celsius), .min = 1,
     .max = 150, .fallback = "45", .doc = "from this temperature on work is slowed down"},
    {"suspendCelsius", FIELD_INT, AT(struct thermal_policy, suspend_celsius), .min = 1, .max = 150,
     .fallback = "55", .doc = "from this temperature on it is suspended"},
    {"evictCelsius", FIELD_INT, AT(struct thermal_policy, evict_celsius), .min = 1, .max = 150,
     .fallback = "65", .doc = "from this temperature on it is ended"},
    {"resumeCelsius", FIELD_INT, AT(struct thermal_policy, resume_celsius), .min = 1, .max = 150,
     .fallback = "42", .doc = "at this temperature it goes on; below suspendCelsius"},
    {"dwell", FIELD_DURATION, AT(struct thermal_policy, dwell_ms), .max = WORK_TIME_MAX_MS,
     .fallback = "5m", .doc = "how long it must have been cool before work goes on"},
};

static const struct field user_fields[] = {
    {"startAfterIdle", FIELD_DURATION, AT(struct user_policy, start_after_idle_ms),
     .max = WORK_TIME_MAX_MS, .fallback = "5m",
     .doc = "how long nobody must have used the machine before work starts"},
    {"continueAfterIdle", FIELD_DURATION, AT(struct user_policy, continue_after_idle_ms),
     .max = WORK_TIME_MAX_MS, .fallback = "2m", .doc = "how long before suspended work goes on"},
};

static const struct field foreign_cpu_fields[] = {
    {"suspendPercent", FIELD_INT, AT(struct foreign_cpu_policy, suspend_percent), .min = 1,
     .max = 100, .fallback = "25",
     .doc = "work is suspended while others use more of the processors than this"},
    {"dwell", FIELD_DURATION, AT(struct foreign_cpu_policy, dwell_ms), .max = WORK_TIME_MAX_MS,
     .fallback = "20s", .doc = "how long others must have been below it before work goes on"},
};

static const struct field memory_fields[] = {
    {"evictPercent", FIELD_INT, AT(struct memory_policy, evict_percent), .min = 1, .max = 100,
     .fallback = "10",
     .doc = "work is ended while something waits for memory for more of the time than this"},
    {"minAvailable", FIELD_QUANTITY, AT(struct memory_policy, min_available), .max = INT64_MAX,
     .fallback = "256Mi",
     .doc = "work is ended while less memory than this could be had without swapping"},
    {"dwell", FIELD_DURATION, AT(struct memory_policy, dwell_ms), .max = WORK_TIME_MAX_MS,
     .fallback = "5m", .doc = "how long there must have been enough before work starts again"},
};

static const struct field limits_fields[] = {
    {"cpuPercent", FIELD_INT, AT(struct limits_policy, cpu_percent), .min = 1, .max = 100,
     .fallback = "50", .doc = "share of the machine's processor time that all work may use"},
    {"memoryPercent", FIELD_INT, AT(struct limits_policy, memory_percent), .min = 1, .max = 100,
     .fallback = "30", .doc = "share of the machine's memory that all work may use"},
    {"pids", FIELD_INT, AT(struct limits_policy, pids), .min = 1, .max = PIDS_MAX,
     .fallback = "256", .doc = "processes and threads that one workload may have"},
};

static const struct field network_fields[] = {
    {"metered", FIELD_BOOL, AT(struct network_policy, metered), .fallback = "false",
     .doc = "work also on a connection that is paid by volume"},
};

static const struct field window_fields[] = {
    {"days", FIELD_LIST, AT(struct policy_window, days), .item = FIELD_ENUM, .words = weekday_words,
     .flags = FIELD_SET, .max = 7, .doc = "days on which the window opens; none: every day"},
    {"from", FIELD_STR, AT(struct policy_window, from), .flags = FIELD_REQUIRED,
     .check_text = form_is_clock, .doc = "when it opens, in the machine's local time"},
    {"to", FIELD_STR, AT(struct policy_window, to), .flags = FIELD_REQUIRED,
     .check_text = form_is_clock_end, .doc = "when it closes; earlier than from: on the next day"},
};

static const struct field session_fields[] = {
    {"maxDuration", FIELD_DURATION, AT(struct session_policy, max_duration_ms), .min = 1000,
     .max = WORK_TIME_MAX_MS, .fallback = "8h", .doc = "work rests after running this long"},
    {"cooldown", FIELD_DURATION, AT(struct session_policy, cooldown_ms), .max = WORK_TIME_MAX_MS,
     .fallback = "30m", .doc = "how long it then rests"},
    {"staleSensor", FIELD_DURATION, AT(struct session_policy, stale_sensor_ms), .min = 1000,
     .max = WORK_TIME_MAX_MS, .fallback = "30s",
     .doc = "a reading older than this counts as unknown; work whose machine no agent watched for "
            "so long is suspended"},
    {"maxSuspend", FIELD_DURATION, AT(struct session_policy, max_suspend_ms),
     .max = WORK_TIME_MAX_MS, .fallback = "10m",
     .doc = "work that was suspended for longer is ended to give its memory back"},
    {"grace", FIELD_DURATION, AT(struct session_policy, grace_ms), .max = GRACE_MAX_MS,
     .fallback = "30s", .doc = "time to save its state when the policy ends it"},
};

static const struct shape battery_shape = SHAPE("battery", struct battery_policy, battery_fields);
static const struct shape thermal_shape = SHAPE("thermal", struct thermal_policy, thermal_fields);
static const struct shape user_shape = SHAPE("user", struct user_policy, user_fields);
static const struct shape foreign_cpu_shape =
    SHAPE("foreignCpu", struct foreign_cpu_policy, foreign_cpu_fields);
static const struct shape memory_shape = SHAPE("memory", struct memory_policy, memory_fields);
const struct shape limits_policy_shape = SHAPE("limits", struct limits_policy, limits_fields);
static const struct shape network_shape = SHAPE("network", struct network_policy, network_fields);
static const struct shape window_shape = SHAPE("window", struct policy_window, window_fields);
static const struct shape session_shape = SHAPE("session", struct session_policy, session_fields);

static const struct field spec_fields[] = {
    {"battery", FIELD_STRUCT, AT(struct harvest_policy_spec, battery), .shape = &battery_shape,
     .doc = "charge; a machine without a battery passes"},
    {"thermal", FIELD_STRUCT, AT(struct harvest_policy_spec, thermal), .shape = &thermal_shape,
     .doc = "temperature of the hottest sensor"},
    {"user", FIELD_STRUCT, AT(struct harvest_policy_spec, user), .shape = &user_shape,
     .doc = "the person in front of the machine goes first"},
    {"foreignCpu", FIELD_STRUCT, AT(struct harvest_policy_spec, foreign_cpu),
     .shape = &foreign_cpu_shape, .doc = "processor time used by anything but our work"},
    {"memory", FIELD_STRUCT, AT(struct harvest_policy_spec, memory), .shape = &memory_shape,
     .doc = "the machine's own programs go first"},
    {"limits", FIELD_STRUCT, AT(struct harvest_policy_spec, limits), .shape = &limits_policy_shape,
     .doc = "how much of the machine work may use"},
    {"network", FIELD_STRUCT, AT(struct harvest_policy_spec, network), .shape = &network_shape,
     .doc = "on which connections work may run"},
    {"windows", FIELD_LIST, AT(struct harvest_policy_spec, windows), .shape = &window_shape,
     .max = WINDOWS_MAX, .doc = "times at which work may run; none: always"},
    {"session", FIELD_STRUCT, AT(struct harvest_policy_spec, session), .shape = &session_shape,
     .doc = "how long work may go on, and how it is ended"},
    {"unknown", FIELD_ENUM, AT(struct harvest_policy_spec, unknown), .words = unknown_words,
     .fallback = "suspend",
     .doc = "what to do while a sensor that the machine should have tells nothing"},
};

const struct shape harvest_policy_spec_shape =
    SHAPE("spec", struct harvest_policy_spec, spec_fields);

static const struct field fields[] = {
    {"spec", FIELD_STRUCT, AT(struct harvest_policy, spec), .shape = &harvest_policy_spec_shape,
     .doc = "the conditions; all must hold for work to run"},
};

const struct shape harvest_policy_shape = SHAPE("HarvestPolicy", struct harvest_policy, fields);

static const struct column columns[] = {
    {"CPU%", "spec.limits.cpuPercent", 0},
    {"Memory%", "spec.limits.memoryPercent", 0},
    {"Battery%", "spec.battery.minPercent", 0},
    {"Charging", "spec.battery.requireCharging", 0},
    {"Suspend°C", "spec.thermal.suspendCelsius", 0},
    {"PIDs", "spec.limits.pids", 1},
    {"Idle", "spec.user.startAfterIdle", 1},
    {"Metered", "spec.network.metered", 1},
    {"Max Duration", "spec.session.maxDuration", 1},
    {"Unknown", "spec.unknown", 1},
};

static const char *const short_names[] = {"hp", NULL};
static const char *const categories[] = {"all", "fog", NULL};

/* Rule 1: a battery goes on at a charge at which it would not stop.
 * Rule 2: heat slows down before it suspends, and suspends before it ends.
 * Rule 3: work goes on when it is cooler than where it was suspended.
 * Rule 4: a window has a length. */
static void check(const struct object *object, const struct node *root, struct problems *problems)
{
    const struct harvest_policy_spec *spec = &harvest_policy_of(object)->spec;
    const struct battery_policy *battery = &spec->battery;
    const struct thermal_policy *thermal = &spec->thermal;

    if (battery->resume_percent < battery->min_percent) {
        check_problem(problems, root, CAUSE_INVALID, "spec.battery.resumePercent",
                      "%lld is below minPercent, which is %lld", (long long)battery->resume_percent,
                      (long long)battery->min_percent);
    }
    if (thermal->throttle_celsius > thermal->suspend_celsius) {
        check_problem(problems, root, CAUSE_INVALID, "spec.thermal.throttleCelsius",
                      "%lld is above suspendCelsius, which is %lld",
                      (long long)thermal->throttle_celsius, (long long)thermal->suspend_celsius);
    }
    if (thermal->suspend_celsius > thermal->evict_celsius) {
        check_problem(problems, root, CAUSE_INVALID, "spec.thermal.suspendCelsius",
                      "%lld is above evictCelsius, which is %lld",
                      (long long)thermal->suspend_celsius, (long long)thermal->evict_celsius);
    }
    if (thermal->resume_celsius >= thermal->suspend_celsius) {
        check_problem(problems, root, CAUSE_INVALID, "spec.thermal.resumeCelsius",
                      "%lld is not below suspendCelsius, which is %lld",
                      (long long)thermal->resume_celsius, (long long)thermal->suspend_celsius);
    }
    for (size_t i = 0; i < spec->windows.count; i++) {
        const struct policy_window *window = &spec->windows.items[i];

        if (str_eq(window->from, window->to)) {
            check_problem_item(problems, root, CAUSE_INVALID, "spec.windows", i, "to",
                               "equals from; for a whole day say \"00:00\" to \"24:00\"");
        }
    }
}

const struct kind harvest_policy_kind = {
    .id = KIND_HARVEST_POLICY,
    .name = "HarvestPolicy",
    .plural = "harvestpolicies",
    .singular = "harvestpolicy",
    .group = "fog",
    .api_version = "fog/v1",
    .short_names = short_names,
    .categories = categories,
    .doc = "When, and how much of, a machine may be used by work that is not its owner's.  Agents "
           "enforce it on the machine itself, also while cut off.  What is left out has the "
           "careful default, which suits a laptop in use.",
    .shape = &harvest_policy_shape,
    .columns = columns,
    .column_count = COUNT_OF(columns),
    .check = check,
};
