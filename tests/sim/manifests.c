#include "tests/sim/manifests.h"

#include "schema/json.h"
#include "schema/kinds/agent.h"
#include "schema/kinds/harvest_policy.h"
#include "schema/kinds/harvest_session.h"
#include "schema/limits.h"
#include "schema/object.h"
#include "schema/yaml.h"
#include "tests/sim/generate.h"
#include "tests/sim/hours.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

/* They come due before a world at rest is looked at. */
enum {
    PROGRESS_DEADLINE_MIN_MS = 3000,
    PROGRESS_DEADLINE_MAX_MS = 8000,
    HEALTHY_AFTER_MAX_MS = 2000
};

static const char *const policies[POLICY_NAMES + 1] = {"p-0", "p-1", NULL};

/* --- with a few fields ------------------------------------------------------------------------ */

/* What the workload does: see shim.h. */
static void add_command(struct die *die, bool is_compared, bool *ret_ends, struct str *to)
{
    uint64_t draw = die_below(die, 100);

    *ret_ends = false;
    if (is_compared && draw < 75) { /* what has no end is never compared */
        str_addf(to, "[\"job\",\"%" PRId64 "\"]", die_between(die, 100, 1500));
        *ret_ends = true;
    } else if (draw < 55) {
        str_add(to, "[\"serve\"]");
    } else if (draw < 67) {
        str_add(to, "[\"stubborn\"]");
    } else if (draw < 82) {
        str_addf(to, "[\"job\",\"%" PRId64 "\"]", die_between(die, 200, 8000));
        *ret_ends = true;
    } else if (draw < 86) {
        str_addf(to, "[\"fail\",\"%" PRId64 "\"]", die_between(die, 50, 2000));
        *ret_ends = true;
    } else if (draw < 92) {
        str_add(to, "[\"missing\"]");
        *ret_ends = true;
    } else {
        str_addf(to, "[\"flaky\",\"%" PRId64 "\"]", die_between(die, 50, 3000));
    }
}

static void add_workload(struct die *die, unsigned version, struct str *to)
{
    bool is_many = strstr(to->data, "\"tasks\"") != NULL;
    bool is_compared = strstr(to->data, "\"quorum\"") != NULL;
    bool is_gang = strstr(to->data, "\"gang\"") != NULL;
    static const char *const restarts[] = {"never", "onFailure", "always"};
    bool ends;

    str_add(to, "\"workload\":{\"command\":");
    add_command(die, is_compared, &ends, to);
    str_addf(to, ",\"environment\":{\"VERSION\":\"%u\"},\"restart\":\"%s\"", version,
             restarts[is_gang ? 1 + die_below(die, ends ? 1 : 2)
                              : die_below(die, ends || is_many ? 2 : 3)]);
    if (die_chance(die, 600)) {
        str_addf(to, ",\"resources\":{\"cores\":\"%" PRId64 "m\",\"memory\":\"%" PRId64 "Mi\"}",
                 die_between(die, 1, 15) * 100, die_between(die, 1, 8) * 100);
    }
    if (die_chance(die, 250)) {
        str_addf(to, ",\"artifacts\":[{\"digest\":\"blake2b:%064u\",\"path\":\"input\"}]", version);
    }
    if (die_chance(die, 250) || is_compared) {
        str_add(to, ",\"outputs\":[{\"path\":\"result\"}]");
    }
    if (die_chance(die, 700)) {
        str_addf(to, ",\"checkpoint\":{\"signal\":\"USR%u\",\"grace\":\"%" PRId64 "ms\"}",
                 1 + (unsigned)die_below(die, 2), die_between(die, 100, CHECKPOINT_GRACE_MAX_MS));
    }
    str_add(to, "}");
}

