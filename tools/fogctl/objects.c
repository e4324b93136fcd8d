/* Kinds and names as people type them, and objects as the controller gives them. */
#include "tools/fogctl/fogctl.h"
#include "tools/fogctl/foreign.h"

#include "schema/base/parse.h"

#include "schema/emit.h"

#include <stdio.h>
#include <string.h>

const char *kind_title(struct fogctl *fogctl, const struct kind *kind, const char *name)
{
    return arena_printf(&fogctl->arena, "%s%s%s/%s", kind->singular,
                        kind->group[0] == '\0' ? "" : ".", kind->group, name);
}

int selection_check(const struct verb *verb, const struct selection *selection)
{
    const char *labels = selection->labels;

    return labels != NULL && labels[strspn(labels, " \t\r\n")] == '\0'
               ? usage_error(verb, "-l is empty, which would select everything")
               : EXIT_DONE;
}

int targets_given(struct fogctl *fogctl, const struct verb *verb, const struct texts *words,
                  const struct texts *files, struct targets *ret_targets)
{
    struct documents_read documents = {0};
    int code = EXIT_DONE;

    if (words->count > 0 && files->count > 0) {
        return usage_error(verb, "either names or -f, not both");
    }
    if (words->count > 0) {
        return targets_read(fogctl, words, ret_targets) ? EXIT_DONE : EXIT_USAGE;
    }
    if (files->count > 0) {
        code = manifests_named(fogctl, files, &documents) ? EXIT_DONE : EXIT_FAILED;
    }
    for (size_t i = 0; code == EXIT_DONE && i < documents.count; i++) {
        vec_add(ret_targets, ((struct target){documents.items[i].kind, documents.items[i].name}));
    }
    vec_fini(&documents);
    return code;
}

int targets_named(struct fogctl *fogctl, const struct verb *verb, const struct texts *words,
                  const struct texts *files, const struct selection *selection,
                  struct targets *ret_targets)
{
    struct targets given = {0};
    int code;

    if (words->count == 0 && files->count == 0) {
        return usage_error(verb, "which object?");
    }
    code = targets_given(fogctl, verb, words, files, &given);
    if (code != EXIT_DONE) {
        vec_fini(&given);
        return code;
    }
    if (!targets_expand(fogctl, &given, selection, ret_targets)) {
        code = EXIT_FAILED;
    } else if (ret_targets->count == 0) {
        fputs("No resources found\n", stderr);
    }
    vec_fini(&given);
    return code;
}

const char *kind_short(const struct kind *kind)
{
    return kind->short_names == NULL || kind->short_names[0] == NULL ? kind->singular
                                                                     : kind->short_names[0];
}

const char *kind_path(struct fogctl *fogctl, const struct kind *kind, const char *name)
{
    const char *base = kind->group[0] == '\0' ? "/api/v1" : "/apis/fog/v1";

    return name == NULL ? arena_printf(&fogctl->arena, "%s/%s", base, kind->plural)
                        : arena_printf(&fogctl->arena, "%s/%s/%s", base, kind->plural,
                                       url_escape(fogctl, name));
}

static const struct kind *find_kind(const char *word)
{
    const struct kind *kind = kind_find_word(word);
    const char *names[KIND_COUNT * 3];
    const char *close, *instead = foreign_kind(word);
    _cleanup_(str_fini)
    struct str advice = STR_EMPTY;

    if (kind != NULL) {
        return kind;
    }
    for (size_t i = 0; i < KIND_COUNT; i++) {
        names[3 * i] = kinds[i]->singular;
        names[3 * i + 1] = kinds[i]->plural;
        names[3 * i + 2] = kind_short(kinds[i]);
        str_addf(&advice, "%s%s (%s)", i == 0 ? "kinds: " : ", ", kinds[i]->plural,
                 kind_short(kinds[i]));
    }
    close = words_closest(word, names, COUNT_OF(names));
    if (instead != NULL || close != NULL) {
        str_clear(&advice);
        str_addf(&advice, instead != NULL ? "%s" : "did you mean \"%s\"?",
                 instead != NULL ? instead : close);
    }
    (void)fail(advice.data, "there is no kind \"%s\"", word);
    return NULL;
}

