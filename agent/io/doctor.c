/* A list of findings, found out one after the other, then printed. */
#include "agent/io/doctor.h"

#include "agent/io/cache.h"
#include "agent/io/programs.h"
#include "agent/io/sensors.h"
#include "agent/shim/cgroup.h"
#include "agent/shim/clock.h"
#include "agent/shim/file.h"
#include "schema/base/parse.h"
#include "schema/json.h"
#include "schema/version.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

enum {
    SPACE_WANTED_MIB = 256, /* for logs, and what workloads write */
    SPACE_NEEDED_MIB = 8,
    DESCRIPTORS_WANTED = 1024,
    DESCRIPTORS_NEEDED = 128,
    CONNECT_MS = 3000,
    SECOND_LOOK_US = 300 * 1000, /* for rates */
    LABEL_WIDTH = 16,
    VALUE_WIDTH = 12,
};

#define SANE_CLOCK_MS 1767225600000 /* 2026: no machine with this program has an earlier one */

enum grade {
    GRADE_GOOD,
    GRADE_LIMIT, /* it goes without */
    GRADE_BAD,   /* it does not */
};

static const char *const grade_words[] = {"ok", "limited", "missing"};
static const char *const grade_marks[] = {"ok", "--", "NO"};

struct finding {
    const char *area, *name, *value, *note; /* in the arena or static */
    enum grade grade;
};

struct doctor {
    const struct config *config;
    struct arena arena;
    struct {
        VEC_OF(struct finding);
    } findings;
    struct readings readings;
};

static void add(struct doctor *doctor, enum grade grade, const char *area, const char *name,
                const char *value, const char *format, ...) _printf_(6, 7);

static void add(struct doctor *doctor, enum grade grade, const char *area, const char *name,
                const char *value, const char *format, ...)
{
    char note[ERR_TEXT_SIZE];
    va_list rest;

    va_start(rest, format);
    (void)vsnprintf(note, sizeof(note), format, rest);
    va_end(rest);
    vec_add(&doctor->findings, ((struct finding){.area = area,
                                                 .name = name,
                                                 .value = arena_strdup(&doctor->arena, value),
                                                 .note = arena_strdup(&doctor->arena, note),
                                                 .grade = grade}));
}

/* --- sensors ------------------------------------------------------------------------------------
 */

static void add_sensor(struct doctor *doctor, const struct sensor_reader *reader,
                       enum sensor sensor)
{
    const struct reading *reading = &doctor->readings.of[sensor];
    char text[READING_TEXT_SIZE];

    reading_to_str(sensor, reading, text);
    add(doctor, reading->state == READING_UNKNOWN ? GRADE_LIMIT : GRADE_GOOD, "sensors",
        sensor_words[sensor], text, "%s", sensors_note(reader, sensor));
}

static void examine_sensors(struct doctor *doctor)
{
    const char *root = doctor->config->sensor_root;
    struct sensor_reader *reader;
    struct err err = ERR_NONE;

    if (sensors_open(root, &reader, &err) < 0) {
        add(doctor, GRADE_BAD, "sensors", "root", root, "%s", err.text);
        return;
    }
    sensors_read(reader, clock_mono(), clock_wall(), SENSORS_NO_WORK, &doctor->readings);
    (void)usleep(SECOND_LOOK_US);
    sensors_read(reader, clock_mono(), clock_wall(), SENSORS_NO_WORK, &doctor->readings);
    for (int i = 0; i < SENSOR_COUNT; i++) {
        add_sensor(doctor, reader, (enum sensor)i);
    }
    sensors_close(reader);
}

/* --- enforcement --------------------------------------------------------------------------------
 */

static void examine_enforcement(struct doctor *doctor, int state_fd)
{
    char name[CGROUP_NAME_SIZE] = "fog-agent.doctor";
    struct cgroup_options options = {.base = doctor->config->cgroup, .name = name};
    struct cgroup_site site;

    if (state_fd >= 0) {
        cgroup_name_parent(state_fd, name);
    }
    cgroup_probe(&options, &site);
    for (int i = 0; i < CGROUP_LIMIT_COUNT; i++) {
        static const char *const values[] = {
            [KEEPER_V2] = "kernel", [KEEPER_V1] = "kernel", [KEEPER_SHIM] = "shim"};
        _cleanup_(str_fini)
        struct str words = STR_EMPTY;

        cgroup_way_to_str(&site, (enum cgroup_limit)i, &words);
        add(doctor, site.ways[i].keeper == KEEPER_SHIM ? GRADE_LIMIT : GRADE_GOOD, "enforcement",
            cgroup_limit_words[i], values[site.ways[i].keeper], "%s", words.data);
    }
}

