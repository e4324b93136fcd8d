/* One table of options; the environment's names, the file's, the help and the parser come from it.
 */
#include "agent/io/config.h"

#include "agent/io/config_inner.h"
#include "schema/base/parse.h"
#include "schema/json.h"
#include "schema/limits.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

enum { ENVIRONMENT_NAME_SIZE = 64 };

struct option { /* in the order of the help */
    const char *name;
    const char *value; /* what stands for it in the help; NULL: a switch */
    take_fn *take;     /* false: the value cannot be; a switch gets "true" or "false" */
    const char *expected;
    const char *doc;
};

/* --- values -------------------------------------------------------------------------------------
 */

static bool take_controller(struct config *config, const char *value)
{
    config->controller_url = value;
    return true; /* looked into when all is known */
}

static bool take_controller_name(struct config *config, const char *value)
{
    config->controller_name = value;
    return true;
}

static bool is_name(const char *value)
{
    size_t length = strlen(value);

    return length > 0 && length <= NAME_BYTES_MAX &&
           strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789-.") == length &&
           strchr("-.", value[0]) == NULL && strchr("-.", value[length - 1]) == NULL;
}

static bool take_name(struct config *config, const char *value)
{
    config->name = value;
    return is_name(value);
}

static bool take_state(struct config *config, const char *value)
{
    config->state = value;
    return value[0] != '\0';
}

static void put_label(struct config *config, const char *key, const char *value)
{
    struct strmap *labels = &config->labels;
    size_t at = 0;

    while (at < labels->count && strcmp(labels->items[at].key, key) < 0) {
        at++;
    }
    if (at == labels->count || !str_eq(labels->items[at].key, key)) {
        labels->items =
            arena_grow(&config->arena, labels->items, labels->count, sizeof(struct strpair));
        memmove(&labels->items[at + 1], &labels->items[at],
                (labels->count - at) * sizeof(struct strpair));
        labels->count++;
    }
    labels->items[at] = (struct strpair){key, value};
}

/* One or, as in the environment, several between commas. */
static bool take_labels(struct config *config, const char *value)
{
    char *rest = arena_strdup(&config->arena, value);

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
        put_label(config, pair, equals + 1);
    }
    return true;
}

static bool take_cores(struct config *config, const char *value)
{
    config->capacity.set |= 1U << 0;
    return cores_from_str(value, &config->capacity.cores) && config->capacity.cores > 0;
}

static bool take_memory(struct config *config, const char *value)
{
    config->capacity.set |= 1U << 1;
    return quantity_from_str(value, &config->capacity.memory) && config->capacity.memory > 0;
}

static bool take_disk(struct config *config, const char *value)
{
    config->capacity.set |= 1U << 2;
    return quantity_from_str(value, &config->capacity.disk) && config->capacity.disk >= 0;
}

static bool take_blob_cache(struct config *config, const char *value)
{
    return quantity_from_str(value, &config->blob_cache_bytes) && config->blob_cache_bytes >= 0;
}

bool take_percent(const char *value, int64_t *ret_percent)
{
    return int_from_str(value, ret_percent) && *ret_percent >= 1 && *ret_percent <= 100;
}

static bool take_cap_cpu(struct config *config, const char *value)
{
    config->caps.set |= 1U << 0;
    return take_percent(value, &config->caps.cpu_percent);
}

static bool take_cap_memory(struct config *config, const char *value)
{
    config->caps.set |= 1U << 1;
    return take_percent(value, &config->caps.memory_percent);
}

static bool take_cgroup(struct config *config, const char *value)
{
    config->cgroup = value;
    return value[0] == '/' || value[0] == '\0' || str_eq(value, "none");
}

static bool take_log_level(struct config *config, const char *value)
{
    static const char *const words[] = {"error", "warning", "info", "debug"};

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (str_eq(words[i], value)) {
            config->log_level = (int)i;
            return true;
        }
    }
    return false;
}

bool take_switch(const char *value, bool *ret_on)
{
    *ret_on = str_eq(value, "true") || str_eq(value, "1");
    return *ret_on || str_eq(value, "false") || str_eq(value, "0");
}

static bool take_insecure(struct config *config, const char *value)
{
    return take_switch(value, &config->is_insecure);
}

static bool take_stop(struct config *config, const char *value)
{
    return take_switch(value, &config->stops_workloads);
}

static bool take_sensor_root(struct config *config, const char *value)
{
    config->sensor_root = value;
    return value[0] == '/';
}