static bool add_slashed(struct fogctl *fogctl, const char *word, const char *slash,
                        struct targets *targets)
{
    const struct kind *kind;

    if (slash == word || slash[1] == '\0' || strchr(slash + 1, '/') != NULL) {
        (void)fail("one kind and one name, as in hs/render", "\"%s\" names no object", word);
        return false;
    }
    kind = find_kind(arena_strndup(&fogctl->arena, word, (size_t)(slash - word)));
    if (kind != NULL) {
        vec_add(targets, ((struct target){kind, slash + 1}));
    }
    return kind != NULL;
}

/* "all", "fog": the kinds that are listed under it; false when there are none. */
static bool add_category(const char *word, struct targets *targets)
{
    size_t count = targets->count;

    for (size_t i = 0; i < KIND_COUNT; i++) {
        for (const char *const *it = kinds[i]->categories; it != NULL && *it != NULL; it++) {
            if (str_eq(*it, word)) {
                vec_add(targets, ((struct target){kinds[i], NULL}));
            }
        }
    }
    return targets->count > count;
}

static bool add_list(struct fogctl *fogctl, const char *word, struct targets *targets)
{
    if (add_category(word, targets)) {
        return true;
    }
    do {
        size_t length = strcspn(word, ",");
        const struct kind *kind = find_kind(arena_strndup(&fogctl->arena, word, length));

        if (kind == NULL) {
            return false;
        }
        vec_add(targets, ((struct target){kind, NULL}));
        word += length + (word[length] == ',');
    } while (*word != '\0');
    return true;
}

/* "hs,agents one two": those names of each of the kinds. */
static bool add_each(struct fogctl *fogctl, const struct texts *words, struct targets *targets)
{
    struct targets all = {0};
    bool is_fine = add_list(fogctl, words->items[0], &all);

    for (size_t i = 0; is_fine && i < all.count; i++) {
        for (size_t j = 1; is_fine && j < words->count; j++) {
            is_fine = strchr(words->items[j], '/') == NULL;
            vec_add(targets, ((struct target){all.items[i].kind, words->items[j]}));
            if (!is_fine) {
                (void)fail("one kind and names, or each as KIND/NAME",
                           "\"%s\" stands behind a kind", words->items[j]);
            }
        }
    }
    vec_fini(&all);
    return is_fine;
}

bool targets_read(struct fogctl *fogctl, const struct texts *words, struct targets *ret_targets)
{
    const struct kind *kind = NULL;
    bool has_name = false, has_slash = false;

    if (words->count > 1 && strchr(words->items[0], ',') != NULL &&
        strchr(words->items[0], '/') == NULL) {
        return add_each(fogctl, words, ret_targets);
    }
    if (words->count == 1 && strchr(words->items[0], '/') == NULL) {
        return add_list(fogctl, words->items[0], ret_targets);
    }
    vec_each (words, it) {
        const char *slash = strchr(*it, '/');

        if (slash != NULL) {
            has_slash = true;
            if (!add_slashed(fogctl, *it, slash, ret_targets)) {
                return false;
            }
        } else if (kind == NULL && has_slash && kind_find_word(*it) == NULL) {
            (void)fail("beside KIND/NAME each is one, as in hs/render agent/edge-1",
                       "\"%s\": of which kind?", *it);
            return false;
        } else if (kind == NULL) {
            kind = find_kind(*it);
            if (kind == NULL) {
                return false;
            }
        } else {
            vec_add(ret_targets, ((struct target){kind, *it}));
            has_name = true;
        }
    }
    if (kind != NULL && !has_name) {
        (void)fail("several kinds are joined by commas; one object of many is KIND/NAME",
                   "\"%s\" stands among names, and is none", kind->plural);
        return false;
    }
    return true;
}

