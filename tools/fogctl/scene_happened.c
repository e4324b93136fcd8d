/* What happened: events, and changes of what is declared; the newest of both. */
#include "schema/base/parse.h"
#include "schema/base/str.h"
#include "tools/fogctl/scene_inner.h"

#include <stdlib.h>
#include <string.h>

static void free_happened(struct scene_happened *it)
{
    free(it->key);
    free(it->who);
    free(it->kind);
    free(it->name);
    free(it->what);
    free(it);
}

void scene_forget_happened(struct scene *scene)
{
    map_each (&scene->happened, it) {
        free_happened(it->value);
    }
    map_clear(&scene->happened);
    scene->membership[KIND_EVENT]++;
}

int scene_compare_happened(const void *a, const void *b)
{
    const struct scene_happened *left = *(struct scene_happened *const *)a;
    const struct scene_happened *right = *(struct scene_happened *const *)b;
    int order = (left->at.ms < right->at.ms) - (left->at.ms > right->at.ms);

    order = order != 0 ? order : (left->order < right->order) - (left->order > right->order);
    return order != 0 ? order : strcmp(left->key, right->key);
}

/* When there are twice as many as are kept, the older half goes. */
static void bound(struct scene *scene)
{
    struct scene_happened **all;
    size_t count = 0;

    if (scene->happened.count < 2 * (size_t)SCENE_HAPPENED_MAX) {
        return;
    }
    all = mem_array(scene->happened.count, sizeof(all[0]));
    map_each (&scene->happened, it) {
        all[count++] = it->value;
    }
    qsort(all, count, sizeof(all[0]), scene_compare_happened);
    for (size_t i = SCENE_HAPPENED_MAX; i < count; i++) {
        (void)map_remove(&scene->happened, all[i]->key);
        free_happened(all[i]);
    }
    free(all);
}

static struct scene_happened *happened_get(struct scene *scene, const char *key)
{
    struct scene_happened *it = map_find(&scene->happened, key);

    if (it == NULL) {
        bound(scene);
        it = mem_alloc(sizeof(*it));
        it->key = mem_strdup(key);
        (void)map_put(&scene->happened, key, it);
        scene->membership[KIND_EVENT]++;
    }
    scene->changes[KIND_EVENT]++;
    return it;
}

static struct wall time_at(const struct node *map, const char *key)
{
    const char *text = node_find_text(map, key);
    struct wall moment;

    return text != NULL && wall_from_str(text, &moment) ? moment : (struct wall){0};
}

static uint64_t number_at(const struct node *map, const char *key)
{
    const char *text = node_find_text(map, key);
    uint64_t number;

    return text != NULL && u64_from_str(text, &number) ? number : 0;
}

void scene_put_event(struct scene *scene, const struct node *event)
{
    const struct node *meta = node_find(event, "metadata"), *about;
    const char *name = node_find_text(meta, "name"), *message = node_find_text(event, "message");
    const char *reason = node_find_text(event, "reason");
    struct str text = STR_EMPTY;
    struct scene_happened *it;
    int64_t count = 0;

    str_addf(&text, "event %s", name == NULL ? "" : name);
    it = happened_get(scene, text.data);
    about = node_find(event, "involvedObject");
    scene_keep(&it->kind, node_find_text(about, "kind"));
    scene_keep(&it->name, node_find_text(about, "name"));
    scene_keep(&it->who, node_find_text(node_find(event, "source"), "component"));
    str_clear(&text);
    str_addf(&text, "%s: %s", reason == NULL ? "" : reason, message == NULL ? "" : message);
    if (node_find_int(event, "count", &count) && count > 1) {
        str_addf(&text, " (%lld times)", (long long)count);
    }
    scene_keep(&it->what, text.data);
    it->at = time_at(event, "lastTimestamp");
    it->order = number_at(meta, "resourceVersion");
    it->is_warning = str_eq(node_find_text(event, "type"), "Warning");
    str_fini(&text);
}

void scene_changed(struct scene *scene, const struct node *item, const char *what)
{
    const char *verb = node_find_text(item, "verb"), *why = node_find_text(item, "why");
    struct str text = STR_EMPTY;
    struct scene_happened *it;

    str_addf(&text, "revision %llu", (unsigned long long)number_at(item, "revision"));
    it = happened_get(scene, text.data);
    scene_keep(&it->kind, node_find_text(item, "kind"));
    scene_keep(&it->name, node_find_text(item, "name"));
    scene_keep(&it->who, node_find_text(item, "who"));
    str_clear(&text);
    str_add(&text, verb == NULL || str_eq(verb, "update") ? what : verb);
    if (!str_is_empty(why)) {
        str_addf(&text, " (%s)", why);
    }
    scene_keep(&it->what, text.data);
    it->at = time_at(item, "time");
    it->order = number_at(item, "revision");
    it->is_change = true;
    str_fini(&text);
}
