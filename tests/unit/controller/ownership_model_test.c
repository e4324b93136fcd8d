/* Ownership through the API against the reference model (tests/support/owner_model.h): random
 * sequences of requests to the controller's core, with its store: applies, PUT, the patches, /scale
 * and /status, change sets, dry runs, releases, deletes and rollbacks by several managers, beside a
 * config directory, an agent that says what it is, and restarts.  After each step the object, its
 * managedFields, what is told as a conflict, and each refusal with its causes are compared.
 *
 * The model gets documents and patches as they were sent (tests/support/plain_patch.h); it shares
 * the field tables, the binder and the rules between fields with what it judges, and nothing else.
 *
 * FOG_SEQUENCES: how many; FOG_FIRST: from which seed on. */
#include "schema/json.h"
#include "schema/kinds/agent.h"
#include "schema/kinds/alert_rule.h"
#include "schema/kinds/harvest_policy.h"
#include "schema/kinds/harvest_session.h"
#include "schema/verbs.h"
#include "tests/support/owner_play.h"
#include "tests/support/plain_patch.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SEQUENCES = 64, STEPS = 14, OF_ONE_WORLD = 8, CHANGES = 3 };

static const struct kind *const drawn_kinds[] = {&harvest_session_kind, &agent_kind,
                                                 &harvest_policy_kind, &alert_rule_kind};

static struct tally {
    uint64_t applies, conflicts, forced, updates, patches, scales, statuses, sets, dry_runs;
    uint64_t releases, deletes, rollbacks, folders, hellos, restarts, refused, left_out, ended;
} tally;

/* --- requests --------------------------------------------------------------------------------- */

static const char *query(struct play *play, const char *manager, bool force, bool is_dry,
                         bool must_name)
{
    bool is_silent = !must_name && str_eq(manager, play_people[PLAY_PEOPLE - 1]);

    return arena_printf(&play->arena, "?x=1%s%s%s%s",
                        is_silent ? "" : "&fieldManager=", is_silent ? "" : manager,
                        force ? "&force=true" : "", is_dry ? "&dryRun=All" : "");
}

static struct api_reply *send_op(struct play *play, const struct op *op, const char *manager,
                                 bool force, bool is_dry)
{
    const char *words = query(play, manager, force, is_dry, op->type == OP_APPLY);
    const char *target = arena_printf(&play->arena, "%s%s", play_url(play, ""), words);

    switch (op->type) {
    case OP_APPLY:
        return play_call(play, "PATCH", "application/apply-patch+yaml", target, op->body);
    case OP_CREATE:
        target = arena_printf(&play->arena, "/apis/fog/v1/%s%s", play->kind->plural, words);
        return play_call(play, "POST", NULL, target, op->body);
    case OP_REPLACE:
        return play_call(play, "PUT", NULL, target, op->body);
    case OP_MERGE:
        return play_call(play, "PATCH", "application/merge-patch+json", target, op->body);
    case OP_JSON_PATCH:
        return play_call(play, "PATCH", "application/json-patch+json", target, op->body);
    case OP_SCALE:
        target = arena_printf(&play->arena, "%s%s", play_url(play, "/scale"), words);
        return play_call(play, "PATCH", "application/merge-patch+json", target, op->body);
    }
    return NULL;
}

static void expect_code(struct play *play, const struct api_reply *reply, int code)
{
    if (reply->code != code) {
        play_differ(play, reply->json,
                    arena_printf(&play->arena, "it is answered %d, not %d", reply->code, code));
    }
}

static bool is_same_answer(const struct node *a, const struct node *b)
{
    static const char *const paths[] = {"spec",
                                        "metadata.labels",
                                        "metadata.annotations",
                                        "metadata.finalizers",
                                        "metadata.managedFields",
                                        "message",
                                        "details"};

    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        if (!node_eq(node_find_path(a, paths[i]), node_find_path(b, paths[i]))) {
            return false;
        }
    }
    return true;
}

