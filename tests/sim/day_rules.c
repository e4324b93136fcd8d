#include "tests/sim/day_rules.h"

#include <inttypes.h>

enum { PERCENT = 1000 * 1000, SLACK_S = 2, STALE_S = 30, REGAINED_S = 20 };

enum { SATURDAY = 1 << 5, WORKDAYS = 31 };

#define CLOCK(hour, minute) ((hour)*60 + (minute))
#define MINUTES(count)      ((count)*60)
#define HOURS(count)        ((count)*3600)

/* Named as the sessions that obey them. */
const struct day_policy day_policies[DAY_POLICIES] = {
    {.name = "climate",
     .min_percent = 50,
     .resume_percent = 60,
     .needs_power = true,
     .throttle = 58,
     .suspend = 70,
     .evict = 85,
     .resume = 54,
     .heat_dwell_s = MINUTES(3),
     .start_idle_s = MINUTES(5),
     .continue_idle_s = MINUTES(2),
     .foreign_percent = 25,
     .foreign_dwell_s = 20,
     .evict_percent = 20,
     .memory_dwell_s = 60,
     .cpu_percent = 50,
     .max_duration_s = HOURS(8),
     .cooldown_s = MINUTES(30),
     .max_suspend_s = MINUTES(30),
     .checkpoint_s = 5,
     .grace_s = 30},
    {.name = "nights",
     .min_percent = 20,
     .resume_percent = 30,
     .needs_power = false,
     .throttle = 60,
     .suspend = 72,
     .evict = 85,
     .resume = 58,
     .heat_dwell_s = MINUTES(5),
     .start_idle_s = MINUTES(3),
     .continue_idle_s = MINUTES(1),
     .foreign_percent = 40,
     .foreign_dwell_s = 60,
     .evict_percent = 50,
     .memory_dwell_s = 120,
     .cpu_percent = 60,
     .is_fine_metered = true,
     .max_duration_s = HOURS(3),
     .cooldown_s = MINUTES(20),
     .max_suspend_s = HOURS(12),
     .grace_s = 20,
     .windows = {{0, CLOCK(22, 0), CLOCK(7, 0)}, {SATURDAY, 0, CLOCK(24, 0)}},
     .window_count = 2},
    {.name = "small-hours",
     .min_percent = 0,
     .resume_percent = 0,
     .needs_power = false,
     .throttle = 70,
     .suspend = 80,
     .evict = 90,
     .resume = 65,
     .heat_dwell_s = MINUTES(1),
     .start_idle_s = 0,
     .continue_idle_s = 0,
     .foreign_percent = 100,
     .foreign_dwell_s = 20,
     .evict_percent = 100,
     .memory_dwell_s = 60,
     .cpu_percent = 30,
     .is_fine_metered = true,
     .max_duration_s = HOURS(8),
     .cooldown_s = 0,
     .max_suspend_s = MINUTES(20),
     .grace_s = 10,
     .windows = {{0, CLOCK(1, 30), CLOCK(2, 30)}, {WORKDAYS, CLOCK(23, 30), CLOCK(0, 15)}},
     .window_count = 2},
    {.name = "sweep",
     .min_percent = 40,
     .resume_percent = 50,
     .needs_power = true,
     .throttle = 62,
     .suspend = 74,
     .evict = 80,
     .resume = 60,
     .heat_dwell_s = MINUTES(2),
     .start_idle_s = MINUTES(3),
     .continue_idle_s = MINUTES(1),
     .foreign_percent = 30,
     .foreign_dwell_s = 30,
     .evict_percent = 20,
     .memory_dwell_s = 60,
     .cpu_percent = 70,
     .max_duration_s = HOURS(2),
     .cooldown_s = MINUTES(10),
     .max_suspend_s = MINUTES(15),
     .checkpoint_s = 10,
     .grace_s = 30},
    {.name = "tight",
     .min_percent = 70,
     .resume_percent = 75,
     .needs_power = true,
     .throttle = 50,
     .suspend = 56,
     .evict = 57,
     .resume = 48,
     .heat_dwell_s = MINUTES(4),
     .start_idle_s = MINUTES(10),
     .continue_idle_s = MINUTES(5),
     .foreign_percent = 20,
     .foreign_dwell_s = 30,
     .evict_percent = 10,
     .memory_dwell_s = 60,
     .cpu_percent = 40,
     .max_duration_s = HOURS(1),
     .cooldown_s = MINUTES(15),
     .max_suspend_s = MINUTES(1),
     .grace_s = 5},
    {.name = "pocket",
     .min_percent = 80,
     .resume_percent = 90,
     .needs_power = true,
     .throttle = 36,
     .suspend = 40,
     .evict = 44,
     .resume = 35,
     .heat_dwell_s = MINUTES(5),
     .start_idle_s = MINUTES(5),
     .continue_idle_s = MINUTES(2),
     .foreign_percent = 25,
     .foreign_dwell_s = 20,
     .evict_percent = 20,
     .memory_dwell_s = 60,
     .cpu_percent = 25,
     .max_duration_s = HOURS(8),
     .cooldown_s = MINUTES(30),
     .max_suspend_s = MINUTES(10),
     .checkpoint_s = 2,
     .grace_s = 10},
    {.name = "racks",
     .min_percent = 0,
     .resume_percent = 0,
     .needs_power = false,
     .throttle = 68,
     .suspend = 80,
     .evict = 95,
     .resume = 65,
     .heat_dwell_s = MINUTES(2),
     .start_idle_s = 0,
     .continue_idle_s = 0,
     .foreign_percent = 80,
     .foreign_dwell_s = 30,
     .evict_percent = 60,
     .memory_dwell_s = 60,
     .cpu_percent = 80,
     .is_fine_metered = true,
     .max_duration_s = HOURS(6),
     .cooldown_s = MINUTES(5),
     .max_suspend_s = MINUTES(30),
     .grace_s = 30},
};

