#include "tools/fogctl/output.h"

#include "schema/json.h"
#include "schema/yaml.h"

#include <stdio.h>

bool output_from_str(const char *text, enum output *ret_output)
{
    static const char *const words[] = {"table", "wide", "yaml", "json", "name"};

    *ret_output = OUTPUT_TABLE;
    for (size_t i = 0; text != NULL && i < COUNT_OF(words); i++) {
        if (str_eq(text, words[i])) {
            *ret_output = (enum output)i;
            return true;
        }
    }
    if (text != NULL) {
        (void)fail("forms: table, wide, yaml, json, name", "-o \"%s\" is not known", text);
    }
    return text == NULL;
}

const struct kind *kind_of(const struct node *object)
{
    const char *api_version = node_find_text(object, "apiVersion");
    const char *kind = node_find_text(object, "kind");

    return api_version == NULL || kind == NULL ? NULL : kind_find(api_version, kind);
}

static void print_tree(enum output output, const struct node *root)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    if (output == OUTPUT_YAML) {
        yaml_emit(root, &text);
    } else {
        json_emit(root, JSON_PRETTY, &text);
    }
    fputs(text.data, stdout);
    if (text.length > 0 && text.data[text.length - 1] != '\n') {
        putchar('\n');
    }
}

/* Owners are of no use to those who read: `-o json` of a single object keeps them out as kubectl
 * does. */
static struct node *shown(struct fogctl *fogctl, const struct node *object)
{
    struct node *copy = node_copy(&fogctl->arena, object);
    struct node *meta = node_find(copy, "metadata");

    if (meta != NULL) {
        (void)node_remove(meta, "managedFields");
    }
    return copy;
}

void output_objects(struct fogctl *fogctl, enum output output, struct node *const *objects,
                    size_t count, bool is_list)
{
    struct node *list, *root;

    if (output == OUTPUT_NAME) {
        for (size_t i = 0; i < count; i++) {
            const struct kind *kind = kind_of(objects[i]);

            if (kind != NULL) {
                puts(kind_title(fogctl, kind,
                                node_find_text(node_find(objects[i], "metadata"), "name")));
            }
        }
        return;
    }
    if (!is_list && count == 1) {
        print_tree(output, shown(fogctl, objects[0]));
        return;
    }
    root = node_map(&fogctl->arena);
    list = node_list(&fogctl->arena);
    for (size_t i = 0; i < count; i++) {
        node_add(&fogctl->arena, list, shown(fogctl, objects[i]));
    }
    node_set(&fogctl->arena, root, "apiVersion", node_str(&fogctl->arena, "v1"));
    node_set(&fogctl->arena, root, "kind", node_str(&fogctl->arena, "List"));
    node_set(&fogctl->arena, root, "items", list);
    print_tree(output, root);
}
