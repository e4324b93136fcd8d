/* Options: from words and from the environment, what is refused, and the driver's arithmetic. */
#include "agent/io/config.h"

#include "agent/io/capacity.h"
#include "agent/io/drivers/harvest.h"
#include "schema/limits.h"
#include "schema/policy.h"
#include "tests/support/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { WORDS_MAX = 16 };

static struct config config;
static struct err err;

static int parse(const char *first, ...)
{
    char *words[WORDS_MAX] = {mem_strdup("fog-agent")};
    int count = 1, result;
    va_list rest;

    va_start(rest, first);
    for (const char *word = first; word != NULL; word = va_arg(rest, const char *)) {
        words[count++] = mem_strdup(word);
    }
    va_end(rest);
    config_fini(&config);
    result = config_parse(&config, count, words, &err);
    for (int i = 0; i < count; i++) {
        free(words[i]);
    }
    return result;
}

#define PARSES(...)       assert_int_equal(parse(__VA_ARGS__, NULL), 0)
#define REFUSES(why, ...) refuses(parse(__VA_ARGS__, NULL), why)

static void refuses(int result, const char *why)
{
    assert_true(result == ERR_INVALID || result == ERR_REFUSED);
    if (strstr(err.text, why) == NULL) {
        fail_msg("says \"%s\", not \"%s\"", err.text, why);
    }
}

static int forget(void **state)
{
    (void)state;
    config_fini(&config);
    arena_init(&config.arena);
    return 0;
}

static void without_options_there_are_defaults(void **state)
{
    (void)state;
    PARSES("--name", "edge-1");
    assert_int_equal(config.verb, VERB_RUN);
    assert_string_equal(config.controller.host, "127.0.0.1");
    assert_int_equal(config.controller.port, 7412);
    assert_int_equal(config.capacity.set, 0);
    assert_int_equal(config.caps.set, 0);
    assert_false(config.stops_workloads);
    assert_true(config.state[0] == '/');
}

static void every_option_is_understood(void **state)
{
    (void)state;
    PARSES("--controller", "ws://localhost:99", "--name=edge-1", "--state", "/x", "--label",
           "site=north,rack=7", "--cores", "1.5", "--memory=4Gi", "--disk", "10Gi");
    assert_string_equal(config.controller.host, "localhost");
    assert_int_equal(config.controller.port, 99);
    assert_string_equal(config.name, "edge-1");
    assert_string_equal(config.state, "/x");
    assert_int_equal(config.labels.count, 2);
    assert_string_equal(config.labels.items[0].key, "rack"); /* sorted */
    assert_string_equal(config.labels.items[1].value, "north");
    assert_int_equal(config.capacity.cores, 1500);
    assert_true(config.capacity.memory == (int64_t)4 << 30);
    assert_true(config.capacity.disk == (int64_t)10 << 30);
    PARSES("--name", "n", "--cap-cpu-percent", "50", "--cap-memory-percent", "25", "--log-level",
           "debug", "--stop-workloads-on-exit", "--controller-name", "fog", "--label", "a=1",
           "--label", "a=2");
    assert_int_equal(config.caps.cpu_percent, 50);
    assert_int_equal(config.caps.memory_percent, 25);
    assert_int_equal(config.log_level, LOG_LEVEL_DEBUG);
    assert_true(config.stops_workloads);
    assert_string_equal(config.controller_name, "fog");
    assert_int_equal(config.labels.count, 1);
    assert_string_equal(config.labels.items[0].value, "2"); /* the last counts */
    assert_string_equal(config.cgroup, "");
    PARSES("--name", "n", "--cgroup", "/fog");
    assert_string_equal(config.cgroup, "/fog");
}

static void the_owners_words_are_verbs(void **state)
{
    (void)state;
    PARSES("pause", "--state", "/x");
    assert_int_equal(config.verb, VERB_PAUSE);
    PARSES("--state", "/x", "resume");
    assert_int_equal(config.verb, VERB_RESUME);
    PARSES("status");
    assert_int_equal(config.verb, VERB_STATUS);
    PARSES("doctor", "-o", "json");
    assert_int_equal(config.verb, VERB_DOCTOR);
    assert_int_equal(config.output, OUTPUT_JSON);
    REFUSES("is not text or json", "status", "-o", "yaml");
    PARSES("--version");
    assert_int_equal(config.verb, VERB_VERSION);
    PARSES("--name", "x", "--help", "--nonsense");
    assert_int_equal(config.verb, VERB_HELP);
    REFUSES("unknown word \"pauze\"", "pauze");
    REFUSES("pause takes no further word, and not \"5m\": it knows no time", "pause", "5m");
    REFUSES("pause takes no further word", "pause", "--state", "/x", "5m");
}

