/* Folders are walked by a list of those still to be looked into, never by recursion; every bound is
 * a problem that is told, for a part of what is there would be half of a statement. */
#include "controller/io/folder.h"

#include "schema/json.h"
#include "schema/limits.h"
#include "schema/yaml.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void problem(struct folder *folder, const char *file, const char *what)
{
    folder->directory.problems.file = file;
    problem_add_at(&folder->directory.problems, PROBLEM_ERROR, CAUSE_SYNTAX, 0, 0, "", "%s", what);
}

static char *below(const char *folder, const char *name)
{
    struct str path = STR_EMPTY;

    str_addf(&path, "%s%s%s", folder, folder[0] == '\0' ? "" : "/", name);
    return str_take(&path);
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

/* --- finding ---------------------------------------------------------------------------------- */

static bool is_manifest(const char *name)
{
    return str_ends(name, ".yaml") || str_ends(name, ".yml") || str_ends(name, ".json");
}

static size_t depth_of(const char *path)
{
    size_t depth = path[0] == '\0' ? 0 : 1;

    for (; *path != '\0'; path++) {
        depth += *path == '/' ? 1 : 0;
    }
    return depth;
}

/* What is gone since it was listed is no part of it.  Anything else that cannot be looked at may be
 * a manifest, or a folder of them, that is not there for the moment, as a link to what was not
 * mounted: to leave it out would withdraw what it declared. */
static void tell_unseen(struct folder *folder, int top, const char *path, int error)
{
    struct stat info;

    if (error != ENOENT) {
        problem(folder, arena_strdup(&folder->arena, path), strerror(error));
    } else if (fstatat(top, path, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(info.st_mode)) {
        problem(folder, arena_strdup(&folder->arena, path), "a link that leads nowhere");
    }
}

static void add_entry(struct folder *folder, int top, const char *in, const char *name)
{
    _cleanup_free_ char *path = below(in, name);
    struct stat info;

    if (fstatat(top, path, &info, 0) < 0) {
        tell_unseen(folder, top, path, errno);
        return;
    }
    if (S_ISDIR(info.st_mode)) {
        if (folder->folders.count >= DIRECTORY_FOLDERS_MAX ||
            depth_of(path) > DIRECTORY_DEPTH_MAX) {
            problem(folder, arena_strdup(&folder->arena, path), "too many folders, or too deep");
        } else {
            vec_add(&folder->folders, TAKE(path));
        }
    } else if (S_ISREG(info.st_mode) && is_manifest(name)) {
        struct folder_file file = {.path = TAKE(path), .text = STR_EMPTY};

        vec_add(&folder->files, file);
    }
}

/* False when this folder cannot be read. */
static bool list(struct folder *folder, int top, const char *in)
{
    int fd = openat(top, in[0] == '\0' ? "." : in, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    if (entries == NULL) {
        close_fd(&fd);
        return false;
    }
    errno = 0;
    while ((entry = readdir(entries)) != NULL && folder->files.count <= MANIFEST_FILES_MAX) {
        if (entry->d_name[0] != '.') {
            add_entry(folder, top, in, entry->d_name);
        }
        errno = 0;
    }
    if (errno != 0) {
        problem(folder, arena_strdup(&folder->arena, in), strerror(errno));
    }
    (void)closedir(entries);
    return true;
}

static int by_path(const void *a, const void *b)
{
    const struct folder_file *left = a, *right = b;

    return strcmp(left->path, right->path);
}

/* False when the folder itself cannot be read. */
static bool find(struct folder *folder, int top)
{
    vec_add(&folder->folders, mem_strdup(""));
    for (size_t at = 0; at < folder->folders.count; at++) {
        if (!list(folder, top, folder->folders.items[at])) {
            if (at == 0) {
                return false;
            }
            if (errno != ENOENT) {
                problem(folder, arena_strdup(&folder->arena, folder->folders.items[at]),
                        strerror(errno));
            }
        }
    }
    if (folder->files.count > MANIFEST_FILES_MAX) {
        problem(folder, "", "too many files: at most 1000 manifests are read");
    }
    if (folder->files.count > 1) {
        qsort(folder->files.items, folder->files.count, sizeof(folder->files.items[0]), by_path);
    }
    return true;
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool read_bytes(int fd, size_t room, struct str *to)
{
    char buffer[64 << 10];
    ssize_t got;

    while ((got = read(fd, buffer, sizeof(buffer))) > 0) {
        if (to->length + (size_t)got > room) {
            errno = EFBIG;
            return false;
        }
        str_add_bytes(to, buffer, (size_t)got);
    }
    return got == 0;
}

static void add_times(struct digester *digester, const struct stat *info)
{
    const int64_t words[] = {(int64_t)info->st_dev, (int64_t)info->st_ino, (int64_t)info->st_size,
                             info->st_mtim.tv_sec,  info->st_mtim.tv_nsec, info->st_ctim.tv_sec,
                             info->st_ctim.tv_nsec};

    digester_add(digester, words, sizeof(words));
}

static void read_one(struct folder *folder, int top, struct folder_file *file, size_t *bytes,
                     struct digester *content, struct digester *state)
{
    _cleanup_(close_fd)
    int fd = openat(top, file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat info;

    if (fd < 0 || fstat(fd, &info) < 0 ||
        !read_bytes(fd, DIRECTORY_BYTES_MAX - *bytes, &file->text)) {
        problem(folder, file->path,
                errno == EFBIG ? "the directory has more bytes than are read" : strerror(errno));
        return;
    }
    *bytes += file->text.length;
    digester_add(content, file->path, strlen(file->path) + 1);
    digester_add(content, &(uint64_t){file->text.length}, sizeof(uint64_t));
    if (file->text.length > 0) {
        digester_add(content, file->text.data, file->text.length);
    }
    add_times(state, &info);
}

static void read_all(struct folder *folder, int top)
{
    struct digester *content = digester_new(), *state = digester_new();
    size_t bytes = 0;

    vec_each (&folder->files, it) {
        read_one(folder, top, it, &bytes, content, state);
    }
    digester_end(content, &folder->directory.digest);
    digester_add(state, &folder->directory.digest, sizeof(folder->directory.digest));
    digester_end(state, &folder->state);
    digester_free(content);
    digester_free(state);
    folder->directory.files = folder->files.count;
}

/* --- parsing ---------------------------------------------------------------------------------- */

static void add_document(struct folder *folder, const char *file, const struct node *root)
{
    struct directory *directory = &folder->directory;
    struct directory_document *documents = arena_grow(&folder->arena, (void *)directory->documents,
                                                      directory->count, sizeof(documents[0]));

    documents[directory->count++] = (struct directory_document){file, root};
    directory->documents = documents;
}

/* `kind: List`, as `get -o yaml` gives it, stands for its items. */
static void add_documents(struct folder *folder, const char *file, const struct node *root)
{
    const char *kind = node_find_text(root, "kind");
    const struct node *items = node_find(root, "items");

    if (kind == NULL || !str_ends(kind, "List") || items == NULL || items->type != NODE_LIST) {
        add_document(folder, file, root);
        return;
    }
    for (size_t i = 0; i < items->list.count; i++) {
        add_document(folder, file, items->list.items[i]);
    }
}

static void parse(struct folder *folder, const struct folder_file *file)
{
    struct problems *problems = &folder->directory.problems;
    const char *text = file->text.length == 0 ? "" : file->text.data;
    struct documents found = {0};
    struct node *root;

    problems->file = file->path;
    if (str_ends(file->path, ".json")) {
        if (json_parse(&folder->arena, text, file->text.length, JSON_POSITIONS, problems, &root) ==
            0) {
            add_documents(folder, file->path, root);
        }
        return;
    }
    (void)yaml_parse(&folder->arena, text, file->text.length, problems, &found);
    for (size_t i = 0; i < found.count; i++) {
        add_documents(folder, file->path, found.items[i]);
    }
}

struct folder *folder_read(const char *path)
{
    struct folder *folder = MEM_NEW(struct folder);
    _cleanup_(close_fd)
    int top = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    arena_init(&folder->arena);
    problems_init(&folder->directory.problems, &folder->arena, NULL);
    if (top < 0 || !find(folder, top)) {
        folder->directory.state = DIRECTORY_MISSING;
        problem(folder, arena_strdup(&folder->arena, path), strerror(errno));
        return folder;
    }
    read_all(folder, top);
    vec_each (&folder->files, it) {
        parse(folder, it);
    }
    folder->directory.problems.file = NULL;
    return folder;
}

void folder_free(struct folder *folder)
{
    if (folder == NULL) {
        return;
    }
    vec_each (&folder->files, it) {
        free(it->path);
        str_fini(&it->text);
    }
    vec_fini(&folder->files);
    vec_each (&folder->folders, it) {
        free(*it);
    }
    vec_fini(&folder->folders);
    arena_fini(&folder->arena);
    free(folder);
}
