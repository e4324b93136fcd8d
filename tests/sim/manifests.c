#include "tests/sim/manifests.h"

#include <inttypes.h>

/* What the workload does: see shim.h. */
static void add_command(struct die *die, bool *ret_ends, struct str *to)
{
    uint64_t draw = die_below(die, 100);

    *ret_ends = false;
    if (draw < 55) {
        str_add(to, "[\"serve\"]");
    } else if (draw < 67) {
        str_add(to, "[\"stubborn\"]");
    } else if (draw < 82) {
        str_addf(to, "[\"job\",\"%" PRId64 "\"]", die_between(die, 200, 8000));
        *ret_ends = true;
    } else if (draw < 87) {
        str_addf(to, "[\"fail\",\"%" PRId64 "\"]", die_between(die, 50, 2000));
        *ret_ends = true;
    } else if (draw < 90) {
        str_add(to, "[\"missing\"]");
        *ret_ends = true;
    } else {
        str_addf(to, "[\"flaky\",\"%" PRId64 "\"]", die_between(die, 50, 3000));
    }
}

static void add_workload(struct die *die, unsigned version, struct str *to)
{
    static const char *const restarts[] = {"never", "onFailure", "always"};
    bool ends;

    str_add(to, "\"workload\":{\"command\":");
    add_command(die, &ends, to);
    str_addf(to, ",\"environment\":{\"VERSION\":\"%u\"},\"restart\":\"%s\"", version,
             restarts[die_below(die, ends ? 2 : 3)]);
    if (die_chance(die, 600)) {
        str_addf(to, ",\"resources\":{\"cores\":\"%" PRId64 "m\",\"memory\":\"%" PRId64 "Mi\"}",
                 die_between(die, 1, 15) * 100, die_between(die, 1, 8) * 100);
    }
    str_add(to, "}");
}

static void add_scale(struct die *die, struct str *to)
{
    if (die_chance(die, 200)) {
        str_add(to, "\"everyAgent\":true,");
    } else if (die_chance(die, 900)) {
        str_addf(to, "\"replicas\":%" PRIu64 ",", die_below(die, 5));
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
    if (die_chance(die, 350)) {
        str_addf(to, "\"exclusive\":true,\"leaseDuration\":\"%" PRId64 "s\",",
                 die_between(die, 3, 9));
    }
    str_addf(to,
             "\"replaceAfter\":\"%" PRId64 "s\",\"grace\":\"%" PRId64 "ms\",\"retries\":%" PRId64
             ",",
             die_between(die, 1, 10), die_below(die, 3) * die_between(die, 0, 2000),
             die_between(die, 1, 3));
    if (die_chance(die, 400)) {
        str_addf(to, "\"orphanAfter\":\"%" PRId64 "s\",", die_between(die, 0, 12));
    }
    if (die_chance(die, 400)) {
        str_addf(to, "\"rollout\":{\"maxUnavailable\":%" PRId64 ",\"pause\":%s},",
                 die_between(die, 1, 3), die_chance(die, 150) ? "true" : "false");
    }
}

void manifest_session(struct die *die, unsigned name, unsigned version, struct str *to)
{
    str_addf(
        to,
        "{\"apiVersion\":\"fog/v1\",\"kind\":\"HarvestSession\",\"metadata\":{\"name\":\"s-%u\"",
        name);
    if (die_chance(die, 300)) {
        str_addf(to, ",\"labels\":{\"v\":\"%u\"}", version);
    }
    str_add(to, "},\"spec\":{");
    if (die_chance(die, 250)) {
        str_addf(to, "\"policy\":\"p-%" PRIu64 "\",", die_below(die, POLICY_NAMES));
    }
    add_scale(die, to);
    add_times(die, to);
    add_workload(die, version, to);
    str_add(to, "}}");
}

void manifest_policy(struct die *die, unsigned name, struct str *to)
{
    str_addf(
        to,
        "{\"apiVersion\":\"fog/v1\",\"kind\":\"HarvestPolicy\",\"metadata\":{\"name\":\"p-%u\"},"
        "\"spec\":{\"limits\":{\"cpuPercent\":%" PRId64 ",\"memoryPercent\":%" PRId64 "}}}",
        name, die_between(die, 1, 100), die_between(die, 1, 100));
}
