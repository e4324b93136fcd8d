#include "tests/sim/check_owners.h"

#include "schema/base/vec.h"
#include "schema/bind.h"
#include "schema/emit.h"
#include "schema/json.h"
#include "schema/yaml.h"
#include "tests/sim/operators.h"
#include "tests/sim/reference.h"

#include <stdio.h>
#include <string.h>

/* --- leaves of fieldsV1 ----------------------------------------------------------------------- */

struct leaf {         /* a field that an entry owns, and its value in two documents */
    const char *path; /* "spec\nlimits\npids" */
    const struct node *fields, *before, *now;
};

struct leaves {
    VEC_OF(struct leaf);
};

/* Fields alone; what is in lists is left out. */
static void list_leaves(struct arena *arena, const struct node *entry, const struct node *before,
                        const struct node *now, struct leaves *to)
{
    struct leaves open = {0};

    vec_add(&open, ((struct leaf){"", node_find(entry, "fieldsV1"), before, now}));
    while (open.count > 0) {
        struct leaf at = open.items[--open.count];

        for (size_t i = 0; at.fields != NULL && i < at.fields->map.count; i++) {
            const struct node_member *member = &at.fields->map.members[i];
            struct leaf next = {NULL, member->value, NULL, NULL};

            if (!str_starts(member->key, "f:")) {
                continue;
            }
            next.path = arena_printf(arena, "%s%s%s", at.path, at.path[0] == '\0' ? "" : "\n",
                                     member->key + 2);
            next.before = node_find(at.before, member->key + 2);
            next.now = node_find(at.now, member->key + 2);
            if (next.fields->map.count > 0) {
                vec_add(&open, next);
            } else {
                vec_add(to, next);
            }
        }
    }
    vec_fini(&open);
}

/* The member of a tree, or of fieldsV1 (`tag` "f:"), that a path leads to. */
static const struct node *follow(const struct node *root, const char *path, const char *tag)
{
    while (root != NULL && *path != '\0') {
        char key[600];
        size_t length = strcspn(path, "\n");

        (void)snprintf(key, sizeof(key), "%s%.*s", tag, (int)length, path);
        root = node_find(root, key);
        path += length + (path[length] == '\n' ? 1 : 0);
    }
    return root;
}

static const struct node *entries_of(const struct node *object)
{
    return node_find_path(object, "metadata.managedFields");
}

static size_t count_of(const struct node *list)
{
    return list == NULL || list->type != NODE_LIST ? 0 : list->list.count;
}

static bool owns(const struct node *entry, const char *path)
{
    return follow(node_find(entry, "fieldsV1"), path, "f:") != NULL;
}

static bool is_apply(const struct node *entry)
{
    return str_eq(node_find_text(entry, "operation"), "Apply");
}

static bool is_by(const struct node *entry, const char *manager)
{
    return str_eq(node_find_text(entry, "manager"), manager) &&
           node_find_text(entry, "source") == NULL;
}

static const struct node *same_entry(const struct node *object, const struct node *entry)
{
    static const char *const keys[] = {"manager", "operation", "source", "subresource"};
    const struct node *list = entries_of(object);

    for (size_t i = 0; i < count_of(list); i++) {
        bool is_same = true;

        for (size_t k = 0; k < COUNT_OF(keys); k++) {
            is_same = is_same && str_eq(node_find_text(list->list.items[i], keys[k]),
                                        node_find_text(entry, keys[k]));
        }
        if (is_same) {
            return list->list.items[i];
        }
    }
    return NULL;
}

/* Does an entry of the manager own it; with `other`: one of somebody else, or of another kind than
 * an apply of his? */
static bool has_owner(const struct node *object, const char *manager, const char *path, bool other)
{
    const struct node *list = entries_of(object);

    for (size_t i = 0; i < count_of(list); i++) {
        const struct node *entry = list->list.items[i];
        bool is_his = is_by(entry, manager) && (!other || is_apply(entry));

        if (is_his != other && owns(entry, path)) {
            return true;
        }
    }
    return false;
}