static bool take_config(struct config *config, const char *value)
{
    config->file = value; /* read before all others, see below */
    return value[0] != '\0';
}

static bool take_output(struct config *config, const char *value)
{
    config->output = str_eq(value, "json") ? OUTPUT_JSON : OUTPUT_TEXT;
    return str_eq(value, "json") || str_eq(value, "text");
}

static const struct option options[] = {
    {"config", "FILE", take_config, "a file",
     "options of the owner, a line each (" CONFIG_FILE ")"},
    {"controller", "URL", take_controller, "ws://HOST:PORT",
     "where the controller listens for agents (ws://127.0.0.1:7412)"},
    {"controller-name", "NAME", take_controller_name, "a name",
     "obey only a controller that calls itself so (any)"},
    {"name", "NAME", take_name, "a name in lower case (letters, digits, - and .)",
     "of this agent (the machine's)"},
    {"state", "DIR", take_state, "a directory",
     "where identity, cache, work and logs are kept (/var/lib/fog-agent, or "
     "~/.local/state/fog-agent)"},
    {"label", "K=V[,K=V…]", take_labels, "key=value", "self-declared labels, seen as reported/K"},
    {"cores", "N", take_cores, "a number of cores", "offer this many (as measured)"},
    {"memory", "BYTES", take_memory, "a size, as 4Gi", "offer this much (as measured)"},
    {"disk", "BYTES", take_disk, "a size, as 10Gi", "offer this much (as is free)"},
    {"blob-cache", "BYTES", take_blob_cache, "a size, as 4Gi",
     "keep so much of what was fetched for workloads (4Gi)"},
    {"cap-cpu-percent", "N", take_cap_cpu, "a number from 1 to 100",
     "of the machine's processors, for all work together"},
    {"cap-memory-percent", "N", take_cap_memory, "a number from 1 to 100",
     "of the machine's memory, for all work together"},
    {"battery-min", "N", take_battery_min, "a number from 1 to 100",
     "percent of charge below which nothing runs"},
    {"never-on-battery", NULL, take_never_on_battery, "true or false", "run only while plugged in"},
    {"max-temperature", "N", take_max_temperature, "a number of degrees from 20 to 120",
     "°C from which on nothing runs"},
    {"hours", "H:M-H:M[,…]", take_hours, "hours of the day, as 22:00-07:00",
     "run only then, in local time"},
    {"exclusive-programs", "A[,B…]", take_exclusive_programs, "names of programs",
     "nothing runs while one of these does"},
    {"sensor-root", "DIR", take_sensor_root, "a directory",
     "where sys, proc and dev are found (/)"},
    {"cgroup", "PATH", take_cgroup, "the path of a control group, beginning with /, or none",
     "where workloads get control groups of their own (the agent's own group)"},
    {"output", "FORM", take_output, "text or json",
     "of status and doctor, also as -o: text or json (text)"},
    {"log-level", "LEVEL", take_log_level, "error, warning, info or debug", "(info)"},
    {"insecure", NULL, take_insecure, "true or false",
     "also talk to controllers that are not on this machine, without encryption"},
    {"stop-workloads-on-exit", NULL, take_stop, "true or false",
     "on SIGTERM stop all workloads and wait for them, instead of leaving them to the next agent"},
};

/* --- parsing ------------------------------------------------------------------------------------
 */

static int take(struct config *config, const struct option *option, const char *from,
                const char *value, struct err *err)
{
    struct strpair given = {option->name, arena_strdup(&config->arena, value)};

    if (!option->take(config, arena_strdup(&config->arena, value))) {
        return err_set(err, ERR_INVALID, "%s: \"%s\" is not %s", from, value, option->expected);
    }
    config->given.items = arena_grow(&config->arena, config->given.items, config->given.count,
                                     sizeof(struct strpair));
    config->given.items[config->given.count++] = given;
    return 0;
}

static void name_variable(const struct option *option, char name[static ENVIRONMENT_NAME_SIZE])
{
    (void)snprintf(name, ENVIRONMENT_NAME_SIZE, "FOG_AGENT_%s", option->name);
    for (char *c = name; *c != '\0'; c++) {
        *c = (char)(*c == '-' ? '_' : *c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
    }
}

static int take_environment(struct config *config, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(options); i++) {
        char name[ENVIRONMENT_NAME_SIZE];
        const char *value;
        int result;

        name_variable(&options[i], name);
        value = getenv(name);
        result = value == NULL ? 0 : take(config, &options[i], name, value, err);
        if (result < 0) {
            return result;
        }
    }
    return 0;
}

