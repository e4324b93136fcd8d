/* The table of the agent's options, and what only they can be. */
#include "agent/io/config.h"
#include "schema/base/parse.h"
#include "schema/limits.h"

#include <string.h>

enum { CORES_ROW, MEMORY_ROW, DISK_ROW };     /* of struct resources */
enum { CPU_PERCENT_ROW, MEMORY_PERCENT_ROW }; /* of struct limits_policy */

static bool take_name(void *config, struct arena *arena, char *value)
{
    size_t length = strlen(value);

    (void)config;
    (void)arena;
    return length <= NAME_BYTES_MAX &&
           strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789-.") == length &&
           strchr("-.", value[0]) == NULL && strchr("-.", value[length - 1]) == NULL;
}

static void put_label(struct config *config, struct arena *arena, const char *key,
                      const char *value)
{
    struct strmap *labels = &config->labels;
    size_t at = 0;

    while (at < labels->count && strcmp(labels->items[at].key, key) < 0) {
        at++;
    }
    if (at == labels->count || !str_eq(labels->items[at].key, key)) {
        labels->items = arena_grow(arena, labels->items, labels->count, sizeof(struct strpair));
        memmove(&labels->items[at + 1], &labels->items[at],
                (labels->count - at) * sizeof(struct strpair));
        labels->count++;
    }
    labels->items[at] = (struct strpair){key, value};
}

/* One or, as in the environment, several between commas. */
static bool take_labels(void *to, struct arena *arena, char *value)
{
    struct config *config = to;
    char *rest = value;

    while (rest != NULL) {
        char *pair = strsep(&rest, ",");
        char *equals = strchr(pair, '=');

        if (equals == NULL || equals == pair || config->labels.count == LABELS_MAX) {
            return false;
        }
        *equals = '\0';
        if (strlen(pair) > LABEL_KEY_BYTES_MAX || strlen(equals + 1) > LABEL_VALUE_BYTES_MAX) {
            return false;
        }
        put_label(config, arena, pair, equals + 1);
    }
    return true;
}

static bool take_cores(void *to, struct arena *arena, char *value)
{
    struct resources *capacity = &((struct config *)to)->capacity;

    (void)arena;
    capacity->set |= 1U << CORES_ROW;
    return cores_from_str(value, &capacity->cores) && capacity->cores > 0;
}

static bool take_memory(void *to, struct arena *arena, char *value)
{
    struct resources *capacity = &((struct config *)to)->capacity;

    (void)arena;
    capacity->set |= 1U << MEMORY_ROW;
    return quantity_from_str(value, &capacity->memory) && capacity->memory > 0;
}

static bool take_disk(void *to, struct arena *arena, char *value)
{
    struct resources *capacity = &((struct config *)to)->capacity;

    (void)arena;
    capacity->set |= 1U << DISK_ROW;
    return quantity_from_str(value, &capacity->disk) && capacity->disk >= 0;
}

static bool take_percent(const char *value, int64_t *ret_percent)
{
    return int_from_str(value, ret_percent) && *ret_percent >= 1 && *ret_percent <= 100;
}

static bool take_cap_cpu(void *to, struct arena *arena, char *value)
{
    struct limits_policy *caps = &((struct config *)to)->caps;

    (void)arena;
    caps->set |= 1U << CPU_PERCENT_ROW;
    return take_percent(value, &caps->cpu_percent);
}

static bool take_cap_memory(void *to, struct arena *arena, char *value)
{
    struct limits_policy *caps = &((struct config *)to)->caps;

    (void)arena;
    caps->set |= 1U << MEMORY_PERCENT_ROW;
    return take_percent(value, &caps->memory_percent);
}

static bool take_cgroup(void *config, struct arena *arena, char *value)
{
    (void)config;
    (void)arena;
    return value[0] == '/' || value[0] == '\0' || str_eq(value, "none");
}

static bool take_root(void *config, struct arena *arena, char *value)
{
    (void)config;
    (void)arena;
    return value[0] == '/';
}

static const char *const output_words[] = {"text", "json", NULL};

#define MEMBER(name) .offset = offsetof(struct config, name)

