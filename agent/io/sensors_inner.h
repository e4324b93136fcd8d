/* What the files behind sensors.h share; nobody else includes it. */
#pragma once

#include "agent/io/sensors.h"
#include "schema/base/str.h"
#include "schema/base/vec.h"

#include <errno.h>

enum {
    ATTRIBUTE_SIZE = 4096, /* nothing that we read in one piece is longer */
    NOTE_SIZE = 160,
    ENTRIES_MAX = 4096, /* of one folder in one pass; terminals are the most numerous */
    CPU_SAMPLES_MAX = 24,
    HEAT_INPUTS_MAX = 256, /* those beyond are read, and not missed */
    HEAT_INPUT_SIZE = 64,
    UUID_SIZE = 64,
};

struct cpu_sample {
    struct mono at;
    int64_t busy_ms, total_ms, own_ms;
};

struct input_device {
    char name[24]; /* event3 */
    int fd;        /* negative: none is needed, or `is_blind` */
    bool is_blind; /* we may not look */
    bool is_pad;   /* its sticks tremble: only its buttons count */
    bool is_there; /* while looking for those that are gone */
};

struct sensor_reader {
    int root_fd;
    struct mono now;
    struct wall wall;
    char notes[SENSOR_COUNT][NOTE_SIZE];
    bool had_battery, had_heat;
    struct {
        char items[HEAT_INPUTS_MAX][HEAT_INPUT_SIZE];
        size_t count;
    } heat;  /* inputs that were readable once */
    struct { /* the oldest first */
        struct cpu_sample items[CPU_SAMPLES_MAX];
        size_t count;
        bool is_alone;         /* nothing of ours runs */
        int64_t own_offset_ms; /* added to what we are told, so that it never falls */
        int64_t own_step_ms;   /* between the last two */
    } cpu;
    struct {
        struct {
            VEC_OF(struct input_device);
        } devices;
        struct mono rescan;   /* when next */
        struct mono last_use; /* MONO_NEVER: not looked yet */
        uint64_t traces;      /* changes when a time stamp, or what is there, does */
        bool had_sensor;
    } user;
    struct {
        char uuid[UUID_SIZE]; /* of the profile that `answer` is about */
        struct mono rescan;
        enum reading_state state;
        bool is_metered;
        bool is_hidden; /* profiles are there that we may not read */
    } profile;
};

/* A file below `dir_fd` as a text without its last newline.  0, or an errno: EISDIR and EINVAL for
 * what is no regular file, EFBIG when it is longer. */
int attribute_text(int dir_fd, const char *path, char *to, size_t size_bytes);
/* The beginning of one that may be longer, up to its last whole line. */
int attribute_head(int dir_fd, const char *path, char *to, size_t size_bytes);
/* The same as a whole number; EINVAL when it is none. */
int attribute_int(int dir_fd, const char *path, int64_t *ret_value);
bool attribute_is_absent(int error);

/* Calls for each entry, hidden ones left out, at most ENTRIES_MAX; 0 or an errno. */
typedef void entry_fn(struct sensor_reader *reader, void *data, int dir_fd, const char *name);
int each_entry(struct sensor_reader *reader, int dir_fd, const char *path, entry_fn *entry,
               void *data);

void put_known(struct sensor_reader *reader, struct readings *readings, enum sensor sensor,
               int64_t value);
void put_unknown(struct sensor_reader *reader, struct readings *readings, enum sensor sensor);
void note_set(struct sensor_reader *reader, enum sensor sensor, const char *format, ...)
    _printf_(3, 4);
void note_add(struct sensor_reader *reader, enum sensor sensor, const char *format, ...)
    _printf_(3, 4); /* after a comma */

void sensors_read_power(struct sensor_reader *reader, struct readings *readings);
void sensors_read_heat(struct sensor_reader *reader, struct readings *readings);
void sensors_read_user(struct sensor_reader *reader, struct readings *readings);
void sensors_forget_user(struct sensor_reader *reader); /* closes what is open */
void sensors_read_network(struct sensor_reader *reader, struct readings *readings);