const struct day_policy *day_policy_of(const char *session)
{
    for (size_t i = 0; i < DAY_POLICIES; i++) {
        if (str_eq(session, day_policies[i].name)) {
            return &day_policies[i];
        }
    }
    return NULL;
}

/* --- as manifests ----------------------------------------------------------------------------- */

/* Whom each is for, and what it does there. */
static const struct {
    const char *name, *text;
} sessions[DAY_POLICIES] = {
    {"climate",
     "\"everyAgent\":true,\"selector\":{\"matchLabels\":{\"reported/class\":\"laptop\"}}"},
    {"nights", "\"everyAgent\":true,\"requirements\":[{\"field\":\"capacity.cores\",\"op\":\">=\","
               "\"value\":4}]"},
    {"small-hours",
     "\"everyAgent\":true,\"selector\":{\"matchLabels\":{\"reported/class\":\"desktop\"}}"},
    {"sweep", NULL},
    {"tight", "\"everyAgent\":true,\"selector\":{\"matchLabels\":{\"reported/class\":\"laptop\"}}"},
    {"pocket", "\"everyAgent\":true,\"selector\":{\"matchLabels\":{\"reported/class\":\"phone\"}}"},
    {"racks", "\"replicas\":1,\"exclusive\":true,\"leaseDuration\":\"60s\",\"selector\":{"
              "\"matchLabels\":{\"reported/class\":\"server\"}}"},
};

static void add_windows(const struct day_policy *policy, struct str *to)
{
    static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

    str_add(to, ",\"windows\":[");
    for (size_t i = 0; i < policy->window_count; i++) {
        const struct hours *window = &policy->windows[i];
        const char *between = "";

        str_addf(to, "%s{", i > 0 ? "," : "");
        str_add(to, window->days == 0 ? "" : "\"days\":[");
        for (unsigned day = 0; day < 7; day++) {
            if ((window->days >> day & 1) != 0) {
                str_addf(to, "%s\"%s\"", between, days[day]);
                between = ",";
            }
        }
        str_add(to, window->days == 0 ? "" : "],");
        str_addf(to, "\"from\":\"%02d:%02d\",\"to\":\"%02d:%02d\"}", window->from / 60,
                 window->from % 60, window->to / 60, window->to % 60);
    }
    str_add(to, "]");
}