/* Some with a quorum are many enough for their agents to become trusted. */
static void add_tasks(struct die *die, struct str *to)
{
    bool is_compared = die_chance(die, 400), is_long = is_compared && die_chance(die, 400);

    str_addf(to,
             "\"tasks\":{\"count\":%" PRId64 ",\"parallelism\":%" PRId64 ",\"retries\":%" PRIu64
             ",\"failFast\":%s%s},",
             die_between(die, is_long ? 30 : 1, is_long ? 45 : 8), die_between(die, 1, 4),
             die_below(die, 3), die_chance(die, 150) ? "true" : "false",
             is_compared ? ",\"quorum\":2" : "");
}

static void add_scale(struct die *die, struct str *to)
{
    bool is_gang = false;

    if (die_chance(die, 150)) {
        add_tasks(die, to);
    } else if (die_chance(die, 200)) {
        str_add(to, "\"everyAgent\":true,");
    } else if (die_chance(die, 900)) {
        str_addf(to, "\"replicas\":%" PRIu64 ",", die_below(die, 5));
        is_gang = die_chance(die, 200);
    }
    if (is_gang) {
        str_addf(to, "\"gang\":{\"deadline\":\"%" PRId64 "s\"},", die_between(die, 5, 40));
    }
    if (die_chance(die, 200)) {
        str_addf(to, "\"selector\":{\"matchLabels\":{\"reported/site\":\"%s\"}},",
                 die_chance(die, 500) ? "a" : "b");
    }
    if (die_chance(die, 100)) {
        str_addf(to,
                 "\"requirements\":[{\"field\":\"capacity.cores\",\"op\":\">=\",\"value\":%" PRIu64
                 "}],",
                 die_between(die, 1, 5));
    }
}

static void add_times(struct die *die, struct str *to)
{
    if (die_chance(die, 450)) {
        str_addf(to, "\"exclusive\":true,\"leaseDuration\":\"%" PRId64 "s\",",
                 die_between(die, 3, 9));
    }
    str_addf(to,
             "\"replaceAfter\":\"%" PRId64 "s\",\"grace\":\"%" PRId64 "ms\",\"retries\":%" PRId64
             ",",
             die_between(die, 1, 10), die_below(die, 3) * die_between(die, 0, 2000),
             die_between(die, 1, 3));
    if (die_chance(die, 400)) {
        str_add(to, "\"drift\":\"report\",");
    }
    if (die_chance(die, 400)) {
        str_addf(to, "\"orphanAfter\":\"%" PRId64 "s\",", die_between(die, 0, 12));
    }
    if (die_chance(die, 400)) {
        int64_t most = die_between(die, 1, 3);
        bool is_percentage = die_chance(die, 300);

        str_addf(to, "\"rollout\":{\"maxUnavailable\":%s%" PRId64 "%s,\"pause\":%s",
                 is_percentage ? "\"" : "", is_percentage ? most * 25 : most,
                 is_percentage ? "%\"" : "", die_chance(die, 150) ? "true" : "false");
        if (die_chance(die, 600)) {
            str_addf(to,
                     ",\"progressDeadline\":\"%" PRId64 "s\",\"healthyAfter\":\"%" PRId64 "ms\"",
                     die_between(die, 5, PROGRESS_DEADLINE_MAX_MS / 1000),
                     die_chance(die, 500) ? 0 : die_between(die, 1, HEALTHY_AFTER_MAX_MS));
            str_addf(to, ",\"onFailure\":\"%s\"", die_chance(die, 800) ? "revert" : "pause");
        }
        str_add(to, "},");
    }
}

static void add_session(struct die *die, unsigned name, unsigned version, struct str *to)
{
    str_addf(
        to,
        "{\"apiVersion\":\"fog/v1\",\"kind\":\"HarvestSession\",\"metadata\":{\"name\":\"s-%u\"",
        name);
    if (die_chance(die, 300)) {
        str_addf(to, ",\"labels\":{\"v\":\"%u\"}", version);
    }
    str_add(to, "},\"spec\":{");
    if (die_chance(die, 500)) {
        str_addf(to, "\"policy\":\"%s\",", policies[die_below(die, POLICY_NAMES)]);
    }
    add_scale(die, to);
    add_times(die, to);
    add_workload(die, version, to);
    str_add(to, "}}");
}

