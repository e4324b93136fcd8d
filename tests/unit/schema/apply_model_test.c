/* Ownership against the reference model (tests/support/owner_model.h): random sequences of writes
 * by managers of all sources over random objects of every kind, compared after each step.
 *
 * FOG_SEQUENCES: how many; FOG_FIRST: from which seed on. */
#include "schema/apply.h"
#include "schema/bind.h"
#include "schema/emit.h"
#include "schema/json.h"
#include "tests/support/camera.h"
#include "tests/support/owner_model.h"
#include "tests/support/random_object.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SEQUENCES = 500, STEPS = 16, FIRST_S = 1795217094, MANAGERS = 5 };

static const struct model_who managers[MANAGERS] = {
    {"ann", "", MANAGED_APPLY, SOURCE_API},
    {"bob", "", MANAGED_APPLY, SOURCE_API},
    {"carol", "", MANAGED_APPLY, SOURCE_API},
    {"config-directory", "", MANAGED_APPLY, SOURCE_DIRECTORY},
    {"discovery", "", MANAGED_APPLY, SOURCE_DISCOVERY},
};

struct play { /* one sequence */
    struct arena arena;
    struct rand dice;
    const struct kind *kind;
    struct owner_model model;
    struct node *real;
    struct node *said[MANAGERS]; /* the configuration that each applied last; NULL: none */
    const struct node *config;   /* of this step; NULL: an update */
    const struct model_who *who;
    const struct node *before;
    uint64_t seed;
    unsigned step;
};

static struct tally {
    uint64_t applies, conflicts, forced, left_out, updates, refused, releases, statuses;
} tally;

/* --- drawing ---------------------------------------------------------------------------------- */

static struct wall now_of(const struct play *play)
{
    return (struct wall){(FIRST_S + (int64_t)play->step) * 1000};
}

static struct node *bound(struct play *play, struct node *root)
{
    struct problems problems;
    struct object *object;
    struct node *emitted;

    problems_init(&problems, &play->arena, NULL);
    object = bind_object(play->kind, root, BIND_STRICT, &problems);
    if (object == NULL) {
        return NULL;
    }
    emitted = emit_object(&play->arena, object, EMIT_ALL);
    object_unref(object);
    return emitted;
}

static struct node *bind_for_model(void *context, struct node *root)
{
    return bound(context, root);
}

static struct node *fresh_object(struct play *play)
{
    return random_object_tree(&play->arena, &play->dice, play->kind, "x");
}

static void mix_in(struct play *play, struct node *to, const struct node *from, bool of_status,
                   unsigned per_mille)
{
    flat_mix(&play->arena, &play->dice, play->kind, of_status, to, from, per_mille);
}

/* Something of what others said, of what the manager said itself, and something new. */
static struct node *draw_config(struct play *play, size_t who, bool of_status)
{
    struct node *config = node_copy(&play->arena, play->model.blank);
    size_t other = rand_below(&play->dice, MANAGERS);

    if (rand_chance(&play->dice, 60)) {
        return config; /* says nothing */
    }
    if (play->said[who] == NULL || rand_chance(&play->dice, 150)) {
        mix_in(play, config, fresh_object(play), of_status, 900);
    } else {
        mix_in(play, config, play->said[who], of_status, 850);
        mix_in(play, config, fresh_object(play), of_status, 100);
    }
    if (play->said[other] != NULL) {
        mix_in(play, config, play->said[other], of_status, 400);
    }
    return config;
}

/* --- comparing -------------------------------------------------------------------------------- */

static const char *text_of(struct play *play, const struct node *node)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    if (node != NULL) {
        json_emit(node, JSON_SORTED, &text);
    }
    return arena_strdup(&play->arena, text.data);
}

/* cmocka cuts long messages. */
static void differ(struct play *play, const char *what)
{
    (void)fprintf(stderr, "real   %s\nmodel  %s\nconfig %s\nbefore %s\n", text_of(play, play->real),
                  text_of(play, play->model.live), text_of(play, play->config),
                  text_of(play, play->before));
    fail_msg("sequence %llu (%s), step %u, %s: %s", (unsigned long long)play->seed,
             play->kind->name, play->step, play->config == NULL ? "an update" : play->who->manager,
             what);
}

