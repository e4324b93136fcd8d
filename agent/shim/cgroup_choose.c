/* Parses what the kernel tells of its hierarchies (proc_pid_mountinfo(5), cgroups(7)) and picks. */
#include "agent/shim/cgroup_choose.h"

#include <stdarg.h>
#include <stdio.h>

enum { FIELD_ROOT = 3, FIELD_MOUNT = 4, FIELD_OPTIONS = 5, FIELDS_MIN = 6 };

const char *const cgroup_limit_words[] = {"cpu", "suspend", "memory", "pids", "usage", NULL};

const struct cgroup_file cgroup_files[CGROUP_FILE_COUNT] = {
    {CGROUP_CPU, KEEPER_V2, "cpu", "cpu.max"},
    {CGROUP_CPU, KEEPER_V1, "cpu", "cpu.cfs_quota_us"},
    {CGROUP_SUSPEND, KEEPER_V2, "", "cgroup.freeze"},
    {CGROUP_SUSPEND, KEEPER_V1, "freezer", "freezer.state"},
    {CGROUP_MEMORY, KEEPER_V2, "memory", "memory.max"},
    {CGROUP_MEMORY, KEEPER_V1, "memory", "memory.limit_in_bytes"},
    {CGROUP_PIDS, KEEPER_V2, "pids", "pids.max"},
    {CGROUP_PIDS, KEEPER_V1, "pids", "pids.max"},
    {CGROUP_USAGE, KEEPER_V2, "", "cpu.stat"},
    {CGROUP_USAGE, KEEPER_V1, "cpuacct", "cpuacct.usage"},
};

/* How the shim keeps a limit. */
static const char *const shim_ways[CGROUP_LIMIT_COUNT] = {
    "by stopping and continuing its processes ten times a second",
    "by stopping its processes (SIGSTOP)",
    "by a look at its processes every second, and a bound for each of them (RLIMIT_DATA)",
    "by a count of its processes every second",
    "by adding up its processes",
};

void cgroup_way_to_str(const struct cgroup_site *site, enum cgroup_limit limit, struct str *to)
{
    const struct cgroup_way *way = &site->ways[limit];

    switch (way->keeper) {
    case KEEPER_V2:
    case KEEPER_V1:
        str_addf(to, "cgroup %s, in %s", way->keeper == KEEPER_V2 ? "v2" : "v1", way->parent);
        return;
    case KEEPER_SHIM:
        str_addf(to, "%s: %s", shim_ways[limit], way->reason);
        return;
    }
}

void cgroup_site_init(struct cgroup_site *site, const char *reason)
{
    for (int i = 0; i < CGROUP_LIMIT_COUNT; i++) {
        site->ways[i] = (struct cgroup_way){.keeper = KEEPER_SHIM};
        cgroup_say(site->ways[i].reason, "%s", reason);
    }
}

void cgroup_say(char reason[static CGROUP_REASON_SIZE], const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(reason, CGROUP_REASON_SIZE, format, arguments);
    va_end(arguments);
}

/* --- facts --------------------------------------------------------------------------------------
 */

static bool is_word(const char *word, const char *start, size_t length)
{
    return strlen(word) == length && strncmp(word, start, length) == 0;
}

unsigned cgroup_controllers_from_str(const char *words, char separator, bool is_v2)
{
    const char stops[] = {separator, '\n', '\0'};
    unsigned bits = 0;

    while (*words != '\0') {
        size_t length = strcspn(words, stops);

        for (size_t i = 0; i < CGROUP_FILE_COUNT && length > 0; i++) {
            if ((cgroup_files[i].keeper == KEEPER_V2) == is_v2 &&
                is_word(cgroup_files[i].controller, words, length)) {
                bits |= 1U << i;
            }
        }
        words += length;
        words += *words != '\0';
    }
    return bits;
}

static bool has_option(const char *options, const char *option)
{
    while (*options != '\0') {
        size_t length = strcspn(options, ",");

        if (is_word(option, options, length)) {
            return true;
        }
        options += length;
        options += *options == ',';
    }
    return false;
}

/* In place: \040 and the like, with which mountinfo writes blanks. */
static void unescape(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0'; from++) {
        if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' &&
            from[2] <= '7' && from[3] >= '0' && from[3] <= '7') {
            *to++ = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
            from += 3;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
}

struct mount {
    bool is_v2, is_read_only;
    const char *root, *point;
    unsigned controllers;
};

