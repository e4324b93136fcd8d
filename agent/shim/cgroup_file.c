/* Small reads and writes.  A group's own files come and go with it: to remove a group is to remove
 * its folder, once no other folder is in it. */
#include "agent/shim/cgroup_file.h"

#include "agent/shim/cgroup_choose.h"
#include "agent/shim/file.h"
#include "schema/base/parse.h"
#include "schema/limits.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NUMBER_SIZE = 32, BUSY_US = 1000, BUSY_TRIES = 500 };

int cgroup_write(int group_fd, const char *file, const char *word)
{
    _cleanup_(file_close)
    int fd = openat(group_fd, file, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW);
    size_t length = strlen(word);

    return fd >= 0 && write(fd, word, length) == (ssize_t)length ? 0 : errno;
}

int cgroup_write_int(int group_fd, const char *file, int64_t value)
{
    char word[NUMBER_SIZE];

    (void)snprintf(word, sizeof(word), "%lld", (long long)value);
    return cgroup_write(group_fd, file, word);
}

bool cgroup_read(int group_fd, const char *file, struct str *to)
{
    _cleanup_(file_close)
    int fd = openat(group_fd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    return fd >= 0 && file_read_fd(fd, CGROUP_FILE_BYTES_MAX, to) == 0;
}

int64_t cgroup_read_int(int group_fd, const char *file, const char *key)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    size_t length = strlen(key);
    int64_t value = 0;
    char *rest;

    if (!cgroup_read(group_fd, file, &text)) {
        return 0;
    }
    rest = text.data;
    while (rest != NULL) {
        char *line = strsep(&rest, "\n");

        if (length == 0 || (strncmp(line, key, length) == 0 && line[length] == ' ')) {
            (void)int_from_str(line + length + (length > 0), &value);
            return value;
        }
    }
    return 0;
}

bool cgroup_hands_down(int group_fd, const char *controller)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    unsigned bit = cgroup_controllers_from_str(controller, ' ', true);

    return cgroup_read(group_fd, "cgroup.subtree_control", &text) &&
           (cgroup_controllers_from_str(text.data, ' ', true) & bit) != 0;
}

int cgroup_hand_down(int group_fd, const char *controller)
{
    char word[NUMBER_SIZE];

    if (cgroup_hands_down(group_fd, controller)) {
        return 0;
    }
    (void)snprintf(word, sizeof(word), "+%s", controller);
    return cgroup_write(group_fd, "cgroup.subtree_control", word);
}

int cgroup_open(const char *folder, const char *name, bool make)
{
    _cleanup_(file_close)
    int folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (folder_fd < 0 || (make && mkdirat(folder_fd, name, 0755) < 0 && errno != EEXIST)) {
        return -1;
    }
    return openat(folder_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The first folder inside; false when there is none. */
static bool find_inner(int group_fd, char name[static NAME_MAX + 1])
{
    int copy = openat(group_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = file_list(copy);
    const struct dirent *entry;
    bool found = false;

    while (dir != NULL && !found && (entry = readdir(dir)) != NULL) {
        found =
            entry->d_type == DT_DIR && !str_eq(entry->d_name, ".") && !str_eq(entry->d_name, "..");
        if (found) {
            (void)snprintf(name, NAME_MAX + 1, "%s", entry->d_name);
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return found;
}

/* Removes the innermost group on the way down from `name`; false when that cannot be. */
static bool remove_innermost(int folder_fd, const char *name)
{
    char inner[NAME_MAX + 1], current[NAME_MAX + 1];
    int above_fd = dup(folder_fd);
    bool removed;

    (void)snprintf(current, sizeof(current), "%s", name);
    for (;;) {
        int fd = openat(above_fd, current, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        if (fd < 0 || !find_inner(fd, inner)) {
            file_close(&fd);
            break;
        }
        file_close(&above_fd);
        above_fd = fd;
        memcpy(current, inner, sizeof(current));
    }
    removed = unlinkat(above_fd, current, AT_REMOVEDIR) == 0;
    /* Who was just waited for may still be on its way out of the group, and on a busy machine that
     * takes a while. */
    for (int i = 0; !removed && errno == EBUSY && i < BUSY_TRIES; i++) {
        (void)usleep(BUSY_US);
        removed = unlinkat(above_fd, current, AT_REMOVEDIR) == 0;
    }
    file_close(&above_fd);
    return removed;
}

bool cgroup_remove_group(const char *folder, const char *name)
{
    _cleanup_(file_close)
    int folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (folder_fd < 0) {
        return errno == ENOENT;
    }
    for (int i = 0; i < CGROUPS_INSIDE_MAX; i++) {
        if (faccessat(folder_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0) {
            return errno == ENOENT;
        }
        if (!remove_innermost(folder_fd, name)) {
            return false;
        }
    }
    return false;
}
