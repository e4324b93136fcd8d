/* What operators do: each action is a request, or a few that follow from one another's answers. */
#include "schema/base/parse.h"
#include "schema/json.h"
#include "schema/kinds/assignment.h"
#include "tests/sim/check_rows.h"
#include "tests/sim/checks.h"
#include "tests/sim/manifests.h"
#include "tests/sim/person.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define JSON_TYPE       "application/json"
#define YAML_TYPE       "application/yaml"
#define MERGE_TYPE      "application/merge-patch+json"
#define APPLY_TYPE      "application/apply-patch+yaml"
#define JSON_PATCH_TYPE "application/json-patch+json"
#define CHANGESETS      "/apis/fog/v1/changesets"

enum { ROUNDS_MAX = 4, CHANGES_DRAWN_MAX = 3 };

static void ask(struct person *person, const char *method, const char *content_type,
                const char *format, ...) _printf_(4, 5);

static void ask(struct person *person, const char *method, const char *content_type,
                const char *format, ...)
{
    va_list args;

    person->draft.method = method;
    person->draft.content_type = content_type;
    va_start(args, format);
    (void)vsnprintf(person->draft.target, sizeof(person->draft.target), format, args);
    va_end(args);
}

static unsigned some_session(struct person *person)
{
    return (unsigned)die_below(&person->die, SESSION_NAMES);
}

static struct node *session_of(struct person *person, unsigned name)
{
    return manifest_session(&person->arena, &person->die, name, ++person->sim->operators->versions);
}

static struct node *policy_of(struct person *person)
{
    return manifest_policy(&person->arena, &person->die,
                           (unsigned)die_below(&person->die, POLICY_NAMES));
}

/* A body of either type. */
static const char *emit_body(struct person *person, const struct node *manifest)
{
    bool as_yaml = die_chance(&person->die, 400);

    manifest_emit(manifest, as_yaml, &person->draft.body);
    return as_yaml ? YAML_TYPE : JSON_TYPE;
}

/* --- change sets ------------------------------------------------------------------------------ */

static void open_set(struct person *person, bool is_forced)
{
    str_addf(&person->draft.body,
             "{\"kind\":\"ChangeSet\",\"apiVersion\":\"fog/v1\",\"spec\":{\"force\":%s,"
             "\"changes\":[",
             is_forced ? "true" : "false");
}

static void add_change(struct person *person, const char *verb, const struct node *object)
{
    struct str *to = &person->draft.body;

    str_addf(to, "%s{\"verb\":\"%s\",\"object\":", str_ends(to->data, "[") ? "" : ",", verb);
    json_emit(object, JSON_PLAIN, to);
    str_add(to, "}");
}

static void close_set(struct person *person)
{
    str_add(&person->draft.body, "]}}");
}

static void add_changes(struct person *person)
{
    struct die *die = &person->die;
    uint64_t count = 1 + die_below(die, CHANGES_DRAWN_MAX);
    unsigned first = some_session(person);

    if (die_chance(die, 400)) {
        add_change(person, "apply", policy_of(person));
    }
    for (uint64_t i = 0; i < count; i++) {
        unsigned name = (first + (unsigned)i) % SESSION_NAMES;
        struct str *to = &person->draft.body;

        if (die_chance(die, 100)) {
            str_addf(to, "%s{\"verb\":\"delete\",\"kind\":\"HarvestSession\",\"name\":\"s-%u\"}",
                     str_ends(to->data, "[") ? "" : ",", name);
            person->draft.may_miss = true;
            if (die_chance(die, 600)) { /* another under its name, in one step */
                add_change(person, "create", session_of(person, name));
                person->draft.may_conflict = true;
            }
        } else if (die_chance(die, 100)) {
            add_change(person, "replace", session_of(person, name));
            person->draft.may_miss = true;
        } else if (die_chance(die, 100)) {
            str_addf(
                to,
                "%s{\"verb\":\"patch\",\"object\":{\"apiVersion\":\"fog/v1\",\"kind\":"
                "\"HarvestSession\",\"metadata\":{\"name\":\"s-%u\"},\"spec\":{\"replicas\":%" PRIu64
                ",\"everyAgent\":null,\"tasks\":null}}}",
                str_ends(to->data, "[") ? "" : ",", name, die_below(die, 5));
            person->draft.may_miss = true;
        } else {
            add_change(person, "apply", session_of(person, name));
        }
    }
}