static void compare(struct play *play)
{
    const char *words = owner_model_differs(&play->model, play->real);

    if (words != NULL) {
        differ(play, words);
    }
}

static bool has_conflict(const struct play *play, const struct apply_conflict *conflict)
{
    for (size_t i = 0; i < play->model.conflict_count; i++) {
        const struct model_conflict *it = &play->model.conflicts[i];

        if (str_eq(flat_path_text((struct arena *)&play->arena, it->path), conflict->path) &&
            str_eq(it->with.manager, conflict->manager) &&
            it->with.operation == conflict->operation && it->is_left_out == conflict->was_lower) {
            return true;
        }
    }
    return false;
}

static void compare_conflicts(struct play *play, const struct apply_result *result)
{
    if (result->conflict_count != play->model.conflict_count) {
        differ(play, arena_printf(&play->arena, "%zu conflicts, not %zu", result->conflict_count,
                                  play->model.conflict_count));
    }
    for (size_t i = 0; i < result->conflict_count; i++) {
        if (!has_conflict(play, &result->conflicts[i])) {
            differ(play, arena_printf(&play->arena, "no conflict with \"%s\" over %s",
                                      result->conflicts[i].manager, result->conflicts[i].path));
        }
    }
}

/* --- steps ------------------------------------------------------------------------------------ */

static struct manager manager_of(const struct play *play, const struct model_who *who)
{
    return (struct manager){.name = who->manager,
                            .source = who->source,
                            .subresource = who->subresource,
                            .now = now_of(play)};
}

static void count_apply(const struct play *play, enum model_outcome outcome, bool force)
{
    tally.applies++;
    tally.conflicts += outcome == MODEL_CONFLICT;
    tally.refused += outcome == MODEL_INVALID;
    tally.forced += force && outcome == MODEL_DONE;
    tally.left_out += outcome == MODEL_DONE && play->model.conflict_count > 0;
}

static void apply_step(struct play *play, const struct model_who *who, struct node *config,
                       bool force)
{
    struct manager manager = manager_of(play, who);
    struct apply_result result;
    struct node *next = NULL;
    enum model_outcome outcome;

    play->config = config;
    play->who = who;
    apply_config(&play->arena, play->kind, play->real, config, &manager, force, &result);
    outcome =
        owner_model_apply(&play->model, who, config, force, now_of(play), bind_for_model, play);
    count_apply(play, outcome, force);
    compare_conflicts(play, &result);
    if ((result.root == NULL) != (outcome == MODEL_CONFLICT)) {
        differ(play, outcome == MODEL_CONFLICT ? "it should be a conflict" : "it is no conflict");
    }
    if (result.root != NULL) {
        next = bound(play, result.root);
        if ((next == NULL) != (outcome == MODEL_INVALID)) {
            differ(play, next == NULL ? "it should be valid" : "it should not be valid");
        }
        play->real = next != NULL ? next : play->real;
    }
}

static void apply_random(struct play *play)
{
    size_t who = rand_below(&play->dice, MANAGERS);
    struct node *config = draw_config(play, who, false);

    apply_step(play, &managers[who], config, rand_chance(&play->dice, 350));
    play->said[who] = config;
}

static void apply_status(struct play *play)
{
    struct model_who who = managers[rand_below(&play->dice, 2)];
    struct node *config;

    who.subresource = "status";
    config = draw_config(play, 0, true);
    tally.statuses++;
    apply_step(play, &who, config, rand_chance(&play->dice, 350));
}

/* What is there, with something taken away and something put in. */
static struct node *edited(struct play *play)
{
    struct node *next = node_copy(&play->arena, play->real);
    size_t other = rand_below(&play->dice, MANAGERS);

    flat_thin(&play->arena, &play->dice, play->kind, next, 80);
    mix_in(play, next, fresh_object(play), false, 60);
    if (play->said[other] != NULL) {
        mix_in(play, next, play->said[other], false, 60);
    }
    return bound(play, next);
}

static void find_claims(struct play *play, struct map *ret_claims)
{
    owner_model_lower(&play->model, SOURCE_API, ret_claims);
    for (size_t i = 0; i < MANAGERS; i++) {
        struct flat said;

        if (managers[i].source == SOURCE_API) {
            continue;
        }
        flat_init(&said, &play->arena, play->kind, false, play->said[i]);
        map_each (&said.by_path, it) {
            const char *path = ((struct flat_line *)it->value)->path;

            (void)map_put(ret_claims, path, (void *)path);
        }
        flat_fini(&said);
    }
}