/* A dry run changes nothing. */
static struct api_reply *rehearse(struct play *play, const struct op *op, const char *manager,
                                  bool force)
{
    const char *before = api_fingerprint(play->api);
    struct api_reply *reply = send_op(play, op, manager, force, true);

    tally.dry_runs++;
    if (!str_eq(before, api_fingerprint(play->api))) {
        play_differ(play, reply->json, "the dry run changes something");
    }
    return reply;
}

/* A request of its own. */
static void write_alone(struct play *play, const struct op *op, const char *manager, bool force)
{
    struct api_reply *tried = NULL, *reply;
    int code;

    if (rand_chance(&play->dice, 60)) {
        tried = rehearse(play, op, manager, force);
    }
    code = play_op(play, op, manager, force);
    reply = send_op(play, op, manager, force, false);
    expect_code(play, reply, code);
    if (tried != NULL &&
        (tried->code != reply->code || !is_same_answer(tried->json, reply->json))) {
        play_differ(play, tried->json, "the dry run was answered otherwise");
    }
    if (code == 409 && op->type == OP_APPLY) {
        play_compare_causes(play, reply->json, -1);
        tally.conflicts++;
    }
    tally.refused += code == 422;
    if (code / 100 != 2) {
        return;
    }
    tally.forced += force && op->type == OP_APPLY;
    if (code == 201) {
        play->is_buried = false;
    }
    if (op->type != OP_SCALE && play->folder == NULL && play->hello == NULL) {
        const char *words = owner_model_differs(&play->model, reply->json);

        if (words != NULL && !str_starts(words, ".status")) {
            play_differ(play, reply->json, words);
        }
    }
    (void)play_lay_over(play);
}

static void write_step(struct play *play)
{
    size_t who = rand_below(&play->dice, PLAY_PEOPLE);
    bool force = rand_chance(&play->dice, 350);
    struct op op;

    if (play->model.live == NULL && rand_chance(&play->dice, 300)) {
        op = (struct op){OP_CREATE, play_fresh(play), OWNERS_ABSENT};
        (void)node_remove(op.body, "status");
    } else if (play->model.live == NULL || rand_chance(&play->dice, 550)) {
        op = (struct op){OP_APPLY, play_config(play, play->said[who]), OWNERS_ABSENT};
        play->said[who] = op.body;
        tally.applies++;
    } else {
        op = play_draw_update(play);
        tally.updates += op.type == OP_REPLACE;
        tally.patches += op.type == OP_MERGE || op.type == OP_JSON_PATCH;
        tally.scales += op.type == OP_SCALE;
    }
    write_alone(play, &op, play_people[who], force);
}