static const struct option options[] = {
    {.section = "Files",
     .name = "config",
     .alias = "file",
     .value = "FILE",
     .type = OPTION_TEXT,
     MEMBER(named_file),
     .expected = "a file",
     .unset = CONFIG_FILE ", when it is there",
     .doc = "options of the owner, a line each",
     .flags = OPTION_OF_CALLER},
    {.name = "state",
     .value = "DIR",
     .type = OPTION_TEXT,
     MEMBER(state),
     .expected = "a directory",
     .unset = "/var/lib/fog-agent, or ~/.local/state/fog-agent",
     .example = "/var/lib/fog-agent",
     .doc = "where identity, cache, work and logs are kept"},
    {.name = "blob-cache",
     .value = "BYTES",
     .type = OPTION_QUANTITY,
     MEMBER(blob_cache_bytes),
     .expected = "a size, as 4Gi",
     .fallback = "4Gi",
     .doc = "keep so much of what was fetched for workloads"},
    {.section = "Who it is, and whom it serves",
     .name = "name",
     .value = "NAME",
     .type = OPTION_TEXT,
     MEMBER(name),
     .take = take_name,
     .expected = "a name in lower case (letters, digits, - and .)",
     .unset = "the machine's",
     .example = "edge-1",
     .doc = "of this agent"},
    {.name = "controller",
     .value = "URL",
     .type = OPTION_TEXT,
     MEMBER(controller_url),
     .expected = "ws://HOST:PORT",
     .fallback = "ws://127.0.0.1:7412",
     .doc = "where the controller listens for agents"},
    {.name = "controller-name",
     .value = "NAME",
     .type = OPTION_TEXT,
     MEMBER(controller_name),
     .expected = "a name",
     .fallback = "",
     .unset = "any",
     .example = "fog",
     .doc = "obey only a controller that calls itself so",
     .flags = OPTION_MAY_BE_EMPTY},
    {.name = "insecure",
     .type = OPTION_SWITCH,
     MEMBER(is_insecure),
     .fallback = "false",
     .doc = "also talk to controllers that are not on this machine, without encryption"},
    {.name = "label",
     .value = "K=V[,K=V…]",
     .type = OPTION_TAKEN,
     .take = take_labels,
     .expected = "key=value",
     .unset = "none",
     .example = "site=north,rack=7",
     .doc = "self-declared labels, seen as reported/K",
     .flags = OPTION_ADDS | OPTION_RELOADS},
    {.section = "What it offers",
     .name = "cores",
     .value = "N",
     .type = OPTION_TAKEN,
     .take = take_cores,
     .expected = "a number of cores",
     .unset = "as measured",
     .example = "2",
     .doc = "offer this many",
     .flags = OPTION_RELOADS},
    {.name = "memory",
     .value = "BYTES",
     .type = OPTION_TAKEN,
     .take = take_memory,
     .expected = "a size, as 4Gi",
     .unset = "as measured",
     .example = "4Gi",
     .doc = "offer this much",
     .flags = OPTION_RELOADS},
    {.name = "disk",
     .value = "BYTES",
     .type = OPTION_TAKEN,
     .take = take_disk,
     .expected = "a size, as 10Gi",
     .unset = "as is free",
     .example = "10Gi",
     .doc = "offer this much",
     .flags = OPTION_RELOADS},
    {.name = "cap-cpu-percent",
     .value = "N",
     .type = OPTION_TAKEN,
     .take = take_cap_cpu,
     .expected = "a number from 1 to 100",
     .unset = "all",
     .example = "50",
     .doc = "of the machine's processors, for all work together",
     .flags = OPTION_RELOADS},
    {.name = "cap-memory-percent",
     .value = "N",
     .type = OPTION_TAKEN,
     .take = take_cap_memory,
     .expected = "a number from 1 to 100",
     .unset = "all",
     .example = "25",
     .doc = "of the machine's memory, for all work together",
     .flags = OPTION_RELOADS},
    {.section = "The owner's rules",
     .name = "battery-min",
     .value = "N",
     .type = OPTION_TAKEN,
     .take = config_take_battery_min,
     .expected = "a number from 1 to 100",
     .unset = "no rule",
     .example = "40",
     .doc = "percent of charge below which nothing runs",
     .flags = OPTION_RELOADS},
    {.name = "never-on-battery",
     .type = OPTION_TAKEN,
     .take = config_take_never_on_battery,
     .expected = "true or false",
     .unset = "no rule",
     .example = "true",
     .doc = "run only while plugged in",
     .flags = OPTION_RELOADS},
    {.name = "max-temperature",
     .value = "N",
     .type = OPTION_TAKEN,
     .take = config_take_max_temperature,
     .expected = "a number of degrees from 20 to 120",
     .unset = "no rule",
     .example = "70",
     .doc = "°C from which on nothing runs",
     .flags = OPTION_RELOADS},
    {.name = "hours",
     .value = "H:M-H:M[,…]",
     .type = OPTION_TAKEN,
     .take = config_take_hours,
     .expected = "hours of the day, as 22:00-07:00",
     .unset = "no rule",
     .example = "22:00-07:00,12:00-13:00",
     .doc = "run only then, in local time",
     .flags = OPTION_RELOADS},
    {.name = "exclusive-programs",
     .value = "A[,B…]",
     .type = OPTION_TAKEN,
     .take = config_take_exclusive_programs,
     .expected = "names of programs",
     .unset = "none",
     .example = "blender, steam",
     .doc = "nothing runs while one of these does",
     .flags = OPTION_RELOADS},
    {.section = "How it works",
     .name = "stop-workloads-on-exit",
     .type = OPTION_SWITCH,
     MEMBER(stops_workloads),
     .fallback = "false",
     .doc = "on SIGTERM stop all workloads and wait for them, instead of leaving them to the next "
            "agent",
     .flags = OPTION_RELOADS},
    {.name = "sensor-root",
     .value = "DIR",
     .type = OPTION_TEXT,
     MEMBER(sensor_root),
     .take = take_root,
     .expected = "a directory that begins with /",
     .fallback = "/",
     .doc = "where sys, proc and dev are found"},
    {.name = "cgroup",
     .value = "PATH",
     .type = OPTION_TEXT,
     MEMBER(cgroup),
     .take = take_cgroup,
     .expected = "the path of a control group, beginning with /, or none",
     .fallback = "",
     .unset = "the agent's own group",
     .example = "none",
     .doc = "where workloads get control groups of their own",
     .flags = OPTION_MAY_BE_EMPTY},
    {.name = "output",
     .alias = "o",
     .value = "FORM",
     .type = OPTION_WORD,
     MEMBER(output),
     .words = output_words,
     .expected = "text or json",
     .fallback = "text",
     .doc = "of status and doctor: text or json",
     .flags = OPTION_OF_CALLER},
    {.section = "Logs",
     .name = "log-level",
     .value = "LEVEL",
     .type = OPTION_WORD,
     MEMBER(log_level),
     .words = log_level_words,
     .fallback = "info",
     .doc = "the least that is worth a line",
     .flags = OPTION_RELOADS},
    {.name = "log-format",
     .value = "FORM",
     .type = OPTION_WORD,
     MEMBER(log_format),
     .words = log_format_words,
     .fallback = "text",
     .doc = "a line of text each, or an object of JSON each: time, level, room, message, fields",
     .flags = OPTION_RELOADS},
};

