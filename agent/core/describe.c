/* The agent in its own words: for `fog-agent status` and for tests. */
#include "agent/core/model.h"
#include "schema/json.h"

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

static struct node *describe_link(const struct agt *agt, struct arena *arena)
{
    struct node *map = node_map(arena);

    set_text(arena, map, "state", link_state_words[agt->link.state]);
    set_text(arena, map, "lastEnd", agt->link.last_end);
    set_text(arena, map, "storeId", agt->fence.store_id);
    set_int(arena, map, "era", agt->fence.era);
    set_int(arena, map, "epoch", agt->fence.epoch);
    set_int(arena, map, "attempts", agt->link.attempts);
    return map;
}

static struct node *describe_work(const struct agt *agt, const struct work *work,
                                  struct arena *arena)
{
    const struct contribution contribution = work_contribution(work);
    struct node *map = node_map(arena);
    struct report_face face;

    report_face(agt, work, &face);
    set_text(arena, map, "uid", work->wanted.uid);
    set_text(arena, map, "name", work->wanted.name);
    set_text(arena, map, "session", work->wanted.session);
    set_text(arena, map, "state", work_state_words[work->state]);
    set_text(arena, map, "phase", assignment_phase_words[face.phase]);
    set_text(arena, map, "reason", face.reason);
    set_text(arena, map, "message", face.message);
    node_set(arena, map, "wanted", node_bool(arena, work->is_wanted));
    set_int(arena, map, "generation", work->wanted.generation);
    set_int(arena, map, "run", work->run.number);
    set_int(arena, map, "restarts", face.restarts);
    set_int(arena, map, "failures", work->failures);
    set_int(arena, map, "cpuMs", contribution.cpu_ms);
    set_int(arena, map, "wallMs", contribution.wall_ms);
    return map;
}

/* As people read them; what the machine does not have is left out. */
static struct node *describe_sensors(const struct agt *agt, struct arena *arena)
{
    struct node *map = node_map(arena);

    for (int i = 0; i < SENSOR_COUNT && agt->governor.has_readings; i++) {
        const struct reading *reading = &agt->governor.readings.of[i];
        char text[READING_TEXT_SIZE];

        if (reading->state != READING_NONE) {
            reading_to_str((enum sensor)i, reading, text);
            set_text(arena, map, sensor_words[i], text);
        }
    }
    return map;
}

static struct node *describe_shares(const struct map *shares, struct arena *arena)
{
    struct node *list = node_list(arena);

    map_each (shares, entry) {
        const struct period_share *share = entry->value;
        struct node *map = node_map(arena);

        set_text(arena, map, "sessionUid", entry->key);
        set_int(arena, map, "cpuMs", share->cpu_ms);
        set_int(arena, map, "wallMs", share->wall_ms);
        set_int(arena, map, "suspensions", share->suspensions);
        node_add(arena, list, map);
    }
    return list;
}

static struct node *describe_accounts(const struct agt *agt, struct arena *arena)
{
    struct node *map = node_map(arena);

    set_int(arena, map, "period", agt->periods.number);
    node_set(arena, map, "cut", describe_shares(&agt->periods.cut, arena));
    node_set(arena, map, "open", describe_shares(&agt->periods.open, arena));
    return map;
}

/* What all work may have together, by the owner's word, and the memory that it has now. */
static struct node *describe_limits(const struct agt *agt, struct arena *arena)
{
    struct node *map = node_map(arena);

    if (agt->options.settings.caps.cpu_percent > 0) {
        set_int(arena, map, "cpuPercent", agt->options.settings.caps.cpu_percent);
    }
    if (agt->options.settings.caps.memory_percent > 0) {
        set_int(arena, map, "memoryPercent", agt->options.settings.caps.memory_percent);
    }
    set_int(arena, map, "memoryHeld", share_memory_held(agt));
    return map;
}

static struct node *describe_counters(const struct agt *agt, struct arena *arena)
{
    const struct agt_counters *counters = &agt->counters;
    struct node *map = node_map(arena);

    set_int(arena, map, "steps", (int64_t)counters->steps);
    set_int(arena, map, "saves", (int64_t)counters->saves);
    set_int(arena, map, "spawns", (int64_t)counters->spawns);
    set_int(arena, map, "badMessages", (int64_t)counters->bad_messages);
    set_int(arena, map, "staleMessages", (int64_t)counters->stale_messages);
    set_int(arena, map, "errorsHeard", (int64_t)counters->errors_heard);
    return map;
}

void agt_describe(const struct agt *agt, struct str *to)
{
    struct arena arena;
    struct node *root, *works, *moves;
    char digest[DIGEST_TEXT_SIZE];

    arena_init(&arena);
    root = node_map(&arena);
    works = node_list(&arena);
    moves = node_list(&arena);
    map_each (&agt->set.works, entry) {
        node_add(&arena, works, describe_work(agt, entry->value, &arena));
    }
    for (size_t i = 0; trace_line(&agt->trace, i) != NULL; i++) {
        node_add(&arena, moves, node_str(&arena, trace_line(&agt->trace, i)));
    }
    digest_to_str(&agt->set.digest, digest);
    set_text(&arena, root, "name", agt->options.name);
    node_set(&arena, root, "paused", node_bool(&arena, agt->is_paused));
    node_set(&arena, root, "canSave", node_bool(&arena, saver_may_save(agt)));
    set_int(&arena, root, "revision", (int64_t)agt->set.revision);
    set_text(&arena, root, "digest", digest);
    node_set(&arena, root, "link", describe_link(agt, &arena));
    node_set(&arena, root, "sensors", describe_sensors(agt, &arena));
    node_set(&arena, root, "together", describe_limits(agt, &arena));
    set_text(&arena, root, "exclusiveProgram", agt->governor.exclusive);
    node_set(&arena, root, "assignments", works);
    node_set(&arena, root, "accounts", describe_accounts(agt, &arena));
    node_set(&arena, root, "counters", describe_counters(agt, &arena));
    node_set(&arena, root, "moves", moves);
    json_emit(root, JSON_PRETTY, to);
    arena_fini(&arena);
}
