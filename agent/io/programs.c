/* A look through /proc.  A process is known by its `comm`, of which the kernel keeps 15 bytes, and
 * by the file it executes, which only root may see of others' processes. */
#include "agent/io/programs.h"

#include "agent/shim/file.h"
#include "schema/base/str.h"
#include "schema/limits.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

enum {
    EVERY_MS = 2 * 1000,
    COMM_SIZE = 16, /* the kernel's TASK_COMM_LEN */
    PATH_SIZE = 64,
    STAT_SIZE = 512,
    ENVIRON_BYTES_MAX = 1 << 20,
};

const char PROGRAM_UNKNOWN[] = PROGRAM_UNKNOWN_TEXT;

struct programs {
    int root_fd;
    int proc_fd;              /* negative: there was no /proc yet */
    const char *const *names; /* borrowed */
    size_t count;
    struct mono look;  /* when next */
    const char *found; /* one of `names`, or PROGRAM_UNKNOWN */
    pid_t pid;
};

static size_t read_file(int proc_fd, pid_t pid, const char *file, char *to, size_t size_bytes)
{
    _cleanup_(file_close)
    int fd = -1;
    char path[PATH_SIZE];
    ssize_t got;

    (void)snprintf(path, sizeof(path), "%ld/%s", (long)pid, file);
    fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    got = fd < 0 ? -1 : read(fd, to, size_bytes - 1);
    to[got < 0 ? 0 : got] = '\0';
    return got < 0 ? 0 : (size_t)got;
}

/* The name of the executed file; "" when we may not know. */
static void read_executed(int proc_fd, pid_t pid, char name[static NAME_MAX + 1])
{
    static const char gone[] = " (deleted)";
    char path[PATH_SIZE], file[PATH_MAX];
    ssize_t length;
    const char *slash;

    (void)snprintf(path, sizeof(path), "%ld/exe", (long)pid);
    length = readlinkat(proc_fd, path, file, sizeof(file) - 1);
    file[length < 0 ? 0 : length] = '\0';
    if (str_ends(file, gone)) {
        file[(size_t)length - strlen(gone)] = '\0';
    }
    slash = strrchr(file, '/');
    (void)snprintf(name, NAME_MAX + 1, "%.255s", slash == NULL ? file : slash + 1);
}

static const char *match(const struct programs *programs, const char *comm, const char *executed)
{
    for (size_t i = 0; i < programs->count; i++) {
        const char *name = programs->names[i];

        if (str_eq(name, comm) || str_eq(name, executed) ||
            (strlen(name) >= COMM_SIZE && strncmp(name, comm, COMM_SIZE - 1) == 0)) {
            return name;
        }
    }
    return NULL;
}

/* A zombie runs no more. */
static bool is_dead(int proc_fd, pid_t pid)
{
    char text[STAT_SIZE];
    const char *after;

    (void)read_file(proc_fd, pid, "stat", text, sizeof(text));
    after = strrchr(text, ')');
    return after != NULL && strlen(after) > 2 && (after[2] == 'Z' || after[2] == 'X');
}

/* What our shims start has this in its environment. */
static bool is_ours(int proc_fd, pid_t pid)
{
    _cleanup_(str_fini)
    struct str environment = STR_EMPTY;
    _cleanup_(file_close)
    int fd = -1;
    char path[PATH_SIZE];

    (void)snprintf(path, sizeof(path), "%ld/environ", (long)pid);
    fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || file_read_fd(fd, ENVIRON_BYTES_MAX, &environment) < 0) {
        return false;
    }
    for (const char *word = environment.data; word < environment.data + environment.length;
         word += strlen(word) + 1) {
        if (str_starts(word, "FOG_ASSIGNMENT=")) {
            return true;
        }
    }
    return false;
}

static const char *look_at(const struct programs *programs, pid_t pid)
{
    char comm[COMM_SIZE + 1], executed[NAME_MAX + 1];
    const char *name;

    errno = 0;
    if (read_file(programs->proc_fd, pid, "comm", comm, sizeof(comm)) == 0) {
        /* The others tell of the process: it is gone, or not for us to see. */
        return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? PROGRAM_UNKNOWN : NULL;
    }
    comm[strcspn(comm, "\n")] = '\0';
    read_executed(programs->proc_fd, pid, executed);
    name = match(programs, comm, executed);
    return name == NULL || is_dead(programs->proc_fd, pid) || is_ours(programs->proc_fd, pid)
               ? NULL
               : name;
}

/* 0 for what is no process. */
static pid_t pid_from_str(const char *text)
{
    char *end;
    long pid = text[0] < '1' || text[0] > '9' ? 0 : strtol(text, &end, 10);

    return pid <= 0 || *end != '\0' || pid > INT_MAX ? 0 : (pid_t)pid;
}

static const char *look_at_all(struct programs *programs)
{
    int fd = openat(programs->proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *item;
    const char *found = NULL;

    if (dir == NULL) {
        file_close(&fd);
        return PROGRAM_UNKNOWN;
    }
    for (size_t i = 0; i < PROCESSES_MAX && found == NULL; i++) {
        errno = 0;
        item = readdir(dir);
        if (item == NULL) {
            found = errno == 0 ? NULL : PROGRAM_UNKNOWN;
            break;
        }
        programs->pid = pid_from_str(item->d_name);
        found = programs->pid == 0 ? NULL : look_at(programs, programs->pid);
    }
    (void)closedir(dir);
    return found;
}

int programs_open(const char *root, const char *const *names, size_t count,
                  struct programs **ret_programs, struct err *err)
{
    _cleanup_(file_close)
    int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct programs *programs;

    if (fd < 0) {
        return err_set(err, ERR_NOT_FOUND, "cannot look for programs under \"%s\": %s", root,
                       strerror(errno));
    }
    programs = MEM_NEW(struct programs);
    programs->proc_fd = -1;
    programs->root_fd = fd;
    fd = -1;
    programs->names = names;
    programs->count = count;
    *ret_programs = programs;
    return 0;
}

void programs_close(struct programs *programs)
{
    if (programs != NULL) {
        file_close(&programs->proc_fd);
        file_close(&programs->root_fd);
        free(programs);
    }
}

const char *programs_find(struct programs *programs, struct mono now)
{
    assert(programs != NULL);
    if (programs->count == 0) {
        return NULL;
    }
    if (programs->proc_fd < 0) {
        programs->proc_fd = openat(programs->root_fd, "proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    /* One process: every time. */
    if (programs->found != NULL && programs->found != PROGRAM_UNKNOWN) {
        programs->found = look_at(programs, programs->pid);
    }
    if ((programs->found == NULL || programs->found == PROGRAM_UNKNOWN) &&
        mono_is_due(programs->look, now)) {
        programs->look = mono_after(now, EVERY_MS);
        programs->found = look_at_all(programs);
    }
    if (programs->found == PROGRAM_UNKNOWN) {
        file_close(&programs->proc_fd);
    }
    return programs->found;
}