bool targets_expand(struct fogctl *fogctl, const struct targets *given,
                    const struct selection *selection, struct targets *ret_all)
{
    vec_each (given, it) {
        struct node *list;

        if (it->name != NULL) {
            vec_add(ret_all, *it);
            continue;
        }
        if (selection->where != NULL && it->kind->id != KIND_AGENT) {
            (void)fail(NULL, "--where is for agents, not for %s", it->kind->plural);
            return false;
        }
        list = list_selected(fogctl, it->kind, selection, NULL);
        if (list == NULL) {
            return false;
        }
        for (size_t i = 0; i < list->list.count; i++) {
            const char *name = node_find_text(node_find(list->list.items[i], "metadata"), "name");

            vec_add(ret_all, ((struct target){it->kind, name}));
        }
    }
    return true;
}

const char *text_of(const struct node *map, const char *key)
{
    const char *text = node_find_text(map, key);

    return text == NULL ? "" : text;
}

int64_t int_of(const struct node *map, const char *key)
{
    int64_t value;

    return node_find_int(map, key, &value) ? value : 0;
}

const char *age_since(struct fogctl *fogctl, const char *time)
{
    char text[DURATION_TEXT_SIZE];
    struct wall moment;

    if (time == NULL || !wall_from_str(time, &moment)) {
        return "";
    }
    age_to_str(moment_ms(fogctl) - moment.ms, text);
    return arena_strdup(&fogctl->arena, text);
}

size_t list_count(const struct node *list)
{
    return list == NULL || list->type != NODE_LIST ? 0 : list->list.count;
}

const char *object_path(struct fogctl *fogctl, const struct kind *kind, const char *name)
{
    const char *path = kind_path(fogctl, kind, name);

    return fogctl->at_revision == NULL
               ? path
               : arena_printf(&fogctl->arena, "%s?atRevision=%s", path, fogctl->at_revision);
}

struct node *list_selected(struct fogctl *fogctl, const struct kind *kind,
                           const struct selection *selection, const char **ret_revision)
{
    struct node *all = node_list(&fogctl->arena);
    const char *labels = selection->labels == NULL ? "" : selection->labels;
    const char *fields = selection->fields == NULL ? "" : selection->fields;
    const char *where =
        selection->where == NULL
            ? ""
            : arena_printf(&fogctl->arena, "where=%s&", url_escape(fogctl, selection->where));
    const char *at = fogctl->at_revision == NULL
                         ? ""
                         : arena_printf(&fogctl->arena, "atRevision=%s&", fogctl->at_revision);
    const char *token = "";

    do {
        const char *path = arena_printf(
            &fogctl->arena, "%s?limit=500&labelSelector=%s&fieldSelector=%s&%s%scontinue=%s",
            kind_path(fogctl, kind, NULL), url_escape(fogctl, labels), url_escape(fogctl, fields),
            where, at, url_escape(fogctl, token));
        struct node *page = http_get(fogctl, path);
        const struct node *items = node_find(page, "items");
        const struct node *meta = node_find(page, "metadata");

        if (page == NULL || items == NULL || items->type != NODE_LIST) {
            return NULL;
        }
        for (size_t i = 0; i < items->list.count; i++) {
            node_add(&fogctl->arena, all, items->list.items[i]);
        }
        if (ret_revision != NULL) {
            *ret_revision = node_find_text(meta, "resourceVersion");
        }
        token = node_find_text(meta, "continue");
    } while (!str_is_empty(token));
    return all;
}

struct node *list_objects(struct fogctl *fogctl, const struct kind *kind, const char *labels,
                          const char *fields, const char **ret_revision)
{
    const struct selection selection = {.labels = labels, .fields = fields};

    return list_selected(fogctl, kind, &selection, ret_revision);
}

struct node *without_noise(struct fogctl *fogctl, const struct node *object, bool with_status)
{
    static const char *const noise[] = {"managedFields", "resourceVersion",   "generation",
                                        "uid",           "creationTimestamp", "namespace"};
    struct node *copy = object == NULL ? NULL : node_copy(&fogctl->arena, object);
    struct node *meta = node_find(copy, "metadata");

    for (size_t i = 0; meta != NULL && i < COUNT_OF(noise); i++) {
        (void)node_remove(meta, noise[i]);
    }
    if (copy != NULL && !with_status) {
        (void)node_remove(copy, "status");
    }
    return copy;
}