/* --- the state directory ------------------------------------------------------------------------
 */

static void examine_space(struct doctor *doctor, int dir_fd)
{
    struct statvfs disk;
    char text[QUANTITY_TEXT_SIZE];
    int64_t mib;

    if (fstatvfs(dir_fd, &disk) < 0) {
        add(doctor, GRADE_BAD, "agent", "space", "unknown", "%s", strerror(errno));
        return;
    }
    mib = (int64_t)(disk.f_bavail * (uint64_t)disk.f_frsize >> 20);
    quantity_to_str(mib << 20, text);
    add(doctor,
        mib < SPACE_NEEDED_MIB   ? GRADE_BAD
        : mib < SPACE_WANTED_MIB ? GRADE_LIMIT
                                 : GRADE_GOOD,
        "agent", "space", text, "free for what it keeps, logs and work");
}

static void examine_sync(struct doctor *doctor, int dir_fd)
{
    static const char file[] = "doctor";
    struct mono begin = clock_mono();
    struct err err = ERR_NONE;
    char text[DURATION_TEXT_SIZE];

    if (file_replace(dir_fd, file, file, strlen(file), true, &err) < 0) {
        add(doctor, GRADE_BAD, "agent", "sync", "fails", "%s", err.text);
        return;
    }
    (void)unlinkat(dir_fd, file, 0);
    duration_to_str(mono_since(begin, clock_mono()), text);
    add(doctor, GRADE_GOOD, "agent", "sync", text, "to put a file in place for good");
}

/* Opened when it is there; else, could it be made? */
static void examine_state(struct doctor *doctor, struct cache *cache)
{
    const char *path = doctor->config->state;
    char *parent = arena_strdup(&doctor->arena, path);
    struct err err = ERR_NONE;

    if (access(path, F_OK) == 0) {
        if (cache_open(cache, path, &err) < 0) {
            add(doctor, GRADE_BAD, "agent", "state", "refused", "%s", err.text);
            return;
        }
        add(doctor, GRADE_GOOD, "agent", "state", "there", "%s, %s", path,
            cache_lock(cache, NULL) < 0 ? "an agent runs on it" : "no agent runs on it now");
        file_close(&cache->lock_fd); /* one that starts now is not to wait for us */
        examine_space(doctor, cache->dir_fd);
        examine_sync(doctor, cache->dir_fd);
        return;
    }
    do {
        char *slash = strrchr(parent, '/');

        if (slash == NULL) {
            parent = arena_strdup(&doctor->arena, ".");
        } else {
            slash[slash == parent] = '\0';
        }
    } while (access(parent, F_OK) < 0 && !str_eq(parent, "/") && !str_eq(parent, "."));
    add(doctor, access(parent, W_OK) == 0 ? GRADE_GOOD : GRADE_BAD, "agent", "state", "not there",
        "%s; \"%s\" %s", path, parent,
        access(parent, W_OK) == 0 ? "may be written to" : strerror(errno));
}

/* --- the controller -----------------------------------------------------------------------------
 */

/* 0 or an errno. */
static int try_connect(const struct addrinfo *address)
{
    _cleanup_(file_close)
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
    int error = 0;
    socklen_t size = sizeof(error);

    if (fd < 0) {
        return errno;
    }
    if (connect(fd, address->ai_addr, address->ai_addrlen) == 0) {
        return 0;
    }
    if (errno != EINPROGRESS) {
        return errno;
    }
    if (poll(&poll_fd, 1, CONNECT_MS) <= 0) {
        return ETIMEDOUT;
    }
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? errno : error;
}

static void examine_controller(struct doctor *doctor)
{
    const struct config *config = doctor->config;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses = NULL;
    char port[16];
    int error, reached = ENOENT;

    if (!config->controller.is_loopback && !config->is_insecure) {
        add(doctor, GRADE_BAD, "agent", "controller", "refused",
            "%s: not on this machine, and the link is not encrypted: for a test network, add "
            "--insecure",
            config->controller_url);
        return;
    }
    (void)snprintf(port, sizeof(port), "%d", config->controller.port);
    error = getaddrinfo(config->controller.host, port, &hints, &addresses);
    for (const struct addrinfo *it = addresses; it != NULL && reached != 0; it = it->ai_next) {
        reached = try_connect(it);
    }
    if (addresses != NULL) {
        freeaddrinfo(addresses);
    }
    if (error != 0 || reached != 0) {
        add(doctor, GRADE_BAD, "agent", "controller", "unreachable", "%s: %s",
            config->controller_url, error != 0 ? gai_strerror(error) : strerror(reached));
        return;
    }
    add(doctor, GRADE_GOOD, "agent", "controller", "reachable", "%s", config->controller_url);
}