/* An empty container is none: what others put into it is theirs. */
static bool is_value(const struct node *node)
{
    return node != NULL && node->type != NODE_MAP && node->type != NODE_NULL &&
           (node->type != NODE_LIST || node->list.count > 0);
}

/* --- what was asked --------------------------------------------------------------------------- */

enum asked_type { ASKED_ELSE, ASKED_APPLY, ASKED_UPDATE, ASKED_BACK };

struct asked {
    enum asked_type type;
    bool is_forced;
    const struct node *body; /* of a rollback; the object of an apply */
};

static struct node *parse_body(struct arena *arena, const struct sent *sent)
{
    struct problems problems;
    struct documents documents = {0};
    struct node *root = NULL;

    problems_init(&problems, arena, NULL);
    if (json_parse(arena, sent->body, sent->body_size_bytes, JSON_PLAIN, &problems, &root) == 0) {
        return root;
    }
    problems_init(&problems, arena, NULL);
    (void)yaml_parse(arena, sent->body, sent->body_size_bytes, &problems, &documents);
    return documents.count > 0 ? documents.items[0] : NULL;
}

/* The only change of a set that is about the object; nothing, when there are several. */
static struct asked asked_of_set(const struct node *root, const struct row *row)
{
    struct asked asked = {.body = NULL};
    const struct node *changes = node_find_path(root, "spec.changes");
    size_t count = 0;

    asked.is_forced = ref_flag(root, "spec.force");
    for (size_t i = 0; i < count_of(changes); i++) {
        const struct node *change = changes->list.items[i], *object = node_find(change, "object");
        const char *verb = node_find_text(change, "verb");
        const char *kind = node_find_text(object == NULL ? change : object, "kind");
        const char *name =
            object == NULL ? node_find_text(change, "name") : ref_text(object, "metadata.name");

        if (!str_eq(kind, row->kind->name) || !str_eq(name, row->name)) {
            continue;
        }
        asked.type = ++count > 1                                         ? ASKED_ELSE
                     : str_eq(verb, "apply")                             ? ASKED_APPLY
                     : str_eq(verb, "release") || str_eq(verb, "delete") ? ASKED_ELSE
                                                                         : ASKED_UPDATE;
    }
    return asked;
}

static struct asked asked_for(const struct sim *sim, struct arena *arena, const struct row *row)
{
    const struct sent *sent = operators_sent(sim, row->why);
    struct asked asked = {.type = ASKED_ELSE};

    if (sent == NULL) {
        return asked;
    }
    if (strstr(sent->target, "/rollbacks") != NULL) {
        return (struct asked){ASKED_BACK, false, parse_body(arena, sent)};
    }
    if (strstr(sent->target, "/changesets") != NULL) {
        return asked_of_set(parse_body(arena, sent), row);
    }
    if (strstr(sent->target, row->kind->plural) == NULL || str_eq(sent->method, "DELETE")) {
        return asked;
    }
    asked.type =
        str_starts(sent->content_type, "application/apply-patch") ? ASKED_APPLY : ASKED_UPDATE;
    asked.is_forced = strstr(sent->target, "force=true") != NULL;
    return asked;
}

/* --- rows ------------------------------------------------------------------------------------- */

struct written {
    struct sim *sim;
    struct arena arena;
    const struct row *row;
    const struct node *before, *now;
    struct asked asked;
};

static void refuse(const struct written *at, const char *check, const char *manager,
                   const char *path, const char *words)
{
    char text[300];

    (void)snprintf(text, sizeof(text), "%s", path);
    for (char *c = text; *c != '\0'; c++) {
        *c = *c == '\n' ? '.' : *c;
    }
    sim_fail(at->sim, check, "revision %llu (%s): %s writes %s/%s: .%s of %s %s",
             (unsigned long long)at->row->revision, at->row->why, at->row->manager,
             at->row->kind->singular, at->row->name, text, manager, words);
}

