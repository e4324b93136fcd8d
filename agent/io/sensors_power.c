/* Batteries and what charges them: /sys/class/power_supply (the kernel's
 * Documentation/ABI/testing/sysfs-class-power).
 *
 * Only what supplies the machine counts, not the batteries of mice.  Where files contradict each
 * other, as they do for seconds after a plug was pulled, the one that says "on battery" is
 * believed.
 */
#include "agent/io/sensors_inner.h"

#include "agent/shim/file.h"

#include <fcntl.h>
#include <unistd.h>

enum { WORD_SIZE = 64, CAPACITY_MAX = 110 }; /* worn batteries claim a little more than all */

struct tally {
    size_t batteries, readable; /* whose charge was read */
    int64_t percents;           /* the sum, for when sizes are not known */
    int64_t full[2], now[2];    /* of energy, of charge: percent times size, and size */
    size_t sized[2];
    bool is_discharging, is_filled; /* any: charging, full, or held at a threshold */
    size_t chargers, online;
    bool has_mains;
    int error;
    char trouble[NOTE_SIZE];
};

static void note_trouble(struct tally *tally, const char *name, const char *file, int error)
{
    tally->error = error;
    (void)snprintf(tally->trouble, sizeof(tally->trouble), "%.60s/%s: %s", name, file,
                   strerror(error));
}

/* From `capacity`, or from two counters of the same kind. */
static int read_percent(int fd, int64_t *ret_percent)
{
    static const char *const pairs[][2] = {{"energy_now", "energy_full"},
                                           {"charge_now", "charge_full"}};
    int64_t now, full, percent;
    int error = attribute_int(fd, "capacity", &percent);

    for (size_t i = 0; i < COUNT_OF(pairs) && attribute_is_absent(error); i++) {
        if (attribute_int(fd, pairs[i][0], &now) == 0 &&
            attribute_int(fd, pairs[i][1], &full) == 0) {
            error = full > 0 && now >= 0 && now <= INT64_MAX / 100 ? 0 : EINVAL;
            percent = error == 0 ? now * 100 / full : 0;
        }
    }
    if (error == 0 && (percent < 0 || percent > CAPACITY_MAX)) {
        error = ERANGE;
    }
    if (error == 0) {
        *ret_percent = percent > 100 ? 100 : percent;
    }
    return error;
}

static void weigh(int fd, int64_t percent, struct tally *tally)
{
    static const char *const sizes[] = {"energy_full", "charge_full"};

    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        int64_t size;

        if (attribute_int(fd, sizes[i], &size) == 0 && size > 0 && size < INT64_MAX / 100000) {
            tally->sized[i]++;
            tally->full[i] += size;
            tally->now[i] += size * percent;
        }
    }
}

static void take_battery(struct sensor_reader *reader, int fd, const char *name,
                         struct tally *tally)
{
    char status[WORD_SIZE] = "";
    int64_t present, percent;
    int error;

    if (attribute_int(fd, "present", &present) == 0 && present == 0) {
        return; /* an empty bay */
    }
    tally->batteries++;
    note_add(reader, SENSOR_BATTERY, "%.40s", name);
    error = read_percent(fd, &percent);
    if (error == 0) {
        tally->readable++;
        tally->percents += percent;
        weigh(fd, percent, tally);
    } else {
        note_trouble(tally, name, "capacity", error);
    }
    if (attribute_text(fd, "status", status, sizeof(status)) == 0) {
        tally->is_discharging |= str_eq(status, "Discharging");
        tally->is_filled |=
            str_eq(status, "Charging") || str_eq(status, "Full") || str_eq(status, "Not charging");
    }
}

static void take_charger(int fd, bool is_mains, struct tally *tally)
{
    int64_t online;

    if (attribute_int(fd, "online", &online) == 0 && online >= 0) {
        tally->chargers++;
        tally->online += online > 0;
        tally->has_mains |= is_mains;
    }
}

