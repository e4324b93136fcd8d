/* The texts of a run's folder, over agent/shim/fields.h.  Numbers are found through tables, so that
 * writer and reader cannot part. */
#include "agent/shim/spec.h"

#include "agent/shim/fields.h"
#include "agent/shim/file.h"
#include "schema/base/parse.h"
#include "schema/limits.h"

#include <assert.h>
#include <stdio.h>

enum { RECORD_BYTES_MAX = 4 << 10 };

struct member {
    const char *key;
    size_t offset;
};

static const struct member spec_numbers[] = {
    {"run", offsetof(struct shim_spec, run)},
    {"generation", offsetof(struct shim_spec, generation)},
    {"lease_epoch", offsetof(struct shim_spec, lease_epoch)},
    {"grace_ms", offsetof(struct shim_spec, grace_ms)},
    {"orphan_after_ms", offsetof(struct shim_spec, orphan_after_ms)},
    {"unwatched_ms", offsetof(struct shim_spec, unwatched_ms)},
    {"lease_end", offsetof(struct shim_spec, lease_end.ms)},
    {"cpu_limit", offsetof(struct shim_spec, cpu_limit)},
    {"cpu_told", offsetof(struct shim_spec, cpu_told)},
    {"memory_limit", offsetof(struct shim_spec, memory_limit)},
    {"pids_limit", offsetof(struct shim_spec, pids_limit)},
    {"cpu_whole", offsetof(struct shim_spec, cpu_whole)},
    {"memory_whole", offsetof(struct shim_spec, memory_whole)},
    {"oom_adjust", offsetof(struct shim_spec, oom_adjust)},
    {"task_count", offsetof(struct shim_spec, task_count)},
};

static const struct member spec_texts[] = {
    {"uid", offsetof(struct shim_spec, uid)},
    {"name", offsetof(struct shim_spec, name)},
    {"session", offsetof(struct shim_spec, session)},
    {"slot", offsetof(struct shim_spec, slot)},
    {"cgroup_cpu", offsetof(struct shim_spec, cgroups[CGROUP_CPU])},
    {"cgroup_suspend", offsetof(struct shim_spec, cgroups[CGROUP_SUSPEND])},
    {"cgroup_memory", offsetof(struct shim_spec, cgroups[CGROUP_MEMORY])},
    {"cgroup_pids", offsetof(struct shim_spec, cgroups[CGROUP_PIDS])},
    {"cgroup_usage", offsetof(struct shim_spec, cgroups[CGROUP_USAGE])},
};

static const struct member record_numbers[] = {
    {"started", offsetof(struct agt_exit, started.ms)},
    {"ended", offsetof(struct agt_exit, ended.ms)},
    {"cpu_ms", offsetof(struct agt_exit, usage.cpu_ms)},
    {"wall_ms", offsetof(struct agt_exit, usage.wall_ms)},
    {"memory_peak", offsetof(struct agt_exit, usage.memory_peak)},
};

/* Same order as enum exit_cause. */
static const char *const cause_words[] = {"by-itself",   "not-started", "stopped",
                                          "lease-ended", "orphaned",    "lost"};

static int64_t *number_at(void *base, size_t offset)
{
    return (int64_t *)(void *)((char *)base + offset);
}

static void put_numbers(const void *base, const struct member *numbers, size_t count,
                        struct str *to)
{
    for (size_t i = 0; i < count; i++) {
        fields_add_int(to, numbers[i].key,
                       *(const int64_t *)(const void *)((const char *)base + numbers[i].offset));
    }
}

/* False when the key is none of these. */
static bool take_number(void *base, const struct member *numbers, size_t count, const char *key,
                        const char *value, bool *ret_good)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(numbers[i].key, key) == 0) {
            *ret_good = int_from_str(value, number_at(base, numbers[i].offset));
            return true;
        }
    }
    return false;
}

void shim_spec_to_str(const struct shim_spec *spec, struct str *to)
{
    for (size_t i = 0; i < COUNT_OF(spec_texts); i++) {
        const char *value =
            *(const char *const *)(const void *)((const char *)spec + spec_texts[i].offset);

        fields_add(to, spec_texts[i].key, value != NULL ? value : "");
    }
    put_numbers(spec, spec_numbers, COUNT_OF(spec_numbers), to);
    for (size_t i = 0; i < spec->command_count; i++) {
        fields_add(to, "command", spec->command[i]);
    }
    for (size_t i = 0; i < spec->environment_count; i++) {
        _cleanup_(str_fini)
        struct str both = STR_EMPTY;

        str_addf(&both, "%s=%s", spec->environment[i].key, spec->environment[i].value);
        fields_add(to, "environment", both.data);
    }
}

static bool add_variable(struct arena *arena, struct shim_spec *spec, const char *value)
{
    const char *equals = strchr(value, '=');
    struct strpair pair;

    if (equals == NULL || equals == value) {
        return false;
    }
    pair.key = arena_strndup(arena, value, (size_t)(equals - value));
    pair.value = arena_strdup(arena, equals + 1);
    spec->environment =
        arena_grow(arena, spec->environment, spec->environment_count, sizeof(struct strpair));
    spec->environment[spec->environment_count++] = pair;
    return true;
}

