#include "tests/sim/reference.h"

#include "schema/base/parse.h"
#include "schema/json.h"
#include "schema/kinds/assignment.h"
#include "schema/kinds/harvest_session.h"
#include "tests/sim/check_owners.h"
#include "tests/sim/check_quorum.h"
#include "tests/sim/sim.h"

#include <stdlib.h>

struct reference *reference_new(void)
{
    struct reference *reference = MEM_NEW(struct reference);

    arena_init(&reference->arena);
    map_init(&reference->objects);
    map_init(&reference->assignments);
    map_init(&reference->templates);
    map_init(&reference->expectations);
    map_init(&reference->owned);
    return reference;
}

static void object_free(struct ref_object *object)
{
    if (object != NULL) {
        arena_fini(&object->ledger_arena);
        arena_fini(&object->status_arena);
        free(object->name);
        free(object->uid);
        free(object);
    }
}

void reference_free(struct reference *reference)
{
    map_each (&reference->objects, it) {
        object_free(it->value);
    }
    map_each (&reference->assignments, it) {
        struct ref_assignment *assignment = it->value;

        vec_fini(assignment);
        free(assignment);
    }
    map_fini(&reference->objects);
    map_fini(&reference->assignments);
    map_fini(&reference->templates);
    map_fini(&reference->expectations);
    map_fini(&reference->owned);
    vec_fini(&reference->sessions);
    vec_fini(&reference->batches);
    vec_each (&reference->taken, row) {
        free(row->name);
        free(row->uid);
        blob_unref(row->body);
    }
    vec_fini(&reference->taken);
    arena_fini(&reference->arena);
    free(reference);
}

static void copy_artifacts(struct arena *arena, struct ref_template *template)
{
    const char **copies = arena_array(arena, template->artifact_count, sizeof(copies[0]));

    for (size_t i = 0; i < template->artifact_count; i++) {
        copies[i] = arena_strdup(arena, template->artifacts[i]);
    }
    template->artifacts = copies;
}

void reference_reset(struct sim *sim, uint64_t upto)
{
    struct reference *before = sim->reference;

    sim->reference = reference_new();
    map_each (&before->templates, it) { /* a digest means the same for ever */
        struct ref_template *template = ARENA_NEW(&sim->reference->arena, struct ref_template);

        *template = *(const struct ref_template *)it->value;
        template->made_of = arena_strdup(&sim->reference->arena, template->made_of);
        template->outputs = arena_strdup(&sim->reference->arena, template->outputs);
        copy_artifacts(&sim->reference->arena, template);
        (void)map_put(&sim->reference->templates, it->key, template);
    }
    vec_each (&before->taken, row) {
        if (row->revision <= upto) {
            reference_take(sim->reference, row);
            check_quorum_hears(sim, row->kind, row->name);
        }
    }
    reference_free(before);
}

/* --- words ------------------------------------------------------------------------------------ */

const char *ref_text(const struct node *root, const char *path)
{
    const char *text = node_text(node_find_path(root, path));

    return text == NULL ? "" : text;
}

bool ref_flag(const struct node *root, const char *path)
{
    const struct node *node = node_find_path(root, path);

    return node != NULL && node->type == NODE_BOOL && node->boolean;
}

int64_t ref_int(const struct node *root, const char *path, int64_t fallback)
{
    const struct node *node = node_find_path(root, path);

    return node != NULL && node->type == NODE_INT ? node->integer : fallback;
}

static void read_amount(const struct node *node, bool is_cores, int64_t *ret_amount)
{
    if (node != NULL && node->type == NODE_INT) {
        *ret_amount = node->integer * (is_cores ? 1000 : 1);
    } else if (node != NULL && node->type == NODE_STR) {
        (void)(is_cores ? cores_from_str(node_text(node), ret_amount)
                        : quantity_from_str(node_text(node), ret_amount));
    }
}

void ref_resources(const struct node *resources, struct needs *ret_needs)
{
    *ret_needs = (struct needs){{0}};
    read_amount(node_find(resources, "cores"), true, &ret_needs->of[NEED_CORES]);
    read_amount(node_find(resources, "memory"), false, &ret_needs->of[NEED_MEMORY]);
    read_amount(node_find(resources, "disk"), false, &ret_needs->of[NEED_DISK]);
}

struct node *ref_parse(struct arena *arena, const struct blob *blob)
{
    struct problems problems;
    struct node *root = NULL;

    problems_init(&problems, arena, NULL);
    if (blob != NULL) {
        (void)json_parse(arena, blob->data, blob->size_bytes, JSON_PLAIN, &problems, &root);
    }
    return root;
}

/* --- taking rows ------------------------------------------------------------------------------ */