/* Several changes of it in one: all of them, or none. */
static void set_step(struct play *play)
{
    static const char *const verbs[] = {"apply", "create", "replace", "patch"};
    struct arena *arena = &play->arena;
    struct node *root = node_map(arena), *spec = node_map(arena), *changes = node_list(arena);
    const char *manager = play_people[rand_below(&play->dice, PLAY_PEOPLE)];
    uint64_t count = 1 + rand_below(&play->dice, CHANGES);
    bool force = rand_chance(&play->dice, 400);
    struct owner_model kept;
    struct api_reply *reply;
    int code = 200, failed = -1;

    owner_model_init(&kept, arena, play->kind, play->name);
    owner_model_copy(&kept, &play->model);
    for (uint64_t i = 0; i < count; i++) {
        struct node *change = node_map(arena);
        struct op op = {OP_APPLY, play_config(play, NULL), OWNERS_ABSENT};

        if (play->model.live != NULL && rand_chance(&play->dice, 400)) {
            op = (struct op){OP_MERGE, play_merge_patch(play), OWNERS_ABSENT};
            if (!play_keeps_key(play, plain_merge(arena, play->model.live, op.body))) {
                op.body = node_map(arena);
            }
            op.body = plain_merge(arena, play->model.blank, op.body);
        } else if (play->model.live != NULL && rand_chance(&play->dice, 400)) {
            op = (struct op){OP_REPLACE, play_edited(play), OWNERS_ABSENT};
            (void)node_remove(node_find(op.body, "metadata"), "resourceVersion");
        }
        node_set(arena, change, "verb",
                 node_str(arena, op.type == OP_MERGE ? verbs[3] : verbs[op.type]));
        node_set(arena, change, "object", op.body);
        node_add(arena, changes, change);
        if (code / 100 == 2) {
            code = play_op(play, &op, manager, force);
            failed = code / 100 == 2 ? -1 : (int)i;
        }
    }
    node_set(arena, spec, "force", node_bool(arena, force));
    node_set(arena, spec, "changes", changes);
    node_set(arena, root, "spec", spec);
    tally.sets++;
    reply = play_call(
        play, "POST", NULL,
        arena_printf(arena, CHANGESETS "%s", query(play, manager, false, false, true)), root);
    expect_code(play, reply, failed < 0 ? 200 : code);
    if (failed < 0) {
        play->is_buried = play->is_buried && kept.live != NULL;
        (void)play_lay_over(play);
    } else {
        if (code == 409 && failed == (int)count - 1) { /* those after it are tried all the same */
            play_compare_causes(play, reply->json, failed);
        }
        owner_model_copy(&play->model, &kept);
    }
    owner_model_fini(&kept);
}

/* Of the status nobody is the owner. */
static void status_step(struct play *play)
{
    struct node *body = node_copy(&play->arena, play->model.blank);
    uint64_t what = rand_below(&play->dice, 3);
    const char *target =
        arena_printf(&play->arena, "%s?fieldManager=ann", play_url(play, "/status"));
    struct api_reply *reply;

    if (kind_verbs(play->kind, "status") == NULL) {
        return;
    }
    flat_mix(&play->arena, &play->dice, play->kind, false, body, play_fresh(play), 200);
    flat_mix(&play->arena, &play->dice, play->kind, true, body, play_fresh(play), 800);
    reply = play_call(play, what == 0 ? "PUT" : "PATCH",
                      what == 0   ? NULL
                      : what == 1 ? "application/merge-patch+json"
                                  : "application/apply-patch+yaml",
                      target, body);
    tally.statuses++;
    if (play->model.live == NULL ? reply->code != 404 : reply->code != 200 && reply->code != 422) {
        play_differ(play, reply->json, "a status is refused");
    }
}

/* --- giving back, going, going back ----------------------------------------------------------- */

static struct api_reply *post(struct play *play, const char *target, const char *body)
{
    play->words = arena_printf(&play->arena, "POST %s %s", target, body);
    return api_call_raw(play->api, "POST", target, body, strlen(body));
}

/* False: nobody of the API owns the field. */
static bool play_release(struct play *play, const char *field)
{
    if (field != NULL && !owner_model_release_field(&play->model, SOURCE_API, field)) {
        return false;
    }
    if (field == NULL) {
        owner_model_release(&play->model, SOURCE_API);
    }
    if (play_folder_speaks(play)) {
        (void)owner_model_apply(&play->model, &play_of_folder, play->folder, false, play_now(play),
                                play_judge_form, play);
    }
    if (play->hello != NULL && play->model.live != NULL) {
        (void)owner_model_apply(&play->model, &play_of_agent, play->hello, false, play_now(play),
                                play_judge_form, play);
    }
    return true;
}

/* Some path that an operator owns, or one that nobody does. */
static const char *some_field(struct play *play)
{
    struct map paths = {0};
    const char *field = ".spec.nothing";
    uint64_t at = 0, chosen;

    for (size_t i = 0; i < play->model.count; i++) {
        map_each (&play->model.entries[i].paths, it) {
            if (play->model.entries[i].who.source == SOURCE_API) {
                (void)map_put(&paths, it->key, it->value);
            }
        }
    }
    chosen = rand_below(&play->dice, paths.count + 1);
    map_each (&paths, it) {
        if (at++ == chosen) {
            field = flat_path_text(&play->arena, it->value);
        }
    }
    map_fini(&paths);
    return field;
}

