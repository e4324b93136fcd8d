/* What fog-sim does with plans: one from a file, a list of effects, a campaign. */
#include "tests/sim/plan.h"

#include "schema/base/parse.h"
#include "tests/sim/mutants.h"
#include "tests/sim/plan_work.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum { PLAN_BYTES_MAX = 8192 };

static bool play(struct plan_run *run, struct record_tail *tail, bool is_traced)
{
    struct sim_options options = {
        .seed = PLAN_SEED, .agents = run->script->machines, .is_traced = is_traced, .plan = run};
    struct tallies tallies;
    uint64_t hash;

    return sim_run(&options, tail, &hash, &tallies);
}

static bool read_file(const char *path, char text[static PLAN_BYTES_MAX])
{
    FILE *file = fopen(path, "r");
    size_t size_bytes;

    if (file == NULL) {
        return false;
    }
    size_bytes = fread(text, 1, PLAN_BYTES_MAX - 1, file);
    text[size_bytes] = '\0';
    (void)fclose(file);
    return true;
}

static void tell_failure(const struct record_tail *tail, bool is_traced)
{
    uint64_t first = tail->count > RECORD_LINES ? tail->count - RECORD_LINES : 0;

    for (uint64_t i = first; i < tail->count && !is_traced; i++) {
        (void)printf("%s\n", tail->lines[i % RECORD_LINES]);
    }
    (void)printf("\nfailed: %s\n", tail->failure);
}

/* Where its workload ends without a fault; NULL when it fails even so. */
static char *find_ending(const struct script *script)
{
    static struct record_tail tail;
    struct plan plan = {.count = 0};
    struct plan_run run;
    char *ending = NULL;

    plan_run_init(&run, &plan, script);
    if (play(&run, &tail, false)) {
        ending = str_take(&run.ending);
    }
    plan_run_fini(&run);
    return ending;
}

static int run_file(const char *path, bool is_traced)
{
    static struct record_tail tail;
    char text[PLAN_BYTES_MAX];
    _cleanup_free_ char *ending = NULL;
    struct err err = ERR_NONE;
    struct plan_run run;
    struct plan plan;
    bool is_fine;

    if (!read_file(path, text) || plan_parse(text, &plan, &err) < 0) {
        (void)fprintf(stderr, "fog-sim: %s: %s\n", path,
                      err.code == 0 ? "cannot be read" : err.text);
        return 2;
    }
    ending = find_ending(script_find(plan.workload));
    plan_run_init(&run, &plan, script_find(plan.workload));
    run.expected = ending;
    is_fine = play(&run, &tail, is_traced);
    if (is_fine && run.struck < plan.count) {
        (void)snprintf(tail.failure, sizeof(tail.failure),
                       "plan: %zu of its %zu blows came; the effects have other numbers now",
                       run.struck, plan.count);
        is_fine = false;
    }
    if (is_fine) {
        (void)printf("%s: fine\n", path);
    } else {
        tell_failure(&tail, is_traced);
    }
    plan_run_fini(&run);
    return is_fine ? 0 : 1;
}

static void print_effect(const struct effect_seen *effect)
{
    char actor[32] = "controller";

    if (effect->actor > 0) {
        (void)snprintf(actor, sizeof(actor), "m-%zu", effect->actor - 1);
    }
    (void)printf("%-10s %4" PRIu64 " %-6s %.90s\n", actor, effect->number, deed_words[effect->deed],
                 effect->bytes == NULL ? "" : effect->bytes->data);
}

static int list_effects(const char *name)
{
    static struct record_tail tail;
    const struct script *script = script_find(name);
    struct plan plan = {.count = 0};
    struct plan_run run;
    bool is_fine;

    if (script == NULL) {
        (void)fprintf(stderr, "fog-sim: no workload \"%s\"\n", name);
        return 2;
    }
    plan_run_init(&run, &plan, script);
    is_fine = play(&run, &tail, false);
    vec_each (&run.effects, it) {
        print_effect(it);
    }
    (void)printf("%s", run.ending.data);
    if (!is_fine) {
        (void)printf("fails without a fault: %s\n", tail.failure);
    }
    plan_run_fini(&run);
    return is_fine ? 0 : 1;
}

/* What follows the first two words. */
static bool read_options(int count, char **words, struct campaign_options *options,
                         bool *ret_is_traced)
{
    for (int i = 3; i < count; i++) {
        uint64_t value = 0;
        bool has_value = i + 1 < count && u64_from_str(words[i + 1], &value);

        if (str_eq(words[i], "--trace")) {
            *ret_is_traced = true;
            continue;
        }
        if (str_eq(words[i], "--stop")) {
            options->stops = true;
            continue;
        }
        if (str_eq(words[i], "--only-pairs")) {
            options->only_pairs = true;
            continue;
        }
        if (str_eq(words[i], "--out") && i + 1 < count) {
            options->out = words[i + 1];
        } else if (str_eq(words[i], "--jobs") && has_value && value > 0) {
            options->jobs = (size_t)value;
        } else if (str_eq(words[i], "--pairs") && has_value) {
            options->pairs = value;
        } else if (str_eq(words[i], "--seed") && has_value) {
            options->seed = value;
        } else {
            return false;
        }
        i++;
    }
    return true;
}

int plans_main(int count, char **words)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    struct campaign_options options = {.program = words[0], .out = "build/plans", .seed = 1};
    bool is_traced = false;

    if (count < 3 || (!str_eq(words[1], "--plan") && !str_eq(words[1], "--plans") &&
                      !str_eq(words[1], "--effects"))) {
        return -1;
    }
    options.jobs = processors < 1 ? 1 : (size_t)processors;
    options.workload = words[2];
    if (!read_options(count, words, &options, &is_traced)) {
        (void)fputs("fog-sim --plan FILE [--trace]\n"
                    "fog-sim --effects WORKLOAD\n"
                    "fog-sim --plans WORKLOAD|all [--pairs N [--only-pairs]] [--seed N] [--jobs N] "
                    "[--out DIR] [--stop]\n",
                    stderr);
        return 2;
    }
    mutants_choose_from_environment();
    if (str_eq(words[1], "--plan")) {
        return run_file(words[2], is_traced);
    }
    return str_eq(words[1], "--plans") ? campaign_run(&options) : list_effects(words[2]);
}