/* The last of the names only ever gets work that goes on: what may be tried again a thousand times,
 * or for ever, must not fail by itself, or nobody could wait for the end. */
static bool is_steady(unsigned name)
{
    return name == SESSION_NAMES - 1;
}

static struct node *parsed(struct arena *arena, const struct str *text)
{
    struct problems problems;
    struct node *root = NULL;
    int result;

    problems_init(&problems, arena, NULL);
    result = json_parse(arena, text->data, text->length, JSON_PLAIN, &problems, &root);
    assert(result == 0);
    return root;
}

static struct node *plain_session(struct arena *arena, struct die *die, unsigned name,
                                  unsigned version)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct node *root, *workload;

    add_session(die, name, version, &text);
    root = parsed(arena, &text);
    if (is_steady(name)) {
        workload = node_find_path(root, "spec.workload");
        node_find(workload, "command")->list.items[0] = node_str(arena, "serve");
    }
    return root;
}

/* --- from the tables -------------------------------------------------------------------------- */

static struct node *map_in(struct arena *arena, struct node *map, const char *key)
{
    struct node *inner = node_find(map, key);

    if (inner == NULL) {
        inner = node_map(arena);
        node_set(arena, map, key, inner);
    }
    return inner;
}

static void set_text(struct arena *arena, struct node *map, const char *key, const char *text)
{
    node_set(arena, map, key, node_str(arena, text));
}

static void set_ms(struct arena *arena, struct node *map, const char *key, int64_t ms)
{
    set_text(arena, map, key, arena_printf(arena, "%" PRId64 "ms", ms));
}

/* The words that the virtual shim knows, before the drawn ones. */
static struct node *tame_words(struct arena *arena, struct die *die, const struct node *drawn,
                               bool is_steady_one, bool *ret_ends)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct node *words;

    add_command(die, false, ret_ends, &text);
    words = parsed(arena, &text);
    if (is_steady_one) {
        words->list.items[0] = node_str(arena, "serve");
        *ret_ends = false;
    }
    for (size_t i = 0; i < drawn->list.count; i++) {
        node_add(arena, words, drawn->list.items[i]);
    }
    return words;
}

static void tame_command(struct arena *arena, struct die *die, struct node *spec, unsigned name,
                         unsigned version)
{
    struct node *workload = node_find(spec, "workload");
    const char *restart = node_find_text(workload, "restart");
    bool ends;

    node_set(arena, workload, "command",
             tame_words(arena, die, node_find(workload, "command"), is_steady(name), &ends));
    set_text(arena, map_in(arena, workload, "environment"), "VERSION",
             arena_printf(arena, "%u", version));
    if (ends && (restart == NULL || str_eq(restart, "always"))) { /* it would begin for ever */
        set_text(arena, workload, "restart", die_chance(die, 500) ? "never" : "onFailure");
    }
    if (!is_steady(name)) {
        node_set(arena, spec, "retries", node_int(arena, die_between(die, 1, 3)));
    }
}

/* Mostly what fits; now and then nothing at all, and what no machine has. */
static void tame_room(struct arena *arena, struct die *die, struct node *workload)
{
    struct node *resources = map_in(arena, workload, "resources");

    if (die_chance(die, 40)) {
        return; /* as drawn: up to everything there could be */
    }
    if (node_find(resources, "cores") != NULL) {
        set_text(arena, resources, "cores",
                 arena_printf(arena, "%" PRId64 "m", die_below(die, 16) * 100));
    }
    if (node_find(resources, "memory") != NULL) {
        set_text(arena, resources, "memory",
                 arena_printf(arena, "%" PRId64 "Mi", die_below(die, 9) * 100));
    }
    if (node_find(resources, "disk") != NULL) {
        set_text(arena, resources, "disk",
                 arena_printf(arena, "%" PRId64 "Gi", die_below(die, 9) * 5));
    }
}

