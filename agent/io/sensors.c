/* The plain files of /proc, and what reading any of them has in common.  Files are opened anew each
 * time: a device that went away and came back under its old name is another one, and a descriptor
 * of before would tell nothing for ever. */
#include "agent/io/sensors.h"

#include "agent/io/sensors_inner.h"
#include "agent/shim/file.h"
#include "schema/base/parse.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    WHOLE = 100 * 1000, /* in thousandths of a percent */
    CPU_WINDOW_MS = 10 * 1000,
    CPU_STEP_MS = 500,
    CPU_NUMBERS = 7, /* user, nice, system, idle, iowait, irq, softirq */
    CPU_IDLE = 3,
    CPU_IOWAIT = 4,
};

/* --- files --------------------------------------------------------------------------------------
 */

bool attribute_is_absent(int error)
{
    return error == ENOENT || error == ENOTDIR;
}

/* O_NONBLOCK, and nothing but regular files: a pipe or a device in its place must not hold us. */
static int read_start(int dir_fd, const char *path, char *to, size_t size_bytes, size_t *ret_length)
{
    _cleanup_(file_close)
    int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat about;
    size_t length = 0;
    ssize_t got = 1;

    if (fd < 0 || fstat(fd, &about) < 0) {
        return errno;
    }
    if (!S_ISREG(about.st_mode)) {
        return S_ISDIR(about.st_mode) ? EISDIR : EINVAL;
    }
    while (got > 0 && length < size_bytes) {
        got = read(fd, to + length, size_bytes - length);
        if (got < 0) {
            return errno;
        }
        length += (size_t)got;
    }
    *ret_length = length;
    return 0;
}

int attribute_text(int dir_fd, const char *path, char *to, size_t size_bytes)
{
    size_t length;
    int error = read_start(dir_fd, path, to, size_bytes, &length);

    if (error != 0) {
        return error;
    }
    if (length == size_bytes) {
        return EFBIG;
    }
    if (length > 0 && to[length - 1] == '\n') {
        length--;
    }
    to[length] = '\0';
    return strlen(to) == length ? 0 : EINVAL;
}

int attribute_head(int dir_fd, const char *path, char *to, size_t size_bytes)
{
    size_t length;
    int error = read_start(dir_fd, path, to, size_bytes - 1, &length);
    char *newline;

    if (error != 0) {
        return error;
    }
    to[length] = '\0';
    newline = length < size_bytes - 1 ? NULL : strrchr(to, '\n');
    if (newline != NULL) {
        newline[1] = '\0';
    }
    return 0;
}

int attribute_int(int dir_fd, const char *path, int64_t *ret_value)
{
    char text[32];
    int error = attribute_text(dir_fd, path, text, sizeof(text));

    return error != 0 ? error : int_from_str(text, ret_value) ? 0 : EINVAL;
}

int each_entry(struct sensor_reader *reader, int dir_fd, const char *path, entry_fn *entry,
               void *data)
{
    int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *item;

    if (dir == NULL) {
        int error = errno;

        file_close(&fd);
        return error;
    }
    for (size_t i = 0; i < ENTRIES_MAX && (item = readdir(dir)) != NULL; i++) {
        if (item->d_name[0] != '.') {
            entry(reader, data, dirfd(dir), item->d_name);
        }
    }
    (void)closedir(dir);
    return 0;
}

/* --- readings -----------------------------------------------------------------------------------
 */

void put_known(struct sensor_reader *reader, struct readings *readings, enum sensor sensor,
               int64_t value)
{
    readings->of[sensor] = (struct reading){READING_KNOWN, value, reader->now};
}

void put_unknown(struct sensor_reader *reader, struct readings *readings, enum sensor sensor)
{
    readings->of[sensor] = (struct reading){.state = READING_UNKNOWN, .at = reader->now};
}

void note_set(struct sensor_reader *reader, enum sensor sensor, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(reader->notes[sensor], NOTE_SIZE, format, arguments);
    va_end(arguments);
}