static void act_changeset(struct person *person)
{
    bool is_again = person->last.length > 0 && die_chance(&person->die, 200);
    bool is_dry = die_chance(&person->die, 100), is_forced = die_chance(&person->die, 700);

    person->draft.wish = is_dry ? WISH_TRIED : WISH_DONE;
    ask(person, "POST", JSON_TYPE, CHANGESETS "?fieldManager=%s%s", person->name,
        is_dry ? "&dryRun=All" : "");
    person->draft.is_merge = true;
    if (is_again) {
        str_add(&person->draft.body, person->last.data);
        person->draft.may_conflict = person->draft.may_miss = true;
        return;
    }
    person->draft.may_conflict = !is_forced;
    open_set(person, is_forced);
    add_changes(person);
    close_set(person);
    str_clear(&person->last);
    str_add(&person->last, person->draft.body.data);
}

/* --- rehearsed: a dry run, and then exactly what it showed -------------------------------------
 */

static bool is_same_result(const struct node *said, const struct node *done)
{
    static const char *const paths[] = {
        "object.spec", "object.metadata.labels", "object.metadata.annotations", "kind", "name",
        "result"};

    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        if (!node_eq(node_find_path(said, paths[i]), node_find_path(done, paths[i]))) {
            return false;
        }
    }
    return true;
}

static bool compare_rehearsal(struct person *person, int code, const struct node *root)
{
    const struct node *said = node_find_path(person->kept, "status.results");
    const struct node *done = node_find_path(root, "status.results");

    for (size_t i = 0; code == 200 && said != NULL && i < said->list.count; i++) {
        if (done == NULL || i >= done->list.count ||
            !is_same_result(said->list.items[i], done->list.items[i])) {
            sim_fail(person->sim, "predicted", "%s: change %zu came out otherwise than shown",
                     person->key, i);
        }
    }
    return false;
}

static bool carry_out(struct person *person, int code, const struct node *root)
{
    const char *revision = node_text(node_find_path(root, "status.revision"));

    if (code != 200 || revision == NULL) {
        return false;
    }
    person->kept = node_copy(&person->arena, root);
    ask(person, "POST", JSON_TYPE, CHANGESETS "?fieldManager=%s", person->name);
    str_addf(&person->draft.body,
             "{\"kind\":\"ChangeSet\",\"apiVersion\":\"fog/v1\",\"spec\":{\"revision\":\"%s\",%s",
             revision, person->text_kept);
    check_expect(person->sim, person->key, "", strtoull(revision, NULL, 10));
    person->draft.may_conflict = true;
    person->draft.follow = compare_rehearsal;
    return true;
}

static void act_rehearsed(struct person *person)
{
    static const char head[] = "{\"kind\":\"ChangeSet\",\"apiVersion\":\"fog/v1\",\"spec\":{";

    ask(person, "POST", JSON_TYPE, CHANGESETS "?fieldManager=%s&dryRun=All", person->name);
    open_set(person, true);
    add_changes(person);
    close_set(person);
    person->text_kept = arena_strdup(&person->arena, person->draft.body.data + strlen(head));
    person->draft.wish = WISH_TRIED;
    person->draft.is_merge = true;
    person->draft.follow = carry_out;
}

/* --- single objects --------------------------------------------------------------------------- */