/* What operators own goes to whoever is below. */
static void release_step(struct play *play)
{
    bool was_buried = play->is_buried, is_fine, is_there = play->model.live != NULL;
    const char *field = is_there && rand_chance(&play->dice, 500) ? some_field(play) : NULL;
    struct owner_model kept;
    struct api_reply *reply;

    if (!is_there && !was_buried) {
        return;
    }
    owner_model_init(&kept, &play->arena, play->kind, play->name);
    owner_model_copy(&kept, &play->model);
    play->is_buried = false;
    is_fine = play_release(play, field) &&
              (play->model.live == NULL ||
               play_judge_all(play, node_copy(&play->arena, play->model.live)) != NULL);
    reply = post(play, CHANGESETS "?fieldManager=ann",
                 arena_printf(&play->arena,
                              "{\"spec\": {\"changes\": [{\"verb\": \"release\", \"kind\": \"%s\", "
                              "\"name\": \"%s\"%s%s%s}]}}",
                              play->kind->name, play->name, field == NULL ? "" : ", \"fields\": [",
                              field == NULL ? "" : play_text(play, node_str(&play->arena, field)),
                              field == NULL ? "" : "]"));
    expect_code(play, reply, is_fine ? 200 : 422);
    if (is_fine) {
        (void)play_lay_over(play);
    } else {
        owner_model_copy(&play->model, &kept);
        play->is_buried = was_buried;
    }
    owner_model_fini(&kept);
    tally.releases++;
}

static bool has_finalizers(const struct play *play)
{
    return node_find_path(play->model.live, "metadata.finalizers") != NULL;
}

static void delete_step(struct play *play)
{
    if (play->model.live == NULL || has_finalizers(play) || play->kind == &agent_kind) {
        return;
    }
    expect_code(play, play_call(play, "DELETE", NULL, play_url(play, ""), NULL), 200);
    play->is_buried = play_folder_cares(play);
    play_vanish(play);
    tally.deletes++;
}

static void remember(struct play *play)
{
    struct moment *moment = &play->moments[play->moment_count % PLAY_MOMENTS];

    if (play->model.live == NULL) {
        return;
    }
    if (play->moment_count < PLAY_MOMENTS) {
        owner_model_init(&moment->model, &play->arena, play->kind, play->name);
    }
    moment->revision = api_revision(play->api);
    owner_model_copy(&moment->model, &play->model);
    play->moment_count++;
}

/* As it was, with the status and the agent's key of now. */
static struct node *as_then(struct play *play, const struct moment *moment)
{
    static const char *const of_server[] = {"uid", "resourceVersion", "generation",
                                            "creationTimestamp"};
    struct node *next = node_copy(&play->arena, moment->model.live);
    const struct node *live = play->model.live, *key = play_key(live);

    (void)node_remove(next, "status");
    for (size_t i = 0; i < COUNT_OF(of_server); i++) {
        (void)node_remove(node_find(next, "metadata"), of_server[i]);
    }
    if (node_find(live, "status") != NULL) {
        node_set(&play->arena, next, "status", node_copy(&play->arena, node_find(live, "status")));
    }
    if (play->kind == &agent_kind && key != NULL) {
        node_set(&play->arena, node_find(next, "spec"), "publicKey", node_copy(&play->arena, key));
    }
    return play_judge_all(play, next);
}

