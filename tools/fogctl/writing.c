#include "tools/fogctl/writing.h"

#include <stdio.h>

int writing_check(struct fogctl *fogctl, const struct verb *verb, struct writing *writing,
                  bool with_client)
{
    const char *form = writing->form;

    if (!is_dry_run_known(writing->dry_run, with_client)) {
        return usage_error(verb, "--dry-run is server, %snone, not \"%s\"",
                           with_client ? "client or " : "or ", writing->dry_run);
    }
    if (writing->manager != NULL && writing->manager[0] == '\0') {
        return usage_error(verb, "--field-manager is empty");
    }
    if (str_eq(form, "changeset")) {
        writing->is_answer = true;
        writing->output = OUTPUT_JSON;
        return EXIT_DONE;
    }
    if (form_is(form)) {
        writing->output = OUTPUT_FORM;
        return form_read(fogctl, form, &writing->made_up) ? EXIT_DONE : EXIT_USAGE;
    }
    if (!output_from_str(form, &writing->output)) {
        return EXIT_USAGE;
    }
    return writing->output == OUTPUT_WIDE
               ? usage_error(verb, "-o is json, yaml, name, jsonpath=…, custom-columns=… or "
                                   "changeset, not wide")
               : EXIT_DONE;
}

int looking_check(struct fogctl *fogctl, const struct verb *verb, struct writing *writing,
                  bool with_names)
{
    int code = writing_check(fogctl, verb, writing, false);

    if (code == EXIT_DONE &&
        (writing->is_answer || (writing->output == OUTPUT_NAME && !with_names))) {
        code = usage_error(verb, "-o is json, yaml%s or jsonpath=…, not %s",
                           with_names ? ", name" : "", writing->form);
    }
    return code;
}

bool writing_is_dry(const struct writing *writing)
{
    return str_eq(writing->dry_run, "server");
}

bool writing_is_lines(const struct writing *writing)
{
    return writing->output == OUTPUT_TABLE;
}

FILE *writing_aside(const struct writing *writing)
{
    return writing_is_lines(writing) ? stdout : stderr;
}

const char *writing_query(struct fogctl *fogctl, const struct writing *writing, bool is_dry_run)
{
    const char *manager = writing->manager == NULL ? "fogctl" : writing->manager;

    return arena_printf(&fogctl->arena, "?fieldManager=%s%s", url_escape(fogctl, manager),
                        is_dry_run ? "&dryRun=All" : "");
}

static int print(struct fogctl *fogctl, struct writing *writing, struct node *const *objects,
                 size_t count, bool is_list)
{
    bool is_fine = true;

    if (writing->output == OUTPUT_FORM) {
        is_fine = form_print(fogctl, &writing->made_up, objects, count, is_list);
        form_fini(&writing->made_up);
    } else if (!writing_is_lines(writing)) {
        output_objects(fogctl, writing->output, objects, count, is_list);
    }
    return is_fine ? EXIT_DONE : EXIT_FAILED;
}

int writing_print_objects(struct fogctl *fogctl, struct writing *writing,
                          struct node *const *objects, size_t count)
{
    return print(fogctl, writing, objects, count, count != 1);
}

int writing_print_list(struct fogctl *fogctl, struct writing *writing, const struct node *list)
{
    return print(fogctl, writing, list->list.items, list->list.count, true);
}

static int print_answer(struct fogctl *fogctl, enum output output, const struct node *status)
{
    struct arena *arena = &fogctl->arena;
    struct node *root = node_map(arena);

    node_set(arena, root, "apiVersion", node_str(arena, "fog/v1"));
    node_set(arena, root, "kind", node_str(arena, "ChangeSet"));
    node_set(arena, root, "status", node_copy(arena, status));
    output_objects(fogctl, output, &root, 1, false);
    return EXIT_DONE;
}

/* What was deleted is gone: what it was called is left. */
static struct node *object_of(struct fogctl *fogctl, const struct node *result)
{
    struct arena *arena = &fogctl->arena;
    struct node *object = node_find(result, "object");
    const struct kind *kind = kind_find_word(text_of(result, "kind"));

    if ((object == NULL || object->type != NODE_MAP) && kind != NULL) {
        struct node *meta = node_map(arena);

        object = node_map(arena);
        node_set(arena, meta, "name", node_str(arena, text_of(result, "name")));
        node_set(arena, object, "apiVersion", node_str(arena, kind->api_version));
        node_set(arena, object, "kind", node_str(arena, kind->name));
        node_set(arena, object, "metadata", meta);
    }
    return object;
}

int writing_print(struct fogctl *fogctl, struct writing *writing, const struct node *status)
{
    const struct node *results = node_find(status, "results");
    struct node **objects = arena_array(&fogctl->arena, list_count(results) + 1, sizeof(*objects));
    size_t count = 0;

    if (writing->is_answer) {
        return print_answer(fogctl, writing->output, status);
    }
    for (size_t i = 0; i < list_count(results); i++) {
        struct node *object = object_of(fogctl, results->list.items[i]);

        if (object != NULL) {
            objects[count++] = object;
        }
    }
    return writing_print_objects(fogctl, writing, objects, count);
}

int writing_print_documents(struct fogctl *fogctl, struct writing *writing,
                            const struct documents_read *documents)
{
    struct node **objects = arena_array(&fogctl->arena, documents->count + 1, sizeof(objects[0]));

    for (size_t i = 0; i < documents->count; i++) {
        const struct document *it = &documents->items[i];

        objects[i] = it->root;
        if (writing_is_lines(writing)) {
            printf("%s valid (dry run)\n", kind_title(fogctl, it->kind, it->name));
        }
    }
    return writing_print_objects(fogctl, writing, objects, documents->count);
}