static void act_apply(struct person *person)
{
    struct die *die = &person->die;
    unsigned name = some_session(person);
    bool is_forced = die_chance(die, 700);

    if (die_chance(die, 150)) {
        const struct node *policy = policy_of(person);

        ask(person, "PATCH", APPLY_TYPE, "/apis/fog/v1/harvestpolicies/%s?fieldManager=%s&force=%s",
            node_text(node_find_path(policy, "metadata.name")), person->name,
            is_forced ? "true" : "false");
        (void)emit_body(person, policy);
    } else {
        ask(person, "PATCH", APPLY_TYPE,
            "/apis/fog/v1/harvestsessions/s-%u?fieldManager=%s&force=%s", name, person->name,
            is_forced ? "true" : "false");
        (void)emit_body(person, session_of(person, name));
    }
    person->draft.may_conflict = !is_forced;
    person->draft.is_merge = true;
}

static void act_patch(struct person *person)
{
    struct die *die = &person->die;
    struct str *to = &person->draft.body;

    ask(person, "PATCH", MERGE_TYPE, "/apis/fog/v1/harvestsessions/s-%u?fieldManager=%s",
        some_session(person), person->name);
    person->draft.may_miss = person->draft.is_merge = true;
    switch (die_below(die, 6)) {
    case 0:
        str_addf(to, "{\"spec\":{\"replicas\":%" PRIu64 ",\"everyAgent\":null,\"tasks\":null}}",
                 die_below(die, 5));
        break;
    case 1:
        str_addf(to, "{\"spec\":{\"workload\":{\"environment\":{\"VERSION\":\"%u\"}}}}",
                 ++person->sim->operators->versions);
        break;
    case 2:
        str_addf(to, "{\"spec\":{\"rollout\":{\"pause\":%s}}}",
                 die_chance(die, 300) ? "true" : "false");
        break;
    case 3:
        str_addf(to, "{\"spec\":{\"exclusive\":%s}}", die_chance(die, 500) ? "true" : "false");
        break;
    case 4:
        str_addf(to, "{\"metadata\":{\"annotations\":{\"fog/note\":\"%" PRIu64 "\"}}}",
                 die_below(die, 3));
        break;
    case 5:
        str_add(to, die_chance(die, 500) ? "{\"spec\":{\"policy\":null}}"
                                         : "{\"spec\":{\"policy\":\"p-0\"}}");
        break;
    }
}

static void act_replace(struct person *person)
{
    unsigned name = some_session(person);

    ask(person, "PUT", NULL, "/apis/fog/v1/harvestsessions/s-%u?fieldManager=%s", name,
        person->name);
    person->draft.content_type = emit_body(person, session_of(person, name));
    person->draft.may_miss = true;
}

static void act_create(struct person *person)
{
    bool is_policy = die_chance(&person->die, 300);

    ask(person, "POST", NULL, "/apis/fog/v1/%s?fieldManager=%s",
        is_policy ? "harvestpolicies" : "harvestsessions", person->name);
    person->draft.content_type =
        emit_body(person, is_policy ? policy_of(person) : session_of(person, some_session(person)));
    person->draft.may_conflict = true;
}

/* What a config directory may speak of, too: overruled, deleted, given back. */
static void act_beside_folder(struct person *person)
{
    struct die *die = &person->die;
    unsigned name = (unsigned)die_below(die, 4);
    uint64_t what = die_below(die, 3);

    person->draft.may_miss = true;
    if (what == 0) {
        ask(person, "PATCH", MERGE_TYPE, "/apis/fog/v1/harvestpolicies/p-%u?fieldManager=%s", name,
            person->name);
        str_addf(&person->draft.body, "{\"spec\":{\"limits\":{\"pids\":%" PRIu64 "}}}",
                 300 + die_below(die, 50));
        person->draft.is_merge = true;
    } else if (what == 1) {
        ask(person, "DELETE", NULL, "/apis/fog/v1/harvestpolicies/p-%u?fieldManager=%s", name,
            person->name);
        person->draft.may_conflict = true; /* it is in use */
    } else {
        ask(person, "POST", JSON_TYPE, CHANGESETS "?fieldManager=%s", person->name);
        str_addf(&person->draft.body,
                 "{\"spec\":{\"changes\":[{\"verb\":\"release\",\"kind\":\"HarvestPolicy\","
                 "\"name\":\"p-%u\"}]}}",
                 name);
    }
}

