/* The owner's file: `name = value` in each line, as the options are called. */
#include "agent/io/config_inner.h"
#include "agent/shim/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 64 << 10 };

static const char blanks[] = " \t\r";

static void trim(char *text)
{
    size_t length = strlen(text);

    while (length > 0 && strchr(blanks, text[length - 1]) != NULL) {
        text[--length] = '\0';
    }
}

static void take_line(struct config *config, char *line, unsigned number)
{
    struct err err = ERR_NONE;
    char *equals, *value;

    line += strspn(line, blanks);
    trim(line);
    if (line[0] == '\0' || line[0] == '#') {
        return;
    }
    equals = strchr(line, '=');
    if (equals == NULL) {
        problem_add_at(&config->problems, PROBLEM_ERROR, CAUSE_SYNTAX, number, 1, "",
                       "\"%.100s\" is not NAME = VALUE", line);
        return;
    }
    *equals = '\0';
    value = equals + 1 + strspn(equals + 1, blanks);
    trim(line);
    if (config_take(config, line, strlen(line), value, &err) < 0) {
        problem_add_at(&config->problems, PROBLEM_ERROR, CAUSE_INVALID, number, 1, "", "%s",
                       err.text);
    }
}

/* Who can write to it has the owner's word. */
static int open_file(const char *path, int *ret_fd, struct err *err)
{
    _cleanup_(file_close)
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat about;

    if (fd < 0 || fstat(fd, &about) < 0) {
        return err_set(err, errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO,
                       "cannot read \"%s\": %s", path, strerror(errno));
    }
    if (!S_ISREG(about.st_mode) || about.st_size > FILE_BYTES_MAX) {
        return err_set(err, ERR_REFUSED, "\"%s\" is not a file of at most %d KiB", path,
                       FILE_BYTES_MAX >> 10);
    }
    if ((about.st_mode & S_IWOTH) != 0) {
        return err_set(err, ERR_REFUSED, "\"%s\" may be written by anybody: chmod o-w", path);
    }
    *ret_fd = fd;
    fd = -1;
    return 0;
}

int config_read_file(struct config *config, const char *path, struct err *err)
{
    _cleanup_(file_close)
    int fd = -1;
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    int result = open_file(path, &fd, err);
    unsigned number = 0;

    if (result < 0) {
        return result;
    }
    if (file_read_fd(fd, FILE_BYTES_MAX, &text) < 0 || strlen(text.data) != text.length) {
        return err_set(err, ERR_INVALID, "\"%s\" cannot be read, or is no text", path);
    }
    config->problems.file = arena_strdup(&config->arena, path);
    for (char *rest = text.data; rest != NULL;) {
        char *line = strsep(&rest, "\n");

        take_line(config, line, ++number);
    }
    if (config->problems.errors > 0) {
        return err_set(err, ERR_INVALID, "%zu line%s of \"%s\" cannot be", config->problems.errors,
                       config->problems.errors == 1 ? "" : "s", path);
    }
    return 0;
}
