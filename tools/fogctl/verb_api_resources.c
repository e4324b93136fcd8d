/* api-resources: which kinds there are, and what can be done with them. */
#include "schema/json.h"
#include "tools/fogctl/output.h"
#include "tools/fogctl/resources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *opt_output, *opt_verbs, *opt_categories, *opt_group;
static bool opt_no_headers;

static const struct option_row rows[] = {
    {"output", 'o', OPTION_TEXT, &opt_output, "FORM", "wide, name or json", NULL},
    {"verbs", 0, OPTION_TEXT, &opt_verbs, "VERBS", "those that have all of these: list,create",
     NULL},
    {"categories", 0, OPTION_TEXT, &opt_categories, "NAMES", "those listed under all of these",
     NULL},
    {"api-group", 0, OPTION_TEXT, &opt_group, "GROUP", "those of this group", NULL},
    {"no-headers", 0, OPTION_FLAG, &opt_no_headers, NULL, "no line of column names", NULL},
};

static const struct option_row *options(size_t *ret_count)
{
    *ret_count = COUNT_OF(rows);
    return rows;
}

static int api_resources(struct fogctl *fogctl, struct texts *words);

const struct verb verb_api_resources = {
    "api-resources",
    "which kinds there are, and what can be done with them",
    "api-resources [-o wide|name|json] [--verbs VERBS] [--categories NAMES]",
    "  fogctl api-resources\n  fogctl api-resources --verbs create,patch -o name\n",
    options,
    api_resources,
};

enum { NARROW_COLUMNS = 5, WIDE_COLUMNS = 7 };

static const char *const heads[WIDE_COLUMNS] = {"NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED",
                                                "KIND", "VERBS",      "CATEGORIES"};

static bool has(const struct node *list, const char *text, size_t length)
{
    for (size_t i = 0; i < list_count(list); i++) {
        const char *item = node_text(list->list.items[i]);

        if (item != NULL && strlen(item) == length && strncmp(item, text, length) == 0) {
            return true;
        }
    }
    return false;
}

/* Every word of "a,b,c". */
static bool has_all(const struct node *list, const char *wanted)
{
    while (wanted != NULL && *wanted != '\0') {
        size_t length = strcspn(wanted, ",");

        if (length > 0 && !has(list, wanted, length)) {
            return false;
        }
        wanted += length + (wanted[length] == ',' ? 1 : 0);
    }
    return true;
}

static bool is_wanted(const struct resource *resource)
{
    return list_count(resource->verbs) > 0 && has_all(resource->verbs, opt_verbs) &&
           has_all(resource->categories, opt_categories) &&
           (opt_group == NULL || str_eq(opt_group, resource->group));
}

static void print_table(struct fogctl *fogctl, const struct resources *resources, bool is_wide)
{
    struct table table;

    table_init(&table, is_wide ? WIDE_COLUMNS : NARROW_COLUMNS);
    for (size_t i = 0; i < table.columns; i++) {
        vec_add(&table.cells, heads[i]);
    }
    vec_each (resources, it) {
        const char *const cells[WIDE_COLUMNS] = {it->name,
                                                 texts_joined(fogctl, it->short_names, ","),
                                                 it->group_version,
                                                 it->is_namespaced ? "true" : "false",
                                                 it->kind,
                                                 texts_joined(fogctl, it->verbs, ","),
                                                 texts_joined(fogctl, it->categories, ",")};

        for (size_t i = 0; i < table.columns && is_wanted(it); i++) {
            vec_add(&table.cells, cells[i]);
        }
    }
    table_print(&table, opt_no_headers ? 1 : 0);
    table_fini(&table);
}

static void print_names(const struct resources *resources)
{
    vec_each (resources, it) {
        if (is_wanted(it)) {
            text_put(stdout, it->name);
            if (*it->group != '\0') {
                putchar('.');
                text_put(stdout, it->group);
            }
            putchar('\n');
        }
    }
}

static void set_list(struct fogctl *fogctl, struct node *to, const char *key,
                     const struct node *list)
{
    if (list != NULL) {
        node_set(&fogctl->arena, to, key, node_copy(&fogctl->arena, list));
    }
}

static void print_json(struct fogctl *fogctl, const struct resources *resources)
{
    struct arena *arena = &fogctl->arena;
    struct node *root = node_map(arena), *list = node_list(arena);

    vec_each (resources, it) {
        struct node *one = node_map(arena);

        if (!is_wanted(it)) {
            continue;
        }
        node_set(arena, one, "name", node_str(arena, it->name));
        node_set(arena, one, "singularName", node_str(arena, it->singular));
        node_set(arena, one, "namespaced", node_bool(arena, it->is_namespaced));
        node_set(arena, one, "group", node_str(arena, it->group));
        node_set(arena, one, "groupVersion", node_str(arena, it->group_version));
        node_set(arena, one, "kind", node_str(arena, it->kind));
        set_list(fogctl, one, "verbs", it->verbs);
        set_list(fogctl, one, "shortNames", it->short_names);
        set_list(fogctl, one, "categories", it->categories);
        node_add(arena, list, one);
    }
    node_set(arena, root, "kind", node_str(arena, "APIResourceList"));
    node_set(arena, root, "apiVersion", node_str(arena, "v1"));
    node_set(arena, root, "resources", list);
    output_objects(fogctl, OUTPUT_JSON, &root, 1, false);
}

static int api_resources(struct fogctl *fogctl, struct texts *words)
{
    struct resources resources = {0};
    enum output output;
    int code = EXIT_FAILED;

    if (words->count > 0) {
        return usage_error(&verb_api_resources, "unexpected \"%s\"", words->items[0]);
    }
    if (!output_from_str(opt_output, &output) || output == OUTPUT_YAML) {
        return opt_output != NULL && str_eq(opt_output, "yaml")
                   ? usage_error(&verb_api_resources, "-o is wide, name or json here")
                   : EXIT_USAGE;
    }
    if (resources_read(fogctl, &resources)) {
        code = EXIT_DONE;
        if (output == OUTPUT_NAME) {
            print_names(&resources);
        } else if (output == OUTPUT_JSON) {
            print_json(fogctl, &resources);
        } else {
            print_table(fogctl, &resources, output == OUTPUT_WIDE);
        }
    }
    vec_fini(&resources);
    return code;
}