/* To nothing, and back at once or later. */
static bool scale_back(struct person *person, int code, const struct node *root)
{
    (void)root;
    if (code != 200) {
        return false;
    }
    ask(person, "PATCH", JSON_PATCH_TYPE, "/apis/fog/v1/harvestsessions/%s?fieldManager=%s",
        person->name_kept, person->name);
    str_addf(&person->draft.body,
             "[{\"op\":\"add\",\"path\":\"/spec/replicas\",\"value\":%" PRIu64 "},"
             "{\"op\":\"add\",\"path\":\"/spec/everyAgent\",\"value\":null},"
             "{\"op\":\"add\",\"path\":\"/spec/tasks\",\"value\":null}]",
             1 + die_below(&person->die, 3));
    person->draft.may_miss = person->draft.is_merge = true;
    return true;
}

static void act_scale(struct person *person)
{
    (void)snprintf(person->name_kept, sizeof(person->name_kept), "s-%u", some_session(person));
    ask(person, "PATCH", MERGE_TYPE, "/apis/fog/v1/harvestsessions/%s?fieldManager=%s",
        person->name_kept, person->name);
    str_add(&person->draft.body, "{\"spec\":{\"replicas\":0,\"everyAgent\":null,\"tasks\":null}}");
    person->draft.may_miss = person->draft.is_merge = true;
    person->draft.follow = scale_back;
}

static void set_exclusive(struct person *person, bool is_exclusive)
{
    ask(person, "PATCH", MERGE_TYPE, "/apis/fog/v1/harvestsessions/%s?fieldManager=%s",
        person->name_kept, person->name);
    str_addf(&person->draft.body, "{\"spec\":{\"exclusive\":%s}}", is_exclusive ? "true" : "false");
    person->draft.may_miss = person->draft.is_merge = true;
}

static bool be_exclusive(struct person *person, int code, const struct node *root)
{
    (void)root;
    if (code != 200) {
        return false;
    }
    set_exclusive(person, true);
    return true;
}

/* With some replicas, in the same breath. */
static bool be_exclusive_again(struct person *person, int code, const struct node *root)
{
    (void)root;
    if (code != 200) {
        return false;
    }
    ask(person, "PATCH", MERGE_TYPE, "/apis/fog/v1/harvestsessions/%s?fieldManager=%s",
        person->name_kept, person->name);
    str_addf(&person->draft.body, "{\"spec\":{\"replicas\":%" PRIu64 ",\"exclusive\":true}}",
             1 + die_below(&person->die, 3));
    person->draft.may_miss = person->draft.is_merge = true;
    return true;
}

static bool be_none(struct person *person, int code, const struct node *root)
{
    (void)root;
    if (code != 200) {
        return false;
    }
    ask(person, "PATCH", MERGE_TYPE, "/apis/fog/v1/harvestsessions/%s?fieldManager=%s",
        person->name_kept, person->name);
    str_add(&person->draft.body, "{\"spec\":{\"replicas\":0,\"everyAgent\":null,\"tasks\":null}}");
    person->draft.may_miss = person->draft.is_merge = true;
    person->draft.follow = be_exclusive_again;
    return true;
}

/* What runs under a lease may run on, and for a moment nobody asks for leases. */
static void act_waver(struct person *person)
{
    (void)snprintf(person->name_kept, sizeof(person->name_kept), "s-%u", some_session(person));
    set_exclusive(person, false);
    person->draft.follow = die_chance(&person->die, 700) ? be_none : be_exclusive;
}

/* --- read, change, write -----------------------------------------------------------------------
 */

static bool read_again(struct person *person, int code, const struct node *root);

