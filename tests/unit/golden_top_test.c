/* Stories of `fogctl top`: what a person sees of a fleet, and what keys do.
 *
 * script.txt has a line for each thing that happens; expected.txt is the screen at each `draw`.
 *
 *     terminal COLUMNSxROWS [ascii] [color]
 *     agent NAME [READING=VALUE] [label=K:V] [cores=N] [away] [cordoned] [drained] [paused]
 *     session NAME READY/DESIRED True|False REASON MESSAGE…
 *     work SESSION/SLOT AGENT PHASE [REASON [MESSAGE…]]
 *     event KIND/NAME REASON MESSAGE…        change KIND/NAME WHO WHAT…
 *     gone agent|session|work NAME
 *     key TEXT|up|down|enter|esc|tab|erase|end      each says what it wishes for, if anything
 *     why TEXT…                                     what the controller says of the detail
 *     later SECONDS       lost       loading       draw */
#include "tests/support/golden.h"
#include "tools/fogctl/board.h"
#include "tools/fogctl/fogctl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { WORDS_MAX = 16 };

struct world {
    struct arena arena;
    struct scene scene;
    struct board board;
    struct wall now;
    struct mono mono_now;
    struct str told;
    char *words[WORDS_MAX];
    size_t count;
    uint64_t revision;
};

/* --- objects ---------------------------------------------------------------------------------- */

static struct node *at(struct world *world, struct node *map, const char *key)
{
    struct node *inner = node_find(map, key);

    if (inner == NULL) {
        inner = node_map(&world->arena);
        node_set(&world->arena, map, key, inner);
    }
    return inner;
}

static void set(struct world *world, struct node *map, const char *key, const char *value)
{
    node_set(&world->arena, map, key, node_str(&world->arena, value));
}

/* Numbers as such. */
static void set_value(struct world *world, struct node *map, const char *key, const char *value)
{
    char *end;
    double number = strtod(value, &end);

    node_set(&world->arena, map, key,
             str_eq(value, "true") || str_eq(value, "false")
                 ? node_bool(&world->arena, str_eq(value, "true"))
             : *end == '\0' ? node_real(&world->arena, number)
                            : node_str(&world->arena, value));
}

static void set_time(struct world *world, struct node *map, const char *key)
{
    char text[WALL_TEXT_SIZE];

    wall_to_str(world->now, text);
    set(world, map, key, text);
}

static struct node *object_of(struct world *world, const char *name)
{
    struct node *object = node_map(&world->arena);
    char revision[24];

    (void)snprintf(revision, sizeof(revision), "%llu", (unsigned long long)++world->revision);
    set(world, at(world, object, "metadata"), "name", name);
    set(world, at(world, object, "metadata"), "resourceVersion", revision);
    return object;
}

static void set_condition(struct world *world, struct node *object, const char *type,
                          const char *status, const char *reason, const char *message)
{
    struct node *status_node = at(world, object, "status"), *condition = node_map(&world->arena);
    struct node *conditions = node_find(status_node, "conditions");

    if (conditions == NULL) {
        conditions = node_list(&world->arena);
        node_set(&world->arena, status_node, "conditions", conditions);
    }
    set(world, condition, "type", type);
    set(world, condition, "status", status);
    set(world, condition, "reason", reason);
    set(world, condition, "message", message);
    set_time(world, condition, "lastTransitionTime");
    node_add(&world->arena, conditions, condition);
}

/* --- what happens ----------------------------------------------------------------------------- */

/* From this word on all of them, as one text. */
static const char *rest(struct world *world, size_t from)
{
    const char *text = "";

    for (size_t i = from; i < world->count; i++) {
        text = arena_printf(&world->arena, "%s%s%s", text, i == from ? "" : " ", world->words[i]);
    }
    return text;
}

static bool has_word(const struct world *world, const char *word)
{
    for (size_t i = 1; i < world->count; i++) {
        if (str_eq(world->words[i], word)) {
            return true;
        }
    }
    return false;
}

static void on_terminal(struct world *world)
{
    struct look *look = &world->board.look;

    char *by;

    look->columns = strtoul(world->words[1], &by, 10);
    look->rows = strtoul(by + 1, NULL, 10);
    look->is_utf8 = !has_word(world, "ascii");
    look->is_colored = has_word(world, "color");
}