static const struct field *field_of(const struct kind *kind, const char *path)
{
    const struct shape *shape = kind->shape;
    const struct field *field = NULL;

    while (shape != NULL && *path != '\0') {
        char name[300];
        size_t length = strcspn(path, "\n");

        (void)snprintf(name, sizeof(name), "%.*s", (int)length, path);
        field = shape_find(shape, name);
        shape = field != NULL && field->type == FIELD_STRUCT ? field->shape : NULL;
        path += length + (path[length] == '\n' ? 1 : 0);
    }
    return *path == '\0' ? field : NULL;
}

static bool has_default(const struct kind *kind, const char *path)
{
    const struct field *field = field_of(kind, path);

    return field != NULL && field->fallback != NULL;
}

/* Whoever said that it is empty owns it still when others put something in. */
static bool is_shared(const struct kind *kind, const struct leaf *leaf)
{
    const struct field *field = field_of(kind, leaf->path);
    const struct node *value = leaf->now != NULL ? leaf->now : leaf->before;

    return value != NULL && value->type == NODE_LIST &&
           (field == NULL || field->map_key != NULL || (field->flags & FIELD_SET) != 0);
}

/* What an entry of before says of its fields. */
static void check_entry_before(struct written *at, const struct node *entry)
{
    const char *manager = node_find_text(entry, "manager");
    bool is_his = is_by(entry, at->row->manager), is_api = node_find_text(entry, "source") == NULL;
    const struct node *kept = same_entry(at->now, entry);
    struct leaves leaves = {0};

    list_leaves(&at->arena, entry, at->before, at->now, &leaves);
    vec_each (&leaves, it) {
        bool is_same = is_value(it->before) && is_value(it->now) && node_eq(it->before, it->now);

        if (!is_value(it->before) || is_shared(at->row->kind, it)) {
            continue;
        }
        if (!is_his && is_same && !owns(kept, it->path)) {
            refuse(at, "owned", manager, it->path, "did not change, and is not its own any more");
        }
        if (!is_his && is_api && at->asked.type == ASKED_APPLY && !is_same &&
            (!at->asked.is_forced || it->now == NULL)) {
            refuse(at, "conflict", manager, it->path,
                   at->asked.is_forced ? "is removed by an apply" : "is changed without force");
        }
    }
    vec_fini(&leaves);
}

/* What the manager applied before and names no more. */
static void check_forsaken(struct written *at, const struct node *entry)
{
    const struct node *kept = same_entry(at->now, entry);
    struct leaves leaves = {0};

    list_leaves(&at->arena, entry, at->before, at->now, &leaves);
    vec_each (&leaves, it) {
        if (is_value(it->before) && is_value(it->now) && node_eq(it->before, it->now) &&
            !owns(kept, it->path) && !has_owner(at->before, at->row->manager, it->path, true) &&
            !is_shared(at->row->kind, it) && !has_default(at->row->kind, it->path)) {
            refuse(at, "owned", at->row->manager, it->path, "is not applied any more, and stays");
        }
    }
    vec_fini(&leaves);
}

/* Nobody else owns what this write made of a field. */
static void check_entry_now(struct written *at, const struct node *entry)
{
    struct leaves leaves = {0};

    list_leaves(&at->arena, entry, at->before, at->now, &leaves);
    vec_each (&leaves, it) {
        if (is_value(it->now) && !is_shared(at->row->kind, it) &&
            (it->before == NULL || is_value(it->before)) && !node_eq(it->before, it->now)) {
            refuse(at, "owned", node_find_text(entry, "manager"), it->path,
                   "is changed, and stays its own");
        }
    }
    vec_fini(&leaves);
}

struct changed {
    const char *path;
    const struct node *before, *now;
};