/* The whole object goes back, changed, and only onto the version that was read. */
static bool write_back(struct person *person, int code, const struct node *root)
{
    struct node *next, *labels;
    const char *revision;

    if (code != 200) {
        return false;
    }
    revision = node_text(node_find_path(root, "metadata.resourceVersion"));
    check_expect(person->sim, person->key, person->name_kept, strtoull(revision, NULL, 10));
    next = node_copy(&person->arena, root);
    labels = node_map(&person->arena);
    node_set(&person->arena, labels, "round",
             node_str(&person->arena, arena_printf(&person->arena, "%s", person->key)));
    node_set(&person->arena, node_find(next, "metadata"), "labels", labels);
    ask(person, "PUT", NULL, "/apis/fog/v1/harvestsessions/%s?fieldManager=%s", person->name_kept,
        person->name);
    person->draft.content_type = emit_body(person, next);
    person->draft.may_conflict = person->draft.may_miss = true;
    person->draft.follow = read_again;
    return true;
}

static void read_one(struct person *person)
{
    const struct seen *seen = person_seen(person, "harvestsessions", person->name_kept);

    ask(person, "GET", NULL, "/apis/fog/v1/harvestsessions/%s", person->name_kept);
    person->draft.wish = WISH_READ;
    person->draft.may_miss = true;
    person->draft.seen = seen == NULL ? 0 : seen->revision;
}

static bool read_again(struct person *person, int code, const struct node *root)
{
    (void)root;
    if (code != 409 || ++person->rounds >= ROUNDS_MAX) {
        return false;
    }
    read_one(person);
    person->draft.follow = write_back;
    return true;
}

static void act_read_and_write(struct person *person)
{
    (void)snprintf(person->name_kept, sizeof(person->name_kept), "s-%u", some_session(person));
    read_one(person);
    person->draft.follow = write_back;
}

/* --- taking away ------------------------------------------------------------------------------ */

static bool make_again(struct person *person, int code, const struct node *root)
{
    unsigned name = (unsigned)strtoul(person->name_kept + 2, NULL, 10);

    (void)root;
    if (code != 200) {
        return false;
    }
    ask(person, "POST", NULL, "/apis/fog/v1/harvestsessions?fieldManager=%s", person->name);
    person->draft.content_type = emit_body(person, session_of(person, name));
    person->draft.may_conflict = true;
    return true;
}

/* Only the one that was seen, as it was seen; both may have passed. */
static void add_preconditions(struct person *person, const struct seen *seen)
{
    struct str *to = &person->draft.body;
    uint64_t which = die_below(&person->die, 3);

    str_add(to, "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\",\"preconditions\":{");
    if (which != 0) {
        str_addf(to, "\"uid\":\"%s\"", seen->uid);
    }
    if (which != 1) {
        str_addf(to, "%s\"resourceVersion\":\"%" PRIu64 "\"", which == 2 ? "," : "",
                 seen->revision);
        check_expect(person->sim, person->key, person->name_kept, seen->revision);
    }
    str_add(to, "}}");
    person->draft.content_type = JSON_TYPE;
    person->draft.may_conflict = true;
}

static void delete_session(struct person *person)
{
    const struct seen *seen;

    (void)snprintf(person->name_kept, sizeof(person->name_kept), "s-%u", some_session(person));
    ask(person, "DELETE", NULL, "/apis/fog/v1/harvestsessions/%s", person->name_kept);
    seen = person_seen(person, "harvestsessions", person->name_kept);
    if (seen != NULL && die_chance(&person->die, 400)) {
        add_preconditions(person, seen);
    }
    if (die_chance(&person->die, 500)) {
        person->draft.follow = make_again;
    }
}