static struct node *tame_selector(struct arena *arena, struct die *die, struct node *drawn)
{
    static const char *const sites[] = {"a", "b"}, *const tiers[] = {"gold", "silver"};
    struct node *expressions = node_find(drawn, "matchExpressions");
    struct node *labels = node_map(arena);
    bool is_site = die_chance(die, 500);

    for (size_t i = 0; expressions != NULL && i < expressions->list.count; i++) {
        struct node *expression = expressions->list.items[i], *values = node_list(arena);

        if (die_chance(die, 300)) {
            continue; /* on a label that hardly any agent has */
        }
        set_text(arena, expression, "key", is_site ? "reported/site" : "tier");
        node_add(arena, values,
                 node_str(arena, is_site ? sites[die_below(die, 2)] : tiers[die_below(die, 2)]));
        if (node_find(expression, "values") != NULL) {
            node_set(arena, expression, "values", values);
        }
    }
    if (expressions != NULL && expressions->list.count > 2) {
        expressions->list.count = 2;
    }
    if (die_chance(die, 300)) {
        set_text(arena, labels, is_site ? "reported/site" : "tier",
                 is_site ? sites[die_below(die, 2)] : tiers[die_below(die, 2)]);
        node_set(arena, drawn, "matchLabels", labels);
    } else {
        (void)node_remove(drawn, "matchLabels");
    }
    return drawn;
}

static void tame_places(struct arena *arena, struct die *die, struct node *spec)
{
    struct node *selector = node_find(spec, "selector");
    struct node *requirements = node_find(spec, "requirements");

    struct node *tasks = node_find(spec, "tasks");

    if (tasks != NULL && die_chance(die, 500)) { /* else there would be little else */
        (void)node_remove(spec, "tasks");
    } else if (tasks != NULL) {
        node_set(arena, tasks, "count", node_int(arena, die_between(die, 1, 8)));
        node_set(arena, tasks, "parallelism", node_int(arena, die_between(die, 1, 4)));
        node_set(arena, tasks, "retries", node_int(arena, (int64_t)die_below(die, 3)));
    }
    if (node_find(spec, "replicas") != NULL) {
        node_set(arena, spec, "replicas", node_int(arena, (int64_t)die_below(die, 6)));
    }
    if (selector != NULL) {
        if (die_chance(die, 500)) {
            (void)node_remove(spec, "selector");
        } else {
            node_set(arena, spec, "selector", tame_selector(arena, die, selector));
        }
    }
    if (node_find(spec, "where") != NULL && die_chance(die, 500)) {
        (void)node_remove(spec, "where");
    }
    if (requirements != NULL) {
        if (die_chance(die, 500)) {
            (void)node_remove(spec, "requirements");
        } else if (requirements->list.count > 2) {
            requirements->list.count = 2;
        }
    }
}

/* Short, or so long that nobody waits for it: nothing may come due while the world is watched. */
static void tame_times(struct arena *arena, struct die *die, struct node *spec)
{
    struct node *rollout = node_find(spec, "rollout");

    if (node_find(spec, "leaseDuration") != NULL) {
        set_ms(arena, spec, "leaseDuration",
               LEASE_MIN_MS +
                   (die_chance(die, 300) ? (int64_t)die_below(die, 2) : die_between(die, 0, 6000)));
    }
    if (node_find(spec, "replaceAfter") != NULL && die_chance(die, 900)) {
        set_ms(arena, spec, "replaceAfter",
               REPLACE_MIN_MS +
                   (die_chance(die, 300) ? (int64_t)die_below(die, 2) : die_between(die, 0, 9000)));
    } else if (node_find(spec, "replaceAfter") != NULL) {
        set_ms(arena, spec, "replaceAfter", WORK_TIME_MAX_MS - (int64_t)die_below(die, 2));
    }
    if (node_find(spec, "grace") != NULL && die_chance(die, 980)) {
        set_ms(arena, spec, "grace", die_chance(die, 300) ? 0 : die_between(die, 1, 4000));
    }
    if (node_find(spec, "orphanAfter") != NULL && die_chance(die, 800)) {
        set_ms(arena, spec, "orphanAfter", die_between(die, 0, 12000));
    }
    if (rollout != NULL && node_find(rollout, "progressDeadline") != NULL) {
        set_ms(arena, rollout, "progressDeadline",
               die_between(die, PROGRESS_DEADLINE_MIN_MS, PROGRESS_DEADLINE_MAX_MS));
    }
    if (rollout != NULL && node_find(rollout, "healthyAfter") != NULL) {
        set_ms(arena, rollout, "healthyAfter", (int64_t)die_below(die, HEALTHY_AFTER_MAX_MS));
    }
    if (rollout != NULL && node_find(rollout, "pause") != NULL) {
        node_set(arena, rollout, "pause", node_bool(arena, die_chance(die, 150)));
    }
}