/* One line of mountinfo, cut up in place; false for anything but a control group hierarchy. */
static bool parse_mount(char *line, struct mount *ret_mount)
{
    char *fields[FIELDS_MIN], *rest = line, *type, *options;
    char *separator = strstr(line, " - ");

    if (separator == NULL) {
        return false;
    }
    *separator = '\0';
    type = separator + 3;
    options = strrchr(type, ' ');
    for (int i = 0; i < FIELDS_MIN; i++) {
        fields[i] = strsep(&rest, " ");
        if (fields[i] == NULL) {
            return false;
        }
    }
    if (options == NULL || (!str_starts(type, "cgroup ") && !str_starts(type, "cgroup2 "))) {
        return false;
    }
    unescape(fields[FIELD_ROOT]);
    unescape(fields[FIELD_MOUNT]);
    *ret_mount = (struct mount){
        .is_v2 = str_starts(type, "cgroup2 "),
        .is_read_only = has_option(fields[FIELD_OPTIONS], "ro") || has_option(options + 1, "ro"),
        .root = fields[FIELD_ROOT],
        .point = fields[FIELD_MOUNT],
    };
    if (!ret_mount->is_v2) {
        ret_mount->controllers = cgroup_controllers_from_str(options + 1, ',', false);
    }
    return true;
}

/* Our group in that hierarchy, from lines "4:memory:/path" and "0::/path"; false: none. */
static bool find_own(const char *own, const struct mount *mount, char path[static CGROUP_PATH_SIZE])
{
    while (*own != '\0') {
        size_t length = strcspn(own, "\n");
        const char *words = memchr(own, ':', length);
        const char *end =
            words == NULL ? NULL : memchr(words + 1, ':', length - (size_t)(words + 1 - own));
        char list[CGROUP_PATH_SIZE];

        if (end != NULL && length - (size_t)(end - own) < CGROUP_PATH_SIZE) {
            (void)snprintf(list, sizeof(list), "%.*s", (int)(end - words - 1), words + 1);
            if (mount->is_v2
                    ? words + 1 == end
                    : (cgroup_controllers_from_str(list, ',', false) & mount->controllers) != 0) {
                (void)snprintf(path, CGROUP_PATH_SIZE, "%.*s",
                               (int)(length - (size_t)(end + 1 - own)), end + 1);
                return true;
            }
        }
        own += length;
        own += *own == '\n';
    }
    return false;
}

/* What is left of `path` below `above`, "" or with a slash in front; NULL when it is not below. */
static const char *below(const char *path, const char *above)
{
    size_t length = str_eq(above, "/") ? 0 : strlen(above);

    if (strncmp(path, above, length) != 0 || (path[length] != '/' && path[length] != '\0')) {
        return NULL;
    }
    return str_eq(path + length, "/") ? "" : path + length;
}

/* Who runs in NAME.self is an agent that made room: its groups are beside that one. */
static void leave_self(char *folder, const char *name)
{
    char *last = strrchr(folder, '/');

    if (last != NULL && str_starts(last + 1, name) &&
        str_eq(last + 1 + strlen(name), CGROUP_SELF_SUFFIX)) {
        *last = '\0';
    }
}

static void find_folder(struct cgroup_hierarchy *hierarchy, const struct mount *mount,
                        const char *own, const char *base, const char *name)
{
    char group[CGROUP_PATH_SIZE] = "";
    const char *rest;
    int length;

    if (base[0] != '\0') {
        rest = below(base, mount->point);
        rest = rest != NULL ? rest : below(base, mount->root);
    } else if (find_own(own, mount, group)) {
        rest = below(group, mount->root);
    } else {
        rest = NULL;
    }
    if (rest == NULL || strstr(rest, "/..") != NULL) {
        cgroup_say(hierarchy->trouble, "the group cannot be seen in %s", mount->point);
        return;
    }
    length = snprintf(hierarchy->folder, sizeof(hierarchy->folder), "%s%s", mount->point, rest);
    leave_self(hierarchy->folder, name);
    length +=
        snprintf(hierarchy->parent, sizeof(hierarchy->parent), "%s/%s", hierarchy->folder, name);
    if (length >= CGROUP_PATH_SIZE) {
        cgroup_say(hierarchy->trouble, "the path of the group in %s is too long", mount->point);
    } else if (mount->is_read_only) {
        cgroup_say(hierarchy->trouble, "%s is read-only", mount->point);
    }
}