static void act_delete(struct person *person)
{
    struct die *die = &person->die;
    const char *assignment = checks_some_name(person->sim, &assignment_kind, die);

    person->draft.may_miss = true;
    switch (die_below(die, assignment == NULL ? 7 : 9)) {
    case 7:
    case 8:
        ask(person, "DELETE", NULL, "/apis/fog/v1/assignments/%s", assignment);
        break;
    case 0:
        ask(person, "DELETE", NULL, "/apis/fog/v1/harvestpolicies/p-%" PRIu64,
            die_below(die, POLICY_NAMES));
        person->draft.may_conflict = true; /* in use */
        break;
    case 1:
        ask(person, "DELETE", NULL, "/apis/fog/v1/agents/%s", die_chance(die, 500) ? "m-0" : "m-1");
        break;
    case 2:
        ask(person, "DELETE", NULL, "/apis/fog/v1/harvestsessions?labelSelector=tier%%3D%s",
            die_chance(die, 500) ? "gold" : "silver");
        break;
    default:
        delete_session(person);
        break;
    }
}

/* --- machines --------------------------------------------------------------------------------- */

static void act_agent(struct person *person)
{
    static const char *const tiers[] = {"\"gold\"", "\"silver\"", "null"};
    /* cordon, uncordon, drain */
    static const char *const specs[] = {"{\"unschedulable\":true}",
                                        "{\"unschedulable\":false,\"drain\":null}",
                                        "{\"unschedulable\":false,\"drain\":null}",
                                        "{\"unschedulable\":false,\"drain\":null}",
                                        "{\"unschedulable\":true,\"drain\":\"gently\"}",
                                        "{\"unschedulable\":true,\"drain\":\"forced\"}"};
    struct die *die = &person->die;
    unsigned name = (unsigned)die_below(die, person->sim->machine_count);

    if (die_chance(die, 300)) { /* declared, also before it is there */
        ask(person, "PATCH", APPLY_TYPE, "/apis/fog/v1/agents/m-%u?fieldManager=%s&force=true",
            name, person->name);
        (void)emit_body(person, manifest_agent(&person->arena, die, name));
        person->draft.is_merge = true;
        return;
    }
    ask(person, "PATCH", MERGE_TYPE, "/apis/fog/v1/agents/m-%u?fieldManager=%s", name,
        person->name);
    person->draft.may_miss = person->draft.is_merge = true;
    if (die_chance(die, 500)) {
        str_addf(&person->draft.body, "{\"spec\":%s}", specs[die_below(die, COUNT_OF(specs))]);
    } else {
        str_addf(&person->draft.body, "{\"metadata\":{\"labels\":{\"tier\":%s}}}",
                 tiers[die_below(die, COUNT_OF(tiers))]);
    }
}

/* --- going back ------------------------------------------------------------------------------- */

/* Of one object, of two kinds of things, or of what has a label. */
static void add_selection(struct person *person)
{
    struct die *die = &person->die;
    struct str *to = &person->draft.body;
    unsigned name = some_session(person);

    switch (die_below(die, 3)) {
    case 0:
        str_addf(to, "\"kind\":\"HarvestSession\",\"name\":\"s-%u\"}}", name);
        break;
    case 1:
        str_addf(to,
                 "\"objects\":[{\"kind\":\"HarvestSession\",\"name\":\"s-%u\"},"
                 "{\"kind\":\"HarvestSession\",\"name\":\"s-%u\"}%s]}}",
                 name, (name + 1) % SESSION_NAMES,
                 die_chance(die, 500) ? ",{\"kind\":\"HarvestPolicy\"}" : "");
        break;
    case 2:
        str_addf(to, "\"kind\":\"HarvestSession\",\"labelSelector\":\"tier=%s\",\"prune\":%s}}",
                 die_chance(die, 500) ? "gold" : "silver", die_chance(die, 300) ? "true" : "false");
        break;
    }
}

static void act_rollback(struct person *person)
{
    struct die *die = &person->die;
    struct operators *operators = person->sim->operators;
    uint64_t revision = operators->revisions.items[die_below(die, operators->revisions.count)];
    uint64_t what = die_below(die, 100);

    ask(person, "POST", JSON_TYPE, "/apis/fog/v1/rollbacks?fieldManager=%s", person->name);
    str_addf(&person->draft.body,
             "{\"kind\":\"Rollback\",\"apiVersion\":\"fog/v1\",\"spec\":{\"toRevision\":\"%" PRIu64
             "\",",
             revision);
    if (what < 20) {
        str_addf(&person->draft.body,
                 "\"kind\":\"HarvestSession\",\"name\":\"s-%u\",\"formOnly\":true}}",
                 some_session(person));
    } else if (what < 60) {
        add_selection(person);
    } else {
        str_addf(&person->draft.body, "\"prune\":%s}}", die_chance(die, 400) ? "true" : "false");
    }
    person->draft.back_to = revision;
    person->draft.may_conflict = person->draft.may_miss = person->draft.is_merge = true;
}

