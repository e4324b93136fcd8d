#include "tests/support/owner_play.h"

#include "schema/bind.h"
#include "schema/check.h"
#include "schema/emit.h"
#include "schema/json.h"
#include "schema/kinds/harvest_policy.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

const char *const play_people[PLAY_PEOPLE] = {"ann", "bob", "carol", "tester"};

/* --- words ------------------------------------------------------------------------------------ */

const char *play_text(struct play *play, const struct node *node)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    if (node != NULL) {
        json_emit(node, JSON_SORTED, &text);
    }
    return arena_strdup(&play->arena, text.data);
}

/* cmocka cuts long messages. */
_Noreturn void play_differ(struct play *play, const struct node *real, const char *what)
{
    (void)fprintf(stderr, "before %s\nreal   %s\nmodel  %s\nfolder %s\nhello  %s\nstep   %s\n",
                  play_text(play, play->before), play_text(play, real),
                  play_text(play, play->model.live), play_text(play, play->folder),
                  play_text(play, play->hello), play->words);
    fail_msg("sequence %" PRIu64 " (%s), step %u: %s", play->seed, play->kind->name, play->step,
             what);
    abort();
}

struct wall play_now(const struct play *play)
{
    return play->api->wall;
}

const char *play_url(struct play *play, const char *subresource)
{
    return arena_printf(&play->arena, "/apis/fog/v1/%s/%s%s", play->kind->plural, play->name,
                        subresource);
}

struct api_reply *play_call(struct play *play, const char *method, const char *type,
                            const char *target, const struct node *body)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct api_reply *reply;

    if (body != NULL) {
        json_emit(body, JSON_PLAIN, &text);
    }
    play->words = arena_printf(&play->arena, "%s %s %s", method, target, text.data);
    play->api->content_type = type;
    reply = api_call_raw(play->api, method, target, text.data, text.length);
    play->api->content_type = NULL;
    return reply;
}

/* --- what is valid ---------------------------------------------------------------------------- */

static bool scope_has(const void *context, const struct kind *kind, const char *name)
{
    (void)context;
    return kind == &harvest_policy_kind && str_starts(name, "policy-");
}

static struct node *judge(struct play *play, struct node *root, bool has_rules,
                          const struct check_scope *scope)
{
    struct problems problems;
    struct object *object, *before = NULL;
    struct node *emitted = NULL;

    problems_init(&problems, &play->arena, NULL);
    object = bind_object(play->kind, root, BIND_QUIET, &problems);
    if (object == NULL) {
        return NULL;
    }
    if (has_rules && play->model.live != NULL) {
        before = bind_object(play->kind, play->model.live, BIND_QUIET, &problems);
        assert_non_null(before);
    }
    if (has_rules) {
        check_semantic(object, before, root, scope, &problems);
    }
    if (problems.errors == 0) {
        emitted = emit_object(&play->arena, object, EMIT_ALL);
    }
    object_unref(object);
    object_unref(before);
    return emitted;
}

struct node *play_judge_all(void *context, struct node *root)
{
    const struct check_scope scope = {scope_has, NULL};

    return judge(context, root, true, &scope);
}

struct node *play_judge_alone(void *context, struct node *root)
{
    return judge(context, root, true, NULL);
}

struct node *play_judge_form(void *context, struct node *root)
{
    return judge(context, root, false, NULL);
}

/* Does a configuration say anything wrong by itself? */
bool play_is_fine(struct play *play, const struct node *config)
{
    struct problems problems;
    struct object *object;

    problems_init(&problems, &play->arena, NULL);
    object = bind_object(play->kind, config, BIND_NO_REQUIRED | BIND_NO_DEFAULTS, &problems);
    object_unref(object);
    return object != NULL;
}

/* --- the lower sources ------------------------------------------------------------------------ */

const struct model_who play_of_folder = {"config-directory", "", MANAGED_APPLY, SOURCE_DIRECTORY};
const struct model_who play_of_agent = {"fog-agent", "", MANAGED_APPLY, SOURCE_DISCOVERY};

static void note_refused(struct play *play, const char *whom)
{
    for (size_t i = 0; i < play->model.conflict_count; i++) {
        const char *path = flat_path_text(&play->arena, play->model.conflicts[i].path);

        (void)map_put(&play->refused, arena_printf(&play->arena, "%s %s", path, whom), play);
    }
}

bool play_folder_speaks(const struct play *play)
{
    return play->folder != NULL && !play->world->is_blind && !play->is_buried;
}

/* What they say is laid over what became of a write. */
enum model_outcome play_lay_over(struct play *play)
{
    enum model_outcome outcome = MODEL_DONE;

    play->has_refused = false;
    map_clear(&play->refused);
    if (play_folder_speaks(play)) {
        outcome = owner_model_apply(&play->model, &play_of_folder, play->folder, false,
                                    play_now(play), play_judge_all, play);
        note_refused(play, "directory");
    }
    if (outcome == MODEL_DONE && play->hello != NULL && play->model.live != NULL) {
        outcome = owner_model_apply(&play->model, &play_of_agent, play->hello, false,
                                    play_now(play), play_judge_alone, play);
        note_refused(play, "discovery");
    }
    play->has_refused = outcome == MODEL_DONE;
    play->world->left_out += play->refused.count > 0;
    return outcome;
}

