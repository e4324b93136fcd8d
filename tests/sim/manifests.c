#include "tests/sim/manifests.h"

#include <inttypes.h>

/* What the workload does: see shim.h. */
static void add_command(struct rand *rand, bool *ret_ends, struct str *to)
{
    uint64_t draw = rand_below(rand, 100);

    *ret_ends = false;
    if (draw < 55) {
        str_add(to, "[\"serve\"]");
    } else if (draw < 67) {
        str_add(to, "[\"stubborn\"]");
    } else if (draw < 82) {
        str_addf(to, "[\"job\",\"%" PRId64 "\"]", rand_between(rand, 200, 8000));
        *ret_ends = true;
    } else if (draw < 87) {
        str_addf(to, "[\"fail\",\"%" PRId64 "\"]", rand_between(rand, 50, 2000));
        *ret_ends = true;
    } else if (draw < 90) {
        str_add(to, "[\"missing\"]");
        *ret_ends = true;
    } else {
        str_addf(to, "[\"flaky\",\"%" PRId64 "\"]", rand_between(rand, 50, 3000));
    }
}

static void add_workload(struct rand *rand, unsigned version, struct str *to)
{
    static const char *const restarts[] = {"never", "onFailure", "always"};
    bool ends;

    str_add(to, "\"workload\":{\"command\":");
    add_command(rand, &ends, to);
    str_addf(to, ",\"environment\":{\"VERSION\":\"%u\"},\"restart\":\"%s\"", version,
             restarts[rand_below(rand, ends ? 2 : 3)]);
    if (rand_chance(rand, 600)) {
        str_addf(to, ",\"resources\":{\"cores\":\"%" PRId64 "m\",\"memory\":\"%" PRId64 "Mi\"}",
                 rand_between(rand, 1, 15) * 100, rand_between(rand, 1, 8) * 100);
    }
    str_add(to, "}");
}

static void add_scale(struct rand *rand, struct str *to)
{
    if (rand_chance(rand, 200)) {
        str_add(to, "\"everyAgent\":true,");
    } else if (rand_chance(rand, 900)) {
        str_addf(to, "\"replicas\":%" PRIu64 ",", rand_below(rand, 5));
    }
    if (rand_chance(rand, 200)) {
        str_addf(to, "\"selector\":{\"matchLabels\":{\"reported/site\":\"%s\"}},",
                 rand_chance(rand, 500) ? "a" : "b");
    }
    if (rand_chance(rand, 100)) {
        str_addf(to,
                 "\"requirements\":[{\"field\":\"capacity.cores\",\"op\":\">=\",\"value\":%" PRIu64
                 "}],",
                 rand_between(rand, 1, 5));
    }
}

static void add_times(struct rand *rand, struct str *to)
{
    if (rand_chance(rand, 350)) {
        str_addf(to, "\"exclusive\":true,\"leaseDuration\":\"%" PRId64 "s\",",
                 rand_between(rand, 3, 9));
    }
    str_addf(to,
             "\"replaceAfter\":\"%" PRId64 "s\",\"grace\":\"%" PRId64 "ms\",\"retries\":%" PRId64
             ",",
             rand_between(rand, 1, 10), rand_below(rand, 3) * rand_between(rand, 0, 2000),
             rand_between(rand, 1, 3));
    if (rand_chance(rand, 400)) {
        str_addf(to, "\"orphanAfter\":\"%" PRId64 "s\",", rand_between(rand, 0, 12));
    }
    if (rand_chance(rand, 400)) {
        str_addf(to, "\"rollout\":{\"maxUnavailable\":%" PRId64 ",\"pause\":%s},",
                 rand_between(rand, 1, 3), rand_chance(rand, 150) ? "true" : "false");
    }
}

void manifest_session(struct rand *rand, unsigned name, unsigned version, struct str *to)
{
    str_addf(
        to,
        "{\"apiVersion\":\"fog/v1\",\"kind\":\"HarvestSession\",\"metadata\":{\"name\":\"s-%u\"",
        name);
    if (rand_chance(rand, 300)) {
        str_addf(to, ",\"labels\":{\"v\":\"%u\"}", version);
    }
    str_add(to, "},\"spec\":{");
    if (rand_chance(rand, 250)) {
        str_addf(to, "\"policy\":\"p-%" PRIu64 "\",", rand_below(rand, POLICY_NAMES));
    }
    add_scale(rand, to);
    add_times(rand, to);
    add_workload(rand, version, to);
    str_add(to, "}}");
}

void manifest_policy(struct rand *rand, unsigned name, struct str *to)
{
    str_addf(
        to,
        "{\"apiVersion\":\"fog/v1\",\"kind\":\"HarvestPolicy\",\"metadata\":{\"name\":\"p-%u\"},"
        "\"spec\":{\"limits\":{\"cpuPercent\":%" PRId64 ",\"memoryPercent\":%" PRId64 "}}}",
        name, rand_between(rand, 1, 100), rand_between(rand, 1, 100));
}