/* What this write changed is its manager's; but for a default that fills in for what he let go. */
static void check_changed(struct written *at)
{
    static const char *const parts[] = {"spec", "metadata\nlabels", "metadata\nannotations"};
    struct {
        VEC_OF(struct changed);
    } open = {0};

    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        vec_add(&open, ((struct changed){parts[i], follow(at->before, parts[i], ""),
                                         follow(at->now, parts[i], "")}));
    }
    while (open.count > 0) {
        struct changed it = open.items[--open.count];
        bool was_his;

        for (size_t i = 0; it.now != NULL && it.now->type == NODE_MAP && i < it.now->map.count;
             i++) {
            const char *key = it.now->map.members[i].key;

            vec_add(&open, ((struct changed){arena_printf(&at->arena, "%s\n%s", it.path, key),
                                             node_find(it.before, key), node_find(it.now, key)}));
        }
        if (!is_value(it.now) || it.now->type == NODE_LIST || node_eq(it.before, it.now) ||
            has_owner(at->now, at->row->manager, it.path, false)) {
            continue;
        }
        was_his = it.before == NULL || has_owner(at->before, at->row->manager, it.path, false);
        if (at->asked.type == ASKED_UPDATE || !was_his) {
            refuse(at, "owned", at->row->manager, it.path, "is changed, and not its own");
        }
    }
    vec_fini(&open);
}

/* --- going back ------------------------------------------------------------------------------- */

static bool is_named(const struct node *spec, const struct row *row)
{
    const struct node *objects = node_find(spec, "objects");
    const char *kind = node_find_text(spec, "kind"), *name = node_find_text(spec, "name");

    for (size_t i = 0; i < count_of(objects); i++) {
        const char *one = node_find_text(objects->list.items[i], "name");

        if (str_eq(node_find_text(objects->list.items[i], "kind"), row->kind->name) &&
            (one == NULL || str_eq(one, row->name))) {
            return true;
        }
    }
    return objects == NULL && (kind == NULL || str_eq(kind, row->kind->name)) &&
           (name == NULL || str_eq(name, row->name));
}

/* The selectors that are drawn have the form "key=value". */
static bool has_label(const struct node *object, const char *selector)
{
    const struct node *labels = node_find_path(object, "metadata.labels");
    const char *value = strchr(selector, '=');
    char key[100];

    (void)snprintf(key, sizeof(key), "%.*s", (int)(value - selector), selector);
    return str_eq(node_find_text(labels, key), value + 1);
}

static void check_selected(struct written *at)
{
    const struct node *spec = node_find(at->asked.body, "spec");
    const char *selector = node_find_text(spec, "labelSelector");

    if (!is_named(spec, at->row) ||
        (selector != NULL && !has_label(at->before, selector) && !has_label(at->now, selector))) {
        sim_fail(at->sim, "selected", "revision %llu (%s): a rollback of some objects writes %s/%s",
                 (unsigned long long)at->row->revision, at->row->why, at->row->kind->singular,
                 at->row->name);
    }
}

static void check_written(struct written *at)
{
    const struct node *before = entries_of(at->before), *now = entries_of(at->now);

    if (at->asked.type == ASKED_BACK) {
        check_selected(at);
    }
    if (at->asked.type != ASKED_APPLY && at->asked.type != ASKED_UPDATE) {
        return;
    }
    for (size_t i = 0; i < count_of(before); i++) {
        const struct node *entry = before->list.items[i];

        check_entry_before(at, entry);
        if (at->asked.type == ASKED_APPLY && is_by(entry, at->row->manager) && is_apply(entry)) {
            check_forsaken(at, entry);
        }
    }
    for (size_t i = 0; i < count_of(now); i++) {
        if (!is_by(now->list.items[i], at->row->manager)) {
            check_entry_now(at, now->list.items[i]);
        }
    }
    check_changed(at);
}

void check_owners_row(struct sim *sim, const struct row *row, const struct node *now,
                      const struct ref_object *before)
{
    struct written at = {.sim = sim, .row = row, .now = now};

    if (row->log != ROW_LEDGER || row->kind->is_derived || row->kind->is_record ||
        str_eq(row->manager, "fog-agent") || str_eq(row->manager, "config-directory")) {
        return;
    }
    arena_init(&at.arena);
    at.before = before == NULL ? NULL : before->ledger;
    at.asked = asked_for(sim, &at.arena, row);
    if (row->verb != ROW_DELETE || at.asked.type == ASKED_BACK) {
        check_written(&at);
    }
    arena_fini(&at.arena);
}