/* --- several who share an object ---------------------------------------------------------------
 */

/* A part of a session, as a program of its own sees to it. */
static void add_part(struct person *person)
{
    struct die *die = &person->die;
    struct str *to = &person->draft.body;

    switch (die_below(die, 4)) {
    case 0:
        str_addf(to, "\"spec\":{\"replicas\":%" PRIu64 "}}", die_below(die, 5));
        break;
    case 1:
        str_addf(to, "\"spec\":{\"rollout\":{\"maxUnavailable\":%" PRIu64 "}}}",
                 1 + die_below(die, 3));
        break;
    case 2:
        str_addf(to, "\"spec\":{\"workload\":{\"environment\":{\"SHARED\":\"%" PRIu64 "\"}}}}",
                 die_below(die, 3));
        break;
    case 3:
        str_add(to, "\"spec\":{}}"); /* what it said before it says no more */
        break;
    }
}

/* An apply of some fields, by one of several managers. */
static void act_share(struct person *person)
{
    static const char *const managers[] = {"scaler", "labeller", "ci"};
    static const char *const tiers[] = {"{\"tier\":\"gold\"}", "{\"tier\":\"silver\"}",
                                        "{\"team\":\"a\"}", "{}"};
    struct die *die = &person->die;
    struct str *to = &person->draft.body;
    const char *manager = managers[die_below(die, COUNT_OF(managers))];
    unsigned name = some_session(person);
    bool is_forced = die_chance(die, 400), is_policy = die_chance(die, 250);

    name %= is_policy ? POLICY_NAMES : SESSION_NAMES;
    ask(person, "PATCH", APPLY_TYPE, "/apis/fog/v1/%s-%u?fieldManager=%s&force=%s",
        is_policy ? "harvestpolicies/p" : "harvestsessions/s", name, manager,
        is_forced ? "true" : "false");
    str_addf(to, "{\"apiVersion\":\"fog/v1\",\"kind\":\"%s\",\"metadata\":{\"name\":\"%s-%u\"",
             is_policy ? "HarvestPolicy" : "HarvestSession", is_policy ? "p" : "s", name);
    if (die_chance(die, 400)) {
        str_addf(to, ",\"labels\":%s", tiers[die_below(die, COUNT_OF(tiers))]);
    }
    str_add(to, "},");
    if (is_policy) {
        str_addf(to, "\"spec\":{\"limits\":{\"pids\":%" PRIu64 "}}}", 300 + die_below(die, 3));
    } else {
        add_part(person);
    }
    person->draft.may_conflict = !is_forced;
    person->draft.is_merge = person->draft.is_part = true;
}

/* --- what must be refused --------------------------------------------------------------------- */

static const char *fresh_name(struct person *person)
{
    return arena_printf(&person->arena, "b-%u", ++person->sim->operators->fresh_names);
}

static void act_spoiled(struct person *person)
{
    const char *path, *kind;
    const struct node *spoiled =
        manifest_spoiled(&person->arena, &person->die, fresh_name(person), &path);

    person->draft.wish = WISH_REFUSED;
    person->draft.path = path;
    if (die_chance(&person->die, 400)) { /* with it goes what is good */
        ask(person, "POST", JSON_TYPE, CHANGESETS "?fieldManager=%s", person->name);
        person->draft.may_miss = person->draft.is_merge = true;
        open_set(person, true);
        add_changes(person);
        add_change(person, die_chance(&person->die, 500) ? "create" : "apply", spoiled);
        close_set(person);
        return;
    }
    kind = node_find_text(spoiled, "kind");
    ask(person, "POST", NULL, "/apis/fog/v1/%s?fieldManager=%s",
        str_eq(kind, "HarvestSession")  ? "harvestsessions"
        : str_eq(kind, "HarvestPolicy") ? "harvestpolicies"
                                        : "agents",
        person->name);
    person->draft.content_type = emit_body(person, spoiled);
}