static const char *key_of(char key[static 320], const char *kind, const char *name)
{
    (void)snprintf(key, 320, "%s/%s", kind, name);
    return key;
}

static struct ref_object *object_at(struct reference *reference, const struct row *row)
{
    char key[320];
    struct ref_object *object =
        map_find(&reference->objects, key_of(key, row->kind->name, row->name));

    if (object == NULL) {
        object = MEM_NEW(struct ref_object);
        arena_init(&object->ledger_arena);
        arena_init(&object->status_arena);
        object->kind = row->kind;
        object->name = mem_strdup(row->name);
        object->uid = mem_strdup(row->uid);
        (void)map_put(&reference->objects, key, object);
    }
    return object;
}

static bool is_wanted(const struct node *ledger)
{
    return ref_text(ledger, "metadata.deletionTimestamp")[0] == '\0' &&
           node_find(node_find_path(ledger, "metadata.annotations"), "fog/given-up") == NULL;
}

/* A new version only when what its agent is told is another one. */
static void add_version(struct reference *reference, const struct row *row,
                        const struct node *ledger)
{
    struct ref_assignment *all = map_find(&reference->assignments, row->uid);
    struct arena *arena = &reference->arena;
    struct ref_version version = {.revision = row->revision, .generation = row->generation};

    if (all == NULL) {
        all = MEM_NEW(struct ref_assignment);
        (void)map_put(&reference->assignments, row->uid, all);
    }
    if (row->verb == ROW_DELETE && all->count > 0) {
        version = all->items[all->count - 1];
        version.revision = row->revision;
        version.is_wanted = false;
    } else if (row->verb != ROW_DELETE) {
        version.is_wanted = is_wanted(ledger);
        version.lease_epoch = ref_int(ledger, "spec.leaseEpoch", 0);
        version.agent = arena_strdup(arena, ref_text(ledger, "spec.agent"));
        version.session = arena_strdup(arena, ref_text(ledger, "spec.session"));
        version.slot = arena_strdup(arena, ref_text(ledger, "spec.slot"));
        version.template = arena_strdup(arena, ref_text(ledger, "spec.template"));
    }
    vec_add(all, version);
}

static void take_ledger(struct reference *reference, const struct row *row)
{
    struct ref_object *object;
    char key[320];

    reference->desired = row->revision;
    if (row->kind == &harvest_session_kind) {
        vec_add(&reference->sessions, row->revision);
    }
    if (row->verb == ROW_DELETE) {
        if (row->kind == &assignment_kind) {
            add_version(reference, row, NULL);
        }
        object_free(map_remove(&reference->objects, key_of(key, row->kind->name, row->name)));
        return;
    }
    object = object_at(reference, row);
    object->revision = row->revision;
    object->generation = row->generation;
    arena_reset(&object->ledger_arena);
    object->ledger = ref_parse(&object->ledger_arena, row->body);
    check_owners_learn(reference, row, object->ledger);
    if (row->kind == &assignment_kind) {
        add_version(reference, row, object->ledger);
    }
}

static void take_status(struct reference *reference, const struct row *row)
{
    struct ref_object *object;
    struct node *root;

    if (row->kind->is_event) {
        return;
    }
    object = object_at(reference, row);
    object->revision = row->revision;
    arena_reset(&object->status_arena);
    root = ref_parse(&object->status_arena, row->body);
    object->status = node_find(root, "status") != NULL ? node_find(root, "status") : root;
}

static struct row copy_of(const struct row *row)
{
    return (struct row){.log = row->log,
                        .verb = row->verb,
                        .kind = row->kind,
                        .name = mem_strdup(row->name),
                        .uid = mem_strdup(row->uid),
                        .revision = row->revision,
                        .generation = row->generation,
                        .body = row->body == NULL ? NULL : blob_ref(row->body)};
}

void reference_take(struct reference *reference, const struct row *row)
{
    if (row->revision <= reference->revision) {
        return;
    }
    reference->revision = row->revision;
    vec_add(&reference->taken, copy_of(row));
    if (row->log == ROW_LEDGER) {
        take_ledger(reference, row);
    } else {
        take_status(reference, row);
    }
}

struct row reference_row_of(const struct stored_change *change)
{
    return (struct row){.log = change->log,
                        .verb = change->verb,
                        .kind = change->kind,
                        .name = (char *)change->name,
                        .uid = (char *)change->uid,
                        .revision = change->revision,
                        .generation = change->generation,
                        .body = change->log == ROW_LEDGER ? change->body : change->status};
}

void reference_take_stored(struct reference *reference, const struct stored_change *change)
{
    struct row row = reference_row_of(change);

    reference_take(reference, &row);
}