static void tame_gang(struct arena *arena, struct die *die, struct node *spec)
{
    struct node *gang = node_find(spec, "gang"), *workload = node_find(spec, "workload");

    if (gang != NULL && die_chance(die, 500)) {
        (void)node_remove(spec, "gang");
    } else if (gang != NULL) {
        set_ms(arena, gang, "deadline", GANG_DEADLINE_MIN_MS + die_between(die, 0, 30000));
        if (str_eq(node_find_text(workload, "restart"), "never")) {
            set_text(arena, workload, "restart", "onFailure");
        }
    }
}

static struct generator begin(struct arena *arena, struct die *die)
{
    return (struct generator){.arena = arena,
                              .die = die,
                              .present_per_mille = 200 + (unsigned)die_below(die, 4) * 200,
                              .references = policies,
                              .is_moderate = true};
}

static struct node *drawn_session(struct arena *arena, struct die *die, unsigned name,
                                  unsigned version)
{
    struct generator generator = begin(arena, die);
    struct node *root =
        generate_object(&generator, &harvest_session_kind, arena_printf(arena, "s-%u", name));
    struct node *spec = node_find(root, "spec");

    tame_command(arena, die, spec, name, version);
    tame_room(arena, die, node_find(spec, "workload"));
    tame_places(arena, die, spec);
    tame_times(arena, die, spec);
    tame_gang(arena, die, spec);
    return root;
}

struct node *manifest_session(struct arena *arena, struct die *die, unsigned name, unsigned version)
{
    return die_chance(die, 500) ? drawn_session(arena, die, name, version)
                                : plain_session(arena, die, name, version);
}

enum { WINDOW_PER_MILLE = 300 };

static void draw_window(struct arena *arena, struct die *die, struct node *spec)
{
    struct node *windows = node_list(arena), *window = node_map(arena);
    int from = (int)die_below(die, 24 * 60), to = (int)die_below(die, 24 * 60);

    set_text(arena, window, "from", arena_printf(arena, "%02d:%02d", from / 60, from % 60));
    set_text(arena, window, "to", arena_printf(arena, "%02d:%02d", to / 60, to % 60));
    node_add(arena, windows, window);
    node_set(arena, spec, "windows", windows);
}

/* Times that pass within a run, and rules of which hardly any forbids work for good while all is
 * quiet: what the generator makes of a policy matters in other tests. */
