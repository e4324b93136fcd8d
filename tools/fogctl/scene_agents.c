/* Agents: what they are, which of them are chosen, and how many are in which state. */
#include "schema/base/parse.h"
#include "schema/base/str.h"
#include "tools/fogctl/scene_inner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A number, an amount or a duration; NAN when there is none. */
static double amount_of(const struct node *node)
{
    int64_t value;

    if (node == NULL) {
        return NAN;
    }
    switch (node->type) {
    case NODE_BOOL:
        return node->boolean;
    case NODE_INT:
        return (double)node->integer;
    case NODE_REAL:
        return node->real;
    case NODE_STR:
        return quantity_from_str(node->str.text, &value) ||
                       duration_from_str(node->str.text, &value)
                   ? (double)value
                   : NAN;
    case NODE_NULL:
    case NODE_LIST:
    case NODE_MAP:
        break;
    }
    return NAN;
}

static void count_agent(struct scene *scene, const struct scene_agent *agent, size_t by)
{
    if (agent->is_there && agent->is_chosen) { /* `by` may be -1: sums of size_t wrap around */
        scene->agents_count += by;
        scene->agents_by_state[agent->state] += by;
        scene->agents_away += agent->is_connected ? 0 : by;
        scene->agents_cordoned += agent->is_cordoned ? by : 0;
    }
}

void scene_take_out(struct scene *scene, const struct scene_agent *agent)
{
    count_agent(scene, agent, (size_t)-1);
}

void scene_put_back(struct scene *scene, struct scene_agent *agent)
{
    scene->judged++;
    scene_judge(agent);
    count_agent(scene, agent, 1);
    scene->changes[KIND_AGENT]++;
}

void scene_free_agent(struct scene_agent *agent)
{
    free(agent->name);
    free(agent->labels);
    free(agent->away);
    free(agent->cordon);
    free(agent->reason);
    vec_fini(&agent->work);
    free(agent);
}

struct scene_agent *scene_agent_get(struct scene *scene, const char *name)
{
    struct scene_agent *agent = map_find(&scene->agents, name);

    if (agent == NULL) {
        agent = mem_alloc(sizeof(*agent));
        agent->name = mem_strdup(name);
        agent->is_chosen = !scene->has_choice;
        scene_keep(&agent->labels, "");
        scene_keep(&agent->reason, "");
        (void)map_put(&scene->agents, name, agent);
    }
    return agent;
}

/* Nothing is known of it any more. */
void scene_agent_drop(struct scene *scene, struct scene_agent *agent)
{
    if (!agent->is_there && agent->work.count == 0) {
        (void)map_remove(&scene->agents, agent->name);
        scene_free_agent(agent);
    }
}

static void read_labels(struct scene_agent *agent, const struct node *object)
{
    const struct node *labels = node_find(node_find(object, "metadata"), "labels");
    struct str text = STR_EMPTY;

    for (size_t i = 0; labels != NULL && labels->type == NODE_MAP && i < labels->map.count; i++) {
        const char *value = node_text(labels->map.members[i].value);

        str_addf(&text, "%s%s=%s", i == 0 ? "" : ",", labels->map.members[i].key,
                 value == NULL ? "" : value);
    }
    scene_keep(&agent->labels, text.data);
    str_fini(&text);
}

static void read_sensors(struct scene_agent *agent, const struct node *sensors)
{
    const struct node *unknown = node_find(sensors, "unknown");

    for (size_t i = 0; i < SENSOR_COUNT; i++) {
        agent->of[i] = amount_of(node_find(sensors, sensor_words[i]));
        agent->is_unknown[i] = false;
        for (size_t k = 0; unknown != NULL && unknown->type == NODE_LIST && k < unknown->list.count;
             k++) {
            agent->is_unknown[i] |= str_eq(node_text(unknown->list.items[k]), sensor_words[i]);
        }
    }
}

static void read_agent(struct scene_agent *agent, const struct node *object)
{
    const struct node *spec = node_find(object, "spec"), *status = node_find(object, "status");
    const struct node *ready = scene_condition_of(status, "Ready");
    const struct node *schedulable = scene_condition_of(status, "Schedulable");
    const char *cordon = node_find_text(schedulable, "reason");
    const char *cores = node_find_text(node_find(status, "capacity"), "cores");
    const char *last_seen = node_find_text(status, "lastSeen");

    read_labels(agent, object);
    read_sensors(agent, node_find(status, "sensors"));
    agent->is_connected = str_eq(node_find_text(ready, "status"), "True");
    scene_keep(&agent->away, ready == NULL ? "NeverConnected" : node_find_text(ready, "reason"));
    agent->is_paused = scene_bool_at(status, "paused");
    agent->is_cordoned = scene_bool_at(spec, "unschedulable") ||
                         str_eq(node_find_text(schedulable, "status"), "False");
    scene_keep(&agent->cordon, cordon == NULL ? "Cordoned" : cordon);
    if (cores == NULL || !cores_from_str(cores, &agent->cores_milli)) {
        agent->cores_milli = 0;
    }
    agent->last_seen = (struct wall){0};
    (void)(last_seen != NULL && wall_from_str(last_seen, &agent->last_seen));
}

void scene_put_agent(struct scene *scene, const struct node *object)
{
    struct scene_agent *agent = scene_agent_get(scene, scene_name_of(object));

    scene_take_out(scene, agent);
    scene->membership[KIND_AGENT] += !agent->is_there;
    agent->is_there = agent->is_seen = true;
    read_agent(agent, object);
    scene_put_back(scene, agent);
}

void scene_remove_agent(struct scene *scene, struct scene_agent *agent)
{
    scene_take_out(scene, agent);
    agent->is_there = agent->is_connected = false;
    scene->membership[KIND_AGENT]++;
    scene->changes[KIND_AGENT]++;
    scene_agent_drop(scene, agent);
}

static void choose_one(struct scene *scene, struct scene_agent *agent, bool is_chosen)
{
    if (agent->is_chosen != is_chosen) {
        scene_take_out(scene, agent);
        agent->is_chosen = is_chosen;
        scene->membership[KIND_AGENT]++;
        scene_put_back(scene, agent);
    }
}

void scene_read(struct scene *scene, const struct node *agents)
{
    for (size_t i = 0; agents != NULL && agents->type == NODE_LIST && i < agents->list.count; i++) {
        struct scene_agent *agent = map_find(&scene->agents, scene_name_of(agents->list.items[i]));

        if (agent == NULL || !agent->is_there) {
            continue;
        }
        agent->sweep = scene->sweep;
        scene_take_out(scene, agent);
        read_agent(agent, agents->list.items[i]);
        scene_put_back(scene, agent);
        choose_one(scene, agent, true);
    }
}

void scene_sweep_begin(struct scene *scene)
{
    scene->sweep++;
}

void scene_sweep_end(struct scene *scene)
{
    map_each (&scene->agents, it) {
        struct scene_agent *agent = it->value;

        choose_one(scene, agent, !scene->has_choice || agent->sweep == scene->sweep);
    }
}

void scene_choose(struct scene *scene, bool has_choice)
{
    scene->has_choice = has_choice;
    scene_sweep_begin(scene);
    scene_sweep_end(scene);
}