static void the_environment_counts_less_than_words(void **state)
{
    (void)state;
    (void)setenv("FOG_AGENT_NAME", "from-environment", 1);
    (void)setenv("FOG_AGENT_CAP_CPU_PERCENT", "30", 1);
    (void)setenv("FOG_AGENT_STOP_WORKLOADS_ON_EXIT", "true", 1);
    (void)setenv("FOG_AGENT_LABEL", "a=1,b=2", 1);
    PARSES("--cap-cpu-percent", "40");
    assert_string_equal(config.name, "from-environment");
    assert_int_equal(config.caps.cpu_percent, 40);
    assert_true(config.stops_workloads);
    assert_int_equal(config.labels.count, 2);
    (void)setenv("FOG_AGENT_CAP_CPU_PERCENT", "none", 1);
    REFUSES("FOG_AGENT_CAP_CPU_PERCENT: \"none\" is not a number from 1 to 100", "--name", "x");
    (void)unsetenv("FOG_AGENT_NAME");
    (void)unsetenv("FOG_AGENT_CAP_CPU_PERCENT");
    (void)unsetenv("FOG_AGENT_STOP_WORKLOADS_ON_EXIT");
    (void)unsetenv("FOG_AGENT_LABEL");
}

static void slips_are_refused_with_a_hint(void **state)
{
    (void)state;
    REFUSES("did you mean --controller?", "--controler", "ws://127.0.0.1:1");
    REFUSES("see fog-agent --help", "--zzzzzzzz");
    REFUSES("--name: needs a name", "--name");
    REFUSES("is not a name in lower case", "--name", "Edge_1");
    REFUSES("is not a name", "--name", "-edge");
    REFUSES("is not a number of cores", "--cores", "many");
    REFUSES("is not a number of cores", "--cores", "0");
    REFUSES("is not a size", "--memory", "-1");
    REFUSES("is not a size", "--disk", "10 Gi");
    REFUSES("is not a number from 1 to 100", "--cap-cpu-percent", "101");
    REFUSES("is not a number from 1 to 100", "--cap-memory-percent", "0");
    REFUSES("is not the path of a control group", "--cgroup", "fog");
    REFUSES("is not error, warning, info or debug", "--log-level", "loud");
    REFUSES("is not true or false", "--insecure=maybe");
    REFUSES("is not key=value", "--label", "site");
    REFUSES("is not key=value", "--label", "=north");
    REFUSES("is not a directory", "--state", "");
}

/* --- the owner's file and rules -----------------------------------------------------------------
 */

