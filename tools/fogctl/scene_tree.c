/* The fleet for programs. */
#include "schema/base/parse.h"
#include "schema/base/str.h"
#include "tools/fogctl/scene.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void set_text(struct arena *arena, struct node *map, const char *key, const char *text)
{
    if (!str_is_empty(text)) {
        node_set(arena, map, key, node_str(arena, text));
    }
}

static void set_int(struct arena *arena, struct node *map, const char *key, int64_t value)
{
    node_set(arena, map, key, node_int(arena, value));
}

static void set_real(struct arena *arena, struct node *map, const char *key, double value)
{
    if (isfinite(value)) {
        node_set(arena, map, key,
                 floor(value) == value && fabs(value) < 9e15 ? node_int(arena, (int64_t)value)
                                                             : node_real(arena, value));
    }
}

/* As in the status of an agent, but for amounts, which are bytes. */
static void set_reading(struct arena *arena, struct node *map, enum sensor sensor, double value)
{
    char text[DURATION_TEXT_SIZE];

    if (!isfinite(value)) {
        return;
    }
    if (sensor == SENSOR_CHARGING || sensor == SENSOR_METERED) {
        node_set(arena, map, sensor_words[sensor], node_bool(arena, value != 0));
    } else if (sensor == SENSOR_IDLE) {
        duration_to_str((int64_t)value, text);
        set_text(arena, map, sensor_words[sensor], text);
    } else {
        set_real(arena, map, sensor_words[sensor], value);
    }
}

static void set_time(struct arena *arena, struct node *map, const char *key, struct wall moment)
{
    char text[WALL_TEXT_SIZE];

    if (moment.ms != 0) {
        wall_to_str(moment, text);
        node_set(arena, map, key, node_str(arena, text));
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const struct map_entry *const *)a)->key,
                  (*(const struct map_entry *const *)b)->key);
}

/* The entries of a map by name; in the arena. */
static const struct map_entry **sorted(struct arena *arena, const struct map *map)
{
    const struct map_entry **all = arena_array(arena, map->count + 1, sizeof(all[0]));
    size_t count = 0;

    map_each (map, it) {
        all[count++] = it;
    }
    qsort(all, count, sizeof(all[0]), by_name);
    return all;
}

/* --- items ------------------------------------------------------------------------------------ */

static struct node *work_tree(struct arena *arena, const struct scene_work *work)
{
    struct node *map = node_map(arena);

    set_text(arena, map, "name", work->name);
    set_text(arena, map, "session", work->session->name);
    set_text(arena, map, "slot", work->slot);
    set_text(arena, map, "phase", assignment_phase_words[work->phase]);
    set_text(arena, map, "reason", work->reason);
    set_text(arena, map, "message", work->message);
    return map;
}

static struct node *agent_tree(struct arena *arena, const struct scene_agent *agent)
{
    struct node *map = node_map(arena), *readings = node_map(arena), *work = node_list(arena);

    set_text(arena, map, "name", agent->name);
    set_text(arena, map, "state", scene_state_words[agent->state]);
    set_text(arena, map, "reason", agent->reason);
    node_set(arena, map, "connected", node_bool(arena, agent->is_connected));
    node_set(arena, map, "cordoned", node_bool(arena, agent->is_cordoned));
    node_set(arena, map, "paused", node_bool(arena, agent->is_paused));
    set_text(arena, map, "labels", agent->labels);
    set_time(arena, map, "lastSeen", agent->last_seen);
    for (size_t i = 0; i < SENSOR_COUNT; i++) {
        set_reading(arena, readings, (enum sensor)i, agent->of[i]);
    }
    node_set(arena, map, "readings", readings);
    vec_each (&agent->work, it) {
        node_add(arena, work, work_tree(arena, *it));
    }
    node_set(arena, map, "work", work);
    return map;
}

static struct node *session_tree(struct arena *arena, const struct scene_session *session)
{
    struct node *map = node_map(arena);

    set_text(arena, map, "name", session->name);
    set_text(arena, map, "state", scene_state_words[scene_session_state(session)]);
    node_set(arena, map, "converged",
             node_bool(arena, session->is_judged && session->is_converged));
    set_text(arena, map, "reason", session->reason);
    set_text(arena, map, "message", session->message);
    if (session->class < DIVERGENCE_COUNT) {
        set_text(arena, map, "class", divergence_words[session->class]);
    }
    set_int(arena, map, "desired", session->desired);
    set_int(arena, map, "ready", session->ready);
    set_int(arena, map, "updated", session->updated);
    set_int(arena, map, "held", (int64_t)scene_session_held(session));
    set_text(arena, map, "done", session->done);
    return map;
}

