/* Reads once when it begins, for rates need two looks, and tells from the second on. */
#include "agent/io/sensing.h"

#include "agent/io/programs.h"
#include "agent/io/sensors.h"
#include "agent/shim/clock.h"
#include "schema/limits.h"

#include <time.h>

struct sensing {
    struct sensor_reader *sensors; /* owned */
    struct programs *programs;     /* owned */
    struct readings readings;
    struct mono read_at;
};

static void look(struct sensing *sensing, int64_t own_cpu_ms)
{
    tzset(); /* a machine that travels has another offset from UTC tomorrow */
    sensing->read_at = clock_mono();
    sensors_read(sensing->sensors, sensing->read_at, clock_wall(), own_cpu_ms, &sensing->readings);
}

int sensing_prepare(const struct config *config, struct programs **ret_programs, struct err *err)
{
    return programs_open(config->sensor_root, config->exclusive_programs.items,
                         config->exclusive_programs.count, ret_programs, err);
}

void sensing_use(struct sensing *sensing, struct programs *programs)
{
    programs_close(sensing->programs);
    sensing->programs = programs;
}

int sensing_new(const struct config *config, struct sensing **ret_sensing, struct err *err)
{
    struct sensing *sensing = MEM_NEW(struct sensing);
    int result = sensors_open(config->sensor_root, &sensing->sensors, err);

    if (result == 0) {
        result = sensing_prepare(config, &sensing->programs, err);
    }
    if (result < 0) {
        sensing_free(sensing);
        return result;
    }
    look(sensing, 0);
    *ret_sensing = sensing;
    return 0;
}

void sensing_free(struct sensing *sensing)
{
    if (sensing != NULL) {
        sensors_close(sensing->sensors);
        programs_close(sensing->programs);
        free(sensing);
    }
}

struct mono sensing_due(const struct sensing *sensing, struct mono wanted)
{
    return mono_later(wanted, mono_after(sensing->read_at, POLICY_STEP_MS));
}

void sensing_read(struct sensing *sensing, int64_t own_cpu_ms, struct agt_event *event)
{
    look(sensing, own_cpu_ms);
    event->type = AGT_READINGS;
    event->readings.now = &sensing->readings;
    event->readings.exclusive_program = programs_find(sensing->programs, sensing->read_at);
}

int64_t sensing_utc_offset_ms(struct wall wall)
{
    time_t seconds = (time_t)(wall.ms / 1000);
    struct tm local;

    return localtime_r(&seconds, &local) == NULL ? 0 : (int64_t)local.tm_gmtoff * 1000;
}
