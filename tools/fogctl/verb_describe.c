/* describe and why: one object for a person to understand. */
#include "schema/base/parse.h"
#include "schema/bind.h"
#include "schema/columns.h"
#include "schema/yaml.h"
#include "tools/fogctl/fogctl.h"
#include "tools/fogctl/output.h"

#include <stdio.h>

static int describe(struct fogctl *fogctl, struct texts *words);
static int why(struct fogctl *fogctl, struct texts *words);

const struct verb verb_describe = {
    "describe",
    "everything about one object: spec, status, assignments, events, and why it is not converged",
    "describe KIND/NAME…",
    "  fogctl describe hs/render\n  fogctl describe agent edge-1\n",
    NULL,
    describe,
};

const struct verb verb_why = {
    "why",
    "what stands between an object as declared and as it is",
    "why KIND/NAME…",
    "  fogctl why hs/render\n  fogctl why assignments\n",
    NULL,
    why,
};

/* Targets with names: a kind alone means all of it. */
static bool read_names(struct fogctl *fogctl, const struct verb *verb, const struct texts *words,
                       struct targets *ret_targets)
{
    struct targets given = {0};
    bool fine = words->count > 0;

    if (!fine) {
        (void)usage_error(verb, "which object?");
        return false;
    }
    fine = targets_read(fogctl, words, &given);
    for (size_t i = 0; fine && i < given.count; i++) {
        const struct kind *kind = given.items[i].kind;
        struct node *list;

        if (given.items[i].name != NULL) {
            vec_add(ret_targets, given.items[i]);
            continue;
        }
        list = list_objects(fogctl, kind, NULL, NULL, NULL);
        for (size_t j = 0; list != NULL && j < list->list.count; j++) {
            const char *name = node_find_text(node_find(list->list.items[j], "metadata"), "name");

            vec_add(ret_targets, ((struct target){kind, name}));
        }
        fine = list != NULL;
    }
    vec_fini(&given);
    return fine;
}

static const char *age_since(struct fogctl *fogctl, const char *time)
{
    char text[DURATION_TEXT_SIZE];
    struct wall moment;

    if (time == NULL || !wall_from_str(time, &moment)) {
        return "";
    }
    age_to_str(now_ms() - moment.ms, text);
    return arena_strdup(&fogctl->arena, text);
}

/* --- why -------------------------------------------------------------------------------------- */

static void print_link(struct fogctl *fogctl, const struct node *link)
{
    const char *since = node_find_text(link, "since");
    const char *age = age_since(fogctl, since);
    const char *reason = node_find_text(link, "reason");

    printf("  %s%s%s", paint(fogctl, "bold"), node_find_text(link, "object"), paint(fogctl, "off"));
    if (reason != NULL) {
        printf("  %s%s%s", paint(fogctl, "yellow"), reason, paint(fogctl, "off"));
    }
    if (age[0] != '\0') {
        printf("  for %s", age);
    }
    printf("\n      %s\n",
           node_find_text(link, "message") == NULL ? "" : node_find_text(link, "message"));
}

/* True when the object is as declared. */
static bool print_why(struct fogctl *fogctl, const struct target *target, const struct node *answer)
{
    const struct node *converged = node_find(answer, "converged"),
                      *chain = node_find(answer, "chain");
    const char *remedy = node_find_text(answer, "remedy");
    bool is_fine = converged != NULL && converged->type == NODE_BOOL && converged->boolean;

    printf("%s %s%s%s\n", kind_title(fogctl, target->kind, target->name),
           paint(fogctl, is_fine ? "green" : "red"),
           is_fine ? "is as declared" : "is not as declared", paint(fogctl, "off"));
    for (size_t i = 0; chain != NULL && chain->type == NODE_LIST && i < chain->list.count; i++) {
        print_link(fogctl, chain->list.items[i]);
    }
    if (!str_is_empty(remedy)) {
        printf("  what would help: %s\n", remedy);
    }
    return is_fine;
}