static void on_agent(struct world *world)
{
    struct node *agent = object_of(world, world->words[1]);
    struct node *status = at(world, agent, "status"), *spec = at(world, agent, "spec");
    bool is_away = has_word(world, "away");

    set_condition(world, agent, "Ready", is_away ? "False" : "True", is_away ? "Lost" : "Connected",
                  "");
    node_set(&world->arena, spec, "unschedulable",
             node_bool(&world->arena, has_word(world, "cordoned")));
    if (has_word(world, "drained")) {
        set_condition(world, agent, "Schedulable", "False", "Draining", "");
    }
    node_set(&world->arena, status, "paused", node_bool(&world->arena, has_word(world, "paused")));
    for (size_t i = 2; i < world->count; i++) {
        char *value = strchr(world->words[i], '='), *label;

        if (value == NULL) {
            continue;
        }
        *value++ = '\0';
        label = strchr(value, ':');
        if (str_eq(world->words[i], "label")) {
            *label++ = '\0';
            set(world, at(world, at(world, agent, "metadata"), "labels"), value, label);
        } else if (str_eq(world->words[i], "cores")) {
            set(world, at(world, status, "capacity"), "cores", value);
        } else {
            set_value(world, at(world, status, "sensors"), world->words[i], value);
        }
    }
    scene_put(&world->scene, KIND_AGENT, agent);
}

static void on_session(struct world *world)
{
    struct node *session = object_of(world, world->words[1]);
    struct node *status = at(world, session, "status");
    char *slash = strchr(world->words[2], '/');

    *slash = '\0';
    node_set(&world->arena, status, "ready",
             node_int(&world->arena, strtoll(world->words[2], NULL, 10)));
    node_set(&world->arena, status, "desired",
             node_int(&world->arena, strtoll(slash + 1, NULL, 10)));
    set_condition(world, session, "Converged", world->words[3], world->words[4], rest(world, 5));
    scene_put(&world->scene, KIND_HARVEST_SESSION, session);
}

static void on_work(struct world *world)
{
    char *slash = strchr(world->words[1], '/');
    struct node *work, *spec;
    bool is_fine = str_eq(world->words[3], "Running") || str_eq(world->words[3], "Suspended") ||
                   str_eq(world->words[3], "Succeeded");

    *slash = '\0';
    work = object_of(world, arena_printf(&world->arena, "%s-%s", world->words[1], slash + 1));
    spec = at(world, work, "spec");
    set(world, spec, "session", world->words[1]);
    set(world, spec, "slot", slash + 1);
    set(world, spec, "agent", world->words[2]);
    set(world, at(world, work, "status"), "phase", world->words[3]);
    if (world->count > 4) {
        set(world, at(world, work, "status"), "reason", world->words[4]);
        set(world, at(world, work, "status"), "message", rest(world, 5));
    }
    set_condition(world, work, "Converged", is_fine ? "True" : "False",
                  world->count > 4 ? world->words[4] : world->words[3], rest(world, 5));
    scene_put(&world->scene, KIND_ASSIGNMENT, work);
}

static void on_event(struct world *world)
{
    struct node *event =
        object_of(world, arena_printf(&world->arena, "e-%zu", (size_t)world->revision));
    char *slash = strchr(world->words[1], '/');

    *slash = '\0';
    set(world, at(world, event, "involvedObject"), "kind", world->words[1]);
    set(world, at(world, event, "involvedObject"), "name", slash + 1);
    set(world, at(world, event, "source"), "component", "fog-controller");
    set(world, event, "reason", world->words[2]);
    set(world, event, "message", rest(world, 3));
    set_time(world, event, "lastTimestamp");
    scene_put(&world->scene, KIND_EVENT, event);
}

static void on_change(struct world *world)
{
    struct node *item = node_map(&world->arena);
    char *slash = strchr(world->words[1], '/');

    *slash = '\0';
    set(world, item, "kind", world->words[1]);
    set(world, item, "name", slash + 1);
    set(world, item, "who", world->words[2]);
    set(world, item, "verb", "update");
    set(world, item, "revision", arena_printf(&world->arena, "%zu", (size_t)++world->revision));
    set_time(world, item, "time");
    scene_changed(&world->scene, item, rest(world, 3));
}

