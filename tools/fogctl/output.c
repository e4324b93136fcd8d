#include "tools/fogctl/output.h"

#include "schema/base/parse.h"
#include "schema/json.h"
#include "schema/yaml.h"

#include <stdio.h>

bool output_from_str(const char *text, enum output *ret_output)
{
    static const char *const words[] = {"table", "wide", "yaml", "json", "name"};
    const char *close;
    char advice[80] = "forms: table, wide, yaml, json, name; of get more: fogctl get --help";

    *ret_output = OUTPUT_TABLE;
    for (size_t i = 0; text != NULL && i < COUNT_OF(words); i++) {
        if (str_eq(text, words[i])) {
            *ret_output = (enum output)i;
            return true;
        }
    }
    close = text == NULL ? NULL : words_closest(text, words, COUNT_OF(words));
    if (close != NULL) {
        (void)snprintf(advice, sizeof(advice), "did you mean -o %s?", close);
    }
    if (text != NULL) {
        (void)fail(advice, "there is no output form \"%s\"", text);
    }
    return text == NULL;
}

const struct kind *kind_of(const struct node *object)
{
    const char *api_version = node_find_text(object, "apiVersion");
    const char *kind = node_find_text(object, "kind");

    return api_version == NULL || kind == NULL ? NULL : kind_find(api_version, kind);
}

static void print_tree(const struct fogctl *fogctl, enum output output, const struct node *root)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    if (output == OUTPUT_YAML) {
        yaml_emit(root, &text);
    } else {
        json_emit(root, JSON_PRETTY, &text);
    }
    if (fogctl->is_terminal) {
        text_put_lines(stdout, text.data);
    } else {
        fputs(text.data, stdout); /* data: a program reads it */
    }
    if (text.length > 0 && text.data[text.length - 1] != '\n') {
        putchar('\n');
    }
}

bool output_managed_fields;

/* Owners are of no use to most who read: they are kept out, as kubectl does. */
static struct node *shown(struct fogctl *fogctl, const struct node *object)
{
    struct node *copy = node_copy(&fogctl->arena, object);
    struct node *meta = node_find(copy, "metadata");

    if (meta != NULL && !output_managed_fields) {
        (void)node_remove(meta, "managedFields");
    }
    return copy;
}

void output_objects(struct fogctl *fogctl, enum output output, struct node *const *objects,
                    size_t count, bool is_list)
{
    struct node *list, *root, *meta;

    if (output == OUTPUT_NAME) {
        for (size_t i = 0; i < count; i++) {
            const struct kind *kind = kind_of(objects[i]);

            if (kind != NULL) {
                text_put(stdout, kind_title(fogctl, kind,
                                            text_of(node_find(objects[i], "metadata"), "name")));
                putchar('\n');
            }
        }
        return;
    }
    if (!is_list && count == 1) {
        print_tree(fogctl, output, shown(fogctl, objects[0]));
        return;
    }
    root = node_map(&fogctl->arena);
    list = node_list(&fogctl->arena);
    for (size_t i = 0; i < count; i++) {
        node_add(&fogctl->arena, list, shown(fogctl, objects[i]));
    }
    node_set(&fogctl->arena, root, "apiVersion", node_str(&fogctl->arena, "v1"));
    node_set(&fogctl->arena, root, "kind", node_str(&fogctl->arena, "List"));
    meta = node_map(&fogctl->arena);
    node_set(&fogctl->arena, meta, "resourceVersion", node_str(&fogctl->arena, ""));
    node_set(&fogctl->arena, root, "metadata", meta);
    node_set(&fogctl->arena, root, "items", list);
    print_tree(fogctl, output, root);
}

void output_event(struct fogctl *fogctl, enum output output, const char *type, struct node *object)
{
    struct node *event = node_map(&fogctl->arena);

    if (output == OUTPUT_NAME) {
        if (type != NULL) {
            printf("%-8s   ", type);
        }
        output_objects(fogctl, output, &object, 1, false);
        return;
    }
    if (output == OUTPUT_YAML) {
        puts("---");
    }
    if (type == NULL) {
        print_tree(fogctl, output, shown(fogctl, object));
        return;
    }
    node_set(&fogctl->arena, event, "type", node_str(&fogctl->arena, type));
    node_set(&fogctl->arena, event, "object", shown(fogctl, object));
    print_tree(fogctl, output, event);
}
