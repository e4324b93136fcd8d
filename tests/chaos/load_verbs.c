/* What operators do, drawn by chance: each verb builds one operation and has it performed.
 *
 * Names are few, so that operators get into each other's way.  Of a session the number decides what
 * it is for good: 0, 3, 6, … are exclusive, 1 runs on every agent, and of eight one ends by itself,
 * one ignores TERM and one ends late. */
#include "tests/chaos/load.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { WEIGHTS = 100 };

static const char session_kind[] = "HarvestSession", policy_kind[] = "HarvestPolicy";
static const char merge_patch[] = "application/merge-patch+json";
static const char apply_patch[] = "application/apply-patch+yaml";

struct target {
    const char *kind, *plural;
    char name[64];
    size_t number; /* among those of its kind */
    size_t index;  /* in operator.seen */
};

static struct target draw_target(struct operator* self)
{
    const struct load_options *options = self->options;
    uint64_t drawn = load_draw(self, (uint64_t)(options->sessions + options->policies));
    bool is_session = drawn < (uint64_t)options->sessions;
    struct target target = {
        .kind = is_session ? session_kind : policy_kind,
        .plural = is_session ? "harvestsessions" : "harvestpolicies",
        .number = is_session ? drawn : drawn - (uint64_t)options->sessions,
        .index = drawn,
    };

    (void)snprintf(target.name, sizeof(target.name), is_session ? "chaos-s-%zu" : "chaos-p-%zu",
                   target.number);
    return target;
}

static struct operation begin(struct operator* self, const char *verb, const char *method,
                              const struct target *target)
{
    struct operation operation = {.verb = verb, .method = method, .kind = target->kind};

    (void)snprintf(operation.id, sizeof(operation.id), "c%" PRId64 "-%d-%d-%" PRIu64,
                   self->options->seed, self->options->incarnation, self->index, self->next++);
    (void)snprintf(operation.name, sizeof(operation.name), "%s", target->name);
    (void)snprintf(operation.path, sizeof(operation.path), "/apis/fog/v1/%s/%s", target->plural,
                   target->name);
    return operation;
}

/* --- manifests ---------------------------------------------------------------------------------
 */

static json_t *new_command(struct operator* self, const struct target *target, const char *value)
{
    json_t *command = json_pack("[s, s, s, s, s]", self->options->work, "--runs",
                                self->options->runs, "--value", value);

    switch (target->number % 8) {
    case 4:
        (void)json_array_append_new(command, json_string("--for"));
        (void)json_array_append_new(command, json_string("3000"));
        break;
    case 5:
        (void)json_array_append_new(command, json_string("--ignore-term"));
        break;
    case 7:
        (void)json_array_append_new(command, json_string("--late"));
        (void)json_array_append_new(command, json_string("400"));
        break;
    }
    return command;
}

static json_t *new_session_spec(struct operator* self, const struct target *target,
                                const char *value)
{
    bool ends = target->number % 8 == 4;
    json_t *spec =
        json_pack("{s:{s:o, s:s, s:{s:s}}, s:s, s:s, s:s, s:I, s:{s:i}}", "workload", "command",
                  new_command(self, target, value), "restart", ends ? "onFailure" : "always",
                  "resources", "cores", "10m", "grace", "1s", "replaceAfter", "2s", "orphanAfter",
                  "1m", "retries", (json_int_t)(ends ? 5 : 0), "rollout", "maxUnavailable", 3);

    if (target->number % 3 == 0) {
        (void)json_object_set_new(spec, "exclusive", json_true());
        (void)json_object_set_new(spec, "leaseDuration", json_string("3s"));
    }
    if (target->number == 1) {
        (void)json_object_set_new(spec, "everyAgent", json_true());
    } else {
        json_int_t replicas = (json_int_t)load_draw(self, (uint64_t)self->options->agents + 1);

        (void)json_object_set_new(spec, "replicas", json_integer(replicas));
    }
    if (self->options->policies > 0 && load_draw(self, 3) == 0) {
        uint64_t policy = load_draw(self, (uint64_t)self->options->policies);

        (void)json_object_set_new(spec, "policy", json_sprintf("chaos-p-%" PRIu64, policy));
    }
    return spec;
}

