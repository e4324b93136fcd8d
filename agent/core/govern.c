/* Policies, applied to what runs here. */
#include "agent/core/govern.h"

#include "agent/core/model.h"
#include "schema/base/site.h"
#include "schema/limits.h"

/* --- readings -----------------------------------------------------------------------------------
 */

void govern_on_readings(struct agt *agt, const struct agt_event *event)
{
    struct governor *governor = &agt->governor;

    governor->readings = *event->readings.now;
    governor->has_readings = true;
    governor->read_at = agt->now;
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
    case SENSOR_IDLE: /* grows all the time; that somebody came is what counts */
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
    if (sensor == SENSOR_IDLE && now->value < told->value) {
        return true;
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

void govern_tell(struct agt *agt, struct wire_heartbeat *heartbeat)
{
    struct governor *governor = &agt->governor;
    int64_t offset_ms = agt->local.ms - agt->wall.ms;

    if (!governor->has_readings ||
        (governor->told_at.ms != 0 && offset_ms == governor->told_offset_ms &&
         mono_since(governor->told_at, agt->now) < SENSORS_TELL_MS && !have_moved(governor))) {
        return;
    }
    MARK("a heartbeat tells readings");
    sensors_from_readings(&agt->out.effects->arena, &governor->readings, agt->now, SENSORS_STALE_MS,
                          &heartbeat->sensors);
    heartbeat->utc_offset_minutes = offset_ms / (60 * 1000);
    governor->told = governor->readings;
    governor->told_at = agt->now;
    governor->told_offset_ms = offset_ms;
}

struct mono agt_readings_due(const struct agt *agt)
{
    const struct governor *governor = &agt->governor;

    if (!agt->is_started || !link_is_welcomed(agt)) {
        return MONO_NEVER;
    }
    return governor->has_readings ? mono_after(governor->read_at, agt->link.heartbeat_ms)
                                  : agt->now;
}

/* --- limits -------------------------------------------------------------------------------------
 */

int64_t govern_cpu_limit(const struct agt *agt, const struct work *work)
{
    int64_t percent = work->wanted.template.limits.cpu_percent;

    (void)agt;
    return percent > 0 && percent < 100 ? percent * 10 : 0;
}