static const struct option *find_option(const char *name, size_t length)
{
    for (size_t i = 0; i < COUNT_OF(options); i++) {
        if (strlen(options[i].name) == length && strncmp(options[i].name, name, length) == 0) {
            return &options[i];
        }
    }
    return NULL;
}

/* `dashes` as they were written: none in a file. */
static int unknown_option(const char *dashes, const char *name, struct err *err)
{
    const char *names[COUNT_OF(options)];
    const char *closest;

    for (size_t i = 0; i < COUNT_OF(options); i++) {
        names[i] = options[i].name;
    }
    closest = words_closest(name, names, COUNT_OF(names));
    if (closest == NULL) {
        return err_set(err, ERR_INVALID, "unknown option \"%s%s\"; see fog-agent --help", dashes,
                       name);
    }
    return err_set(err, ERR_INVALID, "unknown option \"%s%s\", did you mean %s%s?", dashes, name,
                   dashes, closest);
}

int config_take(struct config *config, const char *name, size_t name_length, const char *value,
                struct err *err)
{
    const struct option *option = find_option(name, name_length);
    const char *whole = arena_strndup(&config->arena, name, name_length);

    if (option == NULL) {
        return unknown_option("", whole, err);
    }
    if (option->take == take_config) {
        return err_set(err, ERR_INVALID, "%s: a file names no other", whole);
    }
    return take(config, option, whole, value, err);
}

/* One option at `*at`, and its value if that is the next word. */
static int take_option(struct config *config, int argc, char **argv, int *at, struct err *err)
{
    const char *word = str_eq(argv[*at], "-o") ? "--output" : argv[*at];
    size_t length = strcspn(word + 2, "=");
    const struct option *option = find_option(word + 2, length);
    const char *value = word[2 + length] == '=' ? word + 2 + length + 1 : NULL;

    if (option == NULL) {
        return unknown_option("--", word + 2, err);
    }
    if (option->value == NULL && value == NULL) {
        value = "true";
    } else if (value == NULL) {
        if (*at + 1 >= argc) {
            return err_set(err, ERR_INVALID, "%s: needs %s", word, option->expected);
        }
        value = argv[++*at];
    }
    return take(config, option, word, value, err);
}

static int take_verb(struct config *config, const char *word, struct err *err)
{
    static const struct {
        const char *word;
        enum verb verb;
    } verbs[] = {
        {"run", VERB_RUN},         {"pause", VERB_PAUSE},   {"resume", VERB_RESUME},
        {"status", VERB_STATUS},   {"doctor", VERB_DOCTOR}, {"help", VERB_HELP},
        {"version", VERB_VERSION},
    };

    for (size_t i = 0; i < COUNT_OF(verbs); i++) {
        if (str_eq(verbs[i].word, word)) {
            config->verb = verbs[i].verb;
            return 0;
        }
    }
    return err_set(err, ERR_INVALID,
                   "unknown word \"%s\": known are pause, resume, status and doctor", word);
}

static int take_words(struct config *config, int argc, char **argv, struct err *err)
{
    for (int i = 1; i < argc; i++) {
        int result = 0;

        if (str_eq(argv[i], "--help") || str_eq(argv[i], "-h")) {
            config->verb = VERB_HELP;
            return 0;
        }
        if (str_eq(argv[i], "--version")) {
            config->verb = VERB_VERSION;
            return 0;
        }
        result = str_starts(argv[i], "--") || str_eq(argv[i], "-o")
                     ? take_option(config, argc, argv, &i, err)
                     : take_verb(config, argv[i], err);
        if (result < 0) {
            return result;
        }
    }
    return 0;
}

/* --- defaults -----------------------------------------------------------------------------------
 */

static const char *default_state(struct arena *arena)
{
    const char *base = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");

    if (geteuid() == 0 || (base == NULL && home == NULL)) {
        return "/var/lib/fog-agent";
    }
    return base != NULL ? arena_printf(arena, "%s/fog-agent", base)
                        : arena_printf(arena, "%s/.local/state/fog-agent", home);
}

/* The machine's name in the form of names, "" when it has none such. */
static const char *default_name(struct arena *arena)
{
    char name[HOST_NAME_MAX + 1];

    if (gethostname(name, sizeof(name)) < 0) {
        return "";
    }
    name[HOST_NAME_MAX] = '\0';
    for (char *c = name; *c != '\0'; c++) {
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
    }
    return is_name(name) ? arena_strdup(arena, name) : "";
}