void note_add(struct sensor_reader *reader, enum sensor sensor, const char *format, ...)
{
    char *note = reader->notes[sensor];
    size_t length = strlen(note);
    va_list arguments;

    if (length > 0 && length < NOTE_SIZE - 3) {
        length += (size_t)snprintf(note + length, NOTE_SIZE - length, ", ");
    }
    va_start(arguments, format);
    (void)vsnprintf(note + length, NOTE_SIZE - length, format, arguments);
    va_end(arguments);
}

/* A file that is not there is a sensor that is not there; any other trouble makes it unknown. */
static void put_trouble(struct sensor_reader *reader, struct readings *readings, enum sensor sensor,
                        const char *path, int error)
{
    note_set(reader, sensor, "%s: %s", path, strerror(error));
    if (!attribute_is_absent(error)) {
        put_unknown(reader, readings, sensor);
    }
}

/* "1.53" as 1530; up to `ret_end`, which stands behind it. */
static bool thousandths_from_str(const char *text, int64_t *ret_value, const char **ret_end)
{
    int64_t value = 0, unit = 1000;
    const char *at = text;

    for (; *at >= '0' && *at <= '9' && at - text < 12; at++) {
        value = value * 10 + (*at - '0') * (int64_t)1000;
    }
    if (at == text) {
        return false;
    }
    if (*at == '.') {
        for (at++; *at >= '0' && *at <= '9'; at++) {
            unit /= 10;
            value += (*at - '0') * unit;
        }
    }
    *ret_value = value;
    *ret_end = at;
    return *at == '\0' || *at == ' ' || *at == '\n';
}

static void read_load(struct sensor_reader *reader, struct readings *readings)
{
    static const char path[] = "proc/loadavg";
    char text[ATTRIBUTE_SIZE];
    int error = attribute_text(reader->root_fd, path, text, sizeof(text));
    int64_t value = 0;
    const char *end;

    if (error == 0 && !thousandths_from_str(text, &value, &end)) {
        error = EINVAL;
    }
    if (error != 0) {
        put_trouble(reader, readings, SENSOR_LOAD, path, error);
        return;
    }
    note_set(reader, SENSOR_LOAD, "/%s", path);
    put_known(reader, readings, SENSOR_LOAD, value);
}

static void read_memory(struct sensor_reader *reader, struct readings *readings)
{
    static const char path[] = "proc/meminfo", key[] = "\nMemAvailable:";
    char text[ATTRIBUTE_SIZE];
    int error = attribute_head(reader->root_fd, path, text, sizeof(text));
    const char *at = error != 0 ? NULL : strstr(text, key);
    const char *end;
    int64_t value = 0;

    if (at != NULL) {
        at += strlen(key);
        at += strspn(at, " ");
    }
    if (error == 0 &&
        (at == NULL || !thousandths_from_str(at, &value, &end) || !str_starts(end, " kB\n"))) {
        error = EINVAL;
    }
    if (error != 0) {
        put_trouble(reader, readings, SENSOR_MEMORY_AVAILABLE, path, error);
        return;
    }
    note_set(reader, SENSOR_MEMORY_AVAILABLE, "/%s", path);
    put_known(reader, readings, SENSOR_MEMORY_AVAILABLE, value / 1000 * 1024);
}

/* The file is also there in a kernel that was started without: opening or reading it fails then. */
static void read_pressure(struct sensor_reader *reader, struct readings *readings)
{
    static const char path[] = "proc/pressure/memory", key[] = "some avg10=";
    char text[ATTRIBUTE_SIZE];
    int error = attribute_text(reader->root_fd, path, text, sizeof(text));
    int64_t value = 0;
    const char *end;

    if (error == 0 && (!str_starts(text, key) ||
                       !thousandths_from_str(text + strlen(key), &value, &end) || value > WHOLE)) {
        error = EINVAL;
    }
    if (error == EOPNOTSUPP) {
        note_set(reader, SENSOR_MEMORY_PRESSURE, "%s: switched off in the kernel", path);
        return;
    }
    if (error != 0) {
        put_trouble(reader, readings, SENSOR_MEMORY_PRESSURE, path, error);
        return;
    }
    note_set(reader, SENSOR_MEMORY_PRESSURE, "/%s", path);
    put_known(reader, readings, SENSOR_MEMORY_PRESSURE, value);
}

