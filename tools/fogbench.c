/* fogbench [DEVICES…]: how long does it take to ask all agents something?
 *
 * For each size of fleet (10,000, 100,000 and 1,000,000 unless given) the same questions are
 * answered in three ways, in one run and on one core, and have to give the same count:
 *
 *     in C      a loop over the objects that tests what this question asks for, written by hand
 *     objects   a loop over the objects that evaluates the condition for each
 *     columns   the roster (controller/core/roster.h), as `agents?where=…` does
 *
 * Agents stand in memory in another order than they were made in, as they do after a while.  A
 * million of them take about 3 GB.  Times are the best of several tries. */
#include "controller/core/agent_view.h"
#include "controller/core/model.h"
#include "schema/base/parse.h"
#include "schema/base/rand.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TRIES = 5, DEVICES_MAX = 10 * 1000 * 1000 };

static int64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* --- the fleet -------------------------------------------------------------------------------- */

static const char *const regions[] = {"north", "east", "south", "west", "middle"};
static const char *const platforms[] = {"linux/amd64", "linux/arm64"};
static const char *const versions[] = {"0.8.2", "0.9.0", "0.10.1", "0.11.0"};

static void set_labels(struct object *object, struct rand *rand)
{
    struct strpair *pairs = arena_array(&object->arena, 3, sizeof(*pairs));

    pairs[0] = (struct strpair){"owner", object_strdup(object, "somebody")};
    pairs[1] = (struct strpair){
        "region", object_strdup(object, regions[rand_below(rand, COUNT_OF(regions))])};
    pairs[2] = (struct strpair){"tier", object_strdup(object, "edge")};
    shape_put(&meta_shape, &object->meta, labels, ((struct strmap){pairs, 3}));
}

static struct object *make_object(struct rand *rand, size_t number)
{
    struct object *object = object_new(&agent_kind);
    struct agent_status *status = &((struct agent *)object->body)->status;
    struct resources *capacity = &status->capacity;
    char name[32];

    (void)snprintf(name, sizeof(name), "device-%zu", number);
    shape_put(&meta_shape, &object->meta, name, object_strdup(object, name));
    set_labels(object, rand);
    shape_put(&capacity_shape, capacity, cores, rand_between(rand, 1, 16) * 1000);
    shape_put(&capacity_shape, capacity, memory, rand_between(rand, 1, 32) << 30);
    shape_put(&agent_status_shape, status, platform,
              object_strdup(object, platforms[rand_below(rand, COUNT_OF(platforms))]));
    shape_put(&agent_status_shape, status, version,
              object_strdup(object, versions[rand_below(rand, COUNT_OF(versions))]));
    return object;
}

static void read_sensors(struct agent_entry *agent, struct rand *rand)
{
    agent->has_readings = true;
    agent->readings.of[SENSOR_BATTERY] = (struct reading){
        rand_chance(rand, 800) ? READING_KNOWN : READING_NONE, rand_between(rand, 0, 100), {1}};
    agent->readings.of[SENSOR_IDLE] =
        (struct reading){rand_chance(rand, 900) ? READING_KNOWN : READING_UNKNOWN,
                         rand_between(rand, 0, 1200000),
                         {1}};
}

static struct link *connected(void)
{
    static char link; /* nobody looks at it: only that there is one counts */

    return (struct link *)(void *)&link;
}

static void fill(struct roster *roster, size_t devices)
{
    struct agent_entry **agents = mem_array(devices, sizeof(struct agent_entry *));
    struct rand rand;

    rand_init_u64(&rand, 22);
    for (size_t i = 0; i < devices; i++) {
        agents[i] = MEM_NEW(struct agent_entry);
        agents[i]->object = make_object(&rand, i);
        agents[i]->link = connected();
        read_sensors(agents[i], &rand);
    }
    for (size_t i = devices; i > 1; i--) {
        size_t other = (size_t)rand_below(&rand, i);
        struct agent_entry *agent = agents[i - 1];

        agents[i - 1] = agents[other];
        agents[other] = agent;
    }
    for (size_t i = 0; i < devices; i++) {
        roster_add(roster, agents[i]);
    }
    free(agents);
}

static void empty(struct roster *roster)
{
    vec_each (&roster->agents, it) {
        object_unref((*it)->object);
        free(*it);
    }
    roster_fini(roster);
}

/* --- the questions ---------------------------------------------------------------------------- */

static bool has_battery(const struct agent_entry *agent)
{
    const struct reading *battery = &agent->readings.of[SENSOR_BATTERY];

    return agent->link != NULL && agent->has_readings && battery->state == READING_KNOWN &&
           battery->value >= 40;
}

static bool is_near(const struct agent_entry *agent)
{
    const char *region = strmap_find(&agent->object->meta.labels, "region");

    return region != NULL && (strcmp(region, "north") == 0 || strcmp(region, "east") == 0);
}

static bool has_battery_and_is_near(const struct agent_entry *agent)
{
    return has_battery(agent) && is_near(agent);
}

