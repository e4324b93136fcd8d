#include "tools/fogctl/arrange.h"

#include "schema/base/parse.h"

#include <ctype.h>

struct sorted {
    struct node *object;
    size_t index; /* as they came: equals stay so */
    enum { NOTHING, NUMBER, TEXT } type;
    double number;
    const char *text;
};

static void read_key(struct fogctl *fogctl, const struct jsonpath *path, struct sorted *it)
{
    struct found found;
    struct err err;
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    int64_t quantity;

    it->type = NOTHING;
    if (jsonpath_find(path, &fogctl->arena, it->object, &found, &err) < 0 || found.count == 0) {
        return;
    }
    jsonpath_value(found.items[0], &text);
    it->text = arena_strdup(&fogctl->arena, text.data);
    it->type = TEXT;
    if (found.items[0]->type == NODE_REAL) {
        it->type = NUMBER;
        it->number = found.items[0]->real;
    } else if (quantity_from_str(it->text, &quantity)) {
        it->type = NUMBER;
        it->number = (double)quantity;
    }
}

static int compare(const void *a, const void *b)
{
    const struct sorted *left = a, *right = b;
    int order = 0;

    if (left->type != right->type) {
        return left->type < right->type ? -1 : 1;
    }
    if (left->type == NUMBER) {
        order = (left->number > right->number) - (left->number < right->number);
    } else if (left->type == TEXT) {
        order = strcmp(left->text, right->text);
    }
    return order != 0 ? order : left->index < right->index ? -1 : 1;
}

struct jsonpath *sort_path(struct fogctl *fogctl, const char *text)
{
    struct err err;
    struct jsonpath *path = jsonpath_parse_path(&fogctl->arena, text, &err);

    if (path == NULL) {
        (void)fail("as in --sort-by .metadata.creationTimestamp", "--sort-by: %s", err.text);
    }
    return path;
}

void objects_sort(struct fogctl *fogctl, const struct jsonpath *path, struct node *list)
{
    size_t count = list_count(list);
    struct sorted *sorted = arena_array(&fogctl->arena, count + 1, sizeof(sorted[0]));

    for (size_t i = 0; i < count; i++) {
        sorted[i].object = list->list.items[i];
        sorted[i].index = i;
        read_key(fogctl, path, &sorted[i]);
    }
    if (count > 0) {
        qsort(sorted, count, sizeof(sorted[0]), compare);
    }
    for (size_t i = 0; i < count; i++) {
        list->list.items[i] = sorted[i].object;
    }
}

static const struct node *labels_of(const struct node *object)
{
    const struct node *labels = node_find(node_find(object, "metadata"), "labels");

    return labels == NULL || labels->type != NODE_MAP ? NULL : labels;
}

const char *labels_shown(struct fogctl *fogctl, const struct node *object)
{
    const struct node *labels = labels_of(object);
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    for (size_t i = 0; labels != NULL && i < labels->map.count; i++) {
        const char *value = node_text(labels->map.members[i].value);

        str_addf(&text, "%s%s=%s", i == 0 ? "" : ",", labels->map.members[i].key,
                 value == NULL ? "" : value);
    }
    return text.length == 0 ? "<none>" : arena_strdup(&fogctl->arena, text.data);
}

const char *label_of(const struct node *object, const char *key)
{
    const struct node *labels = labels_of(object);

    return labels == NULL ? "" : text_of(labels, key);
}

const char *label_head(struct fogctl *fogctl, const char *key)
{
    const char *slash = strrchr(key, '/');
    char *head = arena_strdup(&fogctl->arena, slash == NULL ? key : slash + 1);

    for (char *c = head; *c != '\0'; c++) {
        *c = (char)toupper((unsigned char)*c);
    }
    return head;
}