static void tame_policy(struct arena *arena, struct die *die, struct node *spec)
{
    struct node *thermal = map_in(arena, spec, "thermal"), *user = map_in(arena, spec, "user");
    struct node *foreign = map_in(arena, spec, "foreignCpu"),
                *memory = map_in(arena, spec, "memory");
    struct node *battery = map_in(arena, spec, "battery"),
                *session = map_in(arena, spec, "session");
    int64_t low = die_between(die, 20, 90), hot = die_between(die, 45, 70);

    if (die_chance(die, WINDOW_PER_MILLE)) {
        draw_window(arena, die, spec);
    }
    hours_tame(arena, spec);
    node_set(arena, battery, "minPercent", node_int(arena, low));
    node_set(arena, battery, "resumePercent", node_int(arena, die_between(die, low, 100)));
    node_set(arena, battery, "requireCharging", node_bool(arena, die_chance(die, 500)));
    node_set(arena, thermal, "throttleCelsius", node_int(arena, hot - 5));
    node_set(arena, thermal, "suspendCelsius", node_int(arena, hot));
    node_set(arena, thermal, "evictCelsius", node_int(arena, hot + 8));
    node_set(arena, thermal, "resumeCelsius", node_int(arena, die_between(die, 36, hot - 6)));
    set_text(arena, thermal, "dwell", arena_printf(arena, "%ds", (int)die_between(die, 5, 20)));
    set_text(arena, user, "startAfterIdle",
             arena_printf(arena, "%ds", (int)die_between(die, 5, 20)));
    set_text(arena, user, "continueAfterIdle",
             arena_printf(arena, "%ds", (int)die_between(die, 0, 5)));
    node_set(arena, foreign, "suspendPercent", node_int(arena, die_between(die, 20, 90)));
    set_text(arena, foreign, "dwell", arena_printf(arena, "%ds", (int)die_between(die, 0, 20)));
    node_set(arena, memory, "evictPercent", node_int(arena, 40));
    set_text(arena, memory, "minAvailable", "256Mi");
    set_text(arena, memory, "dwell", "5s");
    set_text(arena, session, "maxDuration", "8h");
    set_text(arena, session, "cooldown", "1m");
    set_text(arena, session, "staleSensor",
             arena_printf(arena, "%ds", (int)die_between(die, 2, 12)));
    set_text(arena, session, "maxSuspend",
             die_chance(die, 500) ? "10m"
                                  : arena_printf(arena, "%ds", (int)die_between(die, 5, 30)));
    set_text(arena, session, "grace", arena_printf(arena, "%ds", (int)die_between(die, 0, 10)));
}

struct node *manifest_policy(struct arena *arena, struct die *die, unsigned name)
{
    struct generator generator = begin(arena, die);
    struct node *root = generate_object(&generator, &harvest_policy_kind, policies[name]);

    tame_policy(arena, die, map_in(arena, root, "spec"));
    return root;
}

struct node *manifest_agent(struct arena *arena, struct die *die, unsigned name)
{
    static const char *const tiers[] = {"gold", "silver", "copper"};
    static const char *const drains[] = {"never", "never", "gently", "forced"};
    struct generator generator = begin(arena, die);
    struct node *root = generate_object(&generator, &agent_kind, arena_printf(arena, "m-%u", name));
    struct node *spec = map_in(arena, root, "spec");
    struct node *labels = map_in(arena, node_find(root, "metadata"), "labels");

    (void)node_remove(spec, "publicKey");
    node_set(arena, spec, "unschedulable", node_bool(arena, die_chance(die, 250)));
    set_text(arena, spec, "drain", drains[die_below(die, COUNT_OF(drains))]);
    if (die_chance(die, 600)) {
        set_text(arena, labels, "tier", tiers[die_below(die, COUNT_OF(tiers))]);
    }
    return root;
}

struct node *manifest_spoiled(struct arena *arena, struct die *die, const char *name,
                              const char **ret_path)
{
    static const struct kind *const written[] = {&harvest_session_kind, &harvest_policy_kind,
                                                 &agent_kind};
    struct generator generator = begin(arena, die);
    const struct kind *kind = written[die_below(die, COUNT_OF(written))];
    struct node *root;

    generator.references = NULL; /* there may be none of them */
    root = generate_object(&generator, kind, name);
    if (kind == &agent_kind) {
        (void)map_in(arena, root, "spec");
    }
    (void)generate_spoil(&generator, kind, root, ret_path);
    return root;
}

void manifest_emit(const struct node *manifest, bool as_yaml, struct str *to)
{
    if (as_yaml) {
        yaml_emit(manifest, to);
    } else {
        json_emit(manifest, JSON_PLAIN, to);
    }
}
