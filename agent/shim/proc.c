/* Reads /proc/PID/stat (proc(5)).  The second field, the program's name, may hold anything, so
 * fields are counted from the last closing parenthesis. */
#include "agent/shim/proc.h"

#include "agent/shim/file.h"
#include "schema/base/parse.h"
#include "schema/limits.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { STAT_SIZE = 1024, STATUS_SIZE = 16 << 10, ENVIRON_BYTES_MAX = 4 << 20 };

static size_t read_proc_file(pid_t pid, const char *name, char *to, size_t size_bytes)
{
    _cleanup_(file_close)
    int fd = -1;
    char path[64];
    ssize_t got;

    (void)snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    got = fd < 0 ? -1 : read(fd, to, size_bytes - 1);
    to[got < 0 ? 0 : got] = '\0';
    return got < 0 ? 0 : (size_t)got;
}

static int64_t ticks_to_ms(int64_t ticks)
{
    static long per_second;

    if (per_second == 0) {
        per_second = sysconf(_SC_CLK_TCK);
    }
    return ticks * 1000 / per_second;
}

/* The numbers after the state: index 0 is field 4 of proc(5), the parent. */
enum {
    AT_PARENT = 0,
    AT_GROUP = 1,
    AT_SESSION = 2,
    AT_USER_TIME = 10,
    AT_CHILDREN_SYSTEM_TIME = 13,
    AT_STARTED = 18,
    AT_RESIDENT = 20,
    AT_COUNT = 21,
};

static bool parse_numbers(char *text, int64_t numbers[static AT_COUNT])
{
    char *rest = NULL;
    size_t count = 0;

    for (char *word = strtok_r(text, " ", &rest); word != NULL && count < AT_COUNT;
         word = strtok_r(NULL, " ", &rest)) {
        if (!int_from_str(word, &numbers[count])) {
            numbers[count] = 0; /* an unsigned one beyond int64_t; none that we look at */
        }
        count++;
    }
    return count == AT_COUNT;
}

bool proc_read(pid_t pid, struct proc *ret_proc)
{
    char text[STAT_SIZE];
    int64_t numbers[AT_COUNT], ticks = 0;
    char *after;

    if (read_proc_file(pid, "stat", text, sizeof(text)) == 0) {
        return false;
    }
    after = strrchr(text, ')');
    if (after == NULL || strlen(after) < 4 || !parse_numbers(after + 4, numbers)) {
        return false;
    }
    for (int i = AT_USER_TIME; i <= AT_CHILDREN_SYSTEM_TIME; i++) {
        ticks += numbers[i];
    }
    *ret_proc = (struct proc){
        .pid = pid,
        .parent = (pid_t)numbers[AT_PARENT],
        .group = (pid_t)numbers[AT_GROUP],
        .session = (pid_t)numbers[AT_SESSION],
        .state = after[2],
        .started = (uint64_t)numbers[AT_STARTED],
        .cpu_ms = ticks_to_ms(ticks),
        .memory = numbers[AT_RESIDENT] * sysconf(_SC_PAGESIZE),
    };
    return true;
}

int64_t proc_memory(const struct proc *proc)
{
    static const char key[] = "\nPss:";
    char text[STAT_SIZE];
    const char *at;
    int64_t kib = 0;

    (void)read_proc_file(proc->pid, "smaps_rollup", text, sizeof(text));
    at = strstr(text, key);
    if (at == NULL) {
        return proc->memory;
    }
    for (at += strlen(key); *at == ' '; at++) {}
    for (; *at >= '0' && *at <= '9'; at++) {
        kib = kib * 10 + (*at - '0');
    }
    return kib * 1024;
}

/* A mask of the file: sixteen hexadecimal digits. */
static bool is_in_mask(const char *status, const char *key, int signal_number)
{
    const char *at = strstr(status, key);

    return at != NULL && (strtoull(at + strlen(key), NULL, 16) >> (signal_number - 1) & 1U) != 0;
}

bool proc_heeds(pid_t pid, int signal_number)
{
    char text[STATUS_SIZE];

    (void)read_proc_file(pid, "status", text, sizeof(text));
    return is_in_mask(text, "\nSigCgt:", signal_number) ||
           is_in_mask(text, "\nSigBlk:", signal_number);
}

void proc_list(struct procs *procs)
{
    DIR *dir = opendir("/proc");
    const struct dirent *entry;

    vec_clear(procs);
    while (dir != NULL && procs->count < PROCESSES_MAX && (entry = readdir(dir)) != NULL) {
        struct proc proc;
        int64_t pid;

        if (int_from_str(entry->d_name, &pid) && proc_read((pid_t)pid, &proc)) {
            vec_add(procs, proc);
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
}

static bool is_among(const struct procs *procs, size_t count, pid_t pid)
{
    for (size_t i = 0; i < count; i++) {
        if (procs->items[i].pid == pid) {
            return true;
        }
    }
    return false;
}

/* Those found stand in front; a pass moves there whoever has a parent among them.  As children
 * mostly have higher ids than their parents, one or two passes do. */
void proc_keep_descendants(struct procs *procs, pid_t root)
{
    size_t found = 0, before;

    do {
        before = found;
        for (size_t i = found; i < procs->count; i++) {
            struct proc proc = procs->items[i];

            if (proc.parent == root || is_among(procs, found, proc.parent)) {
                procs->items[i] = procs->items[found];
                procs->items[found++] = proc;
            }
        }
    } while (found > before);
    procs->count = found;
}

static bool holds(const struct str *environment, const char *assignment)
{
    const char *end = environment->data + environment->length;

    for (const char *word = environment->data; word < end; word += strlen(word) + 1) {
        if (strcmp(word, assignment) == 0) {
            return true;
        }
    }
    return false;
}

bool proc_has_environment(pid_t pid, const char *const *assignments, size_t count)
{
    _cleanup_(str_fini)
    struct str environment = STR_EMPTY;
    _cleanup_(file_close)
    int fd = -1;
    char path[64];

    (void)snprintf(path, sizeof(path), "/proc/%ld/environ", (long)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || file_read_fd(fd, ENVIRON_BYTES_MAX, &environment) < 0) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!holds(&environment, assignments[i])) {
            return false;
        }
    }
    return true;
}

void proc_boot_id(char text[static BOOT_ID_SIZE])
{
    _cleanup_(file_close)
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, BOOT_ID_SIZE - 1);

    text[got < 0 ? 0 : got] = '\0';
}