static void take_supply(struct sensor_reader *reader, void *data, int dir_fd, const char *name)
{
    struct tally *tally = data;
    _cleanup_(file_close)
    int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char type[WORD_SIZE], scope[WORD_SIZE];
    int error;

    if (fd < 0 ||
        (attribute_text(fd, "scope", scope, sizeof(scope)) == 0 && str_eq(scope, "Device"))) {
        return;
    }
    error = attribute_text(fd, "type", type, sizeof(type));
    if (error != 0) {
        if (!attribute_is_absent(error)) { /* it may be the battery */
            tally->batteries++;
            note_trouble(tally, name, "type", error);
        }
        return;
    }
    if (str_eq(type, "Battery") || str_eq(type, "UPS")) {
        take_battery(reader, fd, name, tally);
    } else if (str_eq(type, "Mains") || str_starts(type, "USB") || str_eq(type, "Wireless")) {
        take_charger(fd, str_eq(type, "Mains"), tally);
    }
}

static int64_t average(const struct tally *tally)
{
    for (size_t i = 0; i < COUNT_OF(tally->full); i++) {
        if (tally->sized[i] == tally->batteries) {
            return tally->now[i] / tally->full[i];
        }
    }
    return tally->percents / (int64_t)tally->batteries;
}

static void put_charging(struct sensor_reader *reader, const struct tally *tally,
                         struct readings *readings)
{
    if (tally->is_discharging) {
        note_set(reader, SENSOR_CHARGING, "a battery is discharging");
        put_known(reader, readings, SENSOR_CHARGING, 0);
    } else if (tally->online > 0) {
        note_set(reader, SENSOR_CHARGING, "outside power is there");
        put_known(reader, readings, SENSOR_CHARGING, 1);
    } else if (tally->has_mains || (tally->chargers > 0 && !tally->is_filled)) {
        note_set(reader, SENSOR_CHARGING, "no outside power is there");
        put_known(reader, readings, SENSOR_CHARGING, 0);
    } else if (tally->is_filled) {
        note_set(reader, SENSOR_CHARGING, "the battery is charged");
        put_known(reader, readings, SENSOR_CHARGING, 1);
    } else {
        note_set(reader, SENSOR_CHARGING, "neither batteries nor chargers tell");
        put_unknown(reader, readings, SENSOR_CHARGING);
    }
}

/* Without a battery no rule about batteries applies.  One that was there and is not any more was
 * taken out of a machine on mains power, or its driver died: then nobody knows. */
static void put_none(struct sensor_reader *reader, const struct tally *tally,
                     struct readings *readings)
{
    const char *why = "no battery in /sys/class/power_supply";

    if (reader->had_battery && tally->online == 0) {
        why = "the battery is not there any more";
        put_unknown(reader, readings, SENSOR_BATTERY);
        put_unknown(reader, readings, SENSOR_CHARGING);
    }
    note_set(reader, SENSOR_BATTERY, "%s", why);
    note_set(reader, SENSOR_CHARGING, "%s", why);
}

void sensors_read_power(struct sensor_reader *reader, struct readings *readings)
{
    struct tally tally = {.batteries = 0};
    int error = each_entry(reader, reader->root_fd, "sys/class/power_supply", take_supply, &tally);

    if (error != 0 && !attribute_is_absent(error)) {
        note_set(reader, SENSOR_BATTERY, "/sys/class/power_supply: %s", strerror(error));
        note_set(reader, SENSOR_CHARGING, "/sys/class/power_supply: %s", strerror(error));
        put_unknown(reader, readings, SENSOR_BATTERY);
        put_unknown(reader, readings, SENSOR_CHARGING);
        return;
    }
    if (tally.batteries == 0) {
        put_none(reader, &tally, readings);
        return;
    }
    reader->had_battery = true;
    if (tally.readable == tally.batteries) {
        put_known(reader, readings, SENSOR_BATTERY, average(&tally));
    } else {
        note_set(reader, SENSOR_BATTERY, "%s", tally.trouble);
        put_unknown(reader, readings, SENSOR_BATTERY);
    }
    put_charging(reader, &tally, readings);
}
