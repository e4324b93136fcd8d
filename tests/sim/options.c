#include "tests/sim/options.h"

#include "schema/base/parse.h"
#include "schema/base/str.h"
#include "tests/sim/mutants.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

enum { SEEDS_DEFAULT = 100, BUDGET_DEFAULT = 600, JOBS_MAX = 256 };

const char options_usage[] =
    "fog-sim: a fleet in one process, from a seed\n"
    "  --seed N       run this seed alone\n"
    "  --seeds N      run so many (100)\n"
    "  --from M       beginning with this one (1)\n"
    "  --jobs N       in so many processes (one for each core)\n"
    "  --keep-going   to the end, whatever fails\n"
    "  --campaign     and fail when a class of faults never struck or a mark was never passed\n"
    "  --agents N     with so many agents (else 2 to 5, by the seed)\n"
    "  --faults X     all, none, or names with commas between (else by the seed)\n"
    "  --tape FILE    replay a recorded tape instead\n"
    "  --tape-out F   write the tape of a failure here\n"
    "  --shrink       make the failure's tape as short as can be\n"
    "  --budget N     with so many runs at most (600)\n"
    "  --trace        print everything that happens\n"
    "  --hash         print the hash of each trace\n"
    "  --sites        print how often marked places of the code were passed\n"
    "  --canary[=X]   with a check that always fails, or fails when fault X has struck\n"
    "  --bench        say how fast the seeds are: without faults, as they choose, with all\n"
    "  --quiet        no progress\n"
    "  --mutants      list the seeded mistakes\n"
    "  --mutant X     make this one (in the build that has them)\n"
    "  --day          24 hours of a fleet; with it: --seed, --seeds, --from, --quiet, --trace, and\n"
    "    --devices N  of so many devices (14)\n"
    "    --hours N    only the first of them (24)\n"
    "    --faults     agents and the controller die, the network is cut, now and then\n"
    "    --picture F  draw the last one into this file, as SVG\n";

static const struct flag {
    const char *word;
    size_t offset;
} flags[] = {
    {"--trace", offsetof(struct options, is_traced)},
    {"--quiet", offsetof(struct options, is_quiet)},
    {"--shrink", offsetof(struct options, shrinks)},
    {"--keep-going", offsetof(struct options, keeps_going)},
    {"--campaign", offsetof(struct options, is_campaign)},
    {"--sites", offsetof(struct options, shows_sites)},
    {"--hash", offsetof(struct options, shows_hashes)},
    {"--bench", offsetof(struct options, is_bench)},
    {"--mutants", offsetof(struct options, lists_mutants)},
};

static const struct number {
    const char *word;
    size_t offset;
    uint64_t min, max;
} numbers[] = {
    {"--seeds", offsetof(struct options, count), 1, UINT64_MAX},
    {"--from", offsetof(struct options, from), 0, UINT64_MAX},
    {"--agents", offsetof(struct options, agents), 1, MACHINES_MAX},
    {"--jobs", offsetof(struct options, jobs), 1, JOBS_MAX},
    {"--budget", offsetof(struct options, budget), 1, UINT64_MAX},
};

static const struct text {
    const char *word;
    size_t offset;
} texts[] = {
    {"--tape", offsetof(struct options, tape)},
    {"--tape-out", offsetof(struct options, tape_out)},
    {"--faults", offsetof(struct options, faults)},
    {"--mutant", offsetof(struct options, mutant)},
};

static bool read_flag(struct options *options, const char *word)
{
    for (size_t i = 0; i < COUNT_OF(flags); i++) {
        if (str_eq(word, flags[i].word)) {
            *(bool *)((char *)options + flags[i].offset) = true;
            return true;
        }
    }
    if (str_eq(word, "--canary")) {
        options->canary = "";
        return true;
    }
    if (str_starts(word, "--canary=")) {
        options->canary = word + strlen("--canary=");
        return true;
    }
    return false;
}