static const char *outputs_of(struct arena *arena, const struct node *template)
{
    const struct node *outputs = node_find_path(template, "workload.outputs");
    const char *text = "\n";

    for (size_t i = 0; outputs != NULL && i < outputs->list.count; i++) {
        text = arena_printf(arena, "%s%s\n", text, ref_text(outputs->list.items[i], "path"));
    }
    return text;
}

static void take_artifacts(struct arena *arena, const struct node *list,
                           struct ref_template *template)
{
    template->artifact_count = list == NULL ? 0 : list->list.count;
    template->artifacts =
        arena_array(arena, template->artifact_count, sizeof(template->artifacts[0]));
    for (size_t i = 0; i < template->artifact_count; i++) {
        template->artifacts[i] = arena_strdup(arena, ref_text(list->list.items[i], "digest"));
    }
}

void reference_take_contents(struct reference *reference, const struct batch *batch)
{
    vec_each (&batch->contents, it) {
        char digest[DIGEST_TEXT_SIZE];
        struct ref_template *template = ARENA_NEW(&reference->arena, struct ref_template);
        struct node *root, *limits;
        struct arena arena;
        struct str text = STR_EMPTY;

        arena_init(&arena);
        digest_to_str(&it->digest, digest);
        root = ref_parse(&arena, it->body);
        ref_resources(node_find_path(root, "workload.resources"), &template->needs);
        (void)duration_from_str(ref_text(root, "leaseDuration"), &template->lease_ms);
        template->is_task = ref_int(root, "taskCount", 0) > 0;
        template->outputs = outputs_of(&reference->arena, root);
        take_artifacts(&reference->arena, node_find_path(root, "workload.artifacts"), template);
        template->has_policy = node_remove(root, "policy");
        (void)node_remove(root, "drift");
        limits = node_find(root, "limits");
        if (limits != NULL) {
            (void)node_remove(limits, "cpuPercent");
        }
        json_emit(root, JSON_SORTED, &text);
        template->made_of = arena_strdup(&reference->arena, text.data);
        (void)map_put(&reference->templates, digest, template);
        str_fini(&text);
        arena_fini(&arena);
    }
}

/* --- asking ----------------------------------------------------------------------------------- */

const struct ref_object *reference_find(const struct reference *reference, const char *kind,
                                        const char *name)
{
    char key[320];

    return map_find(&reference->objects, key_of(key, kind, name));
}

const struct ref_version *reference_version(const struct reference *reference, const char *uid,
                                            uint64_t revision)
{
    const struct ref_assignment *all = map_find(&reference->assignments, uid);

    for (size_t i = all == NULL ? 0 : all->count; i-- > 0;) {
        if (all->items[i].revision <= revision) {
            return &all->items[i];
        }
    }
    return NULL;
}

bool reference_has_session_row(const struct reference *reference, uint64_t after, uint64_t before)
{
    for (size_t i = reference->sessions.count; i-- > 0;) {
        if (reference->sessions.items[i] < before) {
            return reference->sessions.items[i] > after;
        }
    }
    return false;
}

uint64_t reference_batch_end(const struct reference *reference, uint64_t revision)
{
    uint64_t end = 0;

    for (size_t i = reference->batches.count; i-- > 0;) {
        if (reference->batches.items[i] < revision) {
            break;
        }
        end = reference->batches.items[i];
    }
    return end;
}

bool ref_needs(const struct reference *reference, const char *template, struct needs *ret_needs)
{
    const struct ref_template *known = map_find(&reference->templates, template);

    *ret_needs = known == NULL ? (struct needs){{0}} : known->needs;
    return known != NULL;
}

bool ref_is_task(const struct reference *reference, const char *template)
{
    const struct ref_template *known = map_find(&reference->templates, template);

    return known != NULL && known->is_task;
}

bool ref_declares(const struct reference *reference, const char *template, const char *output)
{
    const struct ref_template *known = map_find(&reference->templates, template);
    _cleanup_(str_fini)
    struct str line = STR_EMPTY;

    str_addf(&line, "\n%s\n", output);
    return known != NULL && strstr(known->outputs, line.data) != NULL;
}

int64_t ref_lease_ms(const struct reference *reference, const char *template)
{
    const struct ref_template *known = map_find(&reference->templates, template);

    return known == NULL ? 0 : known->lease_ms;
}

bool ref_is_same_run(const struct reference *reference, const char *template, const char *other)
{
    const struct ref_template *one = map_find(&reference->templates, template);
    const struct ref_template *two = map_find(&reference->templates, other);

    return str_eq(template, other) ||
           (one != NULL && two != NULL && str_eq(one->made_of, two->made_of));
}

bool ref_is_update(const struct reference *reference, const char *template, const char *other)
{
    const struct ref_template *one = map_find(&reference->templates, template);

    return one != NULL && one->has_policy && ref_is_same_run(reference, template, other);
}
