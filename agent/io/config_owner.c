/* The owner's own rules: options that together are a policy which asks for nothing else. */
#include "agent/io/config.h"
#include "schema/base/parse.h"
#include "schema/forms.h"
#include "schema/limits.h"

#include <stdio.h>

enum {
    RESUME_ABOVE_PERCENT = 10, /* of charge, as in the defaults of manifests */
    RESUME_BELOW_CELSIUS = 5,
    EVICT_ABOVE_CELSIUS = 10,
    CELSIUS_TOLD_MIN = 20,
    CELSIUS_TOLD_MAX = 120,
    HEAT_DWELL_MS = 5 * 60 * 1000,
    STALE_MS = 30 * 1000,
    SUSPEND_MAX_MS = 10 * 60 * 1000,
    GRACE_MS = 30 * 1000,
    CLOCK_SIZE = 8,
};

void config_owner_init(struct harvest_policy_spec *spec)
{
    *spec = (struct harvest_policy_spec){
        .thermal = {.throttle_celsius = CELSIUS_NEVER,
                    .suspend_celsius = CELSIUS_NEVER,
                    .evict_celsius = CELSIUS_NEVER,
                    .resume_celsius = CELSIUS_NEVER},
        .foreign_cpu = {.suspend_percent = 100},
        .limits = {.cpu_percent = 100, .memory_percent = 100, .pids = PIDS_MAX},
        .network = {.metered = true},
        .session = {.max_duration_ms = INT64_MAX,
                    .stale_sensor_ms = STALE_MS,
                    .max_suspend_ms = SUSPEND_MAX_MS,
                    .grace_ms = GRACE_MS},
        .unknown = UNKNOWN_SUSPEND,
    };
}

/* It goes on ten percent above, or half way to full: some batteries are never charged to the end.
 */
bool config_take_battery_min(void *to, struct arena *arena, char *value)
{
    struct config *config = to;
    struct battery_policy *battery = &config->owner.battery;
    int64_t room;

    (void)arena;
    config->has_owner_policy = true;
    if (!int_from_str(value, &battery->min_percent) || battery->min_percent < 1 ||
        battery->min_percent > 100) {
        return false;
    }
    room = (100 - battery->min_percent) / 2;
    battery->resume_percent =
        battery->min_percent + (room < RESUME_ABOVE_PERCENT ? room : RESUME_ABOVE_PERCENT);
    return true;
}

bool config_take_never_on_battery(void *to, struct arena *arena, char *value)
{
    struct config *config = to;
    bool is_on = str_eq(value, "true") || str_eq(value, "1");

    (void)arena;
    config->has_owner_policy = true;
    config->owner.battery.require_charging = is_on;
    return is_on || str_eq(value, "false") || str_eq(value, "0");
}

bool config_take_max_temperature(void *to, struct arena *arena, char *value)
{
    struct config *config = to;
    int64_t celsius;

    (void)arena;
    config->has_owner_policy = true;
    if (!int_from_str(value, &celsius) || celsius < CELSIUS_TOLD_MIN ||
        celsius > CELSIUS_TOLD_MAX) {
        return false;
    }
    config->owner.thermal = (struct thermal_policy){
        .throttle_celsius = celsius,
        .suspend_celsius = celsius,
        .evict_celsius = celsius + EVICT_ABOVE_CELSIUS,
        .resume_celsius = celsius - RESUME_BELOW_CELSIUS,
        .dwell_ms = HEAT_DWELL_MS,
    };
    return true;
}

/* "22:00-07:00" */
static bool take_span(struct arena *arena, char *text, struct policy_window *ret_window)
{
    char *to = strchr(text, '-');
    const char *why;

    if (to == NULL) {
        return false;
    }
    *to++ = '\0';
    if (!form_is_clock(text, &why) || !form_is_clock_end(to, &why) || str_eq(text, to)) {
        return false;
    }
    *ret_window =
        (struct policy_window){.from = arena_strdup(arena, text), .to = arena_strdup(arena, to)};
    return true;
}

bool config_take_hours(void *to, struct arena *arena, char *value)
{
    struct config *config = to;
    char *rest = value;
    struct policy_window *windows = arena_array(arena, WINDOWS_MAX, sizeof(struct policy_window));
    size_t count = 0;

    config->has_owner_policy = true;
    while (rest != NULL) {
        if (count == WINDOWS_MAX || !take_span(arena, strsep(&rest, ","), &windows[count++])) {
            return false;
        }
    }
    config->owner.windows.items = windows;
    config->owner.windows.count = count;
    return true;
}

bool config_take_exclusive_programs(void *to, struct arena *arena, char *value)
{
    struct config *config = to;
    char *rest = value;
    const char **names = arena_array(arena, PROGRAMS_MAX, sizeof(char *));
    size_t count = 0;

    while (rest != NULL) {
        char *name = strsep(&rest, ",");

        name += strspn(name, " ");
        if (count == PROGRAMS_MAX || name[0] == '\0' || strchr(name, '/') != NULL ||
            strlen(name) > PROGRAM_BYTES_MAX) {
            return false;
        }
        names[count++] = name;
    }
    config->exclusive_programs.items = names;
    config->exclusive_programs.count = count;
    return true;
}