/* --- processors ---------------------------------------------------------------------------------
 */

/* The first line: what all processors did since boot.  Time stolen by a hypervisor is nobody's
 * here. */
static int read_cpu_times(int root_fd, const char *path, struct cpu_sample *sample)
{
    static long per_second;
    char text[ATTRIBUTE_SIZE];
    int error = attribute_head(root_fd, path, text, sizeof(text));
    char *rest = NULL, *word;
    size_t count = 0;

    if (error != 0) {
        return error;
    }
    per_second = per_second > 0 ? per_second : sysconf(_SC_CLK_TCK);
    text[strcspn(text, "\n")] = '\0';
    word = strtok_r(text, " ", &rest);
    if (!str_eq(word, "cpu")) {
        return EINVAL;
    }
    while (count < CPU_NUMBERS && (word = strtok_r(NULL, " ", &rest)) != NULL) {
        int64_t ticks;

        if (!int_from_str(word, &ticks) || ticks < 0 || ticks > INT64_MAX / 10000) {
            return EINVAL;
        }
        sample->total_ms += ticks * 1000 / per_second;
        sample->busy_ms += count == CPU_IDLE || count == CPU_IOWAIT ? 0 : ticks * 1000 / per_second;
        count++;
    }
    return count == CPU_NUMBERS ? 0 : EINVAL;
}

static void forget_samples(struct sensor_reader *reader, size_t count)
{
    reader->cpu.count -= count;
    memmove(reader->cpu.items, reader->cpu.items + count,
            reader->cpu.count * sizeof(reader->cpu.items[0]));
}

/* What is forgotten takes its past along: our use is then taken to have gone on as in the step
 * before. */
static void fit_own(struct sensor_reader *reader, struct cpu_sample *sample)
{
    size_t count = reader->cpu.count;

    sample->own_ms += reader->cpu.own_offset_ms;
    if (count > 0 && sample->own_ms < reader->cpu.items[count - 1].own_ms) {
        int64_t guess = reader->cpu.items[count - 1].own_ms + reader->cpu.own_step_ms;

        reader->cpu.own_offset_ms += guess - sample->own_ms;
        sample->own_ms = guess;
    }
}

/* Counters of a kernel never stand still for long, and never fall. */
static bool does_count(const struct cpu_sample *last, const struct cpu_sample *now)
{
    return now->total_ms > last->total_ms ||
           (now->total_ms == last->total_ms && mono_since(last->at, now->at) < CPU_STEP_MS);
}

/* Our own use is told a second or two late.  Over the whole window that is little; while less of it
 * is known, the rest counts as time in which nobody used anything, or what we just began would look
 * like somebody else's. */
static int64_t stretch(const struct sensor_reader *reader, int64_t total_ms, int64_t passed_ms)
{
    return reader->cpu.is_alone || passed_ms <= 0 || passed_ms >= CPU_WINDOW_MS
               ? total_ms
               : total_ms * CPU_WINDOW_MS / passed_ms;
}

/* Against the youngest sample that is as old as the window, or else the oldest; false when there is
 * none.  Time that the machine slept is not in the kernel's counters. */