static void write_file(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void a_file_counts_less_than_the_environment(void **state)
{
    char folder[FOLDER_PATH_SIZE], path[FOLDER_PATH_SIZE + 8];

    (void)state;
    folder_make(folder);
    (void)snprintf(path, sizeof(path), "%s/conf", folder);
    write_file(path,
               "# of the house\n\n  name = from-file\r\ncores=2\n\tmemory =  4Gi\n"
               "cap-cpu-percent = 10\ninsecure = true\nlabel = a=1,b=2",
               0644);
    (void)setenv("FOG_AGENT_CORES", "3", 1);
    (void)setenv("FOG_AGENT_CAP_CPU_PERCENT", "20", 1);
    PARSES("--config", path, "--cap-cpu-percent", "30");
    assert_string_equal(config.file, path);
    assert_string_equal(config.name, "from-file");
    assert_int_equal(config.capacity.cores, 3000);
    assert_true(config.capacity.memory == (int64_t)4 << 30);
    assert_int_equal(config.caps.cpu_percent, 30);
    assert_int_equal(config.labels.count, 2);
    assert_true(config.is_insecure);
    (void)unsetenv("FOG_AGENT_CORES");
    (void)unsetenv("FOG_AGENT_CAP_CPU_PERCENT");
    (void)setenv("FOG_AGENT_CONFIG", path, 1);
    PARSES("--insecure=false");
    assert_int_equal(config.caps.cpu_percent, 10);
    assert_false(config.is_insecure);
    (void)unsetenv("FOG_AGENT_CONFIG");
    folder_remove(folder);
}

static void all_that_is_wrong_with_a_file_is_told_at_once(void **state)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    char folder[FOLDER_PATH_SIZE], path[FOLDER_PATH_SIZE + 8];

    (void)state;
    folder_make(folder);
    (void)snprintf(path, sizeof(path), "%s/conf", folder);
    write_file(path, "name = edge-1\ncors = 2\ncores = many\npause\nconfig = /x\n", 0600);
    REFUSES("4 options cannot be", "--config", path);
    problems_print(&config.problems, &text);
    assert_non_null(
        strstr(text.data, "conf:2:1: error: unknown option \"cors\", did you mean cores?"));
    assert_non_null(strstr(text.data, "conf:3:9: error: cores: \"many\" is not a number of cores"));
    assert_non_null(strstr(text.data, "conf:4:1: error: \"pause\" is not NAME = VALUE"));
    assert_non_null(strstr(text.data, "conf:5:1: error: config: stands in no file"));
    PARSES("pause", "--config", path); /* the owner's word is heard all the same */
    PARSES("--config", path, "--help");
    write_file(path, "name = edge-1\n", 0646);
    REFUSES("may be written by anybody", "--config", path);
    REFUSES("is not a file", "--config", folder);
    folder_remove(folder);
    assert_int_equal(parse("--config", path, NULL), ERR_NOT_FOUND);
}

static void the_owner_asks_for_nothing_unless_he_says_so(void **state)
{
    (void)state;
    PARSES("--name", "n", "--cap-cpu-percent", "50");
    assert_null(config.owner_policy);
    assert_int_equal(config.exclusive_programs.count, 0);
    assert_string_equal(config.sensor_root, "/");
}

static enum policy_reason judge(const struct readings *readings, int64_t hour)
{
    struct policy_input input = {.spec = config.owner_policy, .readings = readings};
    struct policy_verdict verdict;

    input.moment.now = (struct mono){1000};
    input.moment.local = (struct wall){hour * 60 * 60 * 1000};
    policy_predict(&input, &verdict);
    assert_true(verdict.reason != REASON_NONE || verdict.cpu_percent == 100);
    return verdict.reason;
}

static void set_reading(struct readings *readings, enum sensor sensor, int64_t value)
{
    readings->of[sensor] = (struct reading){READING_KNOWN, value, {1000}};
}

/* What was not asked for is not looked at, were it unknown or at its worst. */
static void the_owners_rules_are_a_policy_of_their_own(void **state)
{
    struct readings readings = {.of = {{.state = READING_NONE}}};

    (void)state;
    for (int i = 0; i < SENSOR_COUNT; i++) {
        readings.of[i].state = READING_UNKNOWN;
        readings.of[i].at = (struct mono){1000};
    }
    PARSES("--name", "n", "--hours", "22:00-07:00,12:00-13:00");
    assert_int_equal(judge(&readings, 23), REASON_NONE);
    assert_int_equal(judge(&readings, 6), REASON_NONE);
    assert_int_equal(judge(&readings, 12), REASON_NONE);
    assert_int_equal(judge(&readings, 15), REASON_OUTSIDE_WINDOW);
    PARSES("--name", "n", "--battery-min", "40");
    assert_int_equal(judge(&readings, 15), REASON_STALE_SENSOR);
    set_reading(&readings, SENSOR_BATTERY, 39);
    set_reading(&readings, SENSOR_CHARGING, 0);
    assert_int_equal(judge(&readings, 15), REASON_BATTERY_LOW);
    set_reading(&readings, SENSOR_BATTERY, 40);
    assert_int_equal(judge(&readings, 15), REASON_NONE);
    assert_int_equal(config.owner_policy->battery.resume_percent, 50);
    PARSES("--name", "n", "--battery-min", "96");
    assert_int_equal(config.owner_policy->battery.resume_percent, 98);
    PARSES("--name", "n", "--never-on-battery");
    assert_int_equal(judge(&readings, 15), REASON_ON_BATTERY);
    PARSES("--name", "n", "--max-temperature", "70");
    assert_int_equal(judge(&readings, 15), REASON_STALE_SENSOR);
    set_reading(&readings, SENSOR_TEMPERATURE, 70000);
    assert_int_equal(judge(&readings, 15), REASON_OVERHEATED);
    set_reading(&readings, SENSOR_TEMPERATURE, 69999);
    assert_int_equal(judge(&readings, 15), REASON_NONE);
}