static void rollback_step(struct play *play)
{
    const char *manager = play_people[rand_below(&play->dice, PLAY_PEOPLE)];
    const struct model_who who = {manager, "", MANAGED_UPDATE, SOURCE_API};
    const struct moment *moment;
    struct api_reply *reply;
    struct node *next;
    struct map claims;

    if (play->moment_count == 0) {
        return;
    }
    moment = &play->moments[rand_below(
        &play->dice, play->moment_count < PLAY_MOMENTS ? play->moment_count : PLAY_MOMENTS)];
    next = as_then(play, moment);
    reply = post(play, arena_printf(&play->arena, ROLLBACKS "?fieldManager=%s", manager),
                 arena_printf(&play->arena,
                              "{\"spec\": {\"toRevision\": \"%" PRIu64 "\", \"kind\": \"%s\", "
                              "\"name\": \"%s\"}}",
                              moment->revision, play->kind->name, play->name));
    tally.rollbacks++;
    if (play->kind == &agent_kind && play->model.live == NULL) {
        expect_code(play, reply,
                    404); /* an agent that is gone makes itself anew, and nobody else */
        return;
    }
    expect_code(play, reply, next == NULL ? 422 : 200);
    if (next == NULL) {
        return;
    }
    play->is_buried = play->is_buried && play->model.live != NULL;
    play_find_claims(play, &claims);
    owner_model_restore(&play->model, &moment->model, &who, next, &claims, play_now(play));
    map_fini(&claims);
    (void)play_lay_over(play);
}

/* --- the config directory, the agent, the process --------------------------------------------- */

/* NULL: a manifest with nothing in it. */
static void tell_folder(struct play *play, const struct node *config)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct directory directory = {.state = DIRECTORY_READ, .files = 1};
    struct directory_document document = {"fleet.yaml", config};
    struct ctl_event event = {.type = CTL_DIRECTORY, .directory = &directory};

    if (config != NULL) {
        json_emit(config, JSON_PLAIN, &text);
    }
    play->words = arena_printf(&play->arena, "the folder says %s", text.data);
    problems_init(&directory.problems, &play->arena, "fleet.yaml");
    digest_of(text.data, text.length, &directory.digest);
    directory.documents = &document;
    directory.count = config == NULL ? 0 : 1;
    api_step(play->api, &event);
    play->world->was_told = true;
}

static bool is_in_force(struct play *play)
{
    struct node *source = api_get(play->api, "/apis/fog/v1/sources/directory");

    return str_eq(api_text(source, "status.conditions[0].status"), "True");
}

/* What the directory names no more goes, or stays without what it alone said. */
static void withdraw_from_model(struct play *play)
{
    const struct node *empty = node_copy(&play->arena, play->model.blank);
    struct map lower = {0};

    play->folder = NULL;
    if (play->model.live == NULL || !play_has_source(play, SOURCE_DIRECTORY)) {
        return;
    }
    for (size_t i = 0; i < play->model.count; i++) {
        struct flat flat;

        flat_init(&flat, &play->arena, play->kind, false, play->model.live);
        map_each (&play->model.entries[i].paths, it) {
            if (play->model.entries[i].who.source != SOURCE_DIRECTORY &&
                flat_leads(&flat.by_path, it->key)) {
                (void)map_put(&lower, it->key, play);
            }
        }
        flat_fini(&flat);
    }
    if (lower.count == 0) {
        if (has_finalizers(play)) {
            play->is_deleting = true;
        } else {
            play_vanish(play);
        }
    } else if (owner_model_apply(&play->model, &play_of_folder, empty, false, play_now(play),
                                 play_judge_alone, play) != MODEL_DONE) {
        owner_model_release(&play->model, SOURCE_DIRECTORY);
    }
    map_fini(&lower);
}

static void withdraw_step(struct play *play)
{
    bool was_blind = play->world->is_blind;

    play->world->is_blind = false;
    withdraw_from_model(play);
    tell_folder(play, NULL);
    if (!is_in_force(play)) {
        play_differ(play, NULL, "what was withdrawn should be in force");
    }
    if (!play->is_deleting && play->model.live != NULL) {
        (void)play_lay_over(play);
    }
    (void)was_blind;
}

