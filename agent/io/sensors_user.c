/* How long ago somebody last used the machine.
 *
 *  - Keyboards, mice, touch screens, game pads: /dev/input/event*.  The kernel keeps no time of
 *    their last use (their time stamps are those of being plugged in), so the only honest way is to
 *    listen: each who opens one gets a copy of its events.  Ours are looked at for being there,
 *    and forgotten; what was typed is never kept.  Whoever may not open them is blind.
 *  - Terminals, thus also ssh: the kernel keeps the time of the last input (not output) as the
 *    device's access time, in steps of eight seconds.
 *
 * Wall time serves only once, at the first look; afterwards a time stamp that changed is use, which
 * no step of the clock can hide.  Something that appears or vanishes is use, too: somebody logged
 * in, or plugged it in. */
#include "agent/io/sensors_inner.h"

#include "agent/shim/file.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/input.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    RESCAN_MS = 10 * 1000,
    DEVICES_MAX = 256,
    EVENTS_AT_ONCE = 64,
    READS_MAX = 16, /* of a device that never runs dry; the rest is for the next second */
    BLIND_TRUST_MS = 30 * 1000,
    KEY_BITS = 1024,
    SECONDS_MAX = INT_MAX, /* of a time stamp that is believed */
    WORD_BITS = 8 * sizeof(long),
};

/* --- what is used by a person -------------------------------------------------------------------
 */

struct keys {
    unsigned long words[KEY_BITS / WORD_BITS]; /* the lowest first */
};

/* Hexadecimal words, the highest first. */
static bool keys_from_str(char *text, struct keys *keys)
{
    size_t count = 0;
    char *rest = NULL;

    for (char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        char *end;

        if (count == COUNT_OF(keys->words)) {
            return false;
        }
        memmove(&keys->words[1], &keys->words[0], count * sizeof(keys->words[0]));
        keys->words[0] = strtoul(word, &end, 16);
        if (*end != '\0') {
            return false;
        }
        count++;
    }
    return count > 0;
}

static bool has_key(const struct keys *keys, unsigned code)
{
    return (keys->words[code / WORD_BITS] >> code % WORD_BITS & 1) != 0;
}

static bool has_any(const struct keys *keys, const unsigned *codes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (has_key(keys, codes[i])) {
            return true;
        }
    }
    return false;
}

static bool is_keyboard(const struct keys *keys)
{
    for (unsigned code = KEY_ESC; code <= KEY_D; code++) {
        if (!has_key(keys, code)) {
            return false;
        }
    }
    return true;
}

/* Lids, power buttons, jacks and the buttons of remote controls are not used for working.  What the
 * kernel does not describe counts: better one too many. */
static bool is_for_people(const struct sensor_reader *reader, const char *name, bool *ret_is_pad)
{
    static const unsigned pointers[] = {BTN_LEFT, BTN_TOUCH, BTN_TOOL_FINGER, BTN_TOOL_PEN};
    static const unsigned pads[] = {BTN_JOYSTICK, BTN_GAMEPAD};
    char path[96], text[ATTRIBUTE_SIZE];
    struct keys keys = {.words = {0}};

    (void)snprintf(path, sizeof(path), "sys/class/input/%.24s/device/capabilities/key", name);
    *ret_is_pad = false;
    if (attribute_text(reader->root_fd, path, text, sizeof(text)) != 0 ||
        !keys_from_str(text, &keys)) {
        return true;
    }
    if (is_keyboard(&keys) || has_any(&keys, pointers, COUNT_OF(pointers))) {
        return true;
    }
    *ret_is_pad = has_any(&keys, pads, COUNT_OF(pads));
    return *ret_is_pad;
}

/* --- input devices ------------------------------------------------------------------------------
 */

/* The device of this name, new or known; NULL when it is none that counts. */
static struct input_device *meet_device(struct sensor_reader *reader, const char *name)
{
    struct input_device device = {.fd = -1};

    if (!str_starts(name, "event") || strlen(name) >= sizeof(device.name)) {
        return NULL;
    }
    vec_each (&reader->user.devices, it) {
        if (str_eq(it->name, name)) {
            return it;
        }
    }
    if (reader->user.devices.count == DEVICES_MAX || !is_for_people(reader, name, &device.is_pad)) {
        return NULL;
    }
    (void)snprintf(device.name, sizeof(device.name), "%s", name);
    vec_add(&reader->user.devices, device);
    return &reader->user.devices.items[reader->user.devices.count - 1];
}