static void rules_that_cannot_be_are_refused(void **state)
{
    (void)state;
    REFUSES("is not hours of the day", "--hours", "22-7");
    REFUSES("is not hours of the day", "--hours", "22:00-24:01");
    REFUSES("is not hours of the day", "--hours", "07:00-07:00");
    REFUSES("is not hours of the day", "--hours", "22:00-07:00,");
    REFUSES("is not a number from 1 to 100", "--battery-min", "0");
    REFUSES("is not a number of degrees", "--max-temperature", "121");
    REFUSES("is not names of programs", "--exclusive-programs", "a,,b");
    REFUSES("is not names of programs", "--exclusive-programs", "/usr/bin/a");
    REFUSES("is not a directory", "--sensor-root", "relative");
    PARSES("--name", "n", "--exclusive-programs", "blender, steam");
    assert_int_equal(config.exclusive_programs.count, 2);
    assert_string_equal(config.exclusive_programs.items[1], "steam");
}

static void only_loopback_is_dialled_without_encryption(void **state)
{
    static const char *const near[] = {"ws://127.0.0.1:1", "ws://127.255.0.9", "ws://[::1]:7412",
                                       "ws://localhost/"};
    static const char *const far[] = {"ws://10.0.0.1:7412", "ws://example.org", "ws://[fe80::1]:1",
                                      "ws://0.0.0.0:1", "ws://127.0.0.1.example.org:1"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(near); i++) {
        PARSES("--name", "n", "--controller", near[i]);
        assert_true(config.controller.is_loopback);
    }
    for (size_t i = 0; i < COUNT_OF(far); i++) {
        REFUSES("add --insecure", "--name", "n", "--controller", far[i]);
        PARSES("--name", "n", "--insecure", "--controller", far[i]);
        assert_false(config.controller.is_loopback);
    }
}

static void addresses_that_are_none_are_refused(void **state)
{
    (void)state;
    REFUSES("TLS is not supported yet", "--name", "n", "--controller", "wss://127.0.0.1:1");
    REFUSES("does not begin with ws://", "--name", "n", "--controller", "127.0.0.1:7412");
    REFUSES("names no host", "--name", "n", "--controller", "ws://:7412");
    REFUSES("names no host", "--name", "n", "--controller", "ws://[::1");
    REFUSES("is no port", "--name", "n", "--controller", "ws://127.0.0.1:0");
    REFUSES("is no port", "--name", "n", "--controller", "ws://127.0.0.1:65536");
    REFUSES("is no port", "--name", "n", "--controller", "ws://127.0.0.1:");
    REFUSES("nothing may follow", "--name", "n", "--controller", "ws://127.0.0.1:1/path");
}

static void the_help_names_every_option(void **state)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    (void)state;
    options_help(&agent_options, &text);
    assert_non_null(strstr(text.data, "--controller URL"));
    assert_non_null(strstr(text.data, "--stop-workloads-on-exit"));
    assert_non_null(strstr(text.data, "Examples:"));
}

/* --- what a template means here -----------------------------------------------------------------
 */

static const struct machine machine = {.cores_milli = 4000, .memory_bytes = 1000 * 1000 * 1000};

static struct shim_spec prepare(struct template *template, const struct limits_policy *caps)
{
    static struct arena arena;
    struct agt_spawn spawn = {
        .uid = "u", .run = 1, .template = template, .cpu_limit = template->limits.cpu_percent * 10};
    struct shim_spec spec;

    arena_fini(&arena);
    spawn.lease_end = MONO_NEVER;
    harvest_prepare(&arena, &spawn, caps, &machine, &spec);
    arena_fini(&arena);
    arena_init(&arena);
    return spec;
}

