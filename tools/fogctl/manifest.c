/* Manifests from files, folders and standard input: read all, check all, say everything that is
 * wrong at its place. */
#include "schema/bind.h"
#include "schema/check.h"
#include "schema/json.h"
#include "schema/limits.h"
#include "schema/yaml.h"
#include "tools/fogctl/context.h"
#include "tools/fogctl/fogctl.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_manifest(const char *name)
{
    return name[0] != '.' &&
           (str_ends(name, ".yaml") || str_ends(name, ".yml") || str_ends(name, ".json"));
}

/* The manifests of one folder, by name; folders below are not entered. */
static bool list_folder(struct fogctl *fogctl, const char *path, struct texts *files)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    size_t first = files->count;

    if (folder == NULL) {
        (void)fail(NULL, "%s: %s", path, strerror(errno));
        return false;
    }
    while ((entry = readdir(folder)) != NULL) {
        if (is_manifest(entry->d_name)) {
            vec_add(files, arena_printf(&fogctl->arena, "%s/%s", path, entry->d_name));
        }
    }
    (void)closedir(folder);
    if (files->count - first > MANIFEST_FILES_MAX) {
        (void)fail(NULL, "%s: more than %d manifests", path, MANIFEST_FILES_MAX);
        return false;
    }
    if (files->count == first) {
        (void)fail("manifests end in .yaml, .yml or .json", "%s: no manifests in this folder",
                   path);
        return false;
    }
    qsort(files->items + first, files->count - first, sizeof(files->items[0]), by_text);
    return true;
}

static bool list_files(struct fogctl *fogctl, const struct texts *given, struct texts *files)
{
    vec_each (given, it) {
        struct stat status;

        if (!str_eq(*it, "-") && stat(*it, &status) == 0 && S_ISDIR(status.st_mode)) {
            if (!list_folder(fogctl, *it, files)) {
                return false;
            }
        } else {
            vec_add(files, *it);
        }
    }
    return true;
}

/* The schema stage and the rules of one object; what other objects have to do with it, the
 * controller knows. */
static void check_document(struct fogctl *fogctl, const char *file, struct node *root,
                           struct problems *problems, struct documents_read *documents)
{
    const struct kind *kind = bind_kind(root, problems);
    struct document document = {file, root, kind, NULL};
    struct object *object;

    if (kind == NULL) {
        return;
    }
    document.name = node_find_text(node_find(root, "metadata"), "name");
    object = bind_object(kind, root, BIND_STRICT, problems);
    if (object != NULL) {
        check_semantic(object, NULL, root, NULL, problems);
        object_unref(object);
    }
    for (size_t i = 0; document.name != NULL && i < documents->count; i++) {
        if (documents->items[i].kind == kind && str_eq(documents->items[i].name, document.name)) {
            problem_add(problems, PROBLEM_ERROR, CAUSE_DUPLICATE,
                        check_locate(root, "metadata.name"), "metadata.name",
                        "%s \"%s\" stands in %s already", kind->name, document.name,
                        documents->items[i].file);
        }
    }
    vec_add(documents, document);
    (void)fogctl;
}

static void read_file(struct fogctl *fogctl, const char *file, struct problems *problems,
                      struct documents_read *documents)
{
    struct documents found = {0};
    struct err err = ERR_NONE;
    struct node *root;
    size_t size = 0;
    char *text = file_read(&fogctl->arena, file, JSON_BYTES_MAX, &size, &err);

    problems->file = file;
    if (text == NULL) {
        problem_add_at(problems, PROBLEM_ERROR, CAUSE_SYNTAX, 0, 0, "", "%s",
                       str_starts(err.text, file) ? err.text + strlen(file) + 2 : err.text);
        return;
    }
    if (str_ends(file, ".json")) {
        if (json_parse(&fogctl->arena, text, size, JSON_POSITIONS, problems, &root) == 0) {
            check_document(fogctl, file, root, problems, documents);
        }
        return;
    }
    (void)yaml_parse(&fogctl->arena, text, size, problems, &found);
    for (size_t i = 0; i < found.count; i++) {
        check_document(fogctl, file, found.items[i], problems, documents);
    }
}

static bool finish(struct problems *problems)
{
    _cleanup_(str_fini)
    struct str lines = STR_EMPTY;

    problems_sort(problems);
    problems_print(problems, &lines);
    fputs(lines.data, stderr);
    if (problems->errors > 0) {
        fprintf(stderr, "%zu error%s; nothing was changed\n", problems->errors,
                problems->errors == 1 ? "" : "s");
    }
    return problems->errors == 0;
}

bool manifests_read(struct fogctl *fogctl, const struct texts *files,
                    struct documents_read *ret_documents)
{
    struct texts names = {0};
    struct problems problems;
    bool fine;

    problems_init(&problems, &fogctl->arena, NULL);
    fine = list_files(fogctl, files, &names);
    if (fine) {
        vec_each (&names, it) {
            read_file(fogctl, *it, &problems, ret_documents);
        }
        fine = finish(&problems);
        if (fine && ret_documents->count == 0) {
            (void)fail(NULL, "there is no object in what was given");
            fine = false;
        }
    }
    vec_fini(&names);
    return fine;
}

int manifests_failed(struct fogctl *fogctl, const struct documents_read *documents,
                     const struct reply *reply)
{
    const struct node *causes = node_find_path(reply->root, "details.causes");
    struct problems problems;
    bool has_place = false;

    problems_init(&problems, &fogctl->arena, NULL);
    for (size_t i = 0; causes != NULL && causes->type == NODE_LIST && i < causes->list.count; i++) {
        const struct node *cause = causes->list.items[i];
        const char *field = node_find_text(cause, "field");
        int64_t change;

        if (!node_find_int(cause, "change", &change) || change < 0 ||
            (size_t)change >= documents->count) {
            continue;
        }
        problems.file = documents->items[change].file;
        has_place = true;
        problem_add(&problems, PROBLEM_ERROR, CAUSE_INVALID,
                    check_locate(documents->items[change].root,
                                 field == NULL ? "" : field + (field[0] == '.')),
                    field == NULL ? "" : field, "%s", node_find_text(cause, "message"));
    }
    if (!has_place) {
        return reply_failed(reply);
    }
    (void)finish(&problems);
    return EXIT_FAILED;
}