static void add_policy(const struct day_policy *policy, struct str *to)
{
    str_addf(to,
             "{\"verb\":\"apply\",\"object\":{\"apiVersion\":\"fog/v1\",\"kind\":\"HarvestPolicy\","
             "\"metadata\":{\"name\":\"%s\"},\"spec\":{\"battery\":{\"minPercent\":%" PRId64
             ",\"resumePercent\":%" PRId64 ",\"requireCharging\":%s}",
             policy->name, policy->min_percent, policy->resume_percent,
             policy->needs_power ? "true" : "false");
    str_addf(
        to,
        ",\"thermal\":{\"throttleCelsius\":%" PRId64 ",\"suspendCelsius\":%" PRId64
        ",\"evictCelsius\":%" PRId64 ",\"resumeCelsius\":%" PRId64 ",\"dwell\":\"%" PRId64 "s\"}",
        policy->throttle, policy->suspend, policy->evict, policy->resume, policy->heat_dwell_s);
    str_addf(to,
             ",\"user\":{\"startAfterIdle\":\"%" PRId64 "s\",\"continueAfterIdle\":\"%" PRId64
             "s\"},\"foreignCpu\":{\"suspendPercent\":%" PRId64 ",\"dwell\":\"%" PRId64
             "s\"},\"memory\":{\"evictPercent\":%" PRId64
             ",\"minAvailable\":\"0\",\"dwell\":\"%" PRId64 "s\"}",
             policy->start_idle_s, policy->continue_idle_s, policy->foreign_percent,
             policy->foreign_dwell_s, policy->evict_percent, policy->memory_dwell_s);
    str_addf(to,
             ",\"limits\":{\"cpuPercent\":%" PRId64
             "},\"network\":{\"metered\":%s},\"session\":{\"maxDuration\":\"%" PRId64
             "s\",\"cooldown\":\"%" PRId64 "s\",\"maxSuspend\":\"%" PRId64
             "s\",\"grace\":\"%" PRId64 "s\"}",
             policy->cpu_percent, policy->is_fine_metered ? "true" : "false",
             policy->max_duration_s, policy->cooldown_s, policy->max_suspend_s, policy->grace_s);
    add_windows(policy, to);
    str_add(to, "}}}");
}

static void add_session(size_t index, int64_t tasks, struct str *to)
{
    const char *name = sessions[index].name;

    str_addf(to,
             ",{\"verb\":\"apply\",\"object\":{\"apiVersion\":\"fog/v1\",\"kind\":"
             "\"HarvestSession\",\"metadata\":{\"name\":\"%s\"},\"spec\":{\"policy\":\"%s\",",
             name, name);
    if (sessions[index].text == NULL) {
        str_addf(to,
                 "\"tasks\":{\"count\":%" PRId64
                 ",\"parallelism\":16,\"retries\":20},\"workload\":{\"command\":"
                 "[\"crunch\"],\"restart\":\"onFailure\",\"artifacts\":[{\"digest\":\"blake2b:"
                 "%064d\",\"path\":\"input\"}],\"outputs\":[{\"path\":\"result\"}],",
                 tasks, 4711);
    } else {
        str_addf(to, "%s,\"workload\":{\"command\":[\"serve\"],\"restart\":\"always\",",
                 sessions[index].text);
    }
    if (day_policies[index].checkpoint_s > 0) {
        str_addf(to, "\"checkpoint\":{\"signal\":\"USR1\",\"grace\":\"%" PRId64 "s\"},",
                 day_policies[index].checkpoint_s);
    }
    str_add(to, "\"resources\":{\"cores\":\"1\",\"memory\":\"100Mi\"}}}}}");
}

