/* What happens to a machine that its sensors tell of: it is unplugged and its battery drains, it
 * gets hot, somebody uses it, other programs work on it, its connection is paid by volume.  And
 * sensors that hang, tell nothing, or tell nonsense.
 *
 * Nothing happens unless a fault strikes: then a machine is plugged in, cool and left alone.  Some
 * have no battery. */
#pragma once

#include "schema/readings.h"
#include "tests/sim/faults.h"

struct machine;

enum {
    LIFE_UNPLUGGED,
    LIFE_HOT,
    LIFE_USED,
    LIFE_BUSY,
    LIFE_METERED,
    LIFE_STUCK,
    LIFE_ODD,
    LIFE_COUNT
};

struct senses {
    bool has_battery;
    int64_t until_ms[LIFE_COUNT]; /* true time; past: it does not happen now */
    int64_t looked_at_ms;         /* charge and heat are as of then */
    int64_t charge, heat, peak;   /* thousandths of a percent, and of a degree */
    enum sensor odd;              /* tells nothing, or this, while LIFE_ODD */
    bool is_nonsense;
    int64_t nonsense;
    struct readings before;                 /* what was told last before they hung */
    int64_t unknown_since_ms[SENSOR_COUNT]; /* whoever looked; true time; -1: it tells something */
};

void senses_begin(struct machine *machine);
void senses_strike(struct machine *machine, enum fault fault, struct die *die);
void senses_calm(struct machine *machine);
/* Some of what forbids work goes on for ever, and is told truly. */
void senses_stay_bad(struct machine *machine, struct die *die);
/* What they tell now; the moments are the machine's. */
void senses_look(struct machine *machine, struct readings *ret_readings);