/* --- what anybody ever owned ------------------------------------------------------------------ */

/* `f:spec`, `k:{"path":"x"}`, `v:"x"`, as people read them. */
static const char *words_of(struct arena *arena, const char *at, const char *element)
{
    const char *text = element + 2;
    size_t key;

    if (element[0] == 'f') {
        return arena_printf(arena, "%s.%s", at, text);
    }
    if (element[0] == 'v') {
        return arena_printf(arena, "%s[=%s]", at, text);
    }
    key = strcspn(text + 2, "\"");
    return arena_printf(arena, "%s[%.*s=%.*s]", at, (int)key, text + 2,
                        (int)(strlen(text) - key - 5), text + key + 4);
}

static void learn_entry(struct reference *reference, const char *whose, const struct node *fields)
{
    struct leaves open = {0};

    vec_add(&open, ((struct leaf){whose, fields, NULL, NULL}));
    while (open.count > 0) {
        struct leaf at = open.items[--open.count];

        if (map_find(&reference->owned, at.path) == NULL) {
            (void)map_put(&reference->owned, at.path, reference);
        }
        for (size_t i = 0; at.fields != NULL && i < at.fields->map.count; i++) {
            const struct node_member *member = &at.fields->map.members[i];

            if (!str_eq(member->key, ".")) {
                vec_add(&open, ((struct leaf){words_of(&reference->arena, at.path, member->key),
                                              member->value, NULL, NULL}));
            }
        }
    }
    vec_fini(&open);
}

void check_owners_learn(struct reference *reference, const struct row *row, const struct node *now)
{
    const struct node *list = entries_of(now);

    for (size_t i = 0; !row->kind->is_derived && i < count_of(list); i++) {
        const struct node *entry = list->list.items[i];

        learn_entry(reference,
                    arena_printf(&reference->arena, "%s/%s %s ", row->kind->name, row->name,
                                 node_find_text(entry, "manager")),
                    node_find(entry, "fieldsV1"));
    }
}

/* --- answers ---------------------------------------------------------------------------------- */

static const char *manager_of(struct arena *arena, const struct sent *sent)
{
    const char *at = strstr(sent->target, "fieldManager=");

    at = at == NULL ? "fogctl" : at + strlen("fieldManager=");
    return arena_strndup(arena, at, strcspn(at, "&"));
}

/* As the manifest says it, in canonical form. */
static struct node *config_of(struct arena *arena, const struct sent *sent)
{
    struct node *root = parse_body(arena, sent), *config;
    struct problems problems;
    struct object *object;
    const struct kind *kind;

    problems_init(&problems, arena, NULL);
    kind = root == NULL ? NULL : bind_kind(root, &problems);
    object =
        kind == NULL
            ? NULL
            : bind_object(kind, root, BIND_QUIET | BIND_NO_REQUIRED | BIND_NO_DEFAULTS, &problems);
    if (object == NULL) {
        return NULL;
    }
    config = emit_object(arena, object, EMIT_TYPE | EMIT_META | EMIT_SPEC);
    object_unref(object);
    return config;
}

static void check_said(struct sim *sim, struct arena *arena, const struct sent *sent,
                       const struct node *said, const struct node *root, const char *part)
{
    const char *manager = manager_of(arena, sent);
    struct node *like = node_map(arena);
    struct {
        VEC_OF(struct changed);
    } open = {0};

    node_set(arena, like, "manager", node_str(arena, manager));
    node_set(arena, like, "operation", node_str(arena, "Apply"));
    vec_add(&open, ((struct changed){part, follow(said, part, ""), follow(root, part, "")}));
    while (open.count > 0 && !sim->has_failed) {
        struct changed it = open.items[--open.count];

        for (size_t i = 0;
             it.before != NULL && it.before->type == NODE_MAP && i < it.before->map.count; i++) {
            const char *key = it.before->map.members[i].key;

            vec_add(&open, ((struct changed){arena_printf(arena, "%s\n%s", it.path, key),
                                             node_find(it.before, key), node_find(it.now, key)}));
        }
        if (is_value(it.before) &&
            (!owns(same_entry(root, like), it.path) ||
             (it.before->type != NODE_LIST && !node_eq(it.before, it.now)))) {
            sim_fail(sim, "owned", "%s: %s applied %.100s, and it is not there or not its own",
                     sent->key, manager, it.path);
        }
    }
    vec_fini(&open);
}