static void on_gone(struct world *world)
{
    scene_remove(&world->scene,
                 str_eq(world->words[1], "agent")     ? KIND_AGENT
                 : str_eq(world->words[1], "session") ? KIND_HARVEST_SESSION
                                                      : KIND_ASSIGNMENT,
                 world->words[2]);
}

static void on_key(struct world *world)
{
    static const struct {
        const char *word;
        enum key_name name;
    } names[] = {{"up", KEY_UP},   {"down", KEY_DOWN},   {"enter", KEY_ENTER}, {"esc", KEY_ESCAPE},
                 {"tab", KEY_TAB}, {"erase", KEY_ERASE}, {"end", KEY_END}};
    static const char *const wishes[] = {"", "to end", "a detail", "another selection",
                                         "what changed"};
    struct key key = {KEY_TEXT, ""};
    enum board_wish wish;

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        key.name = str_eq(names[i].word, world->words[1]) ? names[i].name : key.name;
    }
    for (const char *c = world->words[1];
         *c != '\0' && (key.name == KEY_TEXT || c == world->words[1]); c++) {
        key.text[0] = *c;
        key.text[key.name != KEY_TEXT ? 0 : 1] = '\0';
        wish = board_key(&world->board, &key);
        if (wish != WISH_NOTHING) {
            str_addf(&world->told, "(%s: it wishes for %s)\n", world->words[1], wishes[wish]);
        }
    }
}

static void on_draw(struct world *world)
{
    board_draw(&world->board, world->now, world->mono_now, &world->told);
    str_add(&world->told, "\n=====\n");
}

static void take_line(struct world *world)
{
    const char *word = world->words[0];

    if (str_eq(word, "terminal")) {
        on_terminal(world);
    } else if (str_eq(word, "agent")) {
        on_agent(world);
    } else if (str_eq(word, "session")) {
        on_session(world);
    } else if (str_eq(word, "work")) {
        on_work(world);
    } else if (str_eq(word, "event")) {
        on_event(world);
    } else if (str_eq(word, "change")) {
        on_change(world);
    } else if (str_eq(word, "gone")) {
        on_gone(world);
    } else if (str_eq(word, "key")) {
        on_key(world);
    } else if (str_eq(word, "why")) {
        board_tell(&world->board, world->board.detail.kind, world->board.detail.name.data,
                   arena_printf(&world->arena, "%s\n", rest(world, 1)), "kind: Agent\n");
    } else if (str_eq(word, "later")) {
        world->now.ms += strtoll(world->words[1], NULL, 10) * 1000;
        world->mono_now.ms += strtoll(world->words[1], NULL, 10) * 1000;
    } else if (str_eq(word, "lost")) {
        world->board.is_lost = true;
    } else if (str_eq(word, "loading")) {
        world->board.is_loading = true;
    } else if (str_eq(word, "draw")) {
        on_draw(world);
    } else {
        fail_msg("a script knows no \"%s\"", word);
    }
}

static void tell(const struct story *story)
{
    static const struct look look = {80, 24, true, false};
    char *script = story_read(story, "script.txt"), *line, *place = NULL, *inner = NULL;
    struct world world = {.now = {INT64_C(1795317259000)}, .told = STR_EMPTY, .revision = 40};

    arena_init(&world.arena);
    scene_init(&world.scene);
    board_init(&world.board, &world.scene, &look);
    world.board.server = "http://127.0.0.1:7411";
    world.board.quiet_ms = 6000;
    for (line = strtok_r(script, "\n", &place); line != NULL; line = strtok_r(NULL, "\n", &place)) {
        world.count = 0;
        for (char *word = strtok_r(line, " ", &inner); word != NULL && world.count < WORDS_MAX;
             word = strtok_r(NULL, " ", &inner)) {
            world.words[world.count++] = word;
        }
        if (world.count > 0 && world.words[0][0] != '#') {
            take_line(&world);
        }
    }
    story_expect(story, "expected.txt", world.told.data);
    board_fini(&world.board);
    scene_fini(&world.scene);
    str_fini(&world.told);
    arena_fini(&world.arena);
    free(script);
}

int main(void)
{
    return story_run_all("top", tell);
}