static void folder_step(struct play *play)
{
    struct node *before = play->folder, *config = play_config(play, play->folder);
    enum model_outcome outcome = MODEL_INVALID;

    tally.folders++;
    if (rand_chance(&play->dice, 250)) {
        withdraw_step(play);
        return;
    }
    play->folder = config;
    play->world->is_blind = false;
    if (play_is_fine(play, config)) {
        outcome = play_lay_over(play);
    }
    tell_folder(play, config);
    if (is_in_force(play) != (outcome == MODEL_DONE)) {
        play_differ(play, api_get(play->api, "/apis/fog/v1/sources/directory"),
                    outcome == MODEL_DONE ? "it should be in force" : "it should not be in force");
    }
    if (outcome != MODEL_DONE) { /* the directory is what it was */
        play->folder = before;
        if (before == NULL || play_lay_over(play) != MODEL_DONE) {
            withdraw_step(play);
        } else {
            tell_folder(play, before);
        }
    }
}

/* The agent comes, or comes back, and tells of itself. */
static void hello_step(struct play *play)
{
    static const char *const keys[] = {"rack", "room", "site"};
    static const char *const values[] = {"north", "south", "east"};
    struct arena *arena = &play->arena;
    struct strpair labels[COUNT_OF(keys)];
    struct node *config, *meta, *spec = node_map(arena), *said = node_map(arena);
    struct wire_hello hello;
    struct wire_message welcome;

    if (play->agent.link != 0) {
        api_link_down(play->api, play->agent.link);
    }
    play->agent.link = api_link_up(play->api);
    hello = api_hello(play->api, &play->agent);
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        if (rand_chance(&play->dice, 600)) {
            labels[hello.labels.count] =
                (struct strpair){keys[i], values[rand_below(&play->dice, COUNT_OF(values))]};
            node_set(arena, said, arena_printf(arena, "reported/%s", keys[i]),
                     node_str(arena, labels[hello.labels.count++].value));
        }
    }
    hello.labels.items = labels;
    config = node_copy(arena, play->model.blank);
    meta = node_find(config, "metadata");
    if (said->map.count > 0) {
        node_set(arena, meta, "labels", said);
    }
    node_set(arena, spec, "publicKey", node_str(arena, hello.public_key));
    node_set(arena, config, "spec", spec);
    play->hello = config;
    play->words = arena_printf(arena, "hello %s", play_text(play, config));
    api_say_hello(play->api, &play->agent, &hello);
    if (!api_hear(play->api, play->agent.link, WIRE_WELCOME, &welcome)) {
        play_differ(play, NULL, api_hangup(play->api, play->agent.link));
    }
    play->agent.epoch = welcome.welcome.epoch;
    api_clear_sent(play->api);
    if (owner_model_apply(&play->model, &play_of_agent, config, false, play_now(play),
                          play_judge_alone, play) != MODEL_DONE) {
        play_differ(play, NULL, "the model does not take the hello");
    }
    (void)play_lay_over(play);
    tally.hellos++;
}

static void restart_step(struct play *play)
{
    play->words = "a restart";
    api_restart(play->api);
    play->world->is_blind = play->world->was_told;
    play->hello = NULL;
    play->agent.link = 0;
    play->has_refused = false;
    tally.restarts++;
}

/* --- sequences -------------------------------------------------------------------------------- */

static void take_step(struct play *play)
{
    uint64_t what = rand_below(&play->dice, 1000);

    play->api->wall.ms += 1000;
    if (what < 630) {
        write_step(play);
    } else if (what < 730) {
        set_step(play);
    } else if (what < 770) {
        status_step(play);
    } else if (what < 790) {
        release_step(play);
    } else if (what < 810) {
        delete_step(play);
    } else if (what < 860) {
        rollback_step(play);
    } else if (what < 990) {
        if (play->kind == &agent_kind && rand_chance(&play->dice, 500)) {
            hello_step(play);
        } else {
            folder_step(play);
        }
    } else {
        restart_step(play);
    }
}