void check_owners_answer(struct sim *sim, const struct sent *sent, const struct node *root)
{
    _cleanup_(arena_fini)
    struct arena arena = {0};
    const struct node *said;

    if (sent == NULL || !str_starts(sent->content_type, "application/apply-patch")) {
        return;
    }
    said = config_of(&arena, sent);
    check_said(sim, &arena, sent, said, root, "spec");
    check_said(sim, &arena, sent, said, root, "metadata\nlabels");
    check_said(sim, &arena, sent, said, root, "metadata\nannotations");
}

/* "Kind/name " of the object that a cause is about. */
static const char *about(struct arena *arena, const struct node *body, const struct node *cause)
{
    const struct node *changes = node_find_path(body, "spec.changes"), *object = body;
    int64_t index = -1;

    if (node_find_int(cause, "change", &index)) {
        object = index < (int64_t)count_of(changes)
                     ? node_find(changes->list.items[index], "object")
                     : NULL;
    }
    return arena_printf(arena, "%s/%s ", ref_text(object, "kind"),
                        ref_text(object, "metadata.name"));
}

static void check_cause(struct sim *sim, struct arena *arena, const struct sent *sent,
                        const struct node *cause)
{
    static const char words[] = "conflict with \"";
    const char *message = node_find_text(cause, "message"), *field = node_find_text(cause, "field");
    const char *manager = "", *key;

    if (str_starts(message, words)) {
        manager =
            arena_strndup(arena, message + strlen(words), strcspn(message + strlen(words), "\""));
    }
    key = arena_printf(arena, "%s%s %s", about(arena, parse_body(arena, sent), cause), manager,
                       field == NULL ? "" : field);
    if (map_find(&sim->reference->owned, key) == NULL) {
        sim_fail(sim, "conflict", "%s: nobody ever owned what is told of: %s", sent->key, key);
    }
}

/* Each cause names a field and who owns it; and a conflict of owners has one. */
void check_owners_refusal(struct sim *sim, const struct sent *sent, const struct node *root)
{
    _cleanup_(arena_fini)
    struct arena arena = {0};
    const struct node *causes = node_find_path(root, "details.causes");
    size_t count = 0;

    for (size_t i = 0; sent != NULL && i < count_of(causes) && !sim->has_failed; i++) {
        const struct node *cause = causes->list.items[i];

        if (str_eq(node_find_text(cause, "reason"), "FieldManagerConflict")) {
            count++;
            check_cause(sim, &arena, sent, cause);
        }
    }
    if (sent != NULL && count == 0 && str_starts(node_find_text(root, "message"), "Apply failed")) {
        sim_fail(sim, "conflict", "%s: a conflict has no causes", sent->key);
    }
}

void check_owners_read(struct sim *sim, const struct node *object)
{
    const char *kind = node_find_text(object, "kind"), *name = ref_text(object, "metadata.name");
    const struct ref_object *stored =
        kind == NULL ? NULL : reference_find(sim->reference, kind, name);
    char revision[32];

    if (stored == NULL || stored->ledger == NULL) {
        return;
    }
    (void)snprintf(revision, sizeof(revision), "%llu", (unsigned long long)stored->revision);
    if (str_eq(ref_text(object, "metadata.resourceVersion"), revision) &&
        !node_eq(entries_of(object), entries_of(stored->ledger))) {
        sim_fail(sim, "owned", "the owners of %s/%s that are read are not those that are stored",
                 kind, name);
    }
}