static void claim_all(struct play *play, const struct node *root, struct map *to)
{
    struct flat flat;

    flat_init(&flat, &play->arena, play->kind, false, root);
    map_each (&flat.by_path, it) {
        const char *path = ((struct flat_line *)it->value)->path;

        (void)map_put(to, path, (void *)path);
    }
    flat_fini(&flat);
}

/* What lower sources own, say, or may say once the directory is read. */
void play_find_claims(struct play *play, struct map *to)
{
    map_init(to);
    if (play->world->is_blind) {
        claim_all(play, play->model.live, to);
        return;
    }
    owner_model_lower(&play->model, SOURCE_API, to);
    claim_all(play, play->folder, to);
    claim_all(play, play->hello, to);
}

bool play_has_source(const struct play *play, enum source source)
{
    for (size_t i = 0; i < play->model.count; i++) {
        if (play->model.entries[i].who.source == source) {
            return true;
        }
    }
    return false;
}

bool play_folder_cares(const struct play *play)
{
    return play_has_source(play, SOURCE_DIRECTORY) || play->world->is_blind || play->folder != NULL;
}

void play_vanish(struct play *play)
{
    play->model.live = NULL;
    owner_model_forget_owners(&play->model);
    map_clear(&play->refused);
    play->has_refused = true;
}

/* --- comparing -------------------------------------------------------------------------------- */

static void compare_refused(struct play *play)
{
    const struct node *items =
        node_find(api_get(play->api, "/apis/fog/v1/conflicts?limit=5000"), "items");
    const char *object = arena_printf(&play->arena, "%s/%s", play->kind->singular, play->name);
    size_t count = 0;

    for (size_t i = 0; i < items->list.count; i++) {
        const struct node *spec = node_find(items->list.items[i], "spec");
        const char *field = node_find_text(spec, "field");
        const char *key =
            arena_printf(&play->arena, "%s %s", field, node_find_text(spec, "refused"));

        if (!str_eq(node_find_text(spec, "object"), object)) {
            continue;
        }
        if (play->hello == NULL && str_eq(node_find_text(spec, "refused"), "discovery")) {
            continue; /* as it was told when the agent was there last */
        }
        if (str_eq(field, "(deleted)")) {
            assert_true(play->is_buried);
            continue;
        }
        count++;
        if (map_find(&play->refused, key) == NULL) {
            play_differ(play, spec, "this should be no conflict");
        }
    }
    if (count != play->refused.count) {
        play_differ(play, items,
                    arena_printf(&play->arena, "%zu fields are refused, not %zu", count,
                                 play->refused.count));
    }
}

/* The object is as the model says; from now on the model has its items in the same order. */
void play_compare(struct play *play)
{
    struct api_reply *reply = play_call(play, "GET", NULL, play_url(play, ""), NULL);
    struct node *real = reply->code == 200 ? reply->json : NULL;
    struct node *live = play->model.live;
    const char *words;

    if (real != NULL && live != NULL) {
        (void)node_remove(live, "status");
        if (node_find(real, "status") != NULL) {
            node_set(&play->arena, live, "status", node_find(real, "status"));
        }
    }
    words = owner_model_differs(&play->model, real);
    if (words != NULL) {
        play_differ(play, real, words);
    }
    play->is_deleting = node_find_path(real, "metadata.deletionTimestamp") != NULL;
    play->before = real;
    if (real != NULL) {
        play->model.live = node_copy(&play->arena, real);
        (void)node_remove(node_find(play->model.live, "metadata"), "managedFields");
    }
    if (play->has_refused && !play->world->is_blind &&
        (play->folder != NULL || play->hello != NULL || play->step % 4 == 0)) {
        compare_refused(play);
    }
}

/* "conflict with "bob" using fog/v1 at 2026-01-01T00:00:04Z". */
static const char *cause_of(struct play *play, const struct model_conflict *conflict)
{
    const char *text = arena_printf(&play->arena, "conflict with \"%s\"", conflict->with.manager);
    char time[WALL_TEXT_SIZE];

    if (conflict->with.operation == MANAGED_UPDATE) {
        wall_to_str((struct wall){owner_model_time_ms(&play->model, &conflict->with)}, time);
        text = arena_printf(&play->arena, "%s using fog/v1 at %s", text, time);
    }
    return text;
}

/* Each conflict is a cause, and each cause one of them; `change`: of which change of a set, -1:
 * of a request of its own. */
void play_compare_causes(struct play *play, const struct node *answer, int64_t change)
{
    const struct node *causes = node_find_path(answer, "details.causes");
    size_t count = causes == NULL ? 0 : causes->list.count, expected = play->model.conflict_count;

    for (size_t i = 0; i < expected; i++) {
        const struct model_conflict *conflict = &play->model.conflicts[i];
        const char *path = flat_path_text(&play->arena, conflict->path);
        bool is_told = false;

        for (size_t j = 0; j < count && !is_told; j++) {
            const struct node *cause = causes->list.items[j];
            int64_t index = -1;

            (void)node_find_int(cause, "change", &index);
            is_told = index == change && str_eq(node_find_text(cause, "field"), path) &&
                      str_eq(node_find_text(cause, "reason"), "FieldManagerConflict") &&
                      str_eq(node_find_text(cause, "message"), cause_of(play, conflict));
        }
        if (!is_told) {
            play_differ(
                play, answer,
                arena_printf(&play->arena, "no cause says %s: %s", path, cause_of(play, conflict)));
        }
    }
    if (count != expected) {
        play_differ(play, answer,
                    arena_printf(&play->arena, "%zu causes, not %zu", count, expected));
    }
}