static struct node *happened_tree(struct arena *arena, const struct scene *scene)
{
    const struct scene_happened **all =
        arena_array(arena, scene->happened.count + 1, sizeof(all[0]));
    struct node *list = node_list(arena), *map;
    size_t count = 0;

    map_each (&scene->happened, it) {
        all[count++] = it->value;
    }
    qsort(all, count, sizeof(all[0]), scene_compare_happened);
    for (size_t i = 0; i < count; i++) {
        map = node_map(arena);
        set_time(arena, map, "time", all[i]->at);
        set_text(arena, map, "who", all[i]->who);
        set_text(arena, map, "kind", all[i]->kind);
        set_text(arena, map, "name", all[i]->name);
        set_text(arena, map, "what", all[i]->what);
        node_set(arena, map, "change", node_bool(arena, all[i]->is_change));
        node_add(arena, list, map);
    }
    return list;
}

/* --- all of it -------------------------------------------------------------------------------- */

static struct node *agents_tree(struct arena *arena, const struct scene *scene)
{
    struct node *map = node_map(arena), *items = node_list(arena);
    const struct map_entry **all = sorted(arena, &scene->agents);

    set_int(arena, map, "count", (int64_t)scene->agents_count);
    set_int(arena, map, "away", (int64_t)scene->agents_away);
    set_int(arena, map, "cordonedOrDrained", (int64_t)scene->agents_cordoned);
    for (size_t i = 0; i < SCENE_STATE_COUNT; i++) {
        set_int(arena, map, scene_state_words[i], (int64_t)scene->agents_by_state[i]);
    }
    for (size_t i = 0; i < scene->agents.count; i++) {
        const struct scene_agent *agent = all[i]->value;

        if (agent->is_there && agent->is_chosen) {
            node_add(arena, items, agent_tree(arena, agent));
        }
    }
    node_set(arena, map, "items", items);
    return map;
}

static struct node *sessions_tree(struct arena *arena, const struct scene *scene)
{
    struct node *map = node_map(arena), *items = node_list(arena), *classes = node_map(arena);
    const struct map_entry **all = sorted(arena, &scene->sessions);

    set_int(arena, map, "count", (int64_t)scene->sessions_count);
    set_int(arena, map, "converged", (int64_t)scene->sessions_converged);
    set_int(arena, map, "heldBack", (int64_t)scene->sessions_held);
    for (size_t i = 0; i < DIVERGENCE_COUNT; i++) {
        set_int(arena, classes, divergence_words[i], (int64_t)scene->sessions_by_class[i]);
    }
    node_set(arena, map, "diverged", classes);
    for (size_t i = 0; i < scene->sessions.count; i++) {
        const struct scene_session *session = all[i]->value;

        if (session->is_there) {
            node_add(arena, items, session_tree(arena, session));
        }
    }
    node_set(arena, map, "items", items);
    return map;
}

struct node *scene_tree(struct arena *arena, const struct scene *scene, const char *server)
{
    struct node *root = node_map(arena), *controller = node_map(arena), *phases = node_map(arena);
    char revision[24];

    (void)snprintf(revision, sizeof(revision), "%llu", (unsigned long long)scene->revision);
    set_text(arena, root, "server", server);
    set_text(arena, root, "revision", revision);
    set_text(arena, controller, "version", scene->controller.version);
    set_real(arena, controller, "cpuSeconds", scene->controller.cpu_seconds);
    set_real(arena, controller, "memoryBytes", scene->controller.memory_bytes);
    node_set(arena, root, "controller", controller);
    node_set(arena, root, "agents", agents_tree(arena, scene));
    node_set(arena, root, "sessions", sessions_tree(arena, scene));
    for (size_t i = 0; i < SCENE_PHASE_COUNT; i++) {
        set_int(arena, phases, assignment_phase_words[i], (int64_t)scene->work_by_phase[i]);
    }
    node_set(arena, root, "work", phases);
    node_set(arena, root, "happened", happened_tree(arena, scene));
    return root;
}