/* Pipes are listened to like devices, for demonstrations; of regular files the time stamps count.
 */
static void open_device(struct input_device *device, int dir_fd)
{
    struct stat about;

    device->is_blind = false;
    if (fstatat(dir_fd, device->name, &about, 0) < 0) {
        device->is_blind = errno != ENOENT;
        return;
    }
    if (!S_ISCHR(about.st_mode) && !S_ISFIFO(about.st_mode)) {
        return;
    }
    device->fd = openat(dir_fd, device->name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    device->is_blind = device->fd < 0;
}

/* One that we might not open may be opened now. */
static void take_node(struct sensor_reader *reader, void *data, int dir_fd, const char *name)
{
    struct input_device *device = meet_device(reader, name);

    (void)data;
    if (device != NULL) {
        device->is_there = true;
        if (device->fd < 0) {
            open_device(device, dir_fd);
        }
    }
}

/* The kernel has one, and there is no node of it, as in a container: we are blind, not without. */
static void take_hidden(struct sensor_reader *reader, void *data, int dir_fd, const char *name)
{
    struct input_device *device = meet_device(reader, name);

    (void)data;
    (void)dir_fd;
    if (device != NULL && !device->is_there) {
        device->is_there = true;
        device->is_blind = device->fd < 0;
    }
}

static void rescan(struct sensor_reader *reader)
{
    reader->user.rescan = mono_after(reader->now, RESCAN_MS);
    vec_each (&reader->user.devices, it) {
        it->is_there = false;
    }
    (void)each_entry(reader, reader->root_fd, "dev/input", take_node, NULL);
    (void)each_entry(reader, reader->root_fd, "sys/class/input", take_hidden, NULL);
    for (size_t i = reader->user.devices.count; i > 0; i--) {
        if (!reader->user.devices.items[i - 1].is_there) {
            file_close(&reader->user.devices.items[i - 1].fd);
            vec_remove(&reader->user.devices, i - 1);
        }
    }
}

static bool is_use(const struct input_event *event, bool is_pad)
{
    return event->type == EV_KEY || event->type == EV_REL || (event->type == EV_ABS && !is_pad);
}

/* Empties it.  `ret_gone`: it was unplugged. */
static bool was_used(const struct input_device *device, bool *ret_gone)
{
    struct input_event events[EVENTS_AT_ONCE];
    bool used = false;

    for (size_t i = 0; i < READS_MAX; i++) {
        ssize_t got = read(device->fd, events, sizeof(events));

        if (got < (ssize_t)sizeof(events[0])) {
            *ret_gone = got < 0 && errno == ENODEV;
            break;
        }
        for (size_t at = 0; at < (size_t)got / sizeof(events[0]); at++) {
            used = used || is_use(&events[at], device->is_pad);
        }
    }
    explicit_bzero(events, sizeof(events));
    return used;
}

static bool listen_to_all(struct sensor_reader *reader)
{
    bool used = false;

    for (size_t i = reader->user.devices.count; i > 0; i--) {
        struct input_device *device = &reader->user.devices.items[i - 1];
        bool gone = false;

        if (device->fd >= 0 && was_used(device, &gone)) {
            used = true;
        }
        if (gone) {
            file_close(&device->fd);
            vec_remove(&reader->user.devices, i - 1);
            reader->user.rescan = reader->now; /* another one may have its name already */
        }
    }
    return used;
}

/* --- time stamps --------------------------------------------------------------------------------
 */

struct traces {
    uint64_t sum; /* the same in any order */
    int64_t newest_ms;
    size_t people; /* terminals that exist because somebody opened them */
    bool is_console;
};

static void take_trace(struct traces *traces, const char *name, const struct timespec *time)
{
    const struct {
        int64_t seconds, nanoseconds;
    } at = {(int64_t)time->tv_sec, (int64_t)time->tv_nsec};
    uint64_t hash = 0xcbf29ce484222325U;
    int64_t ms = at.seconds > 0 && at.seconds < SECONDS_MAX
                     ? at.seconds * 1000 + at.nanoseconds / 1000000
                     : 0;

    for (const char *c = name; *c != '\0'; c++) {
        hash = (hash ^ (unsigned char)*c) * 0x100000001b3U;
    }
    for (size_t i = 0; i < sizeof(at); i++) {
        hash = (hash ^ ((const unsigned char *)&at)[i]) * 0x100000001b3U;
    }
    traces->sum += hash;
    traces->newest_ms = ms > traces->newest_ms ? ms : traces->newest_ms;
}

static bool is_number(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static void take_terminal(struct sensor_reader *reader, void *data, int dir_fd, const char *name)
{
    struct traces *traces = data;
    struct stat about;

    (void)reader;
    if (!is_number(traces->is_console && str_starts(name, "tty") ? name + 3
                   : traces->is_console                          ? ""
                                                                 : name)) {
        return;
    }
    if (fstatat(dir_fd, name, &about, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(about.st_mode)) {
        take_trace(traces, name, &about.st_atim);
        traces->people += traces->is_console ? 0 : 1;
    }
}

static void take_stamps(struct sensor_reader *reader, struct traces *traces)
{
    const struct timespec nothing = {.tv_sec = 0};
    char path[64];
    struct stat about;

    vec_each (&reader->user.devices, it) {
        (void)snprintf(path, sizeof(path), "dev/input/%s", it->name);
        if (fstatat(reader->root_fd, path, &about, 0) < 0) {
            continue;
        }
        if (it->fd >= 0) { /* of a device: when it got this name; our reading changes nothing */
            take_trace(traces, it->name, S_ISCHR(about.st_mode) ? &about.st_ctim : &nothing);
        } else {
            take_trace(traces, it->name, &about.st_atim);
            take_trace(traces, it->name, &about.st_mtim);
        }
    }
    (void)each_entry(reader, reader->root_fd, "dev/pts", take_terminal, traces);
    traces->is_console = true; /* tty1, not ttyS0: serial lines have machines at their ends */
    (void)each_entry(reader, reader->root_fd, "dev", take_terminal, traces);
}

/* --- the reading --------------------------------------------------------------------------------
 */

static void count_devices(const struct sensor_reader *reader, size_t *ret_watched,
                          size_t *ret_blind)
{
    vec_each (&reader->user.devices, it) {
        *ret_watched += it->fd >= 0;
        *ret_blind += it->is_blind;
    }
}

/* At the first look: nobody watched the devices before, so they may just have been used. */
static struct mono first_use(const struct sensor_reader *reader, const struct traces *traces,
                             bool is_watching)
{
    int64_t age_ms = reader->wall.ms - traces->newest_ms;

    return is_watching || age_ms < 0 ? reader->now : (struct mono){reader->now.ms - age_ms};
}

void sensors_read_user(struct sensor_reader *reader, struct readings *readings)
{
    struct traces traces = {.sum = 0};
    size_t watched = 0, blind = 0;
    int64_t idle_ms;
    bool used;

    if (mono_is_due(reader->user.rescan, reader->now)) {
        rescan(reader);
    }
    used = listen_to_all(reader);
    take_stamps(reader, &traces);
    count_devices(reader, &watched, &blind);
    if (mono_is_never(reader->user.last_use)) {
        reader->user.last_use = first_use(reader, &traces, watched > 0);
    } else if (used || traces.sum != reader->user.traces) {
        reader->user.last_use = reader->now;
        reader->user.had_sensor = true;
    }
    reader->user.traces = traces.sum;
    if (reader->user.devices.count > 0 || traces.people > 0) {
        reader->user.had_sensor = true;
    }
    if (!reader->user.had_sensor) {
        note_set(reader, SENSOR_IDLE, "no keyboard, mouse or touch screen, and nobody logged in");
        return;
    }
    note_set(reader, SENSOR_IDLE, "%zu input devices, %zu terminals", reader->user.devices.count,
             traces.people);
    idle_ms = mono_since(reader->user.last_use, reader->now);
    if (blind > 0 && idle_ms > BLIND_TRUST_MS) {
        note_set(reader, SENSOR_IDLE, "%zu of %zu input devices in /dev/input cannot be opened",
                 blind, reader->user.devices.count);
        put_unknown(reader, readings, SENSOR_IDLE);
        return;
    }
    put_known(reader, readings, SENSOR_IDLE, idle_ms);
}

void sensors_forget_user(struct sensor_reader *reader)
{
    vec_each (&reader->user.devices, it) {
        file_close(&it->fd);
    }
    vec_fini(&reader->user.devices);
}
