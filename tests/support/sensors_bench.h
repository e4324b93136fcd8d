/* A machine's tree in a folder of its own, and a reader of its sensors: for the tests of
 * agent/io/sensors.c. */
#pragma once

#include "agent/io/sensors.h"
#include "tests/support/folder.h"

#define BATTERY "sys/class/power_supply/BAT0/"
#define MAINS   "sys/class/power_supply/AC/"
#define ZONE    "sys/class/thermal/thermal_zone1/"

enum { HOUR_MS = 60 * 60 * 1000 };

struct bench {
    char root[FOLDER_PATH_SIZE];
    struct sensor_reader *reader;
    struct readings readings;
    int64_t now_ms, own_ms;
};

int bench_make(void **state); /* an empty tree, noon, three hours after boot; fits cmocka */
int bench_drop(void **state);

/* The tree. */
void bench_put(struct bench *bench, const char *path, const char *text);
void bench_put_folder(struct bench *bench, const char *path);
void bench_put_pipe(struct bench *bench, const char *path);
void bench_remove(struct bench *bench, const char *path);
void bench_touch(struct bench *bench, const char *path, int64_t ago_ms);
void bench_become(struct bench *bench, const char *machine); /* of tests/fixtures/sensors */

/* Reads the sensors; a second later than before. */
void bench_look(struct bench *bench);
void bench_look_after(struct bench *bench, int64_t ms);

void bench_expect_state(struct bench *bench, enum sensor sensor, enum reading_state state);
void bench_expect(struct bench *bench, enum sensor sensor, int64_t value);
void bench_expect_unknown(struct bench *bench, enum sensor sensor,
                          const char *why); /* in its note */
