/* What is sent and answered beside objects: change sets, history, reviews, discovery.
 *
 * A row is a property, and comes behind the one it is inside.  Its type is a type of JSON, "any",
 * "[T]" a list of T, "{T}" a map of T, or a definition with "=" before its name; "[]" and "object"
 * are filled in by the rows behind them.  A row without a path begins a definition. */
#include "schema/openapi.h"

#include "schema/routes.h"

#include <string.h>

static const struct row {
    const char *path, *type, *doc;
} rows[] = {
    {NULL, OPENAPI_CHANGE_SET, "Changes to several objects, all or nothing."},
    {"spec", "object", "what is to be changed"},
    {"spec.changes", "[]", "each change; objects may refer to later ones"},
    {"spec.changes.verb", "string", "apply, create, replace, patch, delete or release"},
    {"spec.changes.object", "any", "the object, or the patch that names kind and object"},
    {"spec.changes.apiVersion", "string", "of a delete or release: fog/v1 unless given"},
    {"spec.changes.kind", "string", "of a delete or release: the kind"},
    {"spec.changes.name", "string", "of a delete or release: the name"},
    {"spec.changes.uid", "string", "only if the object still has this uid"},
    {"spec.changes.fields", "[string]", "of a release: the fields, such as .spec.replicas"},
    {"spec.force", "boolean", "of an apply: fields that others own are taken over"},
    {"spec.applySet", "string", "what is applied belongs to the set of this name"},
    {"spec.prune", "boolean", "what is in the apply set and not in here is deleted"},
    {"spec.revision", "string", "only if what is declared is still at this revision"},
    {"status", "object", "what became of it"},
    {"status.revision", "string", "of what is declared then"},
    {"status.dryRun", "boolean", "nothing was kept"},
    {"status.warnings", "[]", "what is worth a word, though nothing is wrong"},
    {"status.warnings.change", "integer", "index of the change"},
    {"status.warnings.field", "string", "path of the field"},
    {"status.warnings.message", "string", "what it is, for a person"},
    {"status.results", "[]", "of each change"},
    {"status.results.kind", "string", "kind of the object"},
    {"status.results.name", "string", "name of the object"},
    {"status.results.result", "string", "created, configured, unchanged, deleted or deleting"},
    {"status.results.before", "any", "of a dry run: the object as it is"},
    {"status.results.object", "any", "the object as it is then"},
    {"status.plan", "object", "of a dry run: what agents would do"},
    {"status.plan.changes", "[]", "each step"},
    {"status.plan.changes.action", "string", "start, stop, restart, move and so on"},
    {"status.plan.changes.session", "string", "name of the session"},
    {"status.plan.changes.slot", "string", "which of its copies"},
    {"status.plan.changes.agent", "string", "name of the agent"},
    {"status.plan.changes.from", "string", "of a move: the agent that has it now"},
    {"status.plan.changes.wave", "integer", "steps of a wave go together, the first is 1"},
    {"status.plan.changes.reason", "string", "why, for a person"},
    {"status.plan.changes.held", "object", "what the agent's policy would make of it there now"},
    {"status.plan.changes.held.outcome", "string", "what it does, in one word"},
    {"status.plan.changes.held.reason", "string", "why, in one word"},
    {"status.plan.changes.held.message", "string", "why, for a person"},
    {"status.plan.pending", "[]", "what stays undone"},
    {"status.plan.pending.why", "string", "why, in one word"},
    {"status.plan.pending.session", "string", "name of the session"},
    {"status.plan.pending.slot", "string", "which of its copies"},
    {"status.plan.pending.agent", "string", "name of the agent"},
    {"status.plan.pending.from", "string", "the agent that has it now"},
    {"status.plan.pending.reason", "string", "why, for a person"},
    {"status.plan.summary", "{integer}", "how many steps there are of each action"},

    {NULL, OPENAPI_ROLLBACK, "What is to be again as it was."},
    {"spec", "object", "what, and when"},
    {"spec.toRevision", "string", "as history shows it"},
    {"spec.kind", "string", "only this kind"},
    {"spec.name", "string", "only the object of this name"},
    {"spec.objects", "[]", "only these, in place of kind and name"},
    {"spec.objects.kind", "string", "kind of the object"},
    {"spec.objects.name", "string", "its name; all of the kind unless given"},
    {"spec.labelSelector", "string", "only what has these labels now or had them then"},
    {"spec.prune", "boolean", "what is newer is deleted"},
    {"spec.formOnly", "boolean", "of one session: only what it runs"},
    {"spec.revision", "string", "only if what is declared is still at this revision"},

    {NULL, OPENAPI_HISTORY, "Changes of what is declared, the newest first."},
    {"metadata", "object", "how far it goes back"},
    {"metadata.compactedRevision", "string", "it is whole after this revision"},
    {"items", "[]", "each change"},
    {"items.revision", "string", "that it made"},
    {"items.time", "string", "when"},
    {"items.verb", "string", "create, update or delete"},
    {"items.kind", "string", "kind of the object"},
    {"items.name", "string", "name of the object"},
    {"items.uid", "string", "uid of the object"},
    {"items.generation", "integer", "of the object then"},
    {"items.who", "string", "who changed it"},
    {"items.manager", "string", "with what"},
    {"items.why", "string", "the cause that was given"},
    {"items.changes", "[]", "the fields that differ"},
    {"items.changes.path", "string", "path of the field"},
    {"items.changes.before", "any", "what it was; absent: nothing"},
    {"items.changes.after", "any", "what it became; absent: nothing"},
    {"items.newForm", "boolean", "of a session: what it runs became another"},

    {NULL, OPENAPI_WHY, "Why something is as it is."},
    {"converged", "boolean", "it is as declared"},
    {"chain", "[]", "what leads to it"},
    {"chain.object", "string", "kind and name of what this is about"},
    {"chain.is", "string", "how it is, in a word"},
    {"chain.condition", "string", "type of the condition"},
    {"chain.status", "string", "True, False or Unknown"},
    {"chain.reason", "string", "why, in one word"},
    {"chain.message", "string", "why, for a person"},
    {"chain.since", "string", "since when"},
    {"chain.readings", "string", "what the agent's sensors say"},
    {"chain.progress", "string", "how far the tasks are"},
    {"chain.reputation", "string", "what happened to the agent's work"},
    {"chain.class", "string", "what sort of hindrance it is"},
    {"chain.remedy", "string", "what would help"},
    {"chain.actions", "[string]", "commands that would help"},
    {"inTheWay", "object", "the link of the chain to begin with"},
    {"inTheWay.object", "string", "kind and name of what this is about"},
    {"inTheWay.since", "string", "since when"},
    {"inTheWay.reason", "string", "why, in one word"},
    {"inTheWay.class", "string", "what sort of hindrance it is"},
    {"inTheWay.message", "string", "why, for a person"},
    {"inTheWay.remedy", "string", "what would help"},
    {"inTheWay.actions", "[string]", "commands that would help"},
    {"remedy", "string", "what would help"},

    {NULL, OPENAPI_RECONCILE_LOG, "Steps in which something was decided, the newest first."},
    {"items", "[]", "each step"},
    {"items.step", "string", "its number"},
    {"items.time", "string", "when"},
    {"items.event", "string", "what happened, in one word"},
    {"items.subject", "string", "whom it was about"},
    {"items.sessions", "integer", "how many were examined"},
    {"items.names", "[string]", "of the first of them"},
    {"items.decisions", "integer", "how many were carried out"},
    {"items.taken", "[string]", "the first of them"},
    {"items.reasons", "[string]", "for what was left as it is"},
    {"items.refused", "[]", "agents that a rule of placing refused"},
    {"items.refused.rule", "integer", "number of the rule"},
    {"items.refused.agents", "integer", "how many it refused"},
    {"items.rows", "integer", "how many were stored"},
    {"items.effects", "integer", "how many it had"},
    {"items.microseconds", "integer", "how long it took"},

    {NULL, OPENAPI_BLOB, "A file, known by its digest."},
    {"metadata", "object", "which it is"},
    {"metadata.name", "string", "its digest"},
    {"metadata.creationTimestamp", "string", "when it came"},
    {"status", "object", "how it is"},
    {"status.size", "integer", "bytes"},
    {"status.lastUsed", "string", "when it was used last"},
    {"status.referenceCount", "integer", "objects that refer to it"},
    {"status.referencedBy", "[string]", "the first of them"},

    {NULL, OPENAPI_BLOB_LIST, "The files that are kept, by digest."},
    {"metadata", "=" OPENAPI_LIST_META, "what is left of the list"},
    {"status", "object", "of all of them"},
    {"status.count", "integer", "how many there are"},
    {"status.bytes", "integer", "how large they are together"},
    {"status.quotaBytes", "integer", "how large they may be together"},
    {"items", "[=" OPENAPI_BLOB "]", "each file"},

    {NULL, OPENAPI_ACCESS_REVIEW, "May this be done?"},
    {"metadata", "=" OPENAPI_META, "empty"},
    {"spec", "object", "what is asked: about a resource, or about a path"},
    {"spec.resourceAttributes", "object", "what is to be done with a resource"},
    {"spec.resourceAttributes.namespace", "string", "taken from clients that set it"},
    {"spec.resourceAttributes.verb", "string", "such as get, or * for all"},
    {"spec.resourceAttributes.group", "string", "group of the resource, or *"},
    {"spec.resourceAttributes.version", "string", "version of the group, or *"},
    {"spec.resourceAttributes.resource", "string", "such as agents, or * for all"},
    {"spec.resourceAttributes.subresource", "string", "such as status"},
    {"spec.resourceAttributes.name", "string", "of the object"},
    {"spec.nonResourceAttributes", "object", "what is to be done with a path"},
    {"spec.nonResourceAttributes.path", "string", "such as /metrics"},
    {"spec.nonResourceAttributes.verb", "string", "a method of HTTP, such as get"},
    {"status", "object", "the answer"},
    {"status.allowed", "boolean", "yes"},
    {"status.reason", "string", "why, for a person"},

    {NULL, OPENAPI_RULES_REVIEW, "What may be done?"},
    {"metadata", "=" OPENAPI_META, "empty"},
    {"spec", "object", "where"},
    {"spec.namespace", "string", "taken from clients that set it"},
    {"status", "object", "the answer"},
    {"status.incomplete", "boolean", "there is more"},
    {"status.resourceRules", "[]", "of resources"},
    {"status.resourceRules.verbs", "[string]", "what may be done"},
    {"status.resourceRules.apiGroups", "[string]", "in which group"},
    {"status.resourceRules.resources", "[string]", "with which resource"},
    {"status.nonResourceRules", "[]", "of paths"},
    {"status.nonResourceRules.verbs", "[string]", "what may be done"},
    {"status.nonResourceRules.nonResourceURLs", "[string]", "with which path"},

    {NULL, OPENAPI_SELF_REVIEW, "As whom?"},
    {"metadata", "=" OPENAPI_META, "empty"},
    {"status", "object", "the answer"},
    {"status.userInfo", "object", "who asks"},
    {"status.userInfo.username", "string", "the name that was given"},
    {"status.userInfo.groups", "[string]", "whether that was proved"},

    {NULL, OPENAPI_VERSIONS, "The versions of the group without a name."},
    {"versions", "[string]", "each version"},
    {"serverAddressByClientCIDRs", "[]", "empty"},

    {NULL, OPENAPI_GROUP, "A group of resources."},
    {"name", "string", "its name"},
    {"versions", "[]", "each version"},
    {"versions.groupVersion", "string", "group and version"},
    {"versions.version", "string", "the version"},
    {"preferredVersion", "object", "the one to take"},
    {"preferredVersion.groupVersion", "string", "group and version"},
    {"preferredVersion.version", "string", "the version"},

    {NULL, OPENAPI_GROUP_LIST, "All groups that have a name."},
    {"groups", "[=" OPENAPI_GROUP "]", "each group"},

    {NULL, OPENAPI_RESOURCE_LIST, "The resources of a group."},
    {"groupVersion", "string", "group and version"},
    {"resources", "[]", "each resource"},
    {"resources.name", "string", "as in paths; a subresource behind a slash"},
    {"resources.singularName", "string", "of one"},
    {"resources.namespaced", "boolean", "its paths have a namespace"},
    {"resources.group", "string", "of its kind, if that is another"},
    {"resources.version", "string", "of its kind, if that is another"},
    {"resources.kind", "string", "the kind of its objects"},
    {"resources.verbs", "[string]", "what can be done"},
    {"resources.shortNames", "[string]", "what people type"},
    {"resources.categories", "[string]", "names that stand for several resources"},

    {NULL, OPENAPI_VERSION_INFO, "Which controller this is."},
    {"major", "string", "of the version of Kubernetes that clients may take it for"},
    {"minor", "string", "likewise"},
    {"gitVersion", "string", "likewise, with Fog's own behind a plus"},
    {"platform", "string", "what it runs on"},
    {"fogVersion", "string", "its own version"},
    {"storeId", "string", "of the store that it has"},
    {"era", "integer", "of that store: it rises with every restore"},

    {NULL, OPENAPI_DOCUMENT_LIST, "The documents of OpenAPI 3."},
    {"paths", "{any}", "of each group where its document is"},

    {NULL, OPENAPI_DOCUMENT, "A document of OpenAPI."},
};

