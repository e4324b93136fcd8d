/* The folder is a few slots, each a document or none, and a way in which all of it is wrong. */
#include "tests/sim/configdir.h"

#include "schema/yaml.h"
#include "tests/sim/check_sources.h"
#include "tests/sim/controller.h"
#include "tests/sim/machine.h"

#include <stdio.h>
#include <stdlib.h>

enum { SLOTS = 6, LOOK_LATER_MS = 3000 };

/* In what state it is found. */
enum find {
    FIND_FINE,
    FIND_MISTAKE, /* a value out of bounds, in one of the files */
    FIND_SYNTAX,  /* a file that cannot be parsed */
    FIND_MISSING, /* the folder is not there */
    FIND_EMPTY,   /* it has no file */
    FIND_COUNT
};

static const char *const find_words[FIND_COUNT] = {"fine", "mistake", "syntax", "missing", "empty"};

struct config_folder {
    int value[SLOTS]; /* 0: the slot has no file */
    enum find find;
    bool is_wanted;  /* it was ever struck: there is one */
    unsigned looked; /* the newest look; older ones are passed over */
};

struct config_folder *config_folder_new(void)
{
    return MEM_NEW(struct config_folder);
}

void config_folder_free(struct config_folder *folder)
{
    free(folder);
}

/* Nobody else need have a share in such a policy, and heat by default keeps work from beginning for
 * longer than is waited for. */
static void add_slot(struct sim *sim, int slot, int value, struct str *to)
{
    if (slot < 3) {
        str_addf(to,
                 "---\napiVersion: fog/v1\nkind: HarvestPolicy\nmetadata: {name: p-%d}\n"
                 "spec: {battery: {minPercent: %d}, limits: {pids: %d}, thermal: {dwell: 10s}}\n",
                 slot + 1, value % 60, 100 + value);
    } else {
        str_addf(to,
                 "---\napiVersion: fog/v1\nkind: Agent\nmetadata: {name: %s,"
                 " labels: {zone: z%d, reported/site: s%d}}\n",
                 sim->machines[slot % (int)sim->machine_count]->name, value % 3, value % 2);
    }
}

/* Half-copied folders are folders in which files are missing: a statement, as far as one can know.
 */
static void compose(struct sim *sim, struct str *to)
{
    const struct config_folder *folder = sim->config_folder;
    bool used[MACHINES_MAX] = {false};

    str_add(to, "# a folder\n");
    for (int slot = 0; slot < SLOTS; slot++) {
        size_t machine = (size_t)slot % sim->machine_count;

        if (folder->value[slot] == 0 || (slot >= 3 && used[machine])) {
            continue;
        }
        used[machine] |= slot >= 3;
        add_slot(sim, slot, folder->value[slot], to);
    }
    if (folder->find == FIND_MISTAKE) {
        str_add(to, "---\napiVersion: fog/v1\nkind: HarvestPolicy\nmetadata: {name: p-bad}\n"
                    "spec: {battery: {minPercent: 300}}\n");
    } else if (folder->find == FIND_SYNTAX) {
        str_add(to, "---\nkind: [\n");
    }
}

static void tell(struct sim *sim)
{
    const struct config_folder *folder = sim->config_folder;
    struct directory directory = {.state = DIRECTORY_READ, .files = 1};
    struct documents found = {0};
    struct directory_document items[2 * SLOTS];
    struct str text = STR_EMPTY;
    struct arena arena;

    arena_init(&arena);
    problems_init(&directory.problems, &arena, "fleet.yaml");
    if (folder->find == FIND_MISSING) {
        directory.state = DIRECTORY_MISSING;
        problem_add_at(&directory.problems, PROBLEM_ERROR, CAUSE_SYNTAX, 0, 0, "", "it is away");
    } else if (folder->find == FIND_EMPTY) {
        directory.files = 0;
    } else {
        compose(sim, &text);
        (void)yaml_parse(&arena, text.data, text.length, &directory.problems, &found);
        digest_of(text.data, text.length, &directory.digest);
    }
    for (size_t i = 0; i < found.count; i++) {
        items[i] = (struct directory_document){"fleet.yaml", found.items[i]};
    }
    directory.documents = items;
    directory.count = found.count;
    sim_trace(sim, "the config directory is read: %s, %zu objects", find_words[folder->find],
              found.count);
    controller_directory(sim, &directory, folder->find == FIND_FINE);
    str_fini(&text);
    arena_fini(&arena);
}

static void on_look(struct sim *sim, void *who, uint64_t arg)
{
    (void)who;
    if (sim->config_folder->looked == (unsigned)arg && sim->controller->is_up) {
        tell(sim);
    }
}

static void look_in(struct sim *sim, int64_t ms)
{
    schedule_after(&sim->schedule, ms, on_look, NULL, ++sim->config_folder->looked);
}

void config_folder_strike(struct sim *sim, struct die *die)
{
    struct config_folder *folder = sim->config_folder;
    int slot = (int)die_below(die, SLOTS);

    folder->find =
        die_chance(die, 500) ? FIND_FINE : (enum find)die_between(die, FIND_MISTAKE, FIND_EMPTY);
    if (!folder->is_wanted) { /* it begins with something in it */
        for (int i = 0; i < SLOTS; i++) {
            folder->value[i] = die_chance(die, 400) ? 0 : (int)die_between(die, 1, 90);
        }
    }
    folder->is_wanted = true;
    folder->value[slot] = die_chance(die, 300) ? 0 : (int)die_between(die, 1, 90);
    look_in(sim, die_between(die, 300, LOOK_LATER_MS));
}

void config_folder_started(struct sim *sim)
{
    if (sim->config_folder->is_wanted) {
        look_in(sim, 300 + (int64_t)(sim->config_folder->looked % 7) * 200);
    }
}

void config_folder_mend(struct sim *sim)
{
    if (sim->config_folder->is_wanted) {
        sim->config_folder->find = FIND_FINE;
        look_in(sim, 300);
    }
}

void config_folder_end(struct sim *sim)
{
    const struct directory none = {.state = DIRECTORY_NONE};

    if (sim->config_folder->is_wanted && sim->controller->is_up) {
        check_folder(sim, true);
        sim->config_folder->is_wanted = false;
        controller_directory(sim, &none, false);
    }
}