static json_t *new_object(struct operator* self, const struct target *target, const char *value)
{
    json_t *spec = target->kind == session_kind
                       ? new_session_spec(self, target, value)
                       : json_pack("{s:{s:o}}", "session", "grace",
                                   json_sprintf("%ds", 1 + (int)load_draw(self, 30)));

    return json_pack("{s:s, s:s, s:{s:s, s:{s:s}, s:{s:s}}, s:o}", "apiVersion", "fog/v1", "kind",
                     target->kind, "metadata", "name", target->name, "labels", "chaos", "yes",
                     "annotations", "chaos/value", value, "spec", spec);
}

/* --- verbs -------------------------------------------------------------------------------------
 */

static void note_seen(struct operator* self, const struct target *target, const json_t *object)
{
    const char *revision =
        json_string_value(json_object_get(json_object_get(object, "metadata"), "resourceVersion"));

    if (revision != NULL && load_draw(self, 2) == 0) { /* old ones are worth going back to, too */
        (void)snprintf(self->seen[target->index], sizeof(self->seen[0]), "%s", revision);
    }
}

/* Performs a write of one object under its own key. */
static void write_one(struct operator* self, const struct target *target,
                      struct operation *operation)
{
    json_t *object;

    operation->key = operation->key == NULL ? operation->id : operation->key;
    load_perform(self, operation, &object);
    note_seen(self, target, object);
    json_decref(object);
}

static void do_apply(struct operator* self)
{
    struct target target = draw_target(self);
    struct operation operation = begin(self, "apply", "PATCH", &target);
    size_t length = strlen(operation.path);

    (void)snprintf(operation.path + length, sizeof(operation.path) - length,
                   "?fieldManager=%s&force=true", self->who);
    operation.type = apply_patch;
    operation.body = new_object(self, &target, operation.id);
    write_one(self, &target, &operation);
}

static void do_create(struct operator* self)
{
    struct target target = draw_target(self);
    struct operation operation = begin(self, "create", "POST", &target);

    (void)snprintf(operation.path, sizeof(operation.path), "/apis/fog/v1/%s", target.plural);
    operation.body = new_object(self, &target, operation.id);
    write_one(self, &target, &operation);
}

static json_t *new_patch(struct operator* self, const struct target *target, const char *value)
{
    json_t *patch = json_pack("{s:{s:{s:s}}}", "metadata", "annotations", "chaos/value", value);
    json_int_t replicas = (json_int_t)load_draw(self, (uint64_t)self->options->agents + 1);

    if (target->kind == session_kind && target->number != 1 && load_draw(self, 2) == 0) {
        (void)json_object_set_new(patch, "spec",
                                  json_pack("{s:I}", "replicas", (json_int_t)replicas));
    }
    return patch;
}

static void do_patch(struct operator* self)
{
    struct target target = draw_target(self);
    struct operation operation = begin(self, "patch", "PATCH", &target);

    operation.type = merge_patch;
    operation.body = new_patch(self, &target, operation.id);
    write_one(self, &target, &operation);
}

static void do_delete(struct operator* self)
{
    struct target target = draw_target(self);
    struct operation operation = begin(self, "delete", "DELETE", &target);

    write_one(self, &target, &operation);
}

static void do_get(struct operator* self)
{
    struct target target = draw_target(self);
    struct operation operation = begin(self, "get", "GET", &target);
    json_t *object;

    operation.is_read = true;
    load_perform(self, &operation, &object);
    note_seen(self, &target, object);
    json_decref(object);
}

/* Reads, changes what was read, writes it back: refused when somebody else was faster. */
static void do_replace(struct operator* self)
{
    struct target target = draw_target(self);
    struct operation get = begin(self, "get", "GET", &target), put;
    json_t *object, *metadata, *annotations;

    get.is_read = true;
    load_perform(self, &get, &object);
    metadata = json_object_get(object, "metadata");
    if (metadata == NULL) {
        json_decref(object);
        return;
    }
    put = begin(self, "replace", "PUT", &target);
    annotations = json_object_get(metadata, "annotations");
    if (annotations == NULL) {
        annotations = json_object();
        (void)json_object_set_new(metadata, "annotations", annotations);
    }
    (void)json_object_set_new(annotations, "chaos/value", json_string(put.id));
    put.facts = json_pack("{s:O}", "ifRevision", json_object_get(metadata, "resourceVersion"));
    put.body = object;
    write_one(self, &target, &put);
}