static struct node *add_text(struct arena *arena, struct node *to, const char *key,
                             const char *text)
{
    node_set(arena, to, key, node_str(arena, text));
    return to;
}

/* `type` is not NUL-terminated. */
static struct node *inner(struct arena *arena, enum openapi_version version, const char *type,
                          size_t length)
{
    const char *name = arena_strndup(arena, type, length);
    struct node *node = node_map(arena);

    if (*name == '=') {
        return openapi_ref(arena, version, name + 1);
    }
    return str_eq(name, "any") ? node
                               : add_text(arena, node, "type", *name == '\0' ? "object" : name);
}

static struct node *schema(struct arena *arena, enum openapi_version version, const struct row *row)
{
    size_t length = strlen(row->type);
    struct node *node;

    if (*row->type == '=') {
        return openapi_described_ref(arena, version, row->type + 1, row->doc);
    }
    node = node_map(arena);
    if (*row->type == '[') {
        add_text(arena, node, "type", "array");
        node_set(arena, node, "items", inner(arena, version, row->type + 1, length - 2));
    } else if (*row->type == '{') {
        add_text(arena, node, "type", "object");
        node_set(arena, node, "additionalProperties",
                 inner(arena, version, row->type + 1, length - 2));
    } else {
        node = inner(arena, version, row->type, length);
    }
    return add_text(arena, node, "description", row->doc);
}