void day_manifests(int64_t tasks, struct str *to)
{
    str_add(to, "{\"kind\":\"ChangeSet\",\"apiVersion\":\"fog/v1\",\"spec\":{\"changes\":[");
    for (size_t i = 0; i < DAY_POLICIES; i++) {
        str_add(to, i > 0 ? "," : "");
        add_policy(&day_policies[i], to);
        add_session(i, tasks, to);
    }
    str_add(to, "]}}");
}

/* --- as rules --------------------------------------------------------------------------------- */

const char *const rule_words[RULE_COUNT] = {
    [RULE_NONE] = "None",
    [RULE_HOT] = "Overheated",
    [RULE_HEAT_WAIT] = "HeatWait",
    [RULE_PAUSED] = "OwnerPaused",
    [RULE_GAME] = "ExclusiveProgram",
    [RULE_ON_BATTERY] = "OnBattery",
    [RULE_LOW] = "BatteryLow",
    [RULE_USED] = "UserActive",
    [RULE_WINDOW] = "OutsideWindow",
    [RULE_FOREIGN] = "ForeignCpu",
    [RULE_MEMORY] = "MemoryPressure",
    [RULE_METERED] = "Metered",
    [RULE_BLIND] = "StaleSensor",
    [RULE_LONG] = "MaxDuration",
    [RULE_HELD_LONG] = "maxSuspend",
};

static bool is_open(const struct day_policy *policy, int64_t local_ms)
{
    for (size_t i = 0; i < policy->window_count; i++) {
        if (hours_is_open(&policy->windows[i], local_ms)) {
            return true;
        }
    }
    return policy->window_count == 0;
}

static bool is_hot(const struct day_policy *policy, const struct life *life)
{
    return life->millis >= policy->suspend * 1000;
}

/* As far as a sensor of whole percents can tell. */
static bool is_below(const struct life *life, int64_t percent)
{
    return life_has_battery(life) && life->charge / PERCENT < percent;
}

static bool is_crowded(const struct day_policy *policy, const struct life *life)
{
    return policy->foreign_percent < 100 && life->foreign > policy->foreign_percent * 1000;
}

static bool is_short(const struct day_policy *policy, const struct life *life)
{
    return life->does[DOING_SHORT] && policy->evict_percent <= 35;
}

/* Broken for two looks, it has been seen by whoever looks every second. */
static void shut(bool is_broken, int64_t *for_s, bool *is_shut)
{
    *for_s = is_broken ? *for_s + 1 : 0;
    *is_shut = *is_shut || *for_s > SLACK_S;
}

void day_latch(struct day_latches *latches, const struct day_policy *policy,
               const struct life *life)
{
    shut(is_hot(policy, life), &latches->hot_s, &latches->is_hot);
    shut(is_below(life, policy->min_percent), &latches->low_s, &latches->is_low);
    shut(is_crowded(policy, life), &latches->crowded_s, &latches->is_crowded);
    shut(is_short(policy, life), &latches->short_s, &latches->is_short);
    latches->felt_hot = latches->felt_hot || is_hot(policy, life);
    latches->felt_low = latches->felt_low || is_below(life, policy->min_percent);
    latches->felt_crowded = latches->felt_crowded || is_crowded(policy, life);
    latches->cool_s = life->millis <= policy->resume * 1000 ? latches->cool_s + 1 : 0;
    latches->lonely_s = is_crowded(policy, life) ? 0 : latches->lonely_s + 1;
    latches->roomy_s = is_short(policy, life) ? 0 : latches->roomy_s + 1;
    latches->is_hot = latches->is_hot && latches->cool_s + SLACK_S < policy->heat_dwell_s;
    latches->is_low = latches->is_low && is_below(life, policy->resume_percent);
    latches->is_crowded =
        latches->is_crowded && latches->lonely_s + SLACK_S < policy->foreign_dwell_s;
    latches->is_short = latches->is_short && latches->roomy_s + SLACK_S < policy->memory_dwell_s;
    latches->felt_hot = latches->felt_hot && latches->cool_s <= policy->heat_dwell_s + SLACK_S;
    latches->felt_low = latches->felt_low && is_below(life, policy->resume_percent);
    latches->felt_crowded =
        latches->felt_crowded && latches->lonely_s <= policy->foreign_dwell_s + SLACK_S;
}