static void do_list(struct operator* self)
{
    struct target target = draw_target(self);
    struct operation operation = begin(self, "list", "GET", &target);
    json_t *answer;

    operation.name[0] = '\0';
    operation.is_read = true;
    (void)snprintf(operation.path, sizeof(operation.path),
                   "/apis/fog/v1/%s?labelSelector=chaos%%3Dyes", target.plural);
    load_perform(self, &operation, &answer);
    json_decref(answer);
}

static void do_dry_run(struct operator* self)
{
    struct target target = draw_target(self);
    struct operation operation = begin(self, "dry-run", "PATCH", &target);
    size_t length = strlen(operation.path);

    (void)snprintf(operation.path + length, sizeof(operation.path) - length,
                   "?fieldManager=%s&force=true&dryRun=All", self->who);
    operation.type = apply_patch;
    operation.body = new_object(self, &target, operation.id);
    operation.key = "dry-run"; /* of all: it is not used up */
    write_one(self, &target, &operation);
}

/* Another request under a key that was used: refused, whatever became of the first. */
static void do_reuse(struct operator* self)
{
    struct target target = draw_target(self);
    struct operation first = begin(self, "patch", "PATCH", &target);
    struct operation second = begin(self, "reuse", "PATCH", &target);

    first.type = second.type = merge_patch;
    first.body = new_patch(self, &target, first.id);
    second.body = new_patch(self, &target, second.id);
    second.key = first.id;
    write_one(self, &target, &first);
    write_one(self, &target, &second);
}

static json_t *new_change(struct operator* self, const struct target *target, const char *value)
{
    if (load_draw(self, 4) == 0) {
        return json_pack("{s:s, s:s, s:s}", "verb", "delete", "kind", target->kind, "name",
                         target->name);
    }
    return json_pack("{s:s, s:o}", "verb", "apply", "object", new_object(self, target, value));
}

/* Two or three objects, all or nothing. */
static void do_changeset(struct operator* self)
{
    struct target targets[3];
    struct operation operation;
    size_t count = 2 + (size_t)load_draw(self, 2), drawn = 0;
    json_t *changes = json_array(), *objects = json_array();

    for (size_t tries = 0; drawn < count && tries < 50; tries++) {
        bool is_new = true;

        targets[drawn] = draw_target(self);
        for (size_t i = 0; i < drawn; i++) {
            is_new = is_new && targets[i].index != targets[drawn].index;
        }
        drawn += is_new;
    }
    operation = begin(self, "changeset", "POST", &targets[0]);
    for (size_t i = 0; i < drawn; i++) {
        (void)json_array_append_new(changes, new_change(self, &targets[i], operation.id));
        (void)json_array_append_new(
            objects, json_pack("{s:s, s:s}", "kind", targets[i].kind, "name", targets[i].name));
    }
    operation.facts = json_pack("{s:o}", "objects", objects);
    (void)snprintf(operation.path, sizeof(operation.path),
                   "/apis/fog/v1/changesets?fieldManager=%s", self->who);
    operation.body = json_pack("{s:s, s:s, s:{s:b, s:o}}", "kind", "ChangeSet", "apiVersion",
                               "fog/v1", "spec", "force", 1, "changes", changes);
    write_one(self, &targets[0], &operation);
}

static void do_rollback(struct operator* self)
{
    struct target target = draw_target(self);
    struct operation operation;
    const char *revision = self->seen[target.index];

    if (revision[0] == '\0') {
        do_get(self);
        return;
    }
    operation = begin(self, "rollback", "POST", &target);
    (void)snprintf(operation.path, sizeof(operation.path), "/apis/fog/v1/rollbacks");
    operation.facts = json_pack("{s:s}", "toRevision", revision);
    operation.body = json_pack("{s:{s:s, s:s, s:s}}", "spec", "toRevision", revision, "kind",
                               target.kind, "name", target.name);
    write_one(self, &target, &operation);
}

/* Weights add up to WEIGHTS. */
static const struct {
    void (*act)(struct operator* self);
    unsigned weight;
} verbs[] = {
    {do_apply, 22},  {do_patch, 14},    {do_create, 6},   {do_delete, 5},
    {do_replace, 8}, {do_get, 12},      {do_list, 8},     {do_dry_run, 2},
    {do_reuse, 3},   {do_changeset, 8}, {do_rollback, 6}, {load_repeat_kept, 6},
};

void load_do_something(struct operator* self)
{
    uint64_t drawn = load_draw(self, WEIGHTS);

    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (drawn < verbs[i].weight) {
            verbs[i].act(self);
            return;
        }
        drawn -= verbs[i].weight;
    }
}
