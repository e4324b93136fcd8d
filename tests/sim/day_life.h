/* The day of one device: who sits at it, what they run, where its power and its network come from,
 * and what its battery and its temperature make of that and of our work.
 *
 * A day is drawn from habits: spells of doing this or that, from one minute to another, by the
 * clock on the wall.  Second by second the battery is charged or drained by what the processors do,
 * ours included, and the temperature goes after it with a time constant.  docs/SIMULATION.md has a
 * picture of such days. */
#pragma once

#include "schema/base/vec.h"
#include "schema/readings.h"
#include "tests/sim/die.h"

enum habit {
    HABIT_OFFICE,   /* at the desk by day, on the sofa at night, closed on the way */
    HABIT_OWL,      /* works far into the night, and builds large programs */
    HABIT_COMMUTER, /* closed and cut off for an hour, then on a train */
    HABIT_HOTSPOT,  /* in cafés, by the volume of a telephone */
    HABIT_PHONE,    /* picked up again and again, on its charger at night */
    HABIT_DESK,     /* a desktop of an office */
    HABIT_GAMER,    /* a desktop with games in the evening, and an owner who pauses us */
    HABIT_SERVER,   /* never alone, never touched */
    HABIT_COUNT
};

enum doing {
    DOING_USED,      /* somebody touches it every few seconds */
    DOING_UNPLUGGED, /* on its battery */
    DOING_CLOSED,    /* sleeps: nothing runs */
    DOING_OFFLINE,
    DOING_METERED,
    DOING_BUSY,   /* a program of the owner's works hard */
    DOING_GAME,   /* one that wants the machine for itself runs */
    DOING_SHORT,  /* of memory */
    DOING_PAUSED, /* the owner wants nothing of ours to run */
    DOING_BLIND,  /* one of its sensors tells nothing */
    DOING_COUNT
};

struct spell {
    enum doing doing;
    int64_t from_s, to_s; /* since the day began */
};

struct life {
    enum habit habit;
    struct die die;
    struct {
        VEC_OF(struct spell);
    } spells;
    int64_t second;                 /* of the day */
    int64_t turns_at_s, turns_by_s; /* the clock on the wall jumps then, ahead or back */

    /* How it is in truth. */
    bool does[DOING_COUNT];
    bool is_asleep;
    int64_t wakes_at_s; /* while asleep */
    int64_t idle_ms;    /* since somebody touched it */
    int64_t foreign;    /* thousandths of a percent of its processors, the mean of ten seconds */
    int64_t charge;     /* millionths of a percent */
    int64_t millis;     /* thousandths of a degree */
    int64_t lowest;     /* charge so far */
    enum sensor odd;    /* tells nothing while DOING_BLIND; SENSOR_COUNT: there is none */
    int64_t blind_s, sighted_s; /* for so long it has told nothing, or something */
};

extern const char *const habit_words[HABIT_COUNT];
const char *life_class(enum habit habit); /* "laptop", "phone", "desktop", "server" */
bool life_has_battery(const struct life *life);
bool life_has_people(const struct life *life);

void life_init(struct life *life, enum habit habit, const struct die *die, int64_t turns_at_s,
               int64_t turns_by_s);
void life_fini(struct life *life);
/* Now and then, whether it runs on its battery or what its network costs cannot be read.  Of what
 * has neither nothing is said. */
void life_go_blind(struct life *life, const struct die *die);
/* A second passes in which our work used this share of its processors, in thousandths of a percent;
 * nothing of one that is asleep. */
void life_pass(struct life *life, int64_t own);
/* What its sensors tell. */
void life_read(const struct life *life, struct mono now, struct readings *ret_readings);