static bool take_spec_field(struct arena *arena, struct shim_spec *spec, const char *key,
                            const char *value)
{
    bool good = true;

    if (take_number(spec, spec_numbers, COUNT_OF(spec_numbers), key, value, &good)) {
        return good;
    }
    for (size_t i = 0; i < COUNT_OF(spec_texts); i++) {
        if (strcmp(spec_texts[i].key, key) == 0) {
            *(const char **)(void *)((char *)spec + spec_texts[i].offset) =
                arena_strdup(arena, value);
            return true;
        }
    }
    if (strcmp(key, "command") == 0) {
        spec->command = arena_grow(arena, spec->command, spec->command_count, sizeof(const char *));
        spec->command[spec->command_count++] = arena_strdup(arena, value);
    } else if (strcmp(key, "environment") == 0) {
        return add_variable(arena, spec, value);
    }
    return true; /* a word of a newer agent */
}

bool shim_spec_from_str(struct arena *arena, const char *text, struct shim_spec *ret_spec)
{
    struct shim_spec spec = {.uid = "", .name = "", .session = "", .slot = ""};
    char *copy = arena_strdup(arena, text);
    const char *key, *value;

    spec.lease_end = MONO_NEVER;
    while (fields_next(&copy, &key, &value)) {
        if (!take_spec_field(arena, &spec, key, value)) {
            return false;
        }
    }
    if (spec.command_count == 0 || spec.uid[0] == '\0') {
        return false;
    }
    *ret_spec = spec;
    return true;
}

const char *exit_cause_to_str(enum exit_cause cause)
{
    assert((size_t)cause < COUNT_OF(cause_words));
    return cause_words[cause];
}

void shim_record_to_str(const struct agt_exit *exit, struct str *to)
{
    fields_add(to, "cause", exit_cause_to_str(exit->cause));
    fields_add_int(to, "code", exit->code);
    fields_add(to, "message", exit->message);
    fields_add_int(to, "from_outside", exit->is_from_outside);
    put_numbers(exit, record_numbers, COUNT_OF(record_numbers), to);
    str_add(to, "whole\n"); /* what lacks it was cut off */
}

static bool take_cause(const char *value, enum exit_cause *ret_cause)
{
    for (size_t i = 0; i < COUNT_OF(cause_words); i++) {
        if (strcmp(cause_words[i], value) == 0) {
            *ret_cause = (enum exit_cause)i;
            return true;
        }
    }
    return false;
}

bool shim_record_from_str(const char *text, struct agt_exit *ret_exit)
{
    _cleanup_free_ char *copy = mem_strdup(text);
    struct agt_exit exit = {.cause = EXIT_LOST};
    char *cursor = copy;
    const char *key, *value;
    bool ended = false, good = true;
    int64_t code = 0;

    while (good && fields_next(&cursor, &key, &value)) {
        if (take_number(&exit, record_numbers, COUNT_OF(record_numbers), key, value, &good)) {
            continue;
        }
        if (strcmp(key, "cause") == 0) {
            good = take_cause(value, &exit.cause);
        } else if (strcmp(key, "code") == 0) {
            good = int_from_str(value, &code);
            exit.code = (int)code;
        } else if (strcmp(key, "message") == 0) {
            (void)snprintf(exit.message, sizeof(exit.message), "%s", value);
        } else if (strcmp(key, "from_outside") == 0) {
            exit.is_from_outside = strcmp(value, "1") == 0;
        } else if (strcmp(key, "whole") == 0) {
            ended = true;
        }
    }
    if (!good || !ended) {
        return false;
    }
    *ret_exit = exit;
    return true;
}

void shim_holder_to_str(const struct shim_holder *holder, struct str *to)
{
    fields_add_int(to, "pid", holder->pid);
    fields_add_int(to, "started", (int64_t)holder->started);
    fields_add(to, "boot_id", holder->boot_id);
}

bool shim_holder_from_str(const char *text, struct shim_holder *ret_holder)
{
    _cleanup_free_ char *copy = mem_strdup(text);
    struct shim_holder holder = {.pid = 0};
    char *cursor = copy;
    const char *key, *value;
    int64_t number = 0;

    while (fields_next(&cursor, &key, &value)) {
        if (strcmp(key, "boot_id") == 0) {
            (void)snprintf(holder.boot_id, sizeof(holder.boot_id), "%s", value);
        } else if (!int_from_str(value, &number)) {
            return false;
        } else if (strcmp(key, "pid") == 0) {
            holder.pid = (pid_t)number;
        } else if (strcmp(key, "started") == 0) {
            holder.started = (uint64_t)number;
        }
    }
    if (holder.pid <= 1) {
        return false;
    }
    *ret_holder = holder;
    return true;
}

int shim_record_read(int run_fd, struct agt_exit *ret_exit)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    int result = file_read(run_fd, RUN_RECORD, RECORD_BYTES_MAX, &text, NULL);

    if (result < 0) {
        return result;
    }
    return shim_record_from_str(text.data, ret_exit) ? 0 : ERR_CORRUPT;
}

int shim_record_write(int run_fd, const struct agt_exit *exit, struct err *err)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    shim_record_to_str(exit, &text);
    return file_replace(run_fd, RUN_RECORD, text.data, text.length, true, err);
}