/* --- the machine --------------------------------------------------------------------------------
 */

static void examine_clock(struct doctor *doctor)
{
    struct wall now = clock_wall();
    struct timex timex = {.modes = 0};
    char text[WALL_TEXT_SIZE];
    struct tm local;
    char zone[16] = "";
    time_t seconds = (time_t)(now.ms / 1000);

    wall_to_str(now, text);
    if (localtime_r(&seconds, &local) != NULL) {
        (void)strftime(zone, sizeof(zone), "%H:%M %z", &local);
    }
    if (now.ms < SANE_CLOCK_MS) {
        add(doctor, GRADE_BAD, "agent", "clock", "wrong", "%s", text);
    } else if (adjtimex(&timex) == TIME_ERROR) {
        add(doctor, GRADE_LIMIT, "agent", "clock", "alone",
            "%s, here %s; nobody sets it: windows and hours go by it", text, zone);
    } else {
        add(doctor, GRADE_GOOD, "agent", "clock", "set", "%s, here %s", text, zone);
    }
}

static void examine_descriptors(struct doctor *doctor)
{
    struct rlimit limit = {.rlim_cur = 0};
    char text[32] = "unlimited";

    (void)getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur != RLIM_INFINITY) {
        (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)limit.rlim_cur);
    }
    add(doctor,
        limit.rlim_cur < DESCRIPTORS_NEEDED   ? GRADE_BAD
        : limit.rlim_cur < DESCRIPTORS_WANTED ? GRADE_LIMIT
                                              : GRADE_GOOD,
        "agent", "descriptors", text, "two for each piece of work");
}

/* --- the owner ----------------------------------------------------------------------------------
 */

static void examine_file(struct doctor *doctor, const struct cache *cache)
{
    const struct config *config = doctor->config;

    if (cache->dir_fd >= 0 && cache_is_paused(cache)) {
        add(doctor, GRADE_LIMIT, "owner", "paused", "yes", "nothing runs until fog-agent resume");
    }
    if (config->file_trouble != NULL) {
        add(doctor, GRADE_BAD, "owner", "file", "wrong", "%s", config->file_trouble);
        for (size_t i = 0; i < config->problems.count; i++) {
            const struct problem *problem = &config->problems.items[i];

            add(doctor, GRADE_BAD, "owner", "line", "", "%s:%u: %s", problem->file, problem->line,
                problem->message);
        }
    } else if (str_is_empty(config->file)) {
        add(doctor, GRADE_GOOD, "owner", "file", "none", "%s is not there", CONFIG_FILE);
    } else {
        add(doctor, GRADE_GOOD, "owner", "file", "read", "%s", config->file);
    }
}

static void examine_rules(struct doctor *doctor)
{
    const struct harvest_policy_spec *spec = doctor->config->owner_policy;
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    if (spec == NULL) {
        add(doctor, GRADE_GOOD, "owner", "rules", "none", "manifests alone say when work runs");
        return;
    }
    if (spec->battery.min_percent > 0) {
        str_addf(&text, "battery-min %lld, ", (long long)spec->battery.min_percent);
    }
    if (spec->battery.require_charging) {
        str_add(&text, "never-on-battery, ");
    }
    if (spec->thermal.suspend_celsius < CELSIUS_NEVER) {
        str_addf(&text, "max-temperature %lld, ", (long long)spec->thermal.suspend_celsius);
    }
    for (size_t i = 0; i < spec->windows.count; i++) {
        str_addf(&text, "hours %s-%s, ", spec->windows.items[i].from, spec->windows.items[i].to);
    }
    add(doctor, GRADE_GOOD, "owner", "rules", "kept", "%.*s",
        text.length > 2 ? (int)text.length - 2 : 0, text.data);
}

static void examine_caps(struct doctor *doctor)
{
    const struct limits_policy *caps = &doctor->config->caps;
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    if (caps->cpu_percent > 0) {
        str_addf(&text, "%lld %% of the processors", (long long)caps->cpu_percent);
    }
    if (caps->memory_percent > 0) {
        str_addf(&text, "%s%lld %% of the memory", text.length > 0 ? " and " : "",
                 (long long)caps->memory_percent);
    }
    if (text.length == 0) {
        add(doctor, GRADE_GOOD, "owner", "caps", "none",
            "policies alone say how much work may use");
    } else {
        add(doctor, GRADE_GOOD, "owner", "caps", "kept", "%s, for all work together", text.data);
    }
}