/* Where properties go that are inside this schema. */
static struct node *properties_of(struct arena *arena, struct node *within)
{
    struct node *items = node_find(within, "items"), *properties;

    within = items != NULL ? items : within;
    properties = node_find(within, "properties");
    if (properties == NULL) {
        properties = node_map(arena);
        node_set(arena, within, "properties", properties);
    }
    return properties;
}

static void add_property(struct arena *arena, enum openapi_version version, const struct row *row,
                         struct node *definition)
{
    struct node *at = definition;
    const char *name = row->path;

    for (const char *dot = strchr(name, '.'); dot != NULL; dot = strchr(name, '.')) {
        at = node_find(properties_of(arena, at), arena_strndup(arena, name, (size_t)(dot - name)));
        name = dot + 1;
    }
    node_set(arena, properties_of(arena, at), name, schema(arena, version, row));
}

static struct node *begin(struct arena *arena, const char *doc)
{
    struct node *node = add_text(arena, node_map(arena), "type", "object");

    return add_text(arena, node, "description", doc);
}

static bool has_types(const char *name)
{
    return !str_eq(name, OPENAPI_WHY) && !str_eq(name, OPENAPI_VERSION_INFO) &&
           !str_eq(name, OPENAPI_DOCUMENT) && !str_eq(name, OPENAPI_DOCUMENT_LIST);
}

/* A plan is a change set under another name, and documents have any form. */
void openapi_add_answers(struct arena *arena, enum openapi_version version, struct node *to)
{
    static const struct row types[] = {
        {"apiVersion", "string", "group and version of the kind, such as \"fog/v1\""},
        {"kind", "string", "what it is"},
    };
    struct node *definition = NULL;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].path != NULL) {
            add_property(arena, version, &rows[i], definition);
            continue;
        }
        definition = begin(arena, rows[i].doc);
        for (size_t j = 0; j < COUNT_OF(types) && has_types(rows[i].type); j++) {
            add_property(arena, version, &types[j], definition);
        }
        node_set(arena, to, rows[i].type, definition);
    }
    definition = begin(arena, "What a change would do; nothing is done.");
    node_set(arena, definition, "properties",
             node_copy(arena, node_find(node_find(to, OPENAPI_CHANGE_SET), "properties")));
    node_set(arena, to, OPENAPI_PLAN, definition);
}