static const struct option_verb verbs[] = {
    {"", VERB_RUN, "lend this machine to a controller"},
    {"run", VERB_RUN, NULL},
    {"pause", VERB_PAUSE, "run nothing until resumed; outlives a reboot"},
    {"resume", VERB_RESUME, "run again"},
    {"status", VERB_STATUS, "what it is doing"},
    {"doctor", VERB_DOCTOR,
     "what this machine can do, and what it cannot; with the options of the agent that runs there, "
     "if one does"},
    {"config check", VERB_CHECK, "is the configuration right? tells all that is not"},
    {"config show", VERB_SHOW, "what holds, and where it comes from"},
    {"help", VERB_HELP, NULL},
    {"version", VERB_VERSION, NULL},
};

static const char *alone(int verb)
{
    return verb == VERB_PAUSE ? "it knows no time, and lasts until fog-agent resume; for five "
                                "minutes say `fog-agent pause; sleep 5m; fog-agent resume`"
                              : "";
}

static const struct option_exit exits[] = {
    {0, "ended by a signal; what was asked for was done"},
    {1, "did not start; the machine lacks something (doctor); something is wrong (config check)"},
    {2, "wrong usage"},
};

static const char *const examples[] = {
    "fog-agent --name edge-1 --state ~/fog/edge-1 --label site=north",
    "fog-agent --cores 2 --memory 4Gi --cap-cpu-percent 50",
    "fog-agent --battery-min 60 --hours 22:00-07:00 --exclusive-programs blender,steam",
    "fog-agent pause --state ~/fog/edge-1",
    "fog-agent config check --config /etc/fog/agent.conf",
    NULL,
};

const struct option_table agent_options = {
    .program = "fog-agent",
    .doc = "lends this machine to a controller",
    .prefix = "FOG_AGENT_",
    .file = CONFIG_FILE,
    .options = options,
    .count = COUNT_OF(options),
    .verbs = verbs,
    .verb_count = COUNT_OF(verbs),
    .help = VERB_HELP,
    .version = VERB_VERSION,
    .alone = alone,
    .exits = exits,
    .exit_count = COUNT_OF(exits),
    .examples = examples,
};