static int why(struct fogctl *fogctl, struct texts *words)
{
    struct targets targets = {0};
    int code = EXIT_DONE;

    if (!read_names(fogctl, &verb_why, words, &targets)) {
        code = words->count == 0 ? EXIT_USAGE : EXIT_FAILED;
    }
    vec_each (&targets, it) {
        struct node *answer = http_get(
            fogctl, arena_printf(&fogctl->arena, "%s/why", kind_path(fogctl, it->kind, it->name)));

        if (answer == NULL) {
            code = EXIT_FAILED;
        } else {
            (void)print_why(fogctl, it, answer);
        }
    }
    vec_fini(&targets);
    return code;
}

/* --- describe --------------------------------------------------------------------------------- */

static void print_section(const char *title, const struct node *node)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    if (node == NULL || (node->type == NODE_MAP && node->map.count == 0)) {
        return;
    }
    yaml_emit(node, &text);
    printf("%s:\n", title);
    for (const char *line = text.data; *line != '\0';) {
        size_t length = strcspn(line, "\n");

        printf("  %.*s\n", (int)length, line);
        line += length + (line[length] == '\n');
    }
}

static void print_conditions(struct fogctl *fogctl, const struct node *conditions)
{
    if (conditions == NULL || conditions->type != NODE_LIST || conditions->list.count == 0) {
        return;
    }
    puts("Conditions:");
    for (size_t i = 0; i < conditions->list.count; i++) {
        const struct node *condition = conditions->list.items[i];
        const char *message = node_find_text(condition, "message");

        printf("  %-10s %-8s %-18s %-6s %s\n", node_find_text(condition, "type"),
               node_find_text(condition, "status"), node_find_text(condition, "reason"),
               age_since(fogctl, node_find_text(condition, "lastTransitionTime")),
               message == NULL ? "" : message);
    }
}

static void print_related(struct fogctl *fogctl, const char *title, const struct kind *kind,
                          const char *selector)
{
    struct node *list = list_objects(fogctl, kind, NULL, selector, NULL);
    struct table table;

    if (list == NULL || list->list.count == 0) {
        return;
    }
    printf("%s:\n", title);
    table_init(&table, kind_columns(kind, false));
    table_head(fogctl, &table, kind, false);
    for (size_t i = 0; i < list->list.count; i++) {
        table_row(fogctl, &table, kind, false, list->list.items[i], "");
    }
    table_print(&table, 0);
    table_fini(&table);
}

static int describe_one(struct fogctl *fogctl, const struct target *target)
{
    struct node *object = http_get(fogctl, kind_path(fogctl, target->kind, target->name));
    struct node *meta = node_find(object, "metadata"), *status = node_find(object, "status");
    const char *created = node_find_text(meta, "creationTimestamp");

    if (object == NULL) {
        return EXIT_FAILED;
    }
    printf("Name:        %s\nKind:        %s\nUID:         %s\nCreated:     %s (%s ago)\n",
           target->name, target->kind->name, node_find_text(meta, "uid"),
           created == NULL ? "" : created, age_since(fogctl, created));
    print_section("Labels", node_find(meta, "labels"));
    print_section("Annotations", node_find(meta, "annotations"));
    print_section("Spec", node_find(object, "spec"));
    print_conditions(fogctl, node_find(status, "conditions"));
    if (status != NULL) {
        (void)node_remove(status, "conditions");
    }
    print_section("Status", status);
    if (target->kind->id == KIND_HARVEST_SESSION || target->kind->id == KIND_AGENT) {
        print_related(fogctl, "Assignments", kind_get(KIND_ASSIGNMENT),
                      arena_printf(&fogctl->arena, "spec.%s=%s",
                                   target->kind->id == KIND_AGENT ? "agent" : "session",
                                   target->name));
    }
    print_related(fogctl, "Events", kind_get(KIND_EVENT),
                  arena_printf(&fogctl->arena, "involvedObject.name=%s,involvedObject.kind=%s",
                               target->name, target->kind->name));
    return EXIT_DONE;
}

static int describe(struct fogctl *fogctl, struct texts *words)
{
    struct targets targets = {0};
    int code = EXIT_DONE;

    if (!read_names(fogctl, &verb_describe, words, &targets)) {
        code = words->count == 0 ? EXIT_USAGE : EXIT_FAILED;
    }
    for (size_t i = 0; i < targets.count; i++) {
        if (i > 0) {
            puts("---");
        }
        if (describe_one(fogctl, &targets.items[i]) != EXIT_DONE) {
            code = EXIT_FAILED;
        }
    }
    vec_fini(&targets);
    return code;
}
