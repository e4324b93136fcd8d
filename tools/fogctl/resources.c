#include "tools/fogctl/resources.h"

#include "schema/base/parse.h"
#include "tools/fogctl/foreign.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { GROUPS_MAX = 64, RESOURCES_MAX = 4096 };

static bool flag_of(const struct node *map, const char *key)
{
    const struct node *node = node_find(map, key);

    return node != NULL && node->type == NODE_BOOL && node->boolean;
}

static const struct node *list_of(const struct node *map, const char *key)
{
    const struct node *node = node_find(map, key);

    return node != NULL && node->type == NODE_LIST ? node : NULL;
}

/* It comes behind the one that it is part of. */
static void add_subresource(struct fogctl *fogctl, const struct resource *part,
                            struct resources *to)
{
    size_t length = strcspn(part->name, "/");

    for (size_t i = 0; i < to->count; i++) {
        struct resource *whole = &to->items[i];

        if (str_eq(whole->group_version, part->group_version) && strlen(whole->name) == length &&
            strncmp(whole->name, part->name, length) == 0) {
            node_add(&fogctl->arena, whole->subresources,
                     node_str(&fogctl->arena, part->name + length + 1));
        }
    }
}

static bool read_group(struct fogctl *fogctl, const char *group, const char *group_version,
                       struct resources *to)
{
    const struct node *answer =
        http_get(fogctl, arena_printf(&fogctl->arena, "%s/%s", *group == '\0' ? "/api" : "/apis",
                                      group_version));
    const struct node *list = list_of(answer, "resources");

    if (answer == NULL) {
        return false;
    }
    for (size_t i = 0; i < list_count(list) && to->count < RESOURCES_MAX; i++) {
        const struct node *one = list->list.items[i];
        struct resource resource = {
            .name = text_of(one, "name"),
            .singular = text_of(one, "singularName"),
            .kind = text_of(one, "kind"),
            .group = group,
            .group_version = group_version,
            .is_namespaced = flag_of(one, "namespaced"),
            .verbs = list_of(one, "verbs"),
            .short_names = list_of(one, "shortNames"),
            .categories = list_of(one, "categories"),
        };

        if (strchr(resource.name, '/') == NULL) {
            resource.subresources = node_list(&fogctl->arena);
            vec_add(to, resource);
        } else {
            add_subresource(fogctl, &resource, to);
        }
    }
    return true;
}

bool resources_read(struct fogctl *fogctl, struct resources *ret_resources)
{
    const struct node *versions = http_get(fogctl, "/api"), *groups, *list;

    *ret_resources = (struct resources){0};
    if (versions == NULL) {
        return false;
    }
    list = list_of(versions, "versions");
    if (list_count(list) > 0 &&
        !read_group(fogctl, "", text_shown(fogctl, node_text(list->list.items[0])),
                    ret_resources)) {
        return false;
    }
    groups = http_get(fogctl, "/apis");
    if (groups == NULL) {
        return false;
    }
    list = list_of(groups, "groups");
    for (size_t i = 0; i < list_count(list) && i < GROUPS_MAX; i++) {
        const struct node *group = list->list.items[i];
        const struct node *preferred = node_find(group, "preferredVersion");

        if (!read_group(fogctl, text_of(group, "name"), text_of(preferred, "groupVersion"),
                        ret_resources)) {
            return false;
        }
    }
    return true;
}

static bool is_word(const char *word, size_t length, const char *name)
{
    return name != NULL && strlen(name) == length && strncasecmp(word, name, length) == 0;
}

/* What follows the first dot: a group, or version and group. */
static bool is_in_group(const struct resource *resource, const char *suffix)
{
    if (str_is_empty(suffix)) {
        return true;
    }
    if (str_starts(suffix, "v1.")) {
        suffix += strlen("v1.");
    }
    return strcasecmp(suffix, resource->group) == 0;
}

const struct resource *resources_find(const struct resources *resources, const char *word)
{
    const char *dot = strchr(word, '.');
    size_t length = dot == NULL ? strlen(word) : (size_t)(dot - word);

    for (size_t i = 0; i < resources->count; i++) {
        const struct resource *one = &resources->items[i];
        bool is_it = is_word(word, length, one->name) || is_word(word, length, one->singular) ||
                     is_word(word, length, one->kind);

        for (size_t j = 0; j < list_count(one->short_names); j++) {
            is_it |= is_word(word, length, node_text(one->short_names->list.items[j]));
        }
        if (is_it && is_in_group(one, dot == NULL ? NULL : dot + 1)) {
            return one;
        }
    }
    return NULL;
}

const char *texts_joined(struct fogctl *fogctl, const struct node *list, const char *separator)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    for (size_t i = 0; i < list_count(list); i++) {
        const char *item = node_text(list->list.items[i]);

        str_addf(&text, "%s%s", i > 0 ? separator : "", item == NULL ? "" : item);
    }
    return arena_strdup(&fogctl->arena, text.data);
}

int resources_missing(struct fogctl *fogctl, const struct resources *resources, const char *word)
{
    const char **names = arena_array(&fogctl->arena, 2 * resources->count + 1, sizeof(names[0]));
    const char *close;

    for (size_t i = 0; i < resources->count; i++) {
        names[2 * i] = resources->items[i].singular;
        names[2 * i + 1] = resources->items[i].name;
    }
    close = words_closest(word, names, 2 * resources->count);
    if (foreign_kind(word) != NULL) {
        return fail(foreign_kind(word), "the controller has no kind \"%s\"", word);
    }
    return fail(close != NULL ? arena_printf(&fogctl->arena, "did you mean \"%s\"?", close)
                              : "fogctl api-resources lists all kinds",
                "the controller has no kind \"%s\"", word);
}