/* A key of long ago: with the same request it is answered as then, with another it is refused. */
static void act_again(struct person *person)
{
    unsigned count =
        person->remembered_count < REMEMBERED_MAX ? person->remembered_count : REMEMBERED_MAX;
    size_t chosen = die_below(&person->die, count);
    const struct sent *it = person->remembered[chosen].sent;
    bool is_other = die_chance(&person->die, 300);
    const char *more = strchr(it->target, '?') == NULL ? "?" : "&";

    (void)snprintf(person->key, sizeof(person->key), "%s", it->key);
    ask(person, it->method, it->content_type, "%s%s", it->target,
        is_other && it->body_size_bytes == 0 ? more : "");
    str_add_bytes(&person->draft.body, it->body, it->body_size_bytes);
    str_add(&person->draft.body, is_other && it->body_size_bytes > 0 ? " " : "");
    person->draft.wish = is_other ? WISH_TAKEN : WISH_SAME;
    person->draft.code = person->remembered[chosen].code;
}

/* --- looking ---------------------------------------------------------------------------------- */

/* The newest revision that somebody was told of is still in history, or was gone with a restore. */
static void as_it_was(struct person *person)
{
    const struct operators *operators = person->sim->operators;
    uint64_t revision = operators->revisions.items[operators->revisions.count - 1];

    ask(person, "GET", NULL, "/apis/fog/v1/harvestpolicies?atRevision=%" PRIu64, revision);
    person->draft.wish = WISH_READ;
    person->draft.back_to = revision;
}

static void act_read(struct person *person)
{
    static const char *const paths[] = {"harvestsessions/s-0/why",
                                        "harvestsessions/s-1/history?limit=5",
                                        "harvestsessions?limit=2",
                                        "harvestsessions?labelSelector=tier+in+(gold,silver),!old",
                                        "assignments?fieldSelector=spec.agent%3Dm-0",
                                        "history?limit=3",
                                        "agents",
                                        "harvestpolicies"};
    uint64_t draw = die_below(&person->die, 2 * COUNT_OF(paths));

    if (draw > 1 && person->sim->operators->revisions.count % 2 == 1) {
        as_it_was(person);
        return;
    }
    if (draw >= COUNT_OF(paths)) {
        (void)snprintf(person->name_kept, sizeof(person->name_kept), "s-%u", some_session(person));
        read_one(person);
        return;
    }
    ask(person, "GET", NULL, "/apis/fog/v1/%s", paths[draw]);
    person->draft.wish = WISH_READ;
    person->draft.may_miss = true;
}

void act_choose(struct person *person)
{
    static const struct {
        unsigned share;
        void (*act)(struct person *);
    } acts[] = {{34, act_changeset},     {11, act_apply}, {11, act_patch},
                {6, act_replace},        {4, act_create}, {5, act_beside_folder},
                {8, act_delete},         {6, act_agent},  {4, act_spoiled},
                {4, act_scale},          {8, act_waver},  {3, act_rehearsed},
                {3, act_read_and_write}, {3, act_read},   {9, act_share}};
    uint64_t draw = die_below(&person->die, 128);

    for (size_t i = 0; i < COUNT_OF(acts); i++) {
        if (draw < acts[i].share) {
            acts[i].act(person);
            return;
        }
        draw -= acts[i].share;
    }
    if (draw < 3 && person->remembered_count > 0) {
        act_again(person);
    } else if (person->sim->operators->revisions.count > 0) {
        act_rollback(person);
    } else {
        act_changeset(person);
    }
}