static int check_controller(struct config *config, struct err *err)
{
    int result = link_address_from_str(config->controller_url, &config->controller, err);

    if (result < 0) {
        return err_prefix(err, result, "--controller");
    }
    if (!config->controller.is_loopback && !config->is_insecure) {
        return err_set(err, ERR_REFUSED,
                       "--controller: \"%s\" is not on this machine and the link is not encrypted "
                       "yet: for a test network, add --insecure",
                       config->controller_url);
    }
    return 0;
}

/* The file that the words or the environment name, before either is taken. */
static const char *find_file(int argc, char **argv)
{
    static const char option[] = "--config";
    const char *file = getenv("FOG_AGENT_CONFIG");

    for (int i = 1; i < argc; i++) {
        if (str_starts(argv[i], option) && argv[i][strlen(option)] == '=') {
            file = argv[i] + strlen(option) + 1;
        } else if (str_eq(argv[i], option) && i + 1 < argc) {
            file = argv[i + 1];
        }
    }
    return file;
}

static int take_file(struct config *config, int argc, char **argv, struct err *err)
{
    const char *named = find_file(argc, argv);
    const char *path = named != NULL ? named : CONFIG_FILE;
    int result = config_read_file(config, path, err);

    if (result == ERR_NOT_FOUND && named == NULL) {
        return 0;
    }
    config->file = arena_strdup(&config->arena, path);
    return result;
}

/* A file that is wrong keeps the agent from running, not its owner from pausing one that runs. */
static int take_all(struct config *config, int argc, char **argv, struct err *err)
{
    struct err in_file = ERR_NONE;
    int file = take_file(config, argc, argv, &in_file);
    int result = take_environment(config, err);

    config->words_from = config->given.count;
    result = result < 0 ? result : take_words(config, argc, argv, err);
    if (result < 0 || file == 0) {
        return result;
    }
    if (config->verb == VERB_RUN) {
        return err_set(err, file, "%s", in_file.text);
    }
    config->file_trouble = arena_strdup(&config->arena, in_file.text);
    return 0;
}

static bool asks_for_help(int argc, char **argv)
{
    struct config words = {.verb = VERB_RUN};

    for (int i = 1; i < argc; i++) {
        if (str_eq(argv[i], "--help") || str_eq(argv[i], "-h")) {
            return true;
        }
    }
    return argc == 2 && take_verb(&words, argv[1], NULL) == 0 && words.verb == VERB_HELP;
}

static void begin(struct config *config)
{
    *config = (struct config){.controller_url = "ws://127.0.0.1:7412",
                              .controller_name = "",
                              .file = "",
                              .sensor_root = "/",
                              .cgroup = "",
                              .blob_cache_bytes = BLOB_CACHE_BYTES,
                              .log_level = LOG_LEVEL_INFO};
    arena_init(&config->arena);
    problems_init(&config->problems, &config->arena, NULL);
    owner_rules_init(&config->owner);
}

/* What follows from what was given. */
static int settle(struct config *config, struct err *err)
{
    int result;

    config->owner_policy = config->has_owner_policy ? &config->owner : NULL;
    config->state = config->state != NULL ? config->state : default_state(&config->arena);
    config->name = config->name != NULL ? config->name : default_name(&config->arena);
    if (config->verb == VERB_DOCTOR) {
        result = link_address_from_str(config->controller_url, &config->controller, err);
        return result < 0 ? err_prefix(err, result, "--controller") : 0;
    }
    if (config->verb != VERB_RUN) {
        return 0;
    }
    if (config->name[0] == '\0') {
        return err_set(err, ERR_INVALID, "the machine's name does not serve: give --name");
    }
    return check_controller(config, err);
}

int config_parse(struct config *config, int argc, char **argv, struct err *err)
{
    int result;

    begin(config);
    if (asks_for_help(argc, argv)) { /* also to somebody whose file is broken */
        config->verb = VERB_HELP;
        return 0;
    }
    result = take_all(config, argc, argv, err);
    if (result < 0 || config->verb == VERB_HELP || config->verb == VERB_VERSION) {
        return result;
    }
    return settle(config, err);
}

void config_fini(struct config *config)
{
    arena_fini(&config->arena);
}

/* --- from one process to another ---------------------------------------------------------------
 */