static void examine_programs(struct doctor *doctor)
{
    const struct config *config = doctor->config;
    struct programs *programs = NULL;
    const char *running;

    if (config->exclusive_programs.count == 0 ||
        programs_open(config->sensor_root, config->exclusive_programs.items,
                      config->exclusive_programs.count, &programs, NULL) < 0) {
        return;
    }
    running = programs_find(programs, clock_mono());
    add(doctor, running == NULL ? GRADE_GOOD : GRADE_LIMIT, "owner", "programs",
        running == NULL ? "none runs" : running, "%zu that want the machine for themselves%s",
        config->exclusive_programs.count, running == NULL ? "" : ": nothing of ours runs now");
    programs_close(programs);
}

/* Whose options all of this is about. */
static void examine_options(struct doctor *doctor)
{
    const struct config *config = doctor->config;
    _cleanup_(str_fini)
    struct str own = STR_EMPTY;

    if (!config->is_running_agents) {
        if (config->judged != NULL) {
            add(doctor, GRADE_GOOD, "agent", "options", "own", "%s", config->judged);
        }
        return;
    }
    for (size_t i = 0; i < config->options.count; i++) {
        const struct option_given *given = &config->options.items[i];
        const struct option *option = given->option;

        if (given->source == OPTION_BY_FLAG && (option->flags & OPTION_OF_CALLER) == 0 &&
            !str_eq(option->name, "state")) {
            str_addf(&own, "%s--%s", own.length > 0 ? ", " : "", option->name);
        }
    }
    add(doctor, GRADE_GOOD, "agent", "options", "running",
        "those of the agent that runs here%s%s%s", own.length > 0 ? ", but for " : "",
        own.length > 0 ? own.data : "", own.length > 0 ? " of this command" : "");
}

/* --- telling ------------------------------------------------------------------------------------
 */

/* How wide it is on a screen: a character begins with each byte that continues none. */
static int pad(const char *text, int width)
{
    for (; *text != '\0'; text++) {
        width -= ((unsigned char)*text & 0xC0) != 0x80;
    }
    return width > 0 ? width : 0;
}

static void tell_people(const struct doctor *doctor, struct str *to)
{
    const char *area = "";

    str_addf(to, "fog-agent %s%s%s\n", FOG_VERSION, doctor->config->name[0] == '\0' ? "" : ", ",
             doctor->config->name);
    vec_each (&doctor->findings, it) {
        if (!str_eq(area, it->area)) {
            str_addf(to, "\n%s\n", it->area);
            area = it->area;
        }
        str_addf(to, "  %s  %s%*s %s%*s %s\n", grade_marks[it->grade], it->name,
                 pad(it->name, LABEL_WIDTH), "", it->value, pad(it->value, VALUE_WIDTH), "",
                 it->note);
    }
}

static void tell_programs(struct doctor *doctor, bool ok, struct str *to)
{
    struct arena *arena = &doctor->arena;
    struct node *root = node_map(arena), *list = node_list(arena);

    vec_each (&doctor->findings, it) {
        struct node *map = node_map(arena);

        node_set(arena, map, "area", node_str(arena, it->area));
        node_set(arena, map, "name", node_str(arena, it->name));
        node_set(arena, map, "state", node_str(arena, grade_words[it->grade]));
        node_set(arena, map, "value", node_str(arena, it->value));
        node_set(arena, map, "note", node_str(arena, it->note));
        node_add(arena, list, map);
    }
    node_set(arena, root, "name", node_str(arena, doctor->config->name));
    node_set(arena, root, "version", node_str(arena, FOG_VERSION));
    node_set(arena, root, "ok", node_bool(arena, ok));
    node_set(arena, root, "findings", list);
    json_emit(root, JSON_PRETTY, to);
}

bool doctor_examine(const struct config *config, struct str *to)
{
    struct doctor doctor = {.config = config};
    struct cache cache = {.dir_fd = -1, .work_fd = -1, .lock_fd = -1};
    bool ok = true;

    arena_init(&doctor.arena);
    examine_sensors(&doctor);
    examine_options(&doctor);
    examine_state(&doctor, &cache);
    examine_controller(&doctor);
    examine_clock(&doctor);
    examine_descriptors(&doctor);
    examine_enforcement(&doctor, cache.dir_fd);
    examine_file(&doctor, &cache);
    examine_rules(&doctor);
    examine_caps(&doctor);
    examine_programs(&doctor);
    cache_fini(&cache);
    vec_each (&doctor.findings, it) {
        ok = ok && it->grade != GRADE_BAD;
    }
    if (config->output == OUTPUT_JSON) {
        tell_programs(&doctor, ok, to);
    } else {
        tell_people(&doctor, to);
    }
    vec_fini(&doctor.findings);
    arena_fini(&doctor.arena);
    return ok;
}
