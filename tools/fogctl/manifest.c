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
    bool has_stdin = false;

    vec_each (given, it) {
        struct stat status;

        if (str_eq(*it, "-") && has_stdin) {
            (void)fail(NULL, "-f -: standard input can be read once");
            return false;
        }
        has_stdin = has_stdin || str_eq(*it, "-");
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

/* What is being read, and how closely. */
struct reading {
    enum validation validation;
    bool names_only; /* the rest of it may be as it likes */
    struct problems *problems;
    struct documents_read *documents;
};

/* The schema stage and the rules of one object; what other objects have to do with it, the
 * controller knows. */
static void check_whole(const struct reading *reading, const struct kind *kind, struct node *root)
{
    static const unsigned flags[] = {BIND_STRICT, 0, BIND_QUIET};
    struct object *object = bind_object(kind, root, flags[reading->validation], reading->problems);

    if (object != NULL) {
        check_semantic(object, NULL, root, NULL, reading->problems);
        object_unref(object);
    }
}

/* What is to be found must have a name, and not one that is made up at each creation. */
static void check_name(const struct reading *reading, const struct kind *kind, struct node *root)
{
    const struct node *meta = node_find(root, "metadata"), *name = node_find(meta, "name");
    const struct node *made_up = node_find(meta, "generateName");

    if (name != NULL && str_is_empty(node_text(name))) {
        problem_add(reading->problems, PROBLEM_ERROR, CAUSE_TYPE, name, "metadata.name",
                    "must be a name");
    } else if (name == NULL && made_up != NULL) {
        problem_add(reading->problems, PROBLEM_ERROR, CAUSE_REQUIRED, made_up,
                    "metadata.generateName",
                    "names no object: each creation makes another name of it; name the %s itself",
                    kind->singular);
    } else if (name == NULL) {
        problem_add(reading->problems, PROBLEM_ERROR, CAUSE_REQUIRED,
                    check_locate(root, "metadata.name"), "metadata.name", "is required");
    }
}

static void check_document(const struct reading *reading, const char *file, struct node *root)
{
    struct problems *problems = reading->problems;
    struct documents_read *documents = reading->documents;
    const struct kind *kind = bind_kind(root, problems);
    struct document document = {file, root, kind, NULL};

    if (kind == NULL) {
        return;
    }
    document.name = node_find_text(node_find(root, "metadata"), "name");
    if (reading->names_only) {
        check_name(reading, kind, root);
    } else {
        check_whole(reading, kind, root);
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
}

/* `kind: List`, as `get -o yaml` gives it: its items. */
static bool is_list(const struct node *root)
{
    const char *kind = node_find_text(root, "kind");
    const struct node *items = node_find(root, "items");

    return kind != NULL && str_ends(kind, "List") && items != NULL && items->type == NODE_LIST;
}

static void read_document(const struct reading *reading, const char *file, struct node *root)
{
    if (!is_list(root)) {
        check_document(reading, file, root);
        return;
    }
    for (size_t i = 0; i < list_count(node_find(root, "items")); i++) {
        check_document(reading, file, node_find(root, "items")->list.items[i]);
    }
}

/* Standard input may be either.  What looks like one JSON object is read as such: of YAML, larger
 * documents are refused. */
static bool is_json(const char *file, const char *text, size_t size)
{
    size_t begin = strspn(text, " \t\r\n");

    while (size > begin && strchr(" \t\r\n", text[size - 1]) != NULL) {
        size--;
    }
    return str_ends(file, ".json") ||
           (str_eq(file, "-") && size > begin && text[begin] == '{' && text[size - 1] == '}' &&
            strstr(text, "\n---") == NULL &&
            text[begin + 1 + strspn(text + begin + 1, " \t\r\n")] == '"');
}

static void read_file(struct fogctl *fogctl, const struct reading *reading, const char *file)
{
    struct problems *problems = reading->problems;
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
    if (is_json(file, text, size)) {
        if (json_parse(&fogctl->arena, text, size, JSON_POSITIONS, problems, &root) == 0) {
            read_document(reading, file, root);
        }
        return;
    }
    (void)yaml_parse(&fogctl->arena, text, size, problems, &found);
    for (size_t i = 0; i < found.count; i++) {
        read_document(reading, file, found.items[i]);
    }
}

static bool finish(struct problems *problems)
{
    _cleanup_(str_fini)
    struct str lines = STR_EMPTY;

    problems_sort(problems);
    problems_print(problems, &lines);
    text_put_problems(stderr, lines.data);
    if (problems->errors > 0) {
        fprintf(stderr, "%zu error%s; nothing was changed\n", problems->errors,
                problems->errors == 1 ? "" : "s");
    }
    return problems->errors == 0;
}

static bool is_fit(const struct documents_read *documents)
{
    if (documents->count == 0) {
        (void)fail("a manifest has apiVersion, kind, metadata and spec",
                   "there is no object in what was given");
        return false;
    }
    if (documents->count > CHANGES_MAX) {
        (void)fail("give it in several parts: each is decided on its own",
                   "more than %d objects; that is the most that are changed all or nothing",
                   CHANGES_MAX);
        return false;
    }
    return true;
}

static bool read_all(struct fogctl *fogctl, const struct texts *files, struct reading *reading)
{
    struct documents_read *ret_documents = reading->documents;
    struct texts names = {0};
    struct problems problems;
    bool fine;

    problems_init(&problems, &fogctl->arena, NULL);
    reading->problems = &problems;
    fine = list_files(fogctl, files, &names);
    if (fine) {
        for (size_t i = 0; i < names.count && ret_documents->count <= CHANGES_MAX; i++) {
            read_file(fogctl, reading, names.items[i]);
        }
        fine = finish(&problems) && is_fit(ret_documents);
    }
    vec_fini(&names);
    return fine;
}

bool validation_from_str(const char *text, enum validation *ret_validation)
{
    static const struct {
        const char *word;
        enum validation validation;
    } words[] = {{"strict", VALIDATION_STRICT},
                 {"true", VALIDATION_STRICT},
                 {"warn", VALIDATION_WARN},
                 {"ignore", VALIDATION_IGNORE},
                 {"false", VALIDATION_IGNORE}};

    *ret_validation = VALIDATION_STRICT;
    for (size_t i = 0; text != NULL && i < COUNT_OF(words); i++) {
        if (str_eq(text, words[i].word)) {
            *ret_validation = words[i].validation;
            return true;
        }
    }
    return text == NULL;
}

const char *validation_query(enum validation validation)
{
    return validation == VALIDATION_STRICT ? "&fieldValidation=Strict" : "&fieldValidation=Ignore";
}

bool manifests_read(struct fogctl *fogctl, const struct texts *files, enum validation validation,
                    struct documents_read *ret_documents)
{
    struct reading reading = {.validation = validation, .documents = ret_documents};

    return read_all(fogctl, files, &reading);
}

bool manifests_named(struct fogctl *fogctl, const struct texts *files,
                     struct documents_read *ret_documents)
{
    struct reading reading = {.names_only = true, .documents = ret_documents};

    return read_all(fogctl, files, &reading);
}

/* The place in the files of what the controller said of a change; NULL: it says of none. */
static const struct document *locate(const struct documents_read *documents,
                                     const struct node *said, struct problems *problems,
                                     const struct node **ret_at, const char **ret_field)
{
    const char *field = text_of(said, "field");
    const struct document *document;
    int64_t change;

    if (!node_find_int(said, "change", &change) || change < 0 ||
        (size_t)change >= documents->count) {
        return NULL;
    }
    document = &documents->items[change];
    problems->file = document->file;
    *ret_field = field + (field[0] == '.'); /* conflicts of owners are told with a dot in front */
    *ret_at = check_locate(document->root, *ret_field);
    return document;
}

void manifests_warned(struct fogctl *fogctl, const struct documents_read *documents,
                      const struct node *warnings)
{
    struct problems problems;

    problems_init(&problems, &fogctl->arena, NULL);
    for (size_t i = 0; i < list_count(warnings); i++) {
        const struct node *warning = warnings->list.items[i], *at;
        const char *field;

        if (locate(documents, warning, &problems, &at, &field) != NULL) {
            problem_add(&problems, PROBLEM_WARNING, CAUSE_RESOURCE, at, field, "%s",
                        text_of(warning, "message"));
        } else { /* of what no file has, such as what a prune leaves */
            fputs("warning: ", stderr);
            text_put(stderr, text_of(warning, "message"));
            fputc('\n', stderr);
        }
    }
    artifacts_look_for(fogctl, documents, &problems);
    (void)finish(&problems);
}

int manifests_failed(struct fogctl *fogctl, const struct documents_read *documents,
                     const struct reply *reply)
{
    const struct node *causes = node_find_path(reply->root, "details.causes");
    struct problems problems;
    bool has_place = false, is_owned = false;

    problems_init(&problems, &fogctl->arena, NULL);
    for (size_t i = 0; i < list_count(causes); i++) {
        const struct node *cause = causes->list.items[i], *at;
        const char *field;

        if (locate(documents, cause, &problems, &at, &field) == NULL) {
            continue;
        }
        has_place = true;
        is_owned = is_owned || str_eq(text_of(cause, "reason"), "FieldManagerConflict");
        problem_add(&problems, PROBLEM_ERROR, CAUSE_INVALID, at, field, "%s",
                    text_of(cause, "message"));
    }
    if (!has_place) {
        return reply_failed(reply);
    }
    (void)finish(&problems);
    if (is_owned) {
        fputs("  take the fields with --force-conflicts, or leave them out of the manifest\n",
              stderr);
    }
    return EXIT_FAILED;
}