void config_tell(const struct config *config, struct str *to)
{
    struct arena arena;
    struct node *root, *list;

    arena_init(&arena);
    root = node_map(&arena);
    list = node_list(&arena);
    for (size_t i = 0; i < config->given.count; i++) {
        struct node *pair = node_map(&arena);

        node_set(&arena, pair, "name", node_str(&arena, config->given.items[i].key));
        node_set(&arena, pair, "value", node_str(&arena, config->given.items[i].value));
        node_add(&arena, list, pair);
    }
    node_set(&arena, root, "file", node_str(&arena, config->file));
    node_set(&arena, root, "options", list);
    json_emit(root, JSON_PLAIN, to);
    arena_fini(&arena);
}

/* What it does not know is of another version, and cannot be judged by this one. */
static int take_told(struct config *config, const struct node *told, struct err *err)
{
    const struct node *list = node_find(told, "options");
    const char *file = node_find_text(told, "file");
    int result = 0;

    if (file == NULL || list == NULL || list->type != NODE_LIST) {
        return err_set(err, ERR_INVALID, "the agent answers with something else than options");
    }
    config->file = arena_strdup(&config->arena, file);
    for (size_t i = 0; i < list->list.count && result == 0; i++) {
        const char *name = node_find_text(list->list.items[i], "name");
        const char *value = node_find_text(list->list.items[i], "value");
        const struct option *option = name == NULL ? NULL : find_option(name, strlen(name));

        if (option == NULL || value == NULL) {
            return err_set(err, ERR_INVALID, "the agent has options that this program lacks");
        }
        if (option->take != take_config && option->take != take_output) {
            result = take(config, option, option->name, value, err);
        }
    }
    return result;
}

static int take_again(struct config *config, const struct config *from, struct err *err)
{
    int result = 0;

    for (size_t i = from->words_from; i < from->given.count && result == 0; i++) {
        const char *name = from->given.items[i].key;

        result =
            take(config, find_option(name, strlen(name)), name, from->given.items[i].value, err);
    }
    return result;
}

int config_adopt(struct config *config, const char *json, size_t size_bytes, struct err *err)
{
    struct config before = *config;
    struct arena arena;
    struct problems problems;
    struct node *told;
    int result;

    arena_init(&arena);
    problems_init(&problems, &arena, NULL);
    begin(config);
    config->verb = before.verb;
    if (json_parse(&arena, json, size_bytes, JSON_PLAIN, &problems, &told) < 0) {
        result = err_set(err, ERR_INVALID, "the agent answers with something else than options");
    } else {
        result = take_told(config, told, err);
    }
    config->words_from = config->given.count;
    result = result < 0 ? result : take_again(config, &before, err);
    result = result < 0 ? result : settle(config, err);
    if (result < 0) {
        config_fini(config);
        *config = before;
    } else {
        config_fini(&before);
    }
    arena_fini(&arena);
    return result;
}

void config_help(struct str *to)
{
    str_add(
        to,
        "Usage: fog-agent [OPTION…]            lend this machine to a controller\n"
        "       fog-agent pause --state DIR    run nothing until resumed; outlives a reboot\n"
        "       fog-agent resume --state DIR\n"
        "       fog-agent status --state DIR   what it is doing\n"
        "       fog-agent doctor --state DIR   what this machine can do, and what it cannot; with\n"
        "                                      the options of the agent that runs there, if one does\n"
        "\n");
    for (size_t i = 0; i < COUNT_OF(options); i++) {
        char left[64];

        (void)snprintf(left, sizeof(left), "--%s%s%s", options[i].name,
                       options[i].value == NULL ? "" : " ",
                       options[i].value == NULL ? "" : options[i].value);
        str_addf(to, "  %-26s  %s\n", left, options[i].doc);
    }
    str_add(to,
            "  --version, --help\n\n"
            "Each option may come from the environment (--log-level is FOG_AGENT_LOG_LEVEL) or\n"
            "from the owner's file (log-level = debug); the command line counts most, then the\n"
            "environment.\n\n"
            "Examples:\n"
            "  fog-agent --name edge-1 --state ~/fog/edge-1 --label site=north\n"
            "  fog-agent --cores 2 --memory 4Gi --cap-cpu-percent 50\n"
            "  fog-agent --battery-min 60 --hours 22:00-07:00 --exclusive-programs blender,steam\n"
            "  fog-agent pause --state ~/fog/edge-1\n");
}
