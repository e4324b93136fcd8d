/* What fog-sim does with days: its words, and the summary. */
#include "tests/sim/day.h"

#include "schema/base/parse.h"
#include "schema/base/str.h"
#include "tests/sim/machine.h"
#include "tests/sim/mutants.h"

#include <inttypes.h>
#include <stdio.h>

struct day_words {
    struct day_options options;
    uint64_t from, count;
    const char *picture; /* borrowed; NULL: none */
    bool is_quiet;
};

static bool read_pair(struct day_words *words, const char *word, const char *value)
{
    uint64_t number = 0;

    if (str_eq(word, "--picture")) {
        words->picture = value;
        return true;
    }
    if (str_eq(word, "--mutant")) {
        return mutants_choose(value);
    }
    if (!u64_from_str(value, &number)) {
        return false;
    }
    if (str_eq(word, "--seed")) {
        words->from = number;
        words->count = 1;
    } else if (str_eq(word, "--from")) {
        words->from = number;
    } else if (str_eq(word, "--seeds") && number > 0) {
        words->count = number;
    } else if (str_eq(word, "--devices") && number > 0 && number <= DAY_DEVICES_MAX) {
        words->options.devices = number;
    } else if (str_eq(word, "--hours") && number > 0 && number <= 24) {
        words->options.hours = (int64_t)number;
    } else {
        return false;
    }
    return true;
}

static bool read_words(struct day_words *words, int count, char **given)
{
    *words =
        (struct day_words){.options = {.devices = DAY_DEVICES, .hours = 24}, .from = 1, .count = 1};
    for (int i = 1; i < count; i++) {
        if (str_eq(given[i], "--day")) {
            continue;
        }
        if (str_eq(given[i], "--faults")) {
            words->options.has_faults = true;
        } else if (str_eq(given[i], "--trace")) {
            words->options.is_traced = true;
        } else if (str_eq(given[i], "--quiet")) {
            words->is_quiet = true;
        } else if (i + 1 < count && read_pair(words, given[i], given[i + 1])) {
            i++;
        } else {
            (void)fprintf(stderr, "fog-sim: \"%s\" is not understood of a day\n", given[i]);
            return false;
        }
    }
    return true;
}

/* --- the summary ------------------------------------------------------------------------------ */

static void tell_device(const struct day_device *device)
{
    int64_t suspensions = 0, evictions = 0;

    for (int i = 0; i < RULE_COUNT; i++) {
        suspensions += device->suspensions[i];
        evictions += device->evictions[i];
    }
    (void)printf("%-5s %-10s %8.2f %8.2f %10" PRId64 " %9" PRId64 " %9.3f", device->machine->name,
                 habit_words[device->life.habit], (double)device->done / 3600000,
                 (double)device->seconds_run / 3600, suspensions, evictions,
                 (double)device->worst_ms / 1000);
    if (life_has_battery(&device->life)) {
        (void)printf(" %6" PRId64 " %%", device->life.lowest / 1000000);
    } else {
        (void)printf("        -");
    }
    (void)printf(" %6.1f\n", (double)device->hottest / 1000);
}

static void tell_reasons(const struct day *day, const char *what, bool is_evicted)
{
    (void)printf("%s:", what);
    for (int i = 0; i < RULE_COUNT; i++) {
        int64_t count = 0;

        for (size_t k = 0; k < day->count; k++) {
            count += is_evicted ? day->devices[k].evictions[i] : day->devices[k].suspensions[i];
        }
        if (count > 0) {
            (void)printf(" %s %" PRId64, rule_words[i], count);
        }
    }
    (void)printf("\n");
}

void day_tell(const struct day *day)
{
    int64_t done = 0, worst_ms = 0, alone_ms = 0;

    (void)printf("seed %" PRIu64 ": %s of %zu devices%s\n", day->options.seed, day->date->name,
                 day->count, day->options.has_faults ? ", with faults" : "");
    (void)printf("%-5s %-10s %8s %8s %10s %9s %9s %8s %6s\n", "", "habit", "core-h", "hours",
                 "suspended", "evicted", "worst s", "battery", "max °C");
    for (size_t i = 0; i < day->count; i++) {
        const struct day_device *device = &day->devices[i];

        tell_device(device);
        done += device->done;
        worst_ms = device->worst_ms > worst_ms ? device->worst_ms : worst_ms;
        alone_ms = device->worst_alone_ms > alone_ms ? device->worst_alone_ms : alone_ms;
    }
    (void)printf("%.1f core-hours, %" PRId64
                 " tasks done; worst violation %.3f s, %.3f s while an agent was down; %" PRIu64
                 " starts, %" PRIu64 " commits; %" PRId64 " reasons asked for\n",
                 (double)done / 3600000, day->tasks_done, (double)worst_ms / 1000,
                 (double)alone_ms / 1000, day->sim->tallies.spawns, day->sim->tallies.commits,
                 day->reasons_told);
    tell_reasons(day, "suspended", false);
    tell_reasons(day, "evicted", true);
}

static bool run_one(const struct day_words *words, uint64_t seed)
{
    static struct record_tail tail;
    static struct day day;
    struct day_options options = words->options;
    bool is_fine;

    options.seed = seed;
    is_fine = day_run(&day, &options, &tail);
    if (!is_fine) {
        uint64_t first = tail.count > RECORD_LINES ? tail.count - RECORD_LINES : 0;

        for (uint64_t i = first; i < tail.count && !options.is_traced; i++) {
            (void)printf("%s\n", tail.lines[i % RECORD_LINES]);
        }
    }
    if (!words->is_quiet || !is_fine) {
        day_tell(&day);
    }
    if (!is_fine) {
        (void)printf("seed %" PRIu64 " failed after %" PRId64 " s: %s\n", seed, day.second,
                     tail.failure);
    }
    if (words->picture != NULL && day_draw(&day, words->picture) < 0) {
        (void)fprintf(stderr, "fog-sim: %s cannot be written\n", words->picture);
        is_fine = false;
    }
    day_fini(&day);
    return is_fine;
}

int day_main(int count, char **given)
{
    struct day_words words;
    bool is_asked = false, is_fine = true;

    for (int i = 1; i < count; i++) {
        is_asked = is_asked || str_eq(given[i], "--day");
    }
    if (!is_asked) {
        return -1;
    }
    if (!read_words(&words, count, given)) {
        return 2;
    }
    for (uint64_t i = 0; i < words.count && is_fine; i++) {
        is_fine = run_one(&words, words.from + i);
    }
    if (words.count > 1 && is_fine) {
        (void)printf("%" PRIu64 " days, no second of a policy broken\n", words.count);
    }
    return is_fine ? 0 : 1;
}