static void without_limits_there_are_none(void **state)
{
    struct template template = {.set = 0};
    struct limits_policy caps = {.set = 0};
    struct shim_spec spec = prepare(&template, &caps);

    (void)state;
    assert_int_equal(spec.cpu_limit, 0);
    assert_int_equal(spec.memory_limit, 0);
    assert_int_equal(spec.pids_limit, 0);
}

static void a_task_is_told_how_many_there_are(void **state)
{
    struct template template = {.task_count = 7};
    struct limits_policy caps = {.set = 0};

    (void)state;
    assert_int_equal(prepare(&template, &caps).task_count, 7);
}

static void percentages_are_of_the_whole_machine(void **state)
{
    struct template template = {.limits = {.cpu_percent = 25, .memory_percent = 10, .pids = 7}};
    struct limits_policy caps = {.set = 0};
    struct shim_spec spec = prepare(&template, &caps);

    (void)state;
    assert_int_equal(spec.cpu_limit, 0);
    assert_int_equal(spec.cpu_told, 1000);
    assert_int_equal(spec.memory_limit, 100 * 1000 * 1000);
    assert_int_equal(spec.pids_limit, 7);
}

static void the_stricter_limit_counts(void **state)
{
    struct template template = {.limits = {.cpu_percent = 50, .memory_percent = 10}};
    struct limits_policy caps = {.cpu_percent = 10, .memory_percent = 50};
    struct shim_spec spec;

    (void)state;
    spec = prepare(&template, &caps);
    assert_int_equal(spec.cpu_limit, 400); /* the shim takes the stricter of the two */
    assert_int_equal(spec.cpu_told, 2000);
    assert_int_equal(spec.memory_limit, 100 * 1000 * 1000);
    template.workload.resources.memory = 5000;
    spec = prepare(&template, &caps);
    assert_int_equal(spec.memory_limit, 5000);
    template.workload.resources.memory = 900 * 1000 * 1000;
    spec = prepare(&template, &caps);
    assert_int_equal(spec.memory_limit, 100 * 1000 * 1000);
}

static void all_of_the_machine_is_no_limit(void **state)
{
    struct template template = {.limits = {.cpu_percent = 100, .memory_percent = 100}};
    struct limits_policy caps = {.set = 0};
    struct shim_spec spec = prepare(&template, &caps);

    (void)state;
    assert_int_equal(spec.cpu_limit, 0);
    assert_int_equal(spec.memory_limit, 0);
}

static void the_owners_caps_lessen_what_is_offered(void **state)
{
    struct limits_policy caps = {.cpu_percent = 50, .memory_percent = 25};
    struct resources capacity;

    (void)state;
    capacity_measure(&machine, &caps, STDIN_FILENO, &capacity);
    assert_int_equal(capacity.cores, 2000);
    assert_int_equal(capacity.memory, 238 << 20); /* a quarter of 1000 MB, in whole MiB */
    assert_int_equal(capacity.set, 7);
}

static void what_is_said_to_be_there_is_not_more_than_the_caps_leave(void **state)
{
    struct limits_policy caps = {.cpu_percent = 50, .memory_percent = 25}, none = {.set = 0};
    struct resources said = {.set = 7, .cores = 8000, .memory = 64 << 20, .disk = 5};
    struct resources capacity;

    (void)state;
    capacity_measure(&machine, &caps, STDIN_FILENO, &capacity);
    capacity_say(&said, &caps, &capacity);
    assert_int_equal(capacity.cores, 2000);
    assert_int_equal(capacity.memory, 64 << 20);
    assert_int_equal(capacity.disk, 5);
    capacity_measure(&machine, &none, STDIN_FILENO, &capacity);
    capacity_say(&said, &none, &capacity);
    assert_int_equal(capacity.cores, 8000);
}

static void the_kernel_is_told_who_goes_first(void **state)
{
    struct template template = {.set = 0};
    struct limits_policy caps = {.memory_percent = 50};

    (void)state;
    assert_int_equal(prepare(&template, &caps).oom_adjust, 1000);
    assert_int_equal(prepare(&template, &caps).memory_whole, 500 * 1000 * 1000);
    template.workload.resources.memory = 50 * 1000 * 1000;
    assert_int_equal(prepare(&template, &caps).oom_adjust, 901);
    template.workload.resources.memory = 700 * 1000 * 1000;
    assert_int_equal(prepare(&template, &caps).oom_adjust, 0);
}

