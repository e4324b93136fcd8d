/* A machine that is somebody's: who comes and goes, unplugs it, closes its lid and opens it on a
 * train, whose processors warm with what they do, and whose sensors fail now and then.
 *
 * Whole numbers from one seed, second by second, so that days of it are the same everywhere. */
#pragma once

#include "schema/base/rand.h"
#include "schema/kinds/harvest_policy.h"
#include "schema/readings.h"

enum device_class {
    DEVICE_LAPTOP,
    DEVICE_PHONE,
    DEVICE_DESKTOP,
    DEVICE_SERVER,
    DEVICE_CLASS_COUNT
};

struct device {
    enum device_class class;
    struct rand rand;
    struct wall local;     /* its clock on the wall */
    int64_t faults_s;      /* mean time between two failures of a sensor; 0: they do not fail */
    bool is_asleep;        /* its lid is closed: nothing runs, nothing is read */
    int64_t asleep_s;      /* for how much longer */
    int64_t unplugged_s;   /* 0: it is plugged in */
    int64_t used_s;        /* somebody sits there; 0: nobody */
    int64_t since_input_s; /* somebody touched it */
    int64_t busy_s;        /* a program of theirs works hard */
    int64_t foreign;       /* thousandths of a percent of its processors */
    int64_t charge;        /* millionths of a percent */
    int64_t millis;        /* thousandths of a degree */
    int64_t short_s;       /* memory is short */
    int64_t metered_s;     /* on a connection that is paid by volume */
    struct {
        int64_t unknown_s, stuck_s;
    } faults[SENSOR_COUNT];
};

void device_init(struct device *device, enum device_class class, uint64_t seed, struct wall local);
/* A second passes, in which our work used this share of its processors, in thousandths of a
 * percent.  (Nothing runs on one that is asleep.) */
void device_pass(struct device *device, int64_t own);
/* How it is. */
void device_truth(const struct device *device, struct mono now, struct readings *ret_readings);
/* Must work not run on it as it truly is?  The policy's rules in as many words, hours left out. */
bool device_forbids(const struct device *device, const struct harvest_policy_spec *spec);
/* What its sensors tell of that, over what they told before: one that is stuck stays as it is. */
void device_read(const struct device *device, struct mono now, struct readings *readings);