static bool is_large_or_left_alone(const struct agent_entry *agent)
{
    const struct reading *idle = &agent->readings.of[SENSOR_IDLE];
    const struct agent_status *status = agent_status(agent);

    return (agent->link != NULL && agent->has_readings && idle->state == READING_KNOWN &&
            idle->value >= 300000) ||
           (status->capacity.memory >= INT64_C(8) << 30 &&
            strcmp(status->platform, "linux/amd64") == 0);
}

static const struct question {
    const char *text;
    bool (*in_c)(const struct agent_entry *agent);
} questions[] = {
    {"sensors.battery >= 40", has_battery},
    {"region in (north, east)", is_near},
    {"sensors.battery >= 40 && region in (north, east)", has_battery_and_is_near},
    {"!(sensors.idle < 5m) || capacity.memory >= 8Gi && platform == linux/amd64",
     is_large_or_left_alone},
};

enum way { WAY_C, WAY_OBJECTS, WAY_COLUMNS, WAY_COUNT };

static size_t count_of(struct roster *roster, struct arena *arena, const struct question *question,
                       const struct where *where, enum way way)
{
    size_t count = 0, words = (roster->agents.count + 63) / 64;
    const uint64_t *selected;

    switch (way) {
    case WAY_C:
        vec_each (&roster->agents, it) {
            count += question->in_c(*it);
        }
        return count;
    case WAY_OBJECTS:
        vec_each (&roster->agents, it) {
            const struct agent_view view = agent_view_of(*it);

            count += where_holds(where, agent_view_get, &view);
        }
        return count;
    case WAY_COLUMNS:
    case WAY_COUNT:
        break;
    }
    selected = roster_select(roster, arena, where);
    for (size_t i = 0; i < words; i++) {
        count += (size_t)__builtin_popcountll(selected[i]);
    }
    return count;
}

static int64_t best_ns(struct roster *roster, const struct question *question,
                       const struct where *where, enum way way, size_t *ret_count)
{
    int64_t best = INT64_MAX;

    for (int i = 0; i < TRIES; i++) {
        _cleanup_(arena_fini)
        struct arena arena;
        int64_t begun;

        arena_init(&arena);
        begun = now_ns();
        *ret_count = count_of(roster, &arena, question, where, way);
        begun = now_ns() - begun;
        best = begun < best ? begun : best;
    }
    return best;
}

/* --- telling ---------------------------------------------------------------------------------- */

static bool ask(struct roster *roster, const struct question *question)
{
    _cleanup_(arena_fini)
    struct arena arena;
    int64_t ns[WAY_COUNT];
    size_t counts[WAY_COUNT];
    struct problems problems;
    struct where where;

    arena_init(&arena);
    problems_init(&problems, &arena, NULL);
    if (where_parse(&arena, &agent_where_names, question->text, &problems, &where) < 0) {
        return false;
    }
    for (int way = 0; way < WAY_COUNT; way++) {
        ns[way] = best_ns(roster, question, &where, (enum way)way, &counts[way]);
    }
    printf("%9zu %8zu %9.3f %9.3f %9.3f %7.1fx %7.1fx  %s\n", roster->agents.count,
           counts[WAY_COLUMNS], (double)ns[WAY_C] / 1e6, (double)ns[WAY_OBJECTS] / 1e6,
           (double)ns[WAY_COLUMNS] / 1e6, (double)ns[WAY_C] / (double)ns[WAY_COLUMNS],
           (double)ns[WAY_OBJECTS] / (double)ns[WAY_COLUMNS], question->text);
    return counts[WAY_C] == counts[WAY_COLUMNS] && counts[WAY_OBJECTS] == counts[WAY_COLUMNS];
}

/* What it costs to keep the columns: of one heartbeat. */
static void tell_upkeep(struct roster *roster)
{
    int64_t begun = now_ns();

    vec_each (&roster->agents, it) {
        roster_update_readings(roster, *it);
    }
    printf("%9zu: %.0f ns to take in the readings of one\n", roster->agents.count,
           (double)(now_ns() - begun) / (double)roster->agents.count);
}

static bool measure(size_t devices)
{
    struct roster roster;
    bool is_fine = true;

    roster_init(&roster);
    fill(&roster, devices);
    for (size_t i = 0; i < COUNT_OF(questions); i++) {
        is_fine = ask(&roster, &questions[i]) && is_fine;
    }
    tell_upkeep(&roster);
    empty(&roster);
    return is_fine;
}

int main(int argc, char **argv)
{
    static const int64_t sizes[] = {10000, 100000, 1000000};
    bool is_fine = true;

    printf("  devices     hold      in C   objects   columns    in C / objects / columns (ms)\n");
    for (int i = 1; i < argc; i++) {
        int64_t devices;

        if (!int_from_str(argv[i], &devices) || devices < 1 || devices > DEVICES_MAX) {
            (void)fprintf(stderr, "usage: fogbench [DEVICES…]\n");
            return 2;
        }
        is_fine = measure((size_t)devices) && is_fine;
    }
    for (size_t i = 0; i < COUNT_OF(sizes) && argc == 1; i++) {
        is_fine = measure((size_t)sizes[i]) && is_fine;
    }
    if (!is_fine) {
        (void)fprintf(stderr, "error: the ways are not of one opinion\n");
    }
    return is_fine ? 0 : 1;
}