static struct fieldset to_fieldset(struct play *play, const struct map *paths)
{
    struct fieldset set = {0};

    map_each (paths, it) {
        char *key = arena_strdup(&play->arena, it->key);
        size_t length = strlen(key);

        for (char *at = key; (at = strchr(at, '\n')) != NULL; at++) {
            *at = '\0';
        }
        fieldset_add(&play->arena, &set, &(struct field_path){.key = key, .length = length});
    }
    fieldset_settle(&play->arena, &set);
    return set;
}

static void update_random(struct play *play)
{
    struct model_who who = managers[rand_below(&play->dice, 3)];
    struct node *next = edited(play);
    struct map claims = {0};
    struct fieldset claimed;
    struct manager manager;

    if (next == NULL) {
        tally.refused++;
        return;
    }
    who.operation = MANAGED_UPDATE;
    manager = manager_of(play, &who);
    find_claims(play, &claims);
    claimed = to_fieldset(play, &claims);
    manager.claimed = &claimed;
    play->real = bound(play, apply_update(&play->arena, play->kind, play->real, next, &manager));
    owner_model_update(&play->model, &who, next, &claims, now_of(play));
    map_fini(&claims);
    tally.updates++;
}

static void release_random(struct play *play)
{
    enum source source = (enum source)rand_below(&play->dice, 3);
    struct node *next = apply_release(&play->arena, play->real, source, NULL);

    play->real = next == NULL ? play->real : next;
    owner_model_release(&play->model, source);
    tally.releases++;
}

static void forget_owners(struct play *play)
{
    (void)node_remove(node_find(play->real, "metadata"), "managedFields");
    owner_model_forget_owners(&play->model);
}

static void take_step(struct play *play)
{
    uint64_t what = rand_below(&play->dice, 100);

    play->before = play->real;
    play->config = NULL;
    if (play->real == NULL || what < 58) {
        apply_random(play);
    } else if (what < 88) {
        update_random(play);
    } else if (what < 96) {
        apply_status(play);
    } else if (what < 99) {
        release_random(play);
    } else {
        forget_owners(play);
    }
    compare(play);
}

static const struct kind *kind_of(uint64_t seed)
{
    uint64_t index = seed % (KIND_COUNT + 2);

    return index >= KIND_COUNT ? &camera_kind : kinds[index];
}

static void play_sequence(uint64_t seed)
{
    struct play play = {.seed = seed, .kind = kind_of(seed)};

    arena_init(&play.arena);
    rand_init_u64(&play.dice, seed);
    owner_model_init(&play.model, &play.arena, play.kind, "x");
    for (play.step = 0; play.step < STEPS; play.step++) {
        take_step(&play);
    }
    owner_model_fini(&play.model);
    arena_fini(&play.arena);
}

static uint64_t number_of(const char *variable, uint64_t fallback)
{
    const char *text = getenv(variable);

    return text == NULL ? fallback : strtoull(text, NULL, 10);
}

static void nothing_differs_from_the_reference_model(void **state)
{
    uint64_t first = number_of("FOG_FIRST", 1), count = number_of("FOG_SEQUENCES", SEQUENCES);

    (void)state;
    for (uint64_t seed = first; seed < first + count; seed++) {
        play_sequence(seed);
    }
    print_message("# %llu sequences of %d steps: %llu applies (%llu conflicts, %llu by force, %llu "
                  "with fields left out), %llu of status, %llu updates, %llu releases, %llu not "
                  "valid\n",
                  (unsigned long long)count, STEPS, (unsigned long long)tally.applies,
                  (unsigned long long)tally.conflicts, (unsigned long long)tally.forced,
                  (unsigned long long)tally.left_out, (unsigned long long)tally.statuses,
                  (unsigned long long)tally.updates, (unsigned long long)tally.releases,
                  (unsigned long long)tally.refused);
    /* Sequences in which nothing happens would agree, too. */
    assert_true(tally.conflicts > count / 2);
    assert_true(tally.left_out > count / 8);
    assert_true(tally.forced > count / 2);
    assert_true(tally.refused < tally.applies / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_differs_from_the_reference_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