/* What cannot be read: nobody can act on it, and after a while its last word counts no more. */
static bool hides(const struct life *life, enum sensor sensor)
{
    return life->blind_s > 0 && life->odd == sensor;
}

static bool is_blind(const struct life *life, enum sensor sensor)
{
    return hides(life, sensor) && life->blind_s > STALE_S + SLACK_S;
}

enum rule day_rule_of(enum rule rule, const struct day_policy *policy, const struct life *life)
{
    bool is_asked = (policy->needs_power && hides(life, SENSOR_CHARGING)) ||
                    (!policy->is_fine_metered && hides(life, SENSOR_METERED));

    return rule == RULE_NONE && is_asked && life->blind_s >= STALE_S - SLACK_S ? RULE_BLIND : rule;
}

bool day_felt_blind(const struct life *life)
{
    return life->odd != SENSOR_COUNT && life->sighted_s < REGAINED_S;
}

static bool is_on_battery(const struct life *life)
{
    return life_has_battery(life) && life->does[DOING_UNPLUGGED] && !hides(life, SENSOR_CHARGING);
}

static bool is_metered(const struct life *life)
{
    return life->does[DOING_METERED] && !hides(life, SENSOR_METERED);
}

enum rule day_forbids(const struct day_latches *latches, const struct day_policy *policy,
                      const struct life *life, int64_t local_ms)
{
    return is_hot(policy, life) || (latches->is_hot && life->millis > policy->resume * 1000)
               ? RULE_HOT
           : latches->is_hot                                        ? RULE_HEAT_WAIT
           : life->does[DOING_PAUSED]                               ? RULE_PAUSED
           : life->does[DOING_GAME]                                 ? RULE_GAME
           : policy->needs_power && is_blind(life, SENSOR_CHARGING) ? RULE_BLIND
           : policy->needs_power && is_on_battery(life)             ? RULE_ON_BATTERY
           : is_below(life, policy->min_percent) || latches->is_low ? RULE_LOW
           : life_has_people(life) && life->idle_ms < policy->continue_idle_s * 1000 ? RULE_USED
           : !is_open(policy, local_ms)                                              ? RULE_WINDOW
           : is_crowded(policy, life) || latches->is_crowded                         ? RULE_FOREIGN
           : is_short(policy, life) || latches->is_short                             ? RULE_MEMORY
           : !policy->is_fine_metered && is_metered(life)                            ? RULE_METERED
           : !policy->is_fine_metered && is_blind(life, SENSOR_METERED)              ? RULE_BLIND
                                                                                     : RULE_NONE;
}

bool day_is_urgent(const struct day_latches *latches, const struct day_policy *policy,
                   const struct life *life)
{
    return is_hot(policy, life) || latches->is_hot || life->does[DOING_PAUSED] ||
           life->does[DOING_GAME] || is_short(policy, life) || latches->is_short;
}

bool day_welcomes(const struct day_latches *latches, const struct day_policy *policy,
                  const struct life *life, int64_t local_ms)
{
    return day_forbids(latches, policy, life, local_ms) == RULE_NONE && !life->is_asleep &&
           !day_felt_blind(life) && !is_below(life, policy->resume_percent) &&
           (!life_has_people(life) || life->idle_ms >= policy->start_idle_s * 1000) &&
           latches->cool_s > policy->heat_dwell_s && latches->lonely_s > policy->foreign_dwell_s &&
           latches->roomy_s > policy->memory_dwell_s;
}

int64_t day_share(const struct day_policy *policy, int64_t millis)
{
    int64_t span = (policy->suspend - policy->throttle) * 1000;
    int64_t over = millis - policy->throttle * 1000;

    over = over < 0 ? 0 : over > span ? span : over;
    return policy->cpu_percent * 10 * (4 * span - 3 * over) / (4 * span);
}
