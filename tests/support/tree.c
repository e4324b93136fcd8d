#include "tests/support/tree.h"

#include "tests/support/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { COPIED_BYTES_MAX = 64 << 10, DEPTH_MAX = 16 };

void tree_path(const char *root, const char *path, char to[TREE_PATH_SIZE])
{
    assert_true(snprintf(to, TREE_PATH_SIZE, "%s/%s", root, path) < TREE_PATH_SIZE);
}

/* The path, after making the folders that lead there. */
static void make_way(const char *root, const char *path, char to[TREE_PATH_SIZE])
{
    tree_path(root, path, to);
    for (char *slash = strchr(to + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(to, 0755);
        *slash = '/';
    }
}

static void put_at(const char *whole, const void *bytes, size_t size_bytes)
{
    FILE *file = fopen(whole, "we");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size_bytes, file), size_bytes);
    assert_int_equal(fclose(file), 0);
}

void tree_put(const char *root, const char *path, const void *bytes, size_t size_bytes)
{
    char whole[TREE_PATH_SIZE];

    make_way(root, path, whole);
    put_at(whole, bytes, size_bytes);
}

void tree_remove(const char *root, const char *path)
{
    char whole[TREE_PATH_SIZE];

    tree_path(root, path, whole);
    folder_remove(whole);
}

void tree_put_folder(const char *root, const char *path)
{
    char whole[TREE_PATH_SIZE];

    tree_remove(root, path);
    make_way(root, path, whole);
    assert_int_equal(mkdir(whole, 0755), 0);
}

void tree_put_pipe(const char *root, const char *path)
{
    char whole[TREE_PATH_SIZE];

    tree_remove(root, path);
    make_way(root, path, whole);
    assert_int_equal(mkfifo(whole, 0600), 0);
}

void tree_put_link(const char *root, const char *path, const char *to)
{
    char whole[TREE_PATH_SIZE];

    tree_remove(root, path);
    make_way(root, path, whole);
    assert_int_equal(symlink(to, whole), 0);
}

void tree_touch(const char *root, const char *path, struct wall moment)
{
    const struct timespec time = {.tv_sec = moment.ms / 1000,
                                  .tv_nsec = moment.ms % 1000 * 1000000};
    char whole[TREE_PATH_SIZE];

    tree_path(root, path, whole);
    assert_int_equal(utimensat(AT_FDCWD, whole, (struct timespec[]){time, time}, 0), 0);
}

static void copy_file(const char *from, const char *to)
{
    static char bytes[COPIED_BYTES_MAX];
    FILE *file = fopen(from, "re");
    size_t size_bytes;

    assert_non_null(file);
    size_bytes = fread(bytes, 1, sizeof(bytes), file);
    (void)fclose(file);
    put_at(to, bytes, size_bytes);
}

static void copy_folder(const char *from, const char *to, int depth)
{
    DIR *dir = opendir(from);
    const struct dirent *item;

    assert_true(dir != NULL && depth < DEPTH_MAX);
    (void)mkdir(to, 0755);
    while ((item = readdir(dir)) != NULL) {
        char source[TREE_PATH_SIZE], target[TREE_PATH_SIZE];
        struct stat about;

        if (item->d_name[0] == '.') {
            continue;
        }
        tree_path(from, item->d_name, source);
        tree_path(to, item->d_name, target);
        assert_int_equal(stat(source, &about), 0);
        if (S_ISDIR(about.st_mode)) {
            copy_folder(source, target, depth + 1);
        } else {
            copy_file(source, target);
        }
    }
    (void)closedir(dir);
}

void tree_copy(const char *from, const char *to)
{
    copy_folder(from, to, 0);
}
