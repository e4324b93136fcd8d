/* Temperatures: the hottest of /sys/class/thermal and /sys/class/hwmon.
 *
 * Left out, because asking would do harm or the answer means nothing:
 *  - disks: asking wakes them up;
 *  - what sleeps to save power, such as a second graphics processor: the same;
 *  - chips of mainboards with inputs to which mostly nothing is connected, which then read as
 *    120 °C or -60 °C.
 *
 * One that was readable and fails may be the hottest: then the temperature is unknown, whatever the
 * others say. */
#include "agent/io/sensors_inner.h"

#include "agent/shim/file.h"

#include <fcntl.h>
#include <unistd.h>

enum {
    COLDEST = -40 * 1000, /* below and above it is a mark for "not read" or a broken sensor */
    HOTTEST = 150 * 1000,
    NAME_SIZE = 48,
    INPUT_SIZE = 80,
};

struct hottest {
    size_t found, readable; /* files; those with a number that can be */
    bool is_lost;           /* one of the others had such a number before */
    int64_t value;
    char name[NAME_SIZE];
    char trouble[NOTE_SIZE];
};

static bool is_left_out(const char *chip)
{
    static const char *const beginnings[] = {"nvme", "drivetemp", "nct",   "it8",
                                             "w83",  "f718",      "f75",   "lm78",
                                             "sch5", "dme1737",   "vt1211"};

    for (size_t i = 0; i < COUNT_OF(beginnings); i++) {
        if (str_starts(chip, beginnings[i])) {
            return true;
        }
    }
    return false;
}

static bool was_readable(const struct sensor_reader *reader, const char *input)
{
    for (size_t i = 0; i < reader->heat.count; i++) {
        if (str_eq(reader->heat.items[i], input)) {
            return true;
        }
    }
    return false;
}

static void remember(struct sensor_reader *reader, const char *input)
{
    if (reader->heat.count < HEAT_INPUTS_MAX && !was_readable(reader, input)) {
        (void)snprintf(reader->heat.items[reader->heat.count++], HEAT_INPUT_SIZE, "%s", input);
    }
}

/* What is switched off tells so, as a radio does: it heats nothing. */
static bool is_off(int error)
{
    return error == ENODATA || error == ENETDOWN;
}

struct input {
    const char *name, *folder, *file;
};

static void take_value(struct sensor_reader *reader, struct hottest *hottest, int error,
                       int64_t value, const struct input *input)
{
    char key[HEAT_INPUT_SIZE];

    (void)snprintf(key, sizeof(key), "%.31s/%.31s", input->folder, input->file);
    hottest->found++;
    if (error == 0 && (value < COLDEST || value > HOTTEST)) {
        error = ERANGE;
    }
    if (error != 0) {
        bool is_lost = !is_off(error) && was_readable(reader, key);

        if (is_lost || !hottest->is_lost) {
            (void)snprintf(hottest->trouble, sizeof(hottest->trouble), "%.60s/%.40s: %s",
                           input->name, input->file, strerror(error));
        }
        hottest->is_lost = hottest->is_lost || is_lost;
        return;
    }
    remember(reader, key);
    hottest->readable++;
    if (hottest->readable == 1 || value > hottest->value) {
        hottest->value = value;
        (void)snprintf(hottest->name, sizeof(hottest->name), "%s", input->name);
    }
}

static bool sleeps(int fd)
{
    char status[NAME_SIZE];

    return attribute_text(fd, "device/power/runtime_status", status, sizeof(status)) == 0 &&
           str_eq(status, "suspended");
}

/* "acpitz", the zone's type, or else the folder's name. */
static void name_it(int fd, const char *file, const char *folder, char name[static NAME_SIZE])
{
    if (attribute_text(fd, file, name, NAME_SIZE) != 0 || name[0] == '\0') {
        (void)snprintf(name, NAME_SIZE, "%.40s", folder);
    }
}

static void take_zone(struct sensor_reader *reader, void *data, int dir_fd, const char *folder)
{
    _cleanup_(file_close)
    int fd = -1;
    char name[NAME_SIZE];
    int64_t value = 0;
    int error;

    if (!str_starts(folder, "thermal_zone")) {
        return;
    }
    fd = openat(dir_fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    error = fd < 0 || sleeps(fd) ? ENOENT : attribute_int(fd, "temp", &value);
    if (!attribute_is_absent(error)) {
        name_it(fd, "type", folder, name);
        take_value(reader, data, error, value, &(struct input){name, folder, "temp"});
    }
}

struct chip {
    struct hottest *hottest;
    const char *name, *folder;
};

static void take_input(struct sensor_reader *reader, void *data, int dir_fd, const char *file)
{
    const struct chip *chip = data;
    char fault_file[INPUT_SIZE];
    int64_t value = 0, fault;
    int error;

    if (!str_starts(file, "temp") || !str_ends(file, "_input")) {
        return;
    }
    (void)snprintf(fault_file, sizeof(fault_file), "%.*s_fault",
                   (int)(strlen(file) - strlen("_input")), file);
    if (strlen(file) >= INPUT_SIZE ||
        (attribute_int(dir_fd, fault_file, &fault) == 0 && fault != 0)) {
        return; /* nothing is connected to it */
    }
    error = attribute_int(dir_fd, file, &value);
    if (!attribute_is_absent(error)) {
        take_value(reader, chip->hottest, error, value,
                   &(struct input){chip->name, chip->folder, file});
    }
}

static void take_chip(struct sensor_reader *reader, void *data, int dir_fd, const char *folder)
{
    _cleanup_(file_close)
    int fd = openat(dir_fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char name[NAME_SIZE];

    if (fd < 0) {
        return;
    }
    name_it(fd, "name", folder, name);
    if (!is_left_out(name) && !sleeps(fd)) {
        (void)each_entry(reader, fd, ".", take_input, &(struct chip){data, name, folder});
    }
}

void sensors_read_heat(struct sensor_reader *reader, struct readings *readings)
{
    struct hottest hottest = {.found = 0};
    int zones = each_entry(reader, reader->root_fd, "sys/class/thermal", take_zone, &hottest);
    int chips = each_entry(reader, reader->root_fd, "sys/class/hwmon", take_chip, &hottest);
    int error = zones != 0 && !attribute_is_absent(zones)   ? zones
                : chips != 0 && !attribute_is_absent(chips) ? chips
                                                            : 0;

    if (hottest.readable > 0 && !hottest.is_lost) {
        reader->had_heat = true;
        note_set(reader, SENSOR_TEMPERATURE, "%s, the hottest of %zu", hottest.name,
                 hottest.readable);
        put_known(reader, readings, SENSOR_TEMPERATURE, hottest.value);
        return;
    }
    if (hottest.found > 0) {
        note_set(reader, SENSOR_TEMPERATURE, "%s", hottest.trouble);
    } else if (error != 0) {
        note_set(reader, SENSOR_TEMPERATURE, "/sys/class/thermal, /sys/class/hwmon: %s",
                 strerror(error));
    } else {
        note_set(reader, SENSOR_TEMPERATURE, "%s",
                 reader->had_heat ? "the sensors are not there any more"
                                  : "none in /sys/class/thermal and /sys/class/hwmon");
    }
    if (hottest.found > 0 || error != 0 || reader->had_heat) {
        put_unknown(reader, readings, SENSOR_TEMPERATURE);
    }
}
