/* What a machine's sensors tell: the agent reads them, the policy's evaluator judges them,
 * heartbeats carry them, and requirements such as `sensors.battery` count them.
 *
 * A sensor that a machine does not have is something else than one that tells nothing: a server has
 * no battery, and no rule about batteries applies to it; a laptop whose battery cannot be read is
 * not known to be charged.  How old a reading may be is for a policy to say, so each has its
 * moment. */
#pragma once

#include "schema/base/mono.h"
#include "schema/object.h"

enum sensor {
    SENSOR_BATTERY,          /* percent of the charge; several batteries: weighted by capacity */
    SENSOR_CHARGING,         /* 1: runs on outside power, charging or full; 0: on its battery */
    SENSOR_TEMPERATURE,      /* thousandths of a degree Celsius, of the hottest sensor */
    SENSOR_IDLE,             /* milliseconds since somebody last used it */
    SENSOR_FOREIGN_CPU,      /* thousandths of a percent of its processors' time: used by others */
    SENSOR_MEMORY_AVAILABLE, /* bytes that could be had without swapping */
    SENSOR_MEMORY_PRESSURE,  /* thousandths of a percent of ten seconds: something waited */
    SENSOR_METERED,          /* 1: the connection is paid by volume */
    SENSOR_LOAD,             /* thousandths: the kernel's load average of one minute */
    SENSOR_COUNT,
};

enum reading_state {
    READING_NONE,    /* the machine has no such sensor */
    READING_KNOWN,   /* `value` was read at `at` */
    READING_UNKNOWN, /* it has one that tells nothing, or nonsense; `at`: when that was found */
};

struct reading {
    enum reading_state state;
    int64_t value;
    struct mono at;
};

struct readings {
    struct reading of[SENSOR_COUNT];
};

extern const char
    *const sensor_words[]; /* as in manifests: "battery", "foreignCpu"; NULL-terminated */

/* "71.5 °C", "38 %", "3m20s": for people, with its unit.  No text is longer. */
enum { READING_TEXT_SIZE = 40 };
void reading_to_str(enum sensor sensor, const struct reading *reading,
                    char text[static READING_TEXT_SIZE]);

/* Known, and at most `stale_ms` old at `now`.  One from the future is as wrong as an old one. */
bool reading_is_fresh(const struct reading *reading, struct mono now, int64_t stale_ms);

/* The written form, in heartbeats and in `Agent.status.sensors`: what is known by name, and the
 * names of those that tell nothing.  Ages are told, not moments: clocks differ. */
struct sensors {
    uint64_t set;
    int64_t battery; /* percent */
    bool charging;
    double temperature; /* degrees Celsius */
    int64_t idle_ms;
    double foreign_cpu;       /* percent */
    int64_t memory_available; /* bytes */
    double memory_pressure;   /* percent */
    bool metered;
    double load;
    LIST_OF(const char *) unknown; /* sensor_words */
};

extern const struct shape sensors_shape;

/* What is older than `stale_ms` at `now` goes to `unknown`.  Texts are constants; the list is in
 * the arena. */
struct arena;
void sensors_from_readings(struct arena *arena, const struct readings *readings, struct mono now,
                           int64_t stale_ms, struct sensors *ret_sensors);
/* All as of `at`.  What is known and unknown at once is unknown. */
void readings_from_sensors(const struct sensors *sensors, struct mono at,
                           struct readings *ret_readings);