/* --- of another process ------------------------------------------------------------------------
 */

static void given_options_are_told_and_adopted(void **state)
{
    struct str told = STR_EMPTY;

    (void)state;
    (void)setenv("FOG_AGENT_CAP_CPU_PERCENT", "40", 1);
    PARSES("--name", "edge-1", "--label", "site=north", "--battery-min", "60", "--controller",
           "ws://127.0.0.1:9", "--never-on-battery", "-o", "json", "--sensor-root", "/\"\n");
    config_tell(&config, &told);
    (void)setenv("FOG_AGENT_CAP_CPU_PERCENT", "70", 1);
    PARSES("doctor", "--name", "edge-2", "--state", "/tmp/s");
    (void)unsetenv("FOG_AGENT_CAP_CPU_PERCENT");
    assert_int_equal(config_adopt(&config, told.data, told.length, &err), 0);
    assert_int_equal(config.verb, VERB_DOCTOR);
    assert_string_equal(config.name, "edge-2"); /* words count most */
    assert_string_equal(config.state, "/tmp/s");
    assert_int_equal(config.output, OUTPUT_TEXT); /* the form is ours alone */
    assert_int_equal(config.caps.cpu_percent, 40);
    assert_int_equal(config.labels.count, 1);
    assert_string_equal(config.sensor_root, "/\"\n");
    assert_int_equal(config.controller.port, 9);
    assert_ptr_equal(config.owner_policy, &config.owner);
    assert_int_equal(config.owner_policy->battery.min_percent, 60);
    assert_true(config.owner_policy->battery.require_charging);
    assert_int_equal(config.options.items[config.options.count - 2].source, OPTION_BY_FLAG);
    assert_int_equal(config.options.items[config.options.count - 3].source, OPTION_BY_FILE);
    str_fini(&told);
}

static void what_is_told_wrongly_changes_nothing(void **state)
{
    static const char *const texts[] = {
        "unknown word \"options\"\n",
        "{}",
        "{\"file\":\"\",\"options\":[{\"name\":\"of-tomorrow\",\"value\":\"1\"}]}",
        "{\"file\":\"\",\"options\":[{\"name\":\"cores\"}]}",
        "{\"file\":\"\",\"options\":[{\"name\":\"cores\",\"value\":\"many\"}]}",
    };

    (void)state;
    PARSES("doctor", "--name", "edge-2", "--battery-min", "60");
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_int_equal(config_adopt(&config, texts[i], strlen(texts[i]), &err), ERR_INVALID);
        assert_string_equal(config.name, "edge-2");
        assert_ptr_equal(config.owner_policy, &config.owner);
        assert_int_equal(config.owner_policy->battery.min_percent, 60);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, forget, forget)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(without_options_there_are_defaults),
        CASE(every_option_is_understood),
        CASE(the_owners_words_are_verbs),
        CASE(the_environment_counts_less_than_words),
        CASE(slips_are_refused_with_a_hint),
        CASE(a_file_counts_less_than_the_environment),
        CASE(all_that_is_wrong_with_a_file_is_told_at_once),
        CASE(the_owner_asks_for_nothing_unless_he_says_so),
        CASE(the_owners_rules_are_a_policy_of_their_own),
        CASE(rules_that_cannot_be_are_refused),
        CASE(only_loopback_is_dialled_without_encryption),
        CASE(addresses_that_are_none_are_refused),
        CASE(the_help_names_every_option),
        CASE(given_options_are_told_and_adopted),
        CASE(what_is_told_wrongly_changes_nothing),
        CASE(without_limits_there_are_none),
        CASE(a_task_is_told_how_many_there_are),
        CASE(percentages_are_of_the_whole_machine),
        CASE(the_stricter_limit_counts),
        CASE(all_of_the_machine_is_no_limit),
        CASE(the_owners_caps_lessen_what_is_offered),
        CASE(what_is_said_to_be_there_is_not_more_than_the_caps_leave),
        CASE(the_kernel_is_told_who_goes_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
