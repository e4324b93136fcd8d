/* Probing, and the lines in the log that say how limits will be kept. */
#include "agent/io/enforcement.h"

#include "schema/base/log.h"

void enforcement_init(struct enforcement *enforcement, int state_fd, const char *base)
{
    struct cgroup_options options = {.base = base, .may_arrange = true};
    char name[CGROUP_NAME_SIZE];

    cgroup_name_parent(state_fd, name);
    options.name = name;
    cgroup_probe(&options, &enforcement->site);
    for (int i = 0; i < CGROUP_LIMIT_COUNT; i++) {
        _cleanup_(str_fini)
        struct str words = STR_EMPTY;

        str_init(&enforcement->ways[i]);
        cgroup_way_to_spec(&enforcement->site.ways[i], &enforcement->ways[i]);
        cgroup_way_to_str(&enforcement->site, (enum cgroup_limit)i, &words);
        log_info("limits are kept: %s %s", cgroup_limit_words[i], words.data);
    }
}

void enforcement_fini(struct enforcement *enforcement)
{
    for (int i = 0; i < CGROUP_LIMIT_COUNT; i++) {
        str_fini(&enforcement->ways[i]);
    }
}

void enforcement_keep_whole(const struct enforcement *enforcement, int64_t cpu, int64_t memory)
{
    const char *ways[CGROUP_LIMIT_COUNT];

    enforcement_fill(enforcement, ways);
    cgroup_set_whole(ways, cpu, memory);
}

void enforcement_fill(const struct enforcement *enforcement,
                      const char *ret_ways[static CGROUP_LIMIT_COUNT])
{
    for (int i = 0; i < CGROUP_LIMIT_COUNT; i++) {
        ret_ways[i] = enforcement->ways[i].data;
    }
}