static bool compute_foreign(struct sensor_reader *reader, const struct cpu_sample *now,
                            int64_t *ret_value)
{
    const struct cpu_sample *then = &reader->cpu.items[0];
    int64_t total, foreign;

    while (reader->cpu.count > 1 && mono_since(reader->cpu.items[1].at, now->at) >= CPU_WINDOW_MS) {
        forget_samples(reader, 1);
    }
    if (reader->cpu.count == 0 || !does_count(&reader->cpu.items[reader->cpu.count - 1], now)) {
        reader->cpu.count = 0;
        return false;
    }
    total = now->total_ms - then->total_ms;
    if (total == 0) {
        return false;
    }
    if (now->own_ms - then->own_ms > total) { /* work with a past was adopted: begin anew */
        reader->cpu.count = 0;
        reader->cpu.own_step_ms = 0;
        *ret_value = 0;
        return true;
    }
    foreign = now->busy_ms - then->busy_ms - (now->own_ms - then->own_ms);
    total = stretch(reader, total, mono_since(then->at, now->at));
    *ret_value = foreign <= 0 ? 0 : foreign >= total ? WHOLE : foreign * WHOLE / total;
    return true;
}

static void keep_sample(struct sensor_reader *reader, const struct cpu_sample *sample)
{
    size_t count = reader->cpu.count;

    if (count > 0) {
        const struct cpu_sample *last = &reader->cpu.items[count - 1];

        if (mono_since(last->at, sample->at) < CPU_STEP_MS) {
            return;
        }
        reader->cpu.own_step_ms = sample->own_ms - last->own_ms;
    }
    if (count == CPU_SAMPLES_MAX) {
        forget_samples(reader, 1);
    }
    reader->cpu.items[reader->cpu.count++] = *sample;
}

static void read_foreign_cpu(struct sensor_reader *reader, int64_t own_ms,
                             struct readings *readings)
{
    static const char path[] = "proc/stat";
    struct cpu_sample sample = {.at = reader->now, .own_ms = own_ms < 0 ? 0 : own_ms};
    int error = read_cpu_times(reader->root_fd, path, &sample);
    int64_t value;

    reader->cpu.is_alone = own_ms < 0;
    if (error != 0) {
        reader->cpu.count = 0;
        put_trouble(reader, readings, SENSOR_FOREIGN_CPU, path, error);
        return;
    }
    fit_own(reader, &sample);
    if (compute_foreign(reader, &sample, &value)) {
        note_set(reader, SENSOR_FOREIGN_CPU, "/%s", path);
        put_known(reader, readings, SENSOR_FOREIGN_CPU, value);
    } else {
        note_set(reader, SENSOR_FOREIGN_CPU, "%s: a rate needs two looks", path);
        put_unknown(reader, readings, SENSOR_FOREIGN_CPU);
    }
    keep_sample(reader, &sample);
}

/* --- all of them --------------------------------------------------------------------------------
 */

int sensors_open(const char *root, struct sensor_reader **ret_reader, struct err *err)
{
    int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct sensor_reader *reader;

    if (fd < 0) {
        return err_set(err, ERR_NOT_FOUND, "cannot read sensors under \"%s\": %s", root,
                       strerror(errno));
    }
    reader = MEM_NEW(struct sensor_reader);
    reader->root_fd = fd;
    reader->user.last_use = MONO_NEVER;
    *ret_reader = reader;
    return 0;
}

void sensors_close(struct sensor_reader *reader)
{
    if (reader != NULL) {
        sensors_forget_user(reader);
        file_close(&reader->root_fd);
        free(reader);
    }
}

void sensors_read(struct sensor_reader *reader, struct mono now, struct wall wall,
                  int64_t own_cpu_ms, struct readings *ret_readings)
{
    struct readings readings = {.of = {{.state = READING_NONE}}};

    reader->now = now;
    reader->wall = wall;
    memset(reader->notes, 0, sizeof(reader->notes));
    sensors_read_power(reader, &readings);
    sensors_read_heat(reader, &readings);
    sensors_read_user(reader, &readings);
    read_foreign_cpu(reader, own_cpu_ms, &readings);
    read_memory(reader, &readings);
    read_pressure(reader, &readings);
    sensors_read_network(reader, &readings);
    read_load(reader, &readings);
    *ret_readings = readings;
}

const char *sensors_note(const struct sensor_reader *reader, enum sensor sensor)
{
    assert(sensor < SENSOR_COUNT);
    return reader->notes[sensor];
}