static void play_sequence(struct world *world, uint64_t seed)
{
    struct play play = {.world = world, .api = &world->api, .kind = world->kind, .seed = seed};

    arena_init(&play.arena);
    map_init(&play.refused);
    rand_init_u64(&play.dice, seed);
    play.name = arena_printf(&play.arena, "x-%" PRIu64, seed);
    play.agent = (struct api_agent){.name = play.name, .key = {1, (uint8_t)seed}};
    owner_model_init(&play.model, &play.arena, play.kind, play.name);
    for (play.step = 0; play.step < STEPS && !play.is_deleting; play.step++) {
        take_step(&play);
        if (!play.is_deleting) {
            play_compare(&play);
            remember(&play);
        }
        tally.ended += play.is_deleting;
    }
    if (play.agent.link != 0) {
        api_link_down(play.api, play.agent.link);
    }
    for (size_t i = 0; i < PLAY_MOMENTS && i < play.moment_count; i++) {
        owner_model_fini(&play.moments[i].model);
    }
    owner_model_fini(&play.model);
    map_fini(&play.refused);
    arena_fini(&play.arena);
}

/* A run of sequences with one kind; each seed plays the same in any run. */
static void play_world(uint64_t first, uint64_t count)
{
    struct world world = {.kind = drawn_kinds[first / OF_ONE_WORLD % COUNT_OF(drawn_kinds)]};

    api_init(&world.api);
    world.api.user_agent = "tester/1.0";
    for (int i = 0; i < 4; i++) {
        (void)api_expect(&world.api, 201, "POST", POLICIES,
                         api_target(&world.api, "{'metadata': {'name': 'policy-%d'}}", i));
    }
    for (uint64_t seed = first; seed < first + count; seed++) {
        play_sequence(&world, seed);
    }
    tally.left_out += world.left_out;
    api_fini(&world.api);
}

static uint64_t number_of(const char *variable, uint64_t fallback)
{
    const char *text = getenv(variable);

    return text == NULL ? fallback : strtoull(text, NULL, 10);
}

#define COUNT(name) (unsigned long long)tally.name

static void nothing_differs_from_the_reference_model_through_the_api(void **state)
{
    uint64_t first = number_of("FOG_FIRST", 0), count = number_of("FOG_SEQUENCES", SEQUENCES);

    (void)state;
    for (uint64_t seed = first; seed < first + count;) {
        uint64_t room = OF_ONE_WORLD - seed % OF_ONE_WORLD, left = first + count - seed;

        play_world(seed, room < left ? room : left);
        seed += room < left ? room : left;
    }
    print_message(
        "# %llu sequences of %d steps: %llu applies (%llu conflicts, %llu by force), %llu "
        "replaces, %llu patches, %llu of scale, %llu of status, %llu sets, %llu dry "
        "runs\n",
        (unsigned long long)count, STEPS, COUNT(applies), COUNT(conflicts), COUNT(forced),
        COUNT(updates), COUNT(patches), COUNT(scales), COUNT(statuses), COUNT(sets),
        COUNT(dry_runs));
    print_message("# %llu releases, %llu deletes, %llu rollbacks, %llu folders, %llu hellos, %llu "
                  "restarts, %llu steps after which a lower source is refused something, %llu not "
                  "valid, %llu ended by a deletion\n",
                  COUNT(releases), COUNT(deletes), COUNT(rollbacks), COUNT(folders), COUNT(hellos),
                  COUNT(restarts), COUNT(left_out), COUNT(refused), COUNT(ended));
    /* Sequences in which nothing happens would agree, too. */
    assert_true(tally.conflicts > count / 8);
    assert_true(tally.forced > count / 2);
    assert_true(tally.left_out > count / 8);
    assert_true(tally.patches > count / 2);
    assert_true(tally.refused < count * STEPS / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_differs_from_the_reference_model_through_the_api),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