static bool read_pair(struct options *options, const char *word, const char *value)
{
    uint64_t number;

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (str_eq(word, texts[i].word)) {
            *(const char **)(void *)((char *)options + texts[i].offset) = value;
            return true;
        }
    }
    if (!u64_from_str(value, &number)) {
        return false;
    }
    if (str_eq(word, "--seed")) {
        options->from = number;
        options->count = 1;
        return true;
    }
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        if (str_eq(word, numbers[i].word) && number >= numbers[i].min && number <= numbers[i].max) {
            *(uint64_t *)(void *)((char *)options + numbers[i].offset) = number;
            return true;
        }
    }
    return false;
}

static bool is_named(const char *name, size_t length, const char *fault)
{
    return strlen(fault) == length && strncmp(name, fault, length) == 0;
}

static int read_faults(struct options *options, struct err *err)
{
    const char *at = options->faults;

    if (at == NULL || str_eq(at, "none")) {
        return 0;
    }
    for (size_t length; *at != '\0'; at += length + (at[length] == ',')) {
        bool is_known = false;

        length = strcspn(at, ",");
        for (int i = 0; i < FAULT_COUNT; i++) {
            if (is_named(at, length, "all") || is_named(at, length, fault_words[i])) {
                options->faults_on[i] = is_known = true;
            }
        }
        if (!is_known) {
            return err_set(err, ERR_INVALID, "there is no fault \"%.*s\"", (int)length, at);
        }
    }
    return 0;
}

/* What names a thing outside this file. */
static int settle(const struct options *options, struct err *err)
{
    if (options->mutant != NULL && !mutants_choose(options->mutant)) {
        return err_set(err, ERR_INVALID, "there is no mutant \"%s\" in this build",
                       options->mutant);
    }
    if (str_is_empty(options->canary)) {
        return 0;
    }
    for (int i = 0; i < FAULT_COUNT; i++) {
        if (str_eq(options->canary, fault_words[i])) {
            return 0;
        }
    }
    return err_set(err, ERR_INVALID, "there is no fault \"%s\"", options->canary);
}

int options_read(struct options *options, int count, char **words, struct err *err)
{
    int code;

    *options = (struct options){.from = 1, .count = SEEDS_DEFAULT, .budget = BUDGET_DEFAULT};
    for (int i = 1; i < count; i++) {
        if (read_flag(options, words[i])) {
            continue;
        }
        if (i + 1 >= count || !read_pair(options, words[i], words[i + 1])) {
            return err_set(err, ERR_INVALID, "\"%s%s%s\" is not understood", words[i],
                           i + 1 < count ? " " : "", i + 1 < count ? words[i + 1] : "");
        }
        i++;
    }
    code = read_faults(options, err);
    return code < 0 ? code : settle(options, err);
}

void options_to_tape(const struct options *options, char *line, size_t size_bytes)
{
    int used = 0;

    line[0] = '\0';
    if (options->canary != NULL) {
        used = snprintf(line, size_bytes, "--canary%s%s", options->canary[0] != '\0' ? "=" : "",
                        options->canary);
    }
    if (options->mutant != NULL) {
        (void)snprintf(line + used, size_bytes - (size_t)used, "%s--mutant %s", used > 0 ? " " : "",
                       options->mutant);
    }
}

int options_from_tape(struct options *options, char *line, struct err *err)
{
    char *rest = line;

    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        if (str_eq(word, "--mutant") && rest != NULL) {
            options->mutant = strsep(&rest, " ");
        } else if (word[0] != '\0' && !read_flag(options, word)) {
            return err_set(err, ERR_INVALID, "option \"%s\" of the tape is not known", word);
        }
    }
    return settle(options, err);
}

struct sim_options options_of_world(const struct options *options, uint64_t seed)
{
    return (struct sim_options){.seed = seed,
                                .agents = options->agents,
                                .faults = options->faults == NULL ? NULL : options->faults_on,
                                .canary = options->canary,
                                .is_traced = options->is_traced};
}