/* The place for a hierarchy: a new one, or that of one mounted twice whose first mount does not
 * serve; NULL when there is no need for it. */
static struct cgroup_hierarchy *place_for(struct cgroup_facts *facts, const struct mount *mount)
{
    for (size_t i = 0; i < facts->count; i++) {
        struct cgroup_hierarchy *it = &facts->items[i];

        if (it->is_v2 == mount->is_v2 && (it->is_v2 || it->controllers == mount->controllers)) {
            return it->trouble[0] != '\0' ? it : NULL;
        }
    }
    return facts->count < CGROUP_HIERARCHIES_MAX ? &facts->items[facts->count++] : NULL;
}

void cgroup_facts_parse(const char *mounts, const char *own, const char *base, const char *name,
                        struct cgroup_facts *ret_facts)
{
    _cleanup_free_ char *copy = mem_strdup(mounts);
    char *rest = copy;

    ret_facts->count = 0;
    while (rest != NULL) {
        char *line = strsep(&rest, "\n");
        struct cgroup_hierarchy *hierarchy;
        struct mount mount;

        if (!parse_mount(line, &mount) || (!mount.is_v2 && mount.controllers == 0)) {
            continue;
        }
        hierarchy = place_for(ret_facts, &mount);
        if (hierarchy != NULL) {
            *hierarchy =
                (struct cgroup_hierarchy){.is_v2 = mount.is_v2, .controllers = mount.controllers};
            find_folder(hierarchy, &mount, own, base, name);
        }
    }
}

/* --- choosing -----------------------------------------------------------------------------------
 */

/* Why none of the hierarchies keeps it; the best one's trouble says most. */
static void explain(const struct cgroup_facts *facts, enum cgroup_limit limit,
                    char reason[static CGROUP_REASON_SIZE])
{
    const char *controller = "";

    for (size_t i = 0; i < CGROUP_FILE_COUNT; i++) {
        const struct cgroup_file *file = &cgroup_files[i];

        if (file->limit != limit) {
            continue;
        }
        controller = file->controller[0] != '\0' ? file->controller : controller;
        for (size_t j = 0; j < facts->count; j++) {
            const struct cgroup_hierarchy *it = &facts->items[j];

            if (it->is_v2 != (file->keeper == KEEPER_V2) ||
                (file->controller[0] != '\0' && (it->controllers >> i & 1U) == 0)) {
                continue;
            }
            if (it->trouble[0] != '\0') {
                cgroup_say(reason, "%s", it->trouble);
            } else if (it->held[0] != '\0' && file->controller[0] != '\0') {
                cgroup_say(reason, "%s", it->held);
            } else {
                cgroup_say(reason, "groups here have no %s", file->name);
            }
            return;
        }
    }
    for (size_t j = 0; j < facts->count; j++) {
        if (facts->items[j].is_v2 && facts->items[j].trouble[0] == '\0') {
            cgroup_say(reason, "%.200s does not have the controller \"%s\"", facts->items[j].folder,
                       controller);
            return;
        }
    }
    cgroup_say(reason, "no cgroup with the controller \"%s\" is mounted", controller);
}

static bool choose_way(const struct cgroup_facts *facts, enum cgroup_limit limit,
                       struct cgroup_way *ret_way)
{
    for (size_t i = 0; i < CGROUP_FILE_COUNT; i++) {
        const struct cgroup_file *file = &cgroup_files[i];

        for (size_t j = 0; j < facts->count && file->limit == limit; j++) {
            const struct cgroup_hierarchy *it = &facts->items[j];

            if (it->is_v2 == (file->keeper == KEEPER_V2) && it->trouble[0] == '\0' &&
                (it->files >> i & 1U) != 0) {
                *ret_way = (struct cgroup_way){.keeper = file->keeper};
                (void)snprintf(ret_way->parent, sizeof(ret_way->parent), "%s", it->parent);
                return true;
            }
        }
    }
    return false;
}

void cgroup_choose(const struct cgroup_facts *facts, struct cgroup_site *ret_site)
{
    cgroup_site_init(ret_site, "");
    for (int i = 0; i < CGROUP_LIMIT_COUNT; i++) {
        struct cgroup_way *way = &ret_site->ways[i];

        if (!choose_way(facts, (enum cgroup_limit)i, way)) {
            explain(facts, (enum cgroup_limit)i, way->reason);
        }
    }
}
